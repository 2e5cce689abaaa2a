"""Tagged words and answers of two runs: strict F1 as seqeval has it, exact match by McNemar, by hand."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from glassbert.errors import DataError
from glassbert.runs.comparing.comparison import compare
from tests.cli.process import Answer, inside
from tests.runs.comparing.test_compare import Line, make_run

__all__ = ["inside"]
LABELS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
WORDS = "Ann Lee of Rome"
TRUE = ["B-PER", "I-PER", "O", "B-LOC"]


def tagged(said: list[list[str]], *, truth: list[list[str]] | None = None) -> list[Line]:
    wanted = truth or [TRUE] * len(said)
    pairs = enumerate(zip(wanted, said, strict=True), start=2)
    return [(row, WORDS, json.dumps(true), json.dumps(guess)) for row, (true, guess) in pairs]


def random_tags(count: int, *, right: float, seed: int) -> list[list[str]]:
    draw = np.random.default_rng(seed)
    return [
        [tag if draw.random() < right else str(draw.choice(LABELS)) for tag in TRUE] for _ in range(count)
    ]


def two_taggers(place: Path, first: list[list[str]], second: list[list[str]]) -> tuple[Path, Path]:
    one, two = (
        make_run(place / name, tagged(said), kind="tags", labels=LABELS)
        for name, said in (("one", first), ("two", second))
    )
    return one, two


def test_strict_f1_and_its_difference_are_seqevals(tmp_path: Path) -> None:
    pytest.importorskip("seqeval")
    from seqeval.metrics import f1_score
    from seqeval.scheme import IOB2

    said = [random_tags(80, right=0.7, seed=0), random_tags(80, right=0.9, seed=1)]
    found = compare(*two_taggers(tmp_path, *said))
    wanted = [f1_score([TRUE] * 80, each, mode="strict", scheme=IOB2) for each in said]
    assert [each["f1"] for each in found["metrics"]] == pytest.approx(wanted)
    difference = found["differences"]["f1"]
    assert difference["value"] == pytest.approx(wanted[1] - wanted[0])
    assert 0 < difference["low"] < difference["value"] < difference["high"]
    assert found["test"]["about"] == "f1" and found["test"]["p_value"] < 0.001
    assert found["outcome"] == "second better"
    json.dumps(found, allow_nan=False)
    back = compare(tmp_path / "two", tmp_path / "one")
    assert back["test"] == found["test"] and back["outcome"] == "first better"
    gone = sum(len(each["mended"]) for each in found["better"])
    new = sum(len(each["broken"]) for each in found["worse"])
    mistakes = [
        sum(len(each ^ {("PER", 0, 2), ("LOC", 3, 4)}) for each in map(entities, side)) for side in said
    ]
    assert mistakes[0] - mistakes[1] == gone - new


def entities(tags: list[str]) -> set[tuple[str, int, int]]:
    """Strict, by hand: B- and the I- of its type behind it."""
    found = set()
    for i, tag in enumerate(tags):
        if tag.startswith("B-"):
            end = i + 1
            while end < len(tags) and tags[end] == f"I-{tag[2:]}":
                end += 1
            found.add((tag[2:], i, end))
    return found


def test_a_sentence_can_gain_one_entity_and_lose_another(
    tmp_path: Path, inside: Callable[..., Answer]
) -> None:
    half, other = ["B-PER", "I-PER", "O", "O"], ["O", "O", "B-PER", "B-LOC"]
    found = compare(*two_taggers(tmp_path, [half, TRUE], [other, TRUE]))
    (better,), (worse,) = found["better"], found["worse"]
    assert better["row"] == worse["row"] == 2
    person = {"type": "PER", "word": "Ann Lee", "start": 0, "end": 2, "true": True}
    false = {"type": "PER", "word": "of", "start": 2, "end": 3, "true": False}
    place = {"type": "LOC", "word": "Rome", "start": 3, "end": 4, "true": True}
    assert better["mended"] == [place] and worse["broken"] == [person, false]
    assert found["outcome"] == "too few"
    out = inside("compare", tmp_path / "one", tmp_path / "two").out
    assert "row 2: found LOC Rome" in out and "row 2: missed PER Ann Lee; invented PER of" in out


def test_plain_tags_are_judged_by_the_share_of_words(tmp_path: Path) -> None:
    truth = [["NOUN", "VERB", "NOUN", "X"]] * 40
    first, second = [["NOUN", "NOUN", "NOUN", "X"]] * 40, truth
    one, two = (
        make_run(tmp_path / name, tagged(said, truth=truth), kind="tags", labels=("NOUN", "VERB", "X"))
        for name, said in (("one", first), ("two", second))
    )
    found = compare(one, two)
    assert found["test"]["about"] == "accuracy" and found["outcome"] == "second better"
    assert [each["accuracy"] for each in found["metrics"]] == [0.75, 1.0]
    assert compare(one, one)["outcome"] == "same answers"


@pytest.mark.parametrize(
    ("cell", "said"), [('["O"]', "row 2 has 4 words, 1 tags in A"), ("O O O O", "'O O O O' is no list")]
)
def test_tags_that_are_none_are_named(tmp_path: Path, cell: str, said: str) -> None:
    one = make_run(tmp_path / "one", [(2, WORDS, json.dumps(TRUE), cell)], kind="tags", labels=LABELS)
    two = make_run(tmp_path / "two", tagged([TRUE]), kind="tags", labels=LABELS)
    with pytest.raises(DataError, match=f"bad-predictions: .*{said}"):
        compare(one, two)


def test_sentences_with_other_tags_are_other_rows(tmp_path: Path) -> None:
    one = make_run(tmp_path / "one", tagged([TRUE, TRUE]), kind="tags", labels=LABELS)
    moved = tagged([TRUE, TRUE], truth=[TRUE, ["O"] * 4])
    two = make_run(tmp_path / "two", moved, kind="tags", labels=LABELS)
    with pytest.raises(DataError, match="2 rows and 2 rows, 1 of them the same"):
        compare(one, two)


def answered(count: int, said: Callable[[int], str]) -> list[Line]:
    """Two of three questions are answered by "the cold film" (also "film"), the third by nothing."""
    return [
        (
            i,
            "which ?",
            f"it is the cold film {i}",
            "[]" if i % 3 == 2 else '["the cold film", "film"]',
            said(i),
        )
        for i in range(count)
    ]


def test_exact_answers_by_mcnemar_and_f1_by_signs(tmp_path: Path, inside: Callable[..., Answer]) -> None:
    first = make_run(
        tmp_path / "one", answered(60, lambda i: "a warm film" if i < 30 else ""), kind="span", pair=True
    )
    second = make_run(
        tmp_path / "two", answered(60, lambda i: "Film!" if i < 45 else ""), kind="span", pair=True
    )
    found = compare(first, second)
    # of rows 0 to 29, 20 have an answer and become exact; 10 have none and stay wrong
    # of rows 30 to 44, 10 have an answer and become exact; 5 have none and were right
    (exact,) = found["more_tests"]
    assert (exact["about"], exact["name"]) == ("exact_match", "McNemar's exact test")
    assert exact["p_value"] == pytest.approx(binomtest(5, 35, 0.5).pvalue)
    assert found["differences"]["exact_match"]["value"] == pytest.approx(100 * 25 / 60)
    assert found["metrics"][1]["has_answer_f1"] == pytest.approx(100 * 30 / 40)
    assert found["metrics"][1]["no_answer_f1"] == pytest.approx(100 * 5 / 20)
    # "warm film" of "the cold film" or "film": two thirds
    assert found["metrics"][0]["has_answer_f1"] == pytest.approx(100 * 20 * (2 / 3) / 40)
    assert found["test"]["about"] == "f1" and found["outcome"] == "second better"
    assert (len(found["better"]), len(found["worse"])) == (30, 5)
    out = inside("compare", first, second, "--rows", "0").out
    assert "McNemar's exact test (exact match): p = " in " ".join(out.split())
