"""Scores of tags against seqeval's strict mode and a second writing; baselines; the best sequence."""

import itertools

import numpy as np
import pytest

from glassbert.errors import DataError
from glassbert.tasks.tag_baselines import commonest_tags, ragged, remembered_entities
from glassbert.tasks.tag_metrics import (
    count_tags,
    entity_confusion,
    per_type,
    tag_differences,
    tag_intervals,
    tag_scores,
    types_of,
)
from glassbert.tasks.tag_verdict import compare_tags
from glassbert.tasks.viterbi import Edges, best_sequence
from glassbert.text.schemes import count_invalid, tag_names

SCHEMES = ("iob2", "iobes", "bilou")


def drawn(scheme: str, count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Random tags, and others that agree with most of them."""
    labels = tag_names(("LOC", "PER"), scheme)
    draw = np.random.default_rng(seed)
    truth = [draw.integers(0, len(labels), draw.integers(1, 12)) for _ in range(count)]
    guess = [
        np.where(draw.random(len(each)) < 0.8, each, draw.integers(0, len(labels), len(each)))
        for each in truth
    ]
    return ragged(truth), ragged(guess), labels


def named(tags: np.ndarray, labels: tuple[str, ...]) -> list[list[str]]:
    return [[labels[i] for i in each] for each in tags]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_scores_are_those_of_seqeval_in_strict_mode(scheme: str) -> None:
    pytest.importorskip("seqeval")
    from seqeval.metrics import accuracy_score, classification_report
    from seqeval.scheme import BILOU, IOB2, IOBES

    truth, guess, labels = drawn(scheme, 400, seed=1)
    sides = named(truth, labels), named(guess, labels)
    strict = {"iob2": IOB2, "iobes": IOBES, "bilou": BILOU}[scheme]
    theirs = classification_report(*sides, mode="strict", scheme=strict, output_dict=True, zero_division=0)
    counts = count_tags(truth, guess, labels, scheme)
    ours = tag_scores(counts.pooled.sum(0))
    for name, value in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
        assert ours[name] == pytest.approx(theirs["micro avg"][value])
    assert ours["accuracy"] == pytest.approx(accuracy_score(*sides))
    for kind, found in per_type(counts).items():
        assert found["f1"] == pytest.approx(theirs[kind]["f1-score"])
        assert found["number"] == theirs[kind]["support"]


def test_what_no_b_begins_scores_nothing_where_seqeval_by_default_calls_it_perfect() -> None:
    seqeval = pytest.importorskip("seqeval.metrics")
    labels = tag_names(("PER",), "iob2")
    tags = ragged([np.array([labels.index("I-PER")] * 2)])
    assert seqeval.f1_score(named(tags, labels), named(tags, labels)) == 1.0
    assert tag_scores(count_tags(tags, tags, labels, "iob2").pooled.sum(0))["f1"] == 0.0


def test_intervals_hold_the_scores_and_shrink_with_the_rows() -> None:
    few, many = (count_tags(*drawn("iob2", count, seed=2), "iob2") for count in (60, 600))
    widths = []
    for counts in (few, many):
        scores, found = tag_scores(counts.pooled.sum(0)), tag_intervals(counts)
        assert all(low < scores[name] < high for name, (low, high) in found.items())
        widths.append(found["f1"][1] - found["f1"][0])
    assert widths[1] < 0.5 * widths[0]
    same = tag_differences(few, few)
    assert all(each.value == each.low == each.high == 0 for each in same.values())


def test_verdict_says_what_the_sentences_prove() -> None:
    truth, guess, labels = drawn("iob2", 200, seed=3)
    nothing = ragged([np.zeros_like(each) for each in truth])
    good, bad, none = (count_tags(truth, each, labels, "iob2") for each in (truth, guess, nothing))
    for ours, theirs, outcome in (
        (good, bad, "better"),
        (bad, good, "worse"),
        (bad, bad, "same"),
        (none, bad, "collapsed"),
    ):
        verdict = compare_tags(ours, theirs, rival="a list")
        assert verdict.outcome == outcome and verdict.better == (outcome == "better")
    few = count_tags(truth[:20], truth[:20], labels, "iob2")
    assert compare_tags(few, few, rival="a list").outcome == "too-few"


def test_confusion_counts_stretches_of_the_same_words() -> None:
    labels = tag_names(("LOC", "PER"), "iob2")
    number = labels.index
    truth = ragged([np.array([number(tag) for tag in "B-LOC I-LOC O B-PER O".split()])])
    guess = ragged([np.array([number(tag) for tag in "B-PER I-PER O O B-LOC".split()])])
    found = entity_confusion(truth, guess, labels, "iob2")
    assert found == {"types": ["LOC", "PER", "none"], "matrix": [[0, 1, 0], [0, 0, 1], [1, 0, 0]]}


def test_plain_tags_are_stretches_of_one_word() -> None:
    labels = ("O", "NOUN", "VERB")
    assert types_of(labels, "none") == ("NOUN", "VERB")
    tags = ragged([np.array([1, 1, 2, 0])])
    assert count_tags(tags, tags, labels, "none").hits.tolist() == [[2, 1]]


def test_sentences_of_another_length_are_refused() -> None:
    labels = tag_names(("LOC",), "iob2")
    with pytest.raises(DataError, match="no-rows"):
        count_tags(ragged([np.array([0, 0])]), ragged([np.array([0])]), labels, "iob2")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_best_sequence_is_the_best_of_all_that_the_scheme_allows(scheme: str) -> None:
    labels = tag_names(("x",), scheme)
    edges = Edges.of(labels, scheme)
    draw = np.random.default_rng(4)
    for length in (1, 2, 4, 5):
        scores = draw.normal(size=(length, len(labels))) * 2
        allowed = [
            each
            for each in itertools.product(range(len(labels)), repeat=length)
            if count_invalid([labels[i] for i in each], scheme) == 0
        ]
        best = max(allowed, key=lambda each: scores[np.arange(length), list(each)].sum())
        found = best_sequence(scores, edges)
        assert tuple(found.tolist()) == best and edges.allow(found)
    assert len(best_sequence(np.zeros((0, len(labels))), edges)) == 0


def test_best_sequence_counts_what_steps_score() -> None:
    draw = np.random.default_rng(5)
    edges = Edges(steps=draw.normal(size=(3, 3)), first=draw.normal(size=3), last=draw.normal(size=3))
    scores = draw.normal(size=(4, 3))

    def total(each: tuple[int, ...]) -> float:
        steps = sum(edges.steps[a, b] for a, b in itertools.pairwise(each))
        return edges.first[each[0]] + edges.last[each[-1]] + steps + scores[np.arange(4), list(each)].sum()

    best = max(itertools.product(range(3), repeat=4), key=total)
    assert tuple(best_sequence(scores, edges).tolist()) == best


TRAIN = [["in", "New", "York"], ["York", "won"], ["New", "York", "City"], ["May", "came"], ["in", "May"]]
TAGS = ["O B-LOC I-LOC", "B-ORG O", "B-LOC I-LOC I-LOC", "B-PER O", "O O"]


def test_baselines_remember_words_and_entities() -> None:
    labels = tag_names(("LOC", "ORG", "PER"), "iob2")
    truth = ragged([np.array([labels.index(tag) for tag in each.split()]) for each in TAGS])
    words = [["New", "York", "City", "in", "York"], ["unknown", "May"]]
    found = remembered_entities(TRAIN, truth, words, labels=labels, scheme="iob2")
    assert named(found.answers, labels) == [["B-LOC", "I-LOC", "I-LOC", "O", "B-ORG"], ["O", "B-PER"]]
    common = commonest_tags(TRAIN, truth, words, len(labels))
    assert named(common.answers, labels)[0] == ["B-LOC", "I-LOC", "I-LOC", "O", "I-LOC"]
    assert all(np.allclose(each.sum(1), 1) for each in common.scores)
    assert "1 of 7 words never occur" in common.notes[0]


def test_random_tags_are_drawn_as_they_should_be() -> None:
    """Guards the tests above: both sides have entities, and not all the same."""
    truth, guess, labels = drawn("iob2", 100, seed=6)
    counts = count_tags(truth, guess, labels, "iob2")
    assert 50 < counts.hits.sum() < counts.actual.sum()
