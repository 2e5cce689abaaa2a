"""What became of every entity: each of the five ways, and one that overlaps two."""

import numpy as np
import pytest

from glassbert.tasks.tag_metrics import count_tags, entities_of, entity_confusion, per_type, type_intervals
from glassbert.tasks.tag_outcomes import OUTCOMES, fates
from glassbert.text.schemes import Span


@pytest.mark.parametrize(
    ("others", "outcome", "met"),
    [
        ([("PER", 2, 5)], "right", "PER"),
        ([("LOC", 2, 5)], "type", "LOC"),
        ([("PER", 1, 3)], "border", None),
        ([("LOC", 4, 6)], "both", None),
        ([("LOC", 0, 3), ("PER", 4, 7)], "border", None),
        ([("PER", 0, 2), ("PER", 5, 6)], "alone", None),
        ([], "alone", None),
    ],
)
def test_an_entity_has_one_outcome(others: list[Span], outcome: str, met: str | None) -> None:
    (found,) = fates([("PER", 2, 5)], others)
    assert (found.outcome, found.met) == (outcome, met) and outcome in OUTCOMES


def drawn(count: int, labels: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Random tags, and the same with some of them changed: as object arrays of int64."""
    draw = np.random.default_rng(5)
    both = np.empty((2, count), dtype=object)
    for i in range(count):
        both[0, i] = draw.integers(0, len(labels), int(draw.integers(1, 12)))
        noise = draw.random(len(both[0, i])) < 0.3
        both[1, i] = np.where(noise, draw.integers(0, len(labels), len(both[0, i])), both[0, i])
    return both[0], both[1]


def test_outcomes_agree_with_the_counts_and_the_confusion() -> None:
    labels = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
    truth, guess = drawn(400, labels)
    counts = count_tags(truth, guess, labels, "iob2")
    confusion = entity_confusion(truth, guess, labels, "iob2")
    places = {name: i for i, name in enumerate(confusion["types"])}
    again = np.zeros((3, 3), dtype=int)
    right = 0
    sides = [entities_of(each, labels, "iob2") for each in (truth, guess)]
    for true, found in zip(*sides, strict=True):
        for each in fates(true, found):
            right += each.outcome == "right"
            again[places[each.span[0]], places[each.met or "none"]] += 1
        for each in fates(found, true):
            again[2, places[each.span[0]]] += each.met is None
    assert right == counts.hits.sum() > 100
    assert again.tolist() == confusion["matrix"]


def test_intervals_of_types_are_those_of_each_type_alone() -> None:
    labels = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
    counts = count_tags(*drawn(300, labels), labels, "iob2")
    found, scores = type_intervals(counts, draws=400), per_type(counts)
    draws = np.random.default_rng(0).multinomial(300, np.full(300, 1 / 300), size=400)
    for place, name in enumerate(counts.types):
        hits, actual, said = (
            draws @ each[:, place] for each in (counts.hits, counts.actual, counts.predicted)
        )
        expected = np.quantile(2 * hits / (actual + said), [0.025, 0.975])
        assert found["f1"][place] == pytest.approx(expected)
        for metric, ends in found.items():
            assert ends[place, 0] <= scores[name][metric] <= ends[place, 1]
