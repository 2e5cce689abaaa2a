"""Which scheme the tags of a file are written in, found from what only one of them would do, or refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from glassbert.errors import DataError, Problem
from glassbert.text.quoting import quoted
from glassbert.text.schemes import (
    TITLES,
    Scheme,
    count_invalid,
    is_valid,
    learnt_as,
    spans_of,
    split_tag,
)

LISTED = 20
SHAPE = "B-TYPE, I-TYPE (E-, S- or L-, U- too) and O"


@dataclass(frozen=True, kw_only=True)
class Detected:
    """The scheme, and sentences that say how it was found and what does not follow it."""

    scheme: Scheme
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def detect(
    sentences: Sequence[Sequence[str]], *, source: str, rows: Sequence[int], given: Scheme | None = None
) -> Detected:
    """The scheme of all sentences together, or the one that is `given`, with a count of what breaks it.

    Tags that are none of any scheme are left to whoever reads the rows. Errors: DataError (65) where some
    sentences are written in one scheme and some in another, and where tags have no letters though there is O.
    """
    if given is not None:
        return Detected(
            scheme=given, reasons=(f"scheme: {TITLES[given]}, as told",), warnings=_broken(sentences, given)
        )
    counts = Counter(tag for tags in sentences for tag in tags)
    letters = {letter for tag in counts if (letter := split_tag(tag)[0])}
    if letters <= {"?"}:
        return _plain(counts, letters, source)
    closing, other = letters & {"E", "S"}, letters & {"L", "U"}
    if closing and other:
        raise _mixed(sentences, rows, source, names=("IOBES", "BILOU"), marks=("ES", "LU"))
    if closing or other:
        return _closing(sentences, rows, source, scheme="iobes" if closing else "bilou")
    return _iob(sentences)


def valid_tags(counts: Counter[str], scheme: Scheme) -> str:
    """The tags of a file that the scheme has, commonest first, for a message."""
    known = [tag for tag, _ in counts.most_common() if is_valid(tag, scheme)]
    shown = ", ".join(known[:LISTED]) + (f" and {len(known) - LISTED} more" if len(known) > LISTED else "")
    return f"{SHAPE}; the file has {shown}" if known else SHAPE


def _plain(counts: Counter[str], letters: set[str], source: str) -> Detected:
    """Names without letters are tags of single words, unless O says that they mark stretches."""
    if letters and "O" in counts:
        names = ", ".join(quoted(tag) for tag in list(counts)[:LISTED] if tag != "O")
        what = f"the tags have no B- or I- ({names}), though O marks words outside"
        fix = f"write {SHAPE}, or say --scheme none where each word stands for itself"
        raise DataError(Problem(code="bad-tag", what=what, fix=fix, file=source))
    if not letters:
        return Detected(scheme="iob2", reasons=("scheme: IOB2, taken since every tag is O",))
    return Detected(
        scheme="none", reasons=(f"scheme: plain tags of single words, {len(counts)} of them, without O",)
    )


def _closing(
    sentences: Sequence[Sequence[str]], rows: Sequence[int], source: str, *, scheme: Scheme
) -> Detected:
    """IOBES or BILOU; a sentence that only IOB2 explains means that the file is mixed."""
    for tags, row in zip(sentences, rows, strict=True):
        plain = {split_tag(tag)[0] for tag in tags} <= {"", "B", "I"}
        if plain and count_invalid(tags, scheme) and not count_invalid(tags, "iob2"):
            what = f"this sentence is written in IOB2, others of the file in {TITLES[scheme]}"
            fix = "write all in one scheme, or name the one to hold them to with --scheme"
            raise DataError(Problem(code="mixed-schemes", what=what, fix=fix, file=source, line=row))
    count = sum(len(spans_of(tags, scheme)) for tags in sentences)
    marks = "E- and S-" if scheme == "iobes" else "L- and U-"
    reason = f"scheme: {TITLES[scheme]}, since there are {marks} ({count:,} entities)"
    return Detected(scheme=scheme, reasons=(reason,), warnings=_broken(sentences, scheme))


def _iob(sentences: Sequence[Sequence[str]]) -> Detected:
    """IOB2 where every entity begins with B-; IOB1 where most begin with I- and B- only parts neighbours."""
    opened, parting, idle = 0, 0, 0
    for tags in sentences:
        before = ("", "")
        for letter, kind in map(split_tag, tags):
            if letter == "I" and before[1] != kind:
                opened += 1
            elif letter == "B" and before[1] == kind and before[0]:
                parting += 1
            elif letter == "B":
                idle += 1
            before = (letter, kind)
    scheme: Scheme = "iob1" if opened > idle else "iob2"
    count = sum(len(spans_of(tags, scheme)) for tags in sentences)
    if scheme == "iob1":
        reason = f"scheme: IOB1, since {opened:,} entities begin with I- and {parting:,} B- part neighbours"
        odd = f"{idle:,} B- stand where IOB1 writes I-; both begin an entity"
        warnings = (odd,) if idle else ()
        return Detected(scheme=scheme, reasons=(f"{reason}; learnt as IOB2",), warnings=warnings)
    reason = f"scheme: IOB2, since {parting + idle:,} entities begin with B- ({count:,} entities)"
    return Detected(scheme=scheme, reasons=(reason,), warnings=_broken(sentences, scheme))


def _broken(sentences: Sequence[Sequence[str]], scheme: Scheme) -> tuple[str, ...]:
    broken = [count_invalid(tags, learnt_as(scheme) if scheme != "iob1" else scheme) for tags in sentences]
    if not any(broken):
        return ()
    rule = {
        "iob2": "an I- that follows no tag of its type is no entity",
        "iobes": "what is not B- I- E- or S- is no entity",
        "bilou": "what is not B- I- L- or U- is no entity",
    }[scheme]
    where = f"{sum(broken):,} tags in {sum(map(bool, broken)):,} sentences do not follow {TITLES[scheme]}"
    return (f"{where}; {rule}, neither in learning nor in scoring; --repair-bio makes entities of them",)


def _mixed(
    sentences: Sequence[Sequence[str]],
    rows: Sequence[int],
    source: str,
    *,
    names: tuple[str, str],
    marks: tuple[str, str],
) -> DataError:
    first = [
        next(
            row
            for tags, row in zip(sentences, rows, strict=True)
            if any(split_tag(tag)[0] in tuple(some) for tag in tags)
        )
        for some in marks
    ]
    lines = f"first in the sentence of line {first[0]}", f"line {first[1]}"
    what = f"tags of {names[0]} ({lines[0]}) and of {names[1]} ({lines[1]})"
    fix = "write all in one scheme"
    return DataError(Problem(code="mixed-schemes", what=what, fix=fix, file=source, line=max(first)))
