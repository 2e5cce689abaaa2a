"""More rows to judge by than the files of SST-2 and RTE hold out: rows of their training files.

What separates two ways to learn by a point is not seen on the 872 rows of SST-2's dev file, nor on RTE's 277.
"""

from __future__ import annotations

import gzip
import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from quality_files import Files, rows_of

SENTENCES, FEWEST_WORDS = 3000, 9
FOLDS = 4
RTE_COLUMNS = ("sentence1", "sentence2", "label")
RTE_LABELS = {"0": "entailment", "1": "not_entailment"}


def whole_sentences(data: Path, place: Path) -> Files:
    """3,000 sentences of SST-2's training file are judged, and no phrase that stands in one is learnt.

    Most rows of that file are phrases of its sentences, while the dev file has sentences only: rows held out
    at random would be known from their parts.
    """
    lines = gzip.decompress((data / "sst2/train.tsv.gz").read_bytes()).decode("utf-8").split("\n")[1:]
    rows = [(text.strip(), label) for label, text in (line.split("\t") for line in lines if line.strip())]
    long = [row for row in dict(rows).items() if len(row[0].split()) >= FEWEST_WORDS]
    random.Random(1).shuffle(long)
    stands_in = _containment({text for text, _ in rows})
    held = [row for row in long if not stands_in(row[0])][:SENTENCES]
    known = "\n".join(f" {text} " for text, _ in held)
    learnt = [row for row in rows if f" {row[0]} " not in known]
    columns = ("text", "label")
    return Files(train=rows_of(place / "train.csv", columns, learnt),
                 evaluation=rows_of(place / "held_out.csv", columns, held))  # fmt: skip


def _containment(texts: Iterable[str]) -> Callable[[str], bool]:
    """Whether a text stands, by whole words, inside another one."""
    spaced = [f" {text} " for text in texts]
    places: dict[str, set[int]] = defaultdict(set)
    for place, text in enumerate(spaced):
        for word in text.split():
            places[word].add(place)

    def stands_in(text: str) -> bool:
        words = sorted(set(text.split()), key=lambda word: len(places[word]))
        candidates = set.intersection(*(places[word] for word in words[:4]))
        return any(len(spaced[each]) > len(text) + 2 and f" {text} " in spaced[each] for each in candidates)

    return stands_in


def rte_rows(data: Path, part: str) -> list[tuple[str, str, str]]:
    """Two sentences and the name of the label."""
    lines = (data / f"rte/{part}.tsv").read_text(encoding="utf-8").split("\n")[1:]
    rows = [line.split("\t") for line in lines if line.strip()]
    return [(row[0], row[1], RTE_LABELS[row[2]]) for row in rows]


def rte_fold(data: Path, place: Path, *, fold: int) -> Files:
    """A quarter of RTE's 2,490 training rows is judged, the rest learnt; the folds together judge all."""
    rows = rte_rows(data, "train")
    random.Random(5).shuffle(rows)
    learnt = [row for number, row in enumerate(rows) if number % FOLDS != fold]
    return Files(train=rows_of(place / "train.csv", RTE_COLUMNS, learnt),
                 evaluation=rows_of(place / "held_out.csv", RTE_COLUMNS, rows[fold::FOLDS]))  # fmt: skip
