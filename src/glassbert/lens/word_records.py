"""What the report draws of tagged words and of questions: evaluation rows with stretches of their texts.

Letters: n rows held, K types of entities, e entities, C contexts, r right answers, b best pieces, g groups.
Places in a text count its characters (code points).
"""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int32, UInt8

from glassbert.lens.records import Record


@dataclass(frozen=True, kw_only=True, eq=False)
class TagRows(Record):
    """Evaluation sentences with their true and predicted entities, in the order of the file.

    `actual`, `said` and `hits` count all `total` sentences, by type, and so do `fate` and `said_fate`: what
    became of true and of predicted entities, by OUTCOMES of `glassbert.tasks.tag_outcomes`. `precision`,
    `recall` and `f1` are 95 % intervals over sentences. `matrix` counts stretches of the same words by true
    (row) and predicted (column) type, the last of both "none".

    An entity: the index of its sentence, whether it is predicted, type, place, outcome, and `met`, the type
    that the other side gives to the same words (K: none). When fewer sentences are held, those with most
    wrong entities are kept before others. `text` may be the start of a text of `length`; entities beyond it
    are left out. `plain`: tags are names of single words, without a scheme. `confidence` is the lowest of a
    sentence.
    """

    types: tuple[str, ...]
    plain: bool
    actual: Int32[np.ndarray, " K"]
    said: Int32[np.ndarray, " K"]
    hits: Int32[np.ndarray, " K"]
    fate: Int32[np.ndarray, "K 5"]
    said_fate: Int32[np.ndarray, "K 5"]
    precision: Float64[np.ndarray, "K 2"]
    recall: Float64[np.ndarray, "K 2"]
    f1: Float64[np.ndarray, "K 2"]
    matrix: Int32[np.ndarray, "M M"]
    row: Int32[np.ndarray, " n"]
    text: tuple[str, ...]
    length: Int32[np.ndarray, " n"]
    confidence: Float64[np.ndarray, " n"]
    sentence: Int32[np.ndarray, " e"]
    predicted: UInt8[np.ndarray, " e"]
    type: Int32[np.ndarray, " e"]
    start: Int32[np.ndarray, " e"]
    end: Int32[np.ndarray, " e"]
    outcome: UInt8[np.ndarray, " e"]
    met: Int32[np.ndarray, " e"]
    total: int

    def __post_init__(self) -> None:
        super().__post_init__()
        rows = (self.row, self.text, self.length, self.confidence)
        places = (self.sentence, self.predicted, self.start, self.end)
        kinds = (self.sentence, self.type, self.outcome, self.met)
        counts = (self.types, self.actual, self.said, self.hits, self.fate, self.said_fate)
        ends = (self.types, self.precision, self.recall, self.f1, self.matrix[1:])
        refuse_unequal(rows, places, kinds, counts, ends)
        if not np.all(self.sentence < len(self.row)) or not np.all(self.start < self.end):
            raise ValueError("an entity is of no sentence, or has no word")


@dataclass(frozen=True, kw_only=True, eq=False)
class QuestionGroups(Record):
    """Parts of all questions with their scores in percent, and 95 % intervals over questions.

    `kind` is "question" (then `name` is one of KINDS of `glassbert.tasks.question_kinds`) or "length" (of the
    context in characters, from `low` to `high`).
    """

    kind: tuple[str, ...]
    name: tuple[str, ...]
    low: Int32[np.ndarray, " g"]
    high: Int32[np.ndarray, " g"]
    rows: Int32[np.ndarray, " g"]
    exact: Float64[np.ndarray, "g 3"]
    f1: Float64[np.ndarray, "g 3"]


@dataclass(frozen=True, kw_only=True, eq=False)
class AnswerRows(Record):
    """Evaluation questions with what was answered, in the order of the file.

    `outcome` indexes OUTCOMES of `glassbert.show.answer_rows`, `outcomes` counts all `total` rows by it;
    `exact` and `f1` are of the row, 0 to 1, by the `scoring` of the run. `said` is the answer, "" for none,
    `start` and `end` its place; `share` and `null_share` are those of the answer and of having none;
    `null_odds` is the null score less the best one: there is no answer where it exceeds `threshold` (None:
    every question has one), NaN where the run does not say. `context` indexes `contexts`, each of which may
    be the start of a text of `length`. `right_start` is -1 where the run does not say where a right answer
    stands. `group` holds a group of each kind for every row; -1 for none.
    """

    scoring: str
    threshold: float | None
    outcomes: Int32[np.ndarray, " o"]
    row: Int32[np.ndarray, " n"]
    question: tuple[str, ...]
    context: Int32[np.ndarray, " n"]
    contexts: tuple[str, ...]
    length: Int32[np.ndarray, " C"]
    said: tuple[str, ...]
    start: Int32[np.ndarray, " n"]
    end: Int32[np.ndarray, " n"]
    share: Float64[np.ndarray, " n"]
    null_share: Float64[np.ndarray, " n"]
    null_odds: Float64[np.ndarray, " n"]
    outcome: UInt8[np.ndarray, " n"]
    exact: UInt8[np.ndarray, " n"]
    f1: Float64[np.ndarray, " n"]
    right_row: Int32[np.ndarray, " r"]
    right_text: tuple[str, ...]
    right_start: Int32[np.ndarray, " r"]
    best_row: Int32[np.ndarray, " b"]
    best_start: Int32[np.ndarray, " b"]
    best_end: Int32[np.ndarray, " b"]
    best_share: Float64[np.ndarray, " b"]
    best_text: tuple[str, ...]
    groups: QuestionGroups
    group: Int32[np.ndarray, "n 2"]
    total: int

    def __post_init__(self) -> None:
        super().__post_init__()
        rows = (self.row, self.question, self.context, self.said, self.start, self.end, self.group)
        numbers = (self.row, self.share, self.null_share, self.null_odds, self.outcome, self.exact, self.f1)
        right = (self.right_row, self.right_text, self.right_start)
        best = (self.best_row, self.best_start, self.best_end, self.best_share, self.best_text)
        refuse_unequal(rows, numbers, right, best, (self.contexts, self.length))


def refuse_unequal(*tables: tuple[Sized, ...]) -> None:
    """Raise ValueError where the columns of a table disagree in size."""
    if any(len({len(column) for column in columns}) > 1 for columns in tables):
        raise ValueError("the columns of a table disagree in size")
