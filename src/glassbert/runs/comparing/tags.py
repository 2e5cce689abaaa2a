"""Tagged words compared: which entities became right or wrong, and whether strict F1 differs by more than
chance.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from glassbert.errors import DataError, Problem
from glassbert.runs.comparing.compared import Compared, Test
from glassbert.runs.comparing.judged import Row, Shared
from glassbert.tasks.paired import swaps
from glassbert.tasks.tag_baselines import ragged
from glassbert.tasks.tag_metrics import TagCounts, count_tags, tag_differences, tag_scores
from glassbert.text.schemes import Scheme, Span, scheme_of, spans_of
from glassbert.text.word_splitting import split_words

Spans = set[Span]


def compare_tags(rows: Shared) -> Compared:
    """Strict F1 of entities, of plain tags the accuracy of words: both runs' answers to a sentence swapped at
    random for the test, sentences drawn again for the intervals.

    A sentence has gained the mistakes that are gone (an entity that is found now, a false one that is not)
    and lost those that are new.
    """
    truth, first, second = (
        [_tags(row, name) for row in side]
        for side, name in ((rows.first, "label"), (rows.first, "prediction"), (rows.second, "prediction"))
    )
    for row, *sentence in zip(rows.first, truth, first, second, strict=True):
        _refuse_lengths(row, sentence)
    known = sorted({tag for side in (truth, first, second) for tags in side for tag in tags})
    scheme = scheme_of(rows.labels or known)
    counts = [_counted(truth, side, known, scheme) for side in (first, second)]
    pooled = [each.pooled for each in counts]
    about = "accuracy" if scheme == "none" else "f1"
    name = f"swaps of the two answers to a sentence, by {'accuracy' if scheme == 'none' else 'strict F1'}"
    p_value = swaps(pooled[0], pooled[1], lambda sums: tag_scores(sums)[about])
    found = [[set(spans_of(tags, scheme)) for tags in side] for side in (truth, first, second)]
    wrong = [[right ^ said for right, said in zip(found[0], side, strict=True)] for side in found[1:]]
    both = [{key: float(value) for key, value in tag_scores(each.sum(0)).items()} for each in pooled]
    return Compared(
        gained=np.array([len(a - b) for a, b in zip(*wrong, strict=True)], dtype=np.float64),
        lost=np.array([len(b - a) for a, b in zip(*wrong, strict=True)], dtype=np.float64),
        scores=(both[0], both[1]),
        differences=tag_differences(counts[1], counts[0]),
        test=Test(name=name, about=about, p_value=p_value),
        details=lambda i: _details(rows.first[i], found[0][i], wrong[0][i], wrong[1][i], len(truth[i])),
    )


def _counted(truth: list[list[str]], said: list[list[str]], known: list[str], scheme: Scheme) -> TagCounts:
    number = {tag: i for i, tag in enumerate(known)}
    codes = [ragged([np.array([number[tag] for tag in tags], dtype=np.int64) for tags in side])
             for side in (truth, said)]  # fmt: skip
    return count_tags(codes[0], codes[1], known, scheme)


def _details(row: Row, true: Spans, before: Spans, after: Spans, count: int) -> dict[str, Any]:
    """The mistakes that are gone and those that are new, each {type, word, start, end, true}: words of the
    sentence from `start` to `end`, and whether the entity is a true one (missed) or a false one (invented).
    """
    words = _words(row.texts[0], count)

    def written(spans: Spans) -> list[dict[str, Any]]:
        return [
            {"type": name, "word": " ".join(words[begin:end]), "start": begin, "end": end,
             "true": (name, begin, end) in true}
            for name, begin, end in sorted(spans, key=lambda span: span[1:])
        ]  # fmt: skip

    return {"mended": written(before - after), "broken": written(after - before)}


def _words(text: str, count: int) -> list[str]:
    """The words of a sentence as far as the text tells them; empty ones where it does not."""
    for words in (text.split(" "), [text[begin:end] for begin, end in split_words(text).tolist()]):
        if len(words) == count:
            return words
    return [""] * count


def _tags(row: Row, name: str) -> list[str]:
    written = getattr(row, name)
    try:
        found = json.loads(written)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(tag, str) for tag in found):
        what = f"row {row.number}: {written[:40]!r} is no list of tags"
        raise DataError(Problem(code="bad-predictions", what=what, fix="run it again"))
    return found


def _refuse_lengths(row: Row, sentence: list[list[str]]) -> None:
    lengths = [len(tags) for tags in sentence]
    if len(set(lengths)) > 1:
        what = f"row {row.number} has {lengths[0]} words, {lengths[1]} tags in A and {lengths[2]} in B"
        raise DataError(Problem(code="bad-predictions", what=what, fix="run it again"))
