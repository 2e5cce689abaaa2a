"""Tags of words that mark stretches of them: IOB1, IOB2, IOBES, BILOU, or plain names of single words.

A tag is "O", or a letter, a dash and a type: B-PER. Letters say where in a stretch a word stands:

    scheme   first   middle   last   alone
    iob1     I       I        I      I       (B where a stretch follows another of its type)
    iob2     B       I        I      B
    iobes    B       I        E      S
    bilou    B       I        L      U
    none     tags are plain names (NOUN, VERB), each a stretch of one word; O is none

Ramshaw and Marcus 1995 (IOB1); Ratinov and Roth 2009 (BILOU).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal, get_args

from glassbert.errors import Problem, UsageError

Scheme = Literal["iob1", "iob2", "iobes", "bilou", "none"]
Span = tuple[str, int, int]
"""Type, first word, and the word after the last."""

OUTSIDE = "O"
TAG = re.compile(r"([BIESLU])-(\S(?:.*\S)?)", re.DOTALL)
# letters of (first, middle, last, alone)
LETTERS: dict[str, tuple[str, str, str, str]] = {
    "iob1": ("B", "I", "I", "I"),
    "iob2": ("B", "I", "I", "B"),
    "iobes": ("B", "I", "E", "S"),
    "bilou": ("B", "I", "L", "U"),
}
TITLES = {"iob1": "IOB1", "iob2": "IOB2", "iobes": "IOBES", "bilou": "BILOU", "none": "plain tags"}


def check_scheme(name: str | None, *, option: str = "--scheme") -> None:
    """Raise UsageError for a name that is no scheme; None is to be detected."""
    if name is not None and name not in get_args(Scheme):
        fix = f"give one of {', '.join(get_args(Scheme))}"
        raise UsageError(Problem(code="bad-option", what=f"{option} is {name!r}", fix=fix))


@lru_cache(maxsize=4096)
def split_tag(tag: str) -> tuple[str, str]:
    """(letter, type) of a tag; ("", "") of "O", ("?", tag) of what is no tag of a scheme."""
    if tag == OUTSIDE:
        return "", ""
    match = TAG.fullmatch(tag)
    return (match[1], match[2]) if match else ("?", tag)


def is_valid(tag: str, scheme: Scheme) -> bool:
    """Whether the scheme has such a tag."""
    if scheme == "none":
        return bool(tag.strip())
    return tag == OUTSIDE or split_tag(tag)[0] in LETTERS[scheme]


def spans_of(tags: Sequence[str], scheme: Scheme) -> list[Span]:
    """The stretches that are written exactly as the scheme says; whatever else stands there is none.

    In iob2 an I- that follows nothing of its type is no stretch; in iobes and bilou neither is one that is
    not closed. In iob1 every sequence can be read. This is seqeval's strict mode, written anew.
    """
    if scheme == "none":
        return [(tag, i, i + 1) for i, tag in enumerate(tags) if tag != OUTSIDE]
    if scheme == "iob1":
        return lenient_spans(tags)
    first, middle, last, alone = LETTERS[scheme]
    closes = last != middle
    found: list[Span] = []
    name, begin = "", -1
    for i, tag in enumerate((*tags, OUTSIDE)):
        letter, kind = split_tag(tag)
        if begin >= 0 and kind == name and letter in (middle, last):
            if closes and letter == last:
                found.append((name, begin, i + 1))
                begin = -1
            continue
        if begin >= 0 and not closes:
            found.append((name, begin, i))
        name, begin = (kind, i) if letter == first else ("", -1)
        if closes and letter == alone:
            found.append((kind, i, i + 1))
    return found


def lenient_spans(tags: Sequence[str]) -> list[Span]:
    """The stretches as conlleval reads them: one begins at B-, S-, U-, after O and where the type changes.

    This is how IOB1 is meant, and how `--repair-bio` reads what is not written as a scheme says.
    """
    found: list[Span] = []
    before, name, begin = "", "", -1
    for i, tag in enumerate((*tags, OUTSIDE)):
        letter, kind = split_tag(tag)
        opens = letter in ("B", "S", "U") or before in ("E", "L", "S", "U") or kind != name
        if begin >= 0 and (not letter or opens):
            found.append((name, begin, i))
            begin = -1
        if letter and begin < 0:
            name, begin = kind, i
        before = letter
        if not letter:
            name = ""
    return found


def tags_of(spans: Iterable[Span], count: int, scheme: Scheme) -> list[str]:
    """The tags of `count` words in which these stretches lie; they must not overlap."""
    tags = [OUTSIDE] * count
    ended: dict[int, str] = {}
    for name, begin, end in sorted(spans, key=lambda span: span[1]):
        if scheme == "none":
            tags[begin:end] = [name] * (end - begin)
            continue
        first, middle, last, alone = LETTERS[scheme]
        if scheme == "iob1":
            first = "B" if ended.get(begin) == name else "I"
            alone = first
        tags[begin:end] = [f"{middle}-{name}"] * (end - begin)
        tags[end - 1] = f"{last}-{name}"
        tags[begin] = f"{first if end - begin > 1 else alone}-{name}"
        ended[end] = name
    return tags


def repaired(tags: Sequence[str], scheme: Scheme) -> list[str]:
    """The tags that `lenient_spans` are written with in the scheme."""
    return list(tags) if scheme == "none" else tags_of(lenient_spans(tags), len(tags), scheme)


def count_invalid(tags: Sequence[str], scheme: Scheme) -> int:
    """How many words have a tag that belongs to no stretch, though it is not O."""
    if scheme in ("none", "iob1"):
        return 0
    covered = sum(end - begin for _, begin, end in spans_of(tags, scheme))
    return sum(tag != OUTSIDE for tag in tags) - covered


def learnt_as(scheme: Scheme) -> Scheme:
    """The scheme that a model learns: IOB1 is learnt as IOB2, which marks the same stretches."""
    return "iob2" if scheme == "iob1" else scheme


def tag_names(types: Iterable[str], scheme: Scheme) -> tuple[str, ...]:
    """All tags of the scheme for these types, "O" first; of plain names "O" only where it is one."""
    names = sorted(set(types))
    if scheme == "none":
        return (*([OUTSIDE] if OUTSIDE in names else []), *(name for name in names if name != OUTSIDE))
    letters = dict.fromkeys(LETTERS[scheme])
    return (OUTSIDE, *(f"{letter}-{name}" for name in names for letter in letters))


def scheme_of(labels: Iterable[str]) -> Scheme:
    """The scheme of a model by its labels; "none" where one of them is no tag of the others."""
    letters = {split_tag(label)[0] for label in labels}
    if "?" in letters or not letters - {""}:
        return "none"
    if letters & {"L", "U"}:
        return "bilou" if not letters & {"E", "S"} else "none"
    return "iobes" if letters & {"E", "S"} else "iob2"


def scheme_of_model(labels: Iterable[str]) -> tuple[Scheme, str | None]:
    """The scheme of a trained model by its labels, and the label that shows it where it is IOB1.

    In IOB2 every type has a B-: an I- whose type has none must begin entities itself. A model of IOB1 all of
    whose types have both cannot be told from one of IOB2.
    """
    found = scheme_of(labels)
    tags = [split_tag(label) for label in labels]
    begun = {name for letter, name in tags if letter == "B"}
    alone = [f"I-{name}" for letter, name in tags if letter == "I" and name not in begun]
    return ("iob1", alone[0]) if found == "iob2" and alone else (found, None)


def may_follow(before: str, tag: str, scheme: Scheme) -> bool:
    """Whether a tag can stand after another in the scheme; "" is the edge of a sentence on either side."""
    if scheme == "none":
        return True
    first, middle, last, alone = LETTERS[learnt_as(scheme)]
    old, old_type = split_tag(before) if before else ("", "")
    new, new_type = split_tag(tag) if tag else ("", "")
    closes = last != middle
    inside = old in ((first, middle) if closes else (first, middle, alone))
    continues = new in (middle, last)
    if continues:
        return inside and old_type == new_type
    return not (closes and inside)
