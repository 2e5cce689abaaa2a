"""Schemes of tags: strict reading against seqeval's strict mode and a second writing, repair, detection."""

import itertools
import random
import re

import pytest

from glassbert.errors import DataError, UsageError
from glassbert.text.scheme_detection import detect
from glassbert.text.schemes import (
    LETTERS,
    check_scheme,
    count_invalid,
    learnt_as,
    lenient_spans,
    may_follow,
    repaired,
    scheme_of,
    scheme_of_model,
    spans_of,
    tag_names,
    tags_of,
)

STRICT = {
    "iob2": r"B(?P<t>[xy])(?:I(?P=t))*",
    "iobes": r"S(?P<s>[xy])|B(?P<t>[xy])(?:I(?P=t))*E(?P=t)",
    "bilou": r"U(?P<s>[xy])|B(?P<t>[xy])(?:I(?P=t))*L(?P=t)",
}


def by_pattern(tags: list[str], scheme: str) -> list[tuple[str, int, int]]:
    """The stretches once more, as matches of a regular expression over two characters a word."""
    text = "".join("O-" if tag == "O" else tag.replace("-", "") for tag in tags)
    found = []
    for match in re.finditer(STRICT[scheme], text):
        if match.start() % 2 == 0:
            kind = next(filter(None, match.groupdict().values()))
            found.append((kind, match.start() // 2, match.end() // 2))
    return found


def every(scheme: str, length: int) -> itertools.product:
    return itertools.product(["O", *(f"{a}-{t}" for a in set(LETTERS[scheme]) for t in "xy")], repeat=length)


@pytest.mark.parametrize(("scheme", "length"), [("iob2", 5), ("iobes", 4), ("bilou", 4)])
def test_strict_stretches_are_those_of_a_pattern_on_every_short_sequence(scheme: str, length: int) -> None:
    for tags in every(scheme, length):
        assert spans_of(tags, scheme) == by_pattern(list(tags), scheme), tags


@pytest.mark.parametrize("scheme", ["iob1", "iob2", "iobes", "bilou"])
def test_stretches_are_those_of_seqeval(scheme: str) -> None:
    pytest.importorskip("seqeval")
    from seqeval.metrics.sequence_labeling import get_entities
    from seqeval.scheme import BILOU, IOB2, IOBES, Entities

    draw = random.Random(0)
    names = tag_names(("x", "y"), scheme)
    for _ in range(3000):
        tags = [draw.choice(names) for _ in range(draw.randint(1, 9))]
        if scheme == "iob1":  # seqeval's lenient reading is conlleval's, which is how IOB1 is meant
            theirs = [(kind, first, last + 1) for kind, first, last in get_entities(tags)]
        else:
            strict = Entities([tags], {"iob2": IOB2, "iobes": IOBES, "bilou": BILOU}[scheme])
            theirs = [(each.tag, each.start, each.end) for each in strict.entities[0]]
        assert spans_of(tags, scheme) == theirs, tags


@pytest.mark.parametrize("scheme", ["iob1", "iob2", "iobes", "bilou", "none"])
def test_stretches_written_and_read_are_the_same(scheme: str) -> None:
    draw = random.Random(1)
    for _ in range(500):
        ends = sorted(draw.sample(range(1, 12), draw.randint(0, 6)))
        spans = [
            (draw.choice("xy"), begin, end)
            for begin, end in itertools.pairwise([0, *ends])
            if draw.random() < 0.7
        ]
        if scheme == "none":
            spans = [span for span in spans if span[2] - span[1] == 1]
        tags = tags_of(spans, 12, scheme)
        assert spans_of(tags, scheme) == spans
        assert count_invalid(tags, scheme) == 0
        assert repaired(tags, scheme) == tags


def test_a_stretch_that_begins_inside_is_none_until_it_is_repaired() -> None:
    tags = ["I-PER", "I-PER", "O", "B-LOC", "I-PER"]
    assert spans_of(tags, "iob2") == [("LOC", 3, 4)]
    assert count_invalid(tags, "iob2") == 3
    assert spans_of(repaired(tags, "iob2"), "iob2") == lenient_spans(tags)
    assert lenient_spans(tags) == [("PER", 0, 2), ("LOC", 3, 4), ("PER", 4, 5)]


@pytest.mark.parametrize("scheme", ["iob2", "iobes", "bilou"])
def test_what_may_follow_is_what_breaks_no_stretch(scheme: str) -> None:
    names = tag_names(("x", "y"), scheme)
    for tags in every(scheme, 3):
        steps = all(may_follow(a, b, scheme) for a, b in itertools.pairwise(("", *tags, "")))
        assert steps == (count_invalid(tags, scheme) == 0), tags
    assert all(may_follow(a, b, "none") for a in names for b in names)


@pytest.mark.parametrize(("scheme", "count"), [("iob2", 5), ("iobes", 9), ("bilou", 9)])
def test_names_of_a_scheme_are_complete_and_tell_it(scheme: str, count: int) -> None:
    names = tag_names(("x", "y"), scheme)
    assert len(names) == len(set(names)) == count and names[0] == "O"
    assert scheme_of(names) == scheme == learnt_as(scheme)


@pytest.mark.parametrize(
    ("labels", "scheme", "shown"),
    [
        (["O", "B-PER", "I-PER"], "iob2", None),
        (["O", "B-PER"], "iob2", None),
        (["O", "I-PER", "I-LOC"], "iob1", "I-PER"),
        (["I-LOC", "O", "B-LOC", "I-PER"], "iob1", "I-PER"),
        (["O", "B-X", "I-X", "E-X", "S-X", "I-Y"], "iobes", None),
        (["DET", "NOUN"], "none", None),
    ],
)
def test_a_models_labels_show_iob1_where_a_type_has_no_b(
    labels: list[str], scheme: str, shown: str | None
) -> None:
    assert scheme_of_model(labels) == (scheme, shown)


def found(text: str, **options: object) -> object:
    sentences = [line.split() for line in text.split("|")]
    return detect(sentences, source="x.conll", rows=range(1, 1 + len(sentences)), **options)


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("I-PER I-PER O|I-LOC B-LOC", "iob1"),
        ("B-PER I-PER O|B-LOC", "iob2"),
        ("B-PER B-PER O", "iob2"),
        ("B-PER I-PER O|B-LOC|B-LOC|I-ORG O", "iob2"),
        ("B-PER E-PER|S-LOC O", "iobes"),
        ("B-PER I-PER L-PER|U-LOC O", "bilou"),
        ("NOUN VERB|NOUN", "none"),
        ("O O|O", "iob2"),
    ],
)
def test_scheme_is_found_and_stated(text: str, scheme: str) -> None:
    answer = found(text)
    assert answer.scheme == scheme
    assert answer.reasons[0].startswith("scheme: ")


def test_tags_that_break_the_scheme_are_counted_and_the_rule_is_said() -> None:
    answer = found("B-PER I-PER|O I-LOC I-LOC|B-ORG|B-ORG I-PER|B-LOC")
    assert answer.scheme == "iob2"
    assert "3 tags in 2 sentences do not follow IOB2" in answer.warnings[0]
    assert "--repair-bio" in answer.warnings[0]
    assert found("B-x|I-x B-x B-x", given="iob1").warnings == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("B-PER E-PER|O|B-PER I-PER O", "x.conll:3: mixed-schemes: .*IOB2.*IOBES"),
        (
            "U-PER O|B-LOC E-LOC",
            "x.conll:2: mixed-schemes: tags of IOBES .first in the sent.* line 2.*line 1",
        ),
        ("O PER PER", "bad-tag: the tags have no B- or I- .'PER'.*--scheme none"),
    ],
)
def test_files_in_two_schemes_and_in_none_are_refused(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        found(text)


def test_a_scheme_that_is_none_is_refused() -> None:
    check_scheme("bilou")
    check_scheme(None)
    with pytest.raises(UsageError, match="--scheme is 'bio'.*iob2"):
        check_scheme("bio")
