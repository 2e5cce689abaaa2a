"""Folds: every row in one, no text in two, labels in proportion."""

from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.errors import UsageError
from glassbert.text.folding import fold_text
from glassbert.text.folds import stratified_folds

ROWS = st.lists(
    st.tuples(st.sampled_from("aAbc d"), st.sampled_from(["x", "y", "z"])), min_size=8, max_size=60
)


@given(ROWS, st.integers(2, 3), st.integers(0, 5))
def test_no_text_is_in_two_folds(rows: list[tuple[str, str]], folds: int, seed: int) -> None:
    texts, labels = zip(*rows, strict=True)
    if len(set(map(fold_text, texts))) < folds:
        return
    found = stratified_folds(labels, texts, folds=folds, seed=seed)
    assert len(found) == len(rows)
    assert set(found.tolist()) <= set(range(folds))
    where = defaultdict(set)
    for text, fold in zip(texts, found.tolist(), strict=True):
        where[fold_text(text)].add(fold)
    assert all(len(each) == 1 for each in where.values())


@given(st.lists(st.sampled_from(["x", "y", "z"]), min_size=10, max_size=80), st.integers(2, 7))
def test_different_texts_are_dealt_evenly(labels: list[str], folds: int) -> None:
    found = stratified_folds(labels, [f"text {i}" for i in range(len(labels))], folds=folds, seed=0)
    sizes = Counter(found.tolist())
    assert max(sizes.values()) - min(sizes[i] for i in range(folds)) <= 1
    for label in set(labels):
        counts = Counter(fold for fold, each in zip(found.tolist(), labels, strict=True) if each == label)
        assert max(counts.values()) - min(counts[i] for i in range(folds)) <= 1


def test_the_seed_alone_decides() -> None:
    labels, texts = ["a", "b"] * 30, [str(i) for i in range(60)]
    one, again, other = (stratified_folds(labels, texts, folds=5, seed=s).tolist() for s in (1, 1, 2))
    assert one == again != other


@pytest.mark.parametrize("folds", [0, 1, 5])
def test_too_few_or_too_many_folds_are_refused(folds: int) -> None:
    with pytest.raises(UsageError, match="bad-folds"):
        stratified_folds(["a", "b", "a", "b", "a"], ["1", "2", "3", "4", " 4"], folds=folds, seed=0)
