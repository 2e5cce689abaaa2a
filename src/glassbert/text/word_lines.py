"""Words in one file and their tags in another: a sentence a line in both, fields separated by spaces.

    train.words   EU rejects German call          seq.in
    train.tags    B-ORG O B-MISC O                seq.out

The layout of ATIS, SNIPS and much Chinese data. The table is that of CoNLL: `tokens` and `tags`, a list each;
a row's number is its line.
"""

from __future__ import annotations

import hashlib
from itertools import zip_longest
from pathlib import Path

import numpy as np

from glassbert.errors import DataError, Problem
from glassbert.text.conll import TAGS, TOKENS
from glassbert.text.parsed import Parsed, no_examples
from glassbert.text.quoting import quoted
from glassbert.text.rejects import Rejects
from glassbert.text.sources import COMPRESSIONS

# the suffix of the words, and of their tags
PARTNERS = {".words": ".tags", ".in": ".out"}


def partner_of(name: str) -> Path | None:
    """The file of tags beside a file of words; None where there is none, as when tags are to be predicted.

    `train.words` has `train.tags`, `seq.in` has `seq.out`, `train.words.gz` has `train.tags.gz`; words of any
    other name have the same name with `.tags`.
    """
    path = Path(name)
    packed = path.suffix if path.suffix in COMPRESSIONS else ""
    bare = path.with_suffix("") if packed else path
    found = Path(f"{bare.with_suffix(PARTNERS.get(bare.suffix, '.tags'))}{packed}")
    return found if found != path and found.exists() else None


def parse_word_lines(words: str, tags: str | None, *, name: str, tags_name: str, rejects: Rejects) -> Parsed:
    """The sentences of both files as rows; lines that are blank in both are skipped.

    Errors: DataError (65) where the files have different numbers of lines, with both numbers and the first
    line that differs, and where there is no sentence. A line with another number of tags than words goes to
    `rejects`.
    """
    sentences = _sentences(words)
    if tags is None:
        rows = [number for number, line in enumerate(sentences, start=1) if line]
        return _parsed([TOKENS], [[sentences[number - 1] for number in rows]], rows, name)
    tagged = _sentences(tags)
    if len(sentences) != len(tagged):
        raise DataError(_torn(sentences, tagged, name=name, tags_name=tags_name))
    kept: list[int] = []
    for number, (line, answers) in enumerate(zip(sentences, tagged, strict=True), start=1):
        if len(line) == len(answers):
            if line:
                kept.append(number)
            continue
        what = f"{len(line)} words, and {len(answers)} tags in {quoted(tags_name)}: {quoted(' '.join(line))}"
        fix = "give one tag for each word, separated by spaces"
        problem = Problem(code="length-mismatch", what=what, fix=fix, file=name, line=number)
        rejects.add(problem, f"{' '.join(line)}\n{' '.join(answers)}")
    rejects.settle(usable=len(kept), name=name)
    both = [[side[number - 1] for number in kept] for side in (sentences, tagged)]
    return _parsed([TOKENS, TAGS], both, kept, name)


def both_hashes(words: str, tags: str | None) -> str:
    """One SHA-256 for the two files: that of the words' and the tags' after each other, in hexadecimal."""
    return words if tags is None else hashlib.sha256(f"{words}{tags}".encode()).hexdigest()


def _sentences(text: str) -> list[list[str]]:
    """Fields of every line; the last line end makes no line."""
    lines = text.removesuffix("\n").split("\n") if text else []
    return [[field for field in line.split(" ") if field] for line in lines]


def _parsed(names: list[str], columns: list[list[list[str]]], rows: list[int], name: str) -> Parsed:
    if not rows:
        raise no_examples(name)
    return Parsed(names=names, columns=columns, rows=np.array(rows, np.int64))


def _torn(words: list[list[str]], tags: list[list[str]], *, name: str, tags_name: str) -> Problem:
    """Two files that are not of each other."""
    pairs = enumerate(zip_longest(words, tags), start=1)
    first = next(number for number, (a, b) in pairs if a is None or b is None or len(a) != len(b))
    what = (
        f"{len(words):,} lines, and {len(tags):,} in {quoted(tags_name)}; the first that differs is {first:,}"
    )
    fix = "give both files one line for each sentence"
    return Problem(code="line-counts", what=what, fix=fix, file=name, line=first)
