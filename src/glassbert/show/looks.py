"""What a report holds of the inside of its model: a few telling evaluation rows.

A row comes with the attention it got and with the words that made the answer, by two methods that cost little
and the verdict on both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from glassbert.errors import GlassbertError, Problem, UsageError
from glassbert.lens.attention_capture import attention
from glassbert.lens.attention_sketch import within
from glassbert.lens.attributing.attribution import attribution
from glassbert.lens.attributing.options import AttributionOptions
from glassbert.lens.records import Record
from glassbert.runs.inference import TOKEN_HEADS
from glassbert.runs.models import Model
from glassbert.runs.predictions import plain_cell
from glassbert.show.asked_token import FIRST_TOKEN, character_of, token_at
from glassbert.show.contents import OfRow
from glassbert.text.tables import read_table

LOOKS = 4
MOST = 100
# long enough to show something, short enough to be read in one look
WORDS = (6, 30)
METHODS = ("occlusion", "attnlrp")
# 19 orders are the fewest that can say "beyond chance"; the weights of a run are trained
EVIDENCE = AttributionOptions(random_orders=19, steps=6, randomise=False)
# base64 writes 4 bytes for 3
INFLATION = 4 / 3
# of a container: names, tokens and text
HEADER = 4_000

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Row:
    """An evaluation row as `predictions.csv` has it; `confidence` puts the telling ones first.

    `character`: where the word begins that is asked about, of a task that answers about words.
    """

    number: int
    text: str
    right: bool
    confidence: float
    pair: str | None = None
    character: int | None = None

    @property
    def words(self) -> int:
        """Words of the text, or of both of a pair."""
        return len(f"{self.text} {self.pair or ''}".split())


def refuse_looks(looks: int) -> None:
    """Raise UsageError for a number of rows that no report looks into."""
    if not 0 <= looks <= MOST:
        fix = f"give 0 to {MOST}; 0 leaves the looks out"
        raise UsageError(Problem(code="bad-looks", what=f"--looks is {looks}", fix=fix))


def telling_rows(predictions: Path, count: int) -> list[Row]:
    """The most confident mistakes, and one surest right answer to every three, all of readable length.

    Of numbers and of sets of labels, which no confidence comes with, the largest errors and the smallest.
    """
    cells = read_table(predictions).frame.to_dict("records")
    rows = [
        Row(
            number=int(each["row"]),
            text=plain_cell(each["text"]),
            right=right,
            confidence=confidence,
            pair=plain_cell(each["pair"]) if "pair" in each else None,
            character=character_of(each),
        )
        for each, (right, confidence) in zip(cells, _judged(cells), strict=True)
    ]
    readable = [row for row in rows if WORDS[0] <= row.words <= WORDS[1]] or rows
    surest = sorted(readable, key=lambda row: -row.confidence)
    wrong = [row for row in surest if not row.right]
    right = [row for row in surest if row.right]
    num_right = max(count // 4, count - len(wrong))
    return [*wrong[: count - min(num_right, len(right))], *right[:num_right]]


def _judged(cells: Sequence[Mapping[Hashable, str]]) -> list[tuple[bool, float]]:
    """(whether the answer is right, how much it tells) for every row."""
    if cells and "null_score" in cells[0]:  # answers out of a context
        said = [plain_cell(each["prediction"]) for each in cells]
        given = [json.loads(each["label"]) for each in cells]
        right = [text in texts if texts else not text for text, texts in zip(said, given, strict=True)]
        return [(fits, float(each["score"])) for fits, each in zip(right, cells, strict=True)]
    if not cells or "confidence" in cells[0]:
        return [(each["label"] == each["prediction"], float(each["confidence"])) for each in cells]
    errors = np.array([_distance(each["label"], each["prediction"]) for each in cells])
    limit = 0.0 if cells[0]["label"].startswith("[") else float(np.median(errors))
    return [(error <= limit, -error if error <= limit else error) for error in errors.tolist()]


def _distance(given: str, found: str) -> float:
    """Between numbers; between lists of labels how many are on one side only."""
    if given.startswith("["):
        return float(len(set(json.loads(given)) ^ set(json.loads(found))))
    return abs(float(given) - float(found))


def look_inside(model: Model, rows: Sequence[Row], *, room: int, say: Say) -> Iterator[OfRow]:
    """Attention and attribution of every row, in at most about `room` bytes of a page.

    What a lens cannot do for this model is said, and left out.
    """
    left = room
    for place, row in enumerate(rows):
        share = left // (len(rows) - place)
        looked = list(_row(model, row, room=share, say=say))
        cost = sum(map(size_in_page, looked))
        if cost > left:
            out = f"{len(rows) - place} of {len(rows)} rows"
            say(f"note: {out} are not looked into: the report would be too large")
            return
        left -= cost
        yield from (OfRow(record=record, row=row.number) for record in looked)


def _row(model: Model, row: Row, *, room: int, say: Say) -> Iterator[Record]:
    # texts that are compared are read apart, and no logit is there to be explained
    kind = model.network.head_config.kind
    apart = kind == "sentence"
    pair = None if apart else row.pair
    target = _target(model, row) if kind in TOKEN_HEADS else None
    asked: Any = {"pair": pair, "method": METHODS, "options": EVIDENCE, "target": target}
    nothing = apart or (kind in TOKEN_HEADS and target is None)
    explained = [] if nothing else list(tried(lambda: attribution(model, row.text, **asked), say))
    yield from explained
    spent = sum(map(size_in_page, explained))
    if model.network.config.attention_type == "scaled_dot_product":
        yield from tried(
            lambda: within(attention(model, row.text, pair=pair), int((room - spent) / INFLATION) - HEADER),
            say,
        )


def _target(model: Model, row: Row) -> tuple[int, str | None] | None:
    """The token that the row is asked about, and its predicted label, or where an answer begins."""
    text = row.text if row.pair is None else (row.text, row.pair)
    token = None if row.character is None else token_at(model, text, row.character)
    if token is None:
        return None
    return token, FIRST_TOKEN if row.pair is not None else None


def tried(look: Callable[[], Record], say: Say) -> Iterable[Record]:
    """What it sees, or nothing: a report without a look is better than no report."""
    try:
        return (look(),)
    except GlassbertError as error:
        for problem in error.problems:
            say(f"note: the report leaves out a look into the model: {problem.what}")
        return ()


def size_in_page(record: Record) -> int:
    """What it takes in a page."""
    return int(len(record.to_bytes()) * INFLATION) + 400
