"""The split: complete, repeatable, stratified, and never a text on both sides."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.errors import DataError, UsageError
from glassbert.text.folding import fold_text
from glassbert.text.split import stratified_split
from glassbert.text.tables import read_table

EXAMPLES = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "X ", "y", "z", "w", "v", "u"])), min_size=1
)
FRACTIONS = st.floats(0.01, 0.99)


def texts_of(examples: list[tuple[str, str]]) -> defaultdict[str, set[object]]:
    texts = defaultdict(set)
    for label, text in examples:
        texts[label].add(fold_text(text))
    return texts


@given(EXAMPLES, FRACTIONS, st.integers(0, 2**32))
def test_every_row_is_on_one_side_and_no_text_on_both(
    examples: list[tuple[str, str]], fraction: float, seed: int
) -> None:
    labels, texts = zip(*examples, strict=True)
    if all(len(of) < 2 for of in texts_of(examples).values()):
        with pytest.raises(DataError, match="cannot be split"):
            stratified_split(labels, texts, fraction=fraction, seed=seed)
        return
    try:
        kept, held = stratified_split(labels, texts, fraction=fraction, seed=seed)
    except DataError:  # only where every text of the label is the single text of another label
        assert len({fold_text(text) for text in texts}) < sum(map(len, texts_of(examples).values()))
        return
    assert sorted([*kept, *held]) == list(range(len(examples)))
    assert np.all(np.diff(kept) > 0) and np.all(np.diff(held) > 0)
    assert not {fold_text(texts[row]) for row in kept} & {fold_text(texts[row]) for row in held}
    again = stratified_split(labels, texts, fraction=fraction, seed=seed)
    assert all(np.array_equal(one, two) for one, two in zip((kept, held), again, strict=True))


@given(
    st.dictionaries(st.integers(0, 200), st.tuples(st.sampled_from("abcde"), st.integers(1, 4)), min_size=2),
    FRACTIONS,
    st.integers(0, 100),
)
def test_every_label_with_two_texts_is_on_both_sides(
    label_and_copies: dict[int, tuple[str, int]], fraction: float, seed: int
) -> None:
    examples = [
        (label, str(text)) for text, (label, copies) in label_and_copies.items() for _ in range(copies)
    ]
    several = {label for label, texts in texts_of(examples).items() if len(texts) > 1}
    if not several:
        return
    labels, texts = zip(*examples, strict=True)
    kept, held = stratified_split(labels, texts, fraction=fraction, seed=seed)
    assert several == {labels[row] for row in held}
    assert {labels[row] for row in kept} == set(labels)


def on_both_sides(labels: list[str], sides: np.ndarray) -> set[str]:
    return {
        label
        for label in set(labels)
        if len({side for side, of in zip(sides, labels, strict=True) if of == label}) == 2
    }


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("uvwxyz")), min_size=2, max_size=12),
    st.integers(0, 20),
)
def test_two_labels_with_shared_texts_are_on_both_sides_when_possible(
    examples: list[tuple[str, str]], seed: int
) -> None:
    """Tried against every possible division of the texts that keeps single-text labels."""
    labels, texts = map(list, zip(*examples, strict=True))
    distinct = sorted(set(texts))
    single = {next(iter(of)) for of in texts_of(examples).values() if len(of) == 1}
    best = 0
    for bits in range(2 ** len(distinct)):
        held_texts = {text for index, text in enumerate(distinct) if bits >> index & 1}
        if not held_texts & single:
            best = max(best, len(on_both_sides(labels, np.array([text in held_texts for text in texts]))))
    try:
        _, held = stratified_split(labels, texts, fraction=0.3, seed=seed)
    except DataError:
        assert best == 0
        return
    sides = np.isin(np.arange(len(texts)), held)
    assert len(on_both_sides(labels, sides)) == best


@given(st.integers(20, 200), st.floats(0.05, 0.5), st.integers(0, 100))
def test_share_of_each_label_is_the_fraction(rows: int, fraction: float, seed: int) -> None:
    labels = [("a", "b", "b", "b")[row % 4] for row in range(rows)]
    _, held = stratified_split(labels, [str(row) for row in range(rows)], fraction=fraction, seed=seed)
    for label in "ab":
        count = labels.count(label)
        found = sum(labels[row] == label for row in held)
        assert abs(found - fraction * count) <= 1.5
    assert abs(len(held) - fraction * rows) <= 1.0


def test_many_small_labels_do_not_starve_a_large_one() -> None:
    labels = [f"rare {index // 2}" for index in range(400)] + ["common"] * 600
    _, held = stratified_split(labels, [str(row) for row in range(1000)], fraction=0.1, seed=0)
    assert abs(sum(labels[row] == "common" for row in held) - 60) <= 1
    assert len(held) == pytest.approx(200 + 60, abs=1)


def test_seeds_differ() -> None:
    labels, texts = ["a", "b"] * 100, [str(row) for row in range(200)]
    splits = {
        tuple(stratified_split(labels, texts, fraction=0.2, seed=seed)[1].tolist()) for seed in range(10)
    }
    assert len(splits) == 10


def test_pairs_are_split_by_both_texts() -> None:
    texts = [("a", "b"), ("A", "b "), ("a", "c"), ("d", "e")]
    kept, held = stratified_split(["x"] * 4, texts, fraction=0.5, seed=0)
    assert (0 in kept) == (1 in kept)
    assert len(kept) + len(held) == 4


@pytest.mark.parametrize("fraction", [0.0, 1.0, -1.0, 2.0, float("nan")])
def test_fraction_outside_its_range_is_a_usage_error(fraction: float) -> None:
    with pytest.raises(UsageError):
        stratified_split(["a", "a"], ["x", "y"], fraction=fraction, seed=0)


def test_nothing_to_hold_out_is_an_error() -> None:
    for labels, texts in [(["a", "b"], ["x", "y"]), (["a", "a"], ["x", "X"]), ([], [])]:
        with pytest.raises(DataError, match="cannot be split"):
            stratified_split(labels, texts, fraction=0.5, seed=0)


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError):
        stratified_split(["a"], ["x", "y"], fraction=0.5, seed=0)


def test_split_does_not_depend_on_the_hash_seed() -> None:
    program = (
        "from glassbert.text.split import stratified_split as s;"
        "print(s(list('abc' * 30), [f't{i // 2}' for i in range(90)], fraction=0.3, seed=1)[1].tolist())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1 and outputs.pop().startswith("[")


@pytest.mark.data
def test_sst2_is_split_without_leaks(shared_data: Path) -> None:
    frame = read_table(shared_data / "sst2" / "train.tsv.gz").frame
    labels, texts = frame["label"].tolist(), frame["sentence"].tolist()
    kept, held = stratified_split(labels, texts, fraction=0.1, seed=0)
    assert len(held) == pytest.approx(6735, abs=3)
    assert sum(labels[row] == "1" for row in held) == pytest.approx(3757, abs=3)
    assert not {fold_text(texts[row]) for row in kept} & {fold_text(texts[row]) for row in held}
