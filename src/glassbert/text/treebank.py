"""CoNLL-U: sentences whose words know their head word and the relation to it (universaldependencies.org).

One word a line, ten fields between tabs (id, form, lemma, upos, xpos, feats, head, deprel, deps, misc); a
blank line ends a sentence; lines that begin with "#" are comments. Ranges ("3-4", several words written as
one) and empty nodes ("8.1") carry no relation: a range gives its members one stretch of the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from glassbert.errors import DataError, Problem
from glassbert.text.sources import read_source

FIELDS = 10


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A text; for word i, `spans[i]` its characters, `heads[i]` the word it hangs on (-1: the root),
    `relations[i]` how.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    heads: tuple[int, ...]
    relations: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Line:
    number: int
    fields: list[str]


def read_treebank(path: str | Path) -> list[Sentence]:
    """The sentences of a `.conllu` file (`.gz` too). Raises DataError, naming the line, for what is none."""
    name = str(path)
    try:
        text = read_source(path).data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = Problem(code="bad-encoding", what=str(error), fix="CoNLL-U is UTF-8", file=name)
        raise DataError(problem) from error
    sentences, block = [], []
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        line = line.removesuffix("\r")
        if line.strip() and not line.startswith("#"):
            block.append(_Line(number=number, fields=line.split("\t")))
        elif not line.strip() and block:
            sentences.append(_sentence(block, name))
            block = []
    if not sentences:
        problem = Problem(
            code="empty-treebank", what="there is no sentence in it", fix="give a CoNLL-U file", file=name
        )
        raise DataError(problem)
    return sentences


def _sentence(block: Sequence[_Line], name: str) -> Sentence:
    """The words of one sentence, joined as `SpaceAfter=No` says."""
    text, relations = "", list[str]()
    spans, heads = list[tuple[int, int]](), list[int]()
    inside, until = (0, 0), 0
    for line in block:
        if len(line.fields) != FIELDS:
            what = f"{len(line.fields)} fields between tabs, not {FIELDS}"
            _refuse("wrong-field-count", what, line, name)
        number, form, head, relation, misc = (line.fields[place] for place in (0, 1, 6, 7, 9))
        if "." in number:
            continue
        if "-" in number:
            until = _whole(number.partition("-")[2], line, name)
            inside = (len(text), len(text) + len(form))
        elif _whole(number, line, name) != len(heads) + 1:
            _refuse("bad-word-number", f"word {number} follows word {len(heads)}", line, name)
        else:
            within = len(heads) + 1 <= until
            spans.append(inside if within else (len(text), len(text) + len(form)))
            heads.append(_whole(head, line, name) - 1)
            relations.append(relation)
            if within:
                continue
        text += form + ("" if "SpaceAfter=No" in misc.split("|") else " ")
    for head_word in heads:
        if head_word >= len(heads):
            what = f"a word hangs on word {head_word + 1}, and the sentence has {len(heads)}"
            _refuse("no-such-word", what, block[0], name)
    return Sentence(text=text.rstrip(" "), spans=tuple(spans), heads=tuple(heads), relations=tuple(relations))


def _whole(text: str, line: _Line, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        _refuse("bad-number", f"{text[:40]!r} is no number of a word", line, name)
    return int(text)


def _refuse(code: str, what: str, line: _Line, name: str) -> NoReturn:
    fix = "give a CoNLL-U file: ten fields a word, numbered from 1, head 0 for the root"
    raise DataError(Problem(code=code, what=what, fix=fix, file=name, line=line.number))
