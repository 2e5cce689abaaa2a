"""CoNLL columns: a word a line with its tags behind it, a blank line between sentences.

    EU NNP I-NP I-ORG
    rejects VBZ I-VP O

Each sentence becomes a row of a table: `tokens` (the first column), `tags` (the last), and what stands
between under its number (`2`, `3`), each a list with an entry per word. A row's number is the line of its
first word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from glassbert.errors import Problem
from glassbert.text.parsed import Parsed, no_examples
from glassbert.text.quoting import quoted
from glassbert.text.rejects import Rejects

TOKENS, TAGS = "tokens", "tags"
DOCUMENT = "-DOCSTART-"
SPACES = re.compile(" +")
BLANK = " \t"


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """How a line falls into fields: by `mark`, or by runs of spaces; `count` fields are expected."""

    mark: str | None
    count: int

    def fields(self, line: str) -> list[str]:
        return line.split(self.mark) if self.mark else SPACES.split(line.strip(" "))


@dataclass(kw_only=True)
class _Block:
    """Lines of one sentence, and the first of its problems."""

    begin: int
    lines: list[str] = field(default_factory=list)
    words: list[list[str]] = field(default_factory=list)
    problem: Problem | None = None


def parse_conll(text: str, *, name: str, rejects: Rejects, delimiter: str | None = None) -> Parsed:
    """The sentences of a CoNLL file as rows; lines that begin with -DOCSTART- are skipped.

    Fields are separated by `delimiter`; unsaid, by tabs where any line has one, else by runs of spaces (a
    no-break space belongs to a word). A line of spaces and tabs is blank. Before the first word of a sentence
    a line that begins with "#" and has another number of fields than the file is a comment.
    Errors: DataError (65) where there is no sentence; a sentence with a line of another number of fields, of
    another separator, or without a word goes to `rejects`, with that line.
    """
    lines = text.split("\n")
    rule = _rule(lines, delimiter)
    if rule.count == 0:
        raise no_examples(name)
    kept: list[_Block] = []
    for block in _blocks(lines, rule, name):
        if block.problem is None:
            kept.append(block)
        else:
            rejects.add(block.problem, "\n".join(block.lines))
    rejects.settle(usable=len(kept), name=name)
    names = _names(rule.count)
    columns = [[[word[place] for word in block.words] for block in kept] for place in range(rule.count)]
    return Parsed(names=names, columns=columns, rows=np.array([block.begin for block in kept], np.int64))


def _names(count: int) -> list[str]:
    if count == 1:
        return [TOKENS]
    return [TOKENS, *(str(place) for place in range(2, count)), TAGS]


def _rule(lines: Sequence[str], delimiter: str | None) -> _Rule:
    """The separator, and the number of fields that most lines have."""
    filled = [line for line in lines if line.strip(BLANK) and not line.startswith(DOCUMENT)]
    mark = delimiter
    if mark is None and any("\t" in line for line in filled if not line.startswith("#")):
        mark = "\t"
    rule = _Rule(mark=None if mark == " " else mark, count=0)
    counts = Counter(len(rule.fields(line)) for line in filled)
    return _Rule(mark=rule.mark, count=counts.most_common(1)[0][0] if counts else 0)


def _blocks(lines: Sequence[str], rule: _Rule, name: str) -> Iterator[_Block]:
    """Sentence after sentence."""
    block: _Block | None = None
    for number, line in enumerate(lines, start=1):
        fields = rule.fields(line)
        if not line.strip(BLANK) or fields[0] == DOCUMENT:
            if block is not None:
                yield block
            block = None
            continue
        if block is None:
            if line.startswith("#") and len(fields) != rule.count:
                continue
            block = _Block(begin=number)
        block.lines.append(line)
        block.words.append(fields)
        if block.problem is None and (found := _why_bad(line, fields, rule)):
            code, what, fix = found
            block.problem = Problem(code=code, what=what, fix=fix, file=name, line=number)
    if block is not None:
        yield block


def _why_bad(line: str, fields: Sequence[str], rule: _Rule) -> tuple[str, str, str] | None:
    """(code, what, fix) of a line that is no word with its tags."""
    if len(fields) != rule.count:
        if rule.mark == "\t" and len(SPACES.split(line.strip(" "))) == rule.count:
            what = "this line is separated by spaces, others by tabs"
            return "mixed-separators", what, "write one separator throughout"
        what = f"{_columns(len(fields))} where the file has {rule.count}: {quoted(line)}"
        hint = "separate with tabs words that hold a space; " if rule.mark is None else ""
        return "wrong-field-count", what, f"{hint}a blank line ends a sentence"
    for place, cell in enumerate(fields, start=1):
        if not cell.strip(BLANK):
            what = "the word is empty" if place == 1 else f"column {place} is empty"
            return "empty-field", what, "fill it in, or remove the line"
    return None


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"
