"""The yardsticks of benchmarks/attribution.py: perfect orders win, marks are where people put them."""

from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
GOLD = np.array([False, True, True, False, False, True])


@pytest.fixture(autouse=True)
def sibling_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A benchmark is run from its folder, whose other files it imports."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_the_oracle_wins_and_its_inverse_loses() -> None:
    from rationale_scores import agreement

    best, worst = (agreement(sign * GOLD, GOLD, share=0.5) for sign in (1.0, -1.0))
    assert best.average_precision == best.precision == 1 and best.spans == (2, 2, 2)
    assert worst.precision == 0 and worst.average_precision < 0.6


def test_spans_match_when_half_of_both_is_shared() -> None:
    from rationale_scores import matched, overlap

    assert overlap((0, 2), (0, 4)) == 0.5 and overlap((0, 2), (2, 4)) == 0
    named = np.array([True, True, True, False, True, False])
    assert matched(named, GOLD) == (1, 2, 2)


def test_intervals_hold_the_mean_and_are_repeatable() -> None:
    from rationale_scores import interval

    values = np.linspace(0, 1, 30)
    low, high = interval(values)
    assert low < values.mean() < high and (low, high) == interval(values)


def test_planted_words_are_marked_where_they_stand() -> None:
    from rationales import PLANTED, Marked, planted

    made = planted([Marked(text=f"sentence {i} says nothing", label="harmless") for i in range(30)], seed=0)
    assert {one.label for one in made} == {*PLANTED, "neither"}
    for one in made:
        assert [one.text[start:end] for start, end in one.marked] == [one.label] * (one.label != "neither")


@pytest.mark.data
def test_marks_of_people_lie_in_their_texts(shared_data: Path) -> None:
    from rationales import choices, toxic_sentences

    sentences = list(toxic_sentences(shared_data / "toxic_spans", "test"))
    marked = [one for one in sentences if one.label == "toxic"]
    assert 1000 < len(marked) < len(sentences)
    assert all(0 <= start < end <= len(one.text) for one in marked for start, end in one.marked)
    words = {one.text[start:end].lower() for one in marked for start, end in one.marked}
    assert {"stupid", "idiots"} <= words
    questions = list(choices(shared_data / "cose", "dev"))
    assert len(questions) == 3 * 950 and sum(one.label == "right" for one in questions) == 950
    assert sum(bool(one.marked) for one in questions) == 690
