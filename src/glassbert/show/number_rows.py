"""The evaluation rows of a run whose answers are numbers, from its `predictions.csv`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64

from glassbert.errors import DataError, Problem
from glassbert.lens.report_records import NumberRows
from glassbert.show.predictions import MAX_CHARACTERS, MAX_EXAMPLES, MAX_TEXT, require, row_numbers, texts_of
from glassbert.show.run_file import Node
from glassbert.text.cells import number_values
from glassbert.text.tables import read_table

# predictions.csv holds seven digits
ROUNDING = 1e-5


def read_numbers(path: Path, name: str, result: Node) -> NumberRows:
    """Read the file; raises DataError for what is not a table of numbers, or not that of this run."""
    table = read_table(path)
    require(table, ("row", "text", "label", "prediction"))
    given, predicted = (number_values(table, column) for column in ("label", "prediction"))
    recorded = result.child("metrics").child("mae").number()
    found = float(np.abs(given - predicted).mean())
    if recorded is not None and abs(found - recorded) > ROUNDING * max(
        abs(given).max(), abs(predicted).max()
    ):
        what = "run.json and predictions.csv hold different predictions"
        fix = "evaluate the run again, so that both are of one evaluation"
        raise DataError(Problem(code="run-contradicts-itself", what=what, fix=fix, file=str(path)))
    texts = texts_of(table)
    kept = _kept(texts, np.abs(given - predicted))
    return NumberRows(
        name=name,
        row=row_numbers(table)[kept],
        text=tuple(texts[i][:MAX_TEXT] for i in kept.tolist()),
        length=np.array([len(texts[i]) for i in kept.tolist()], np.int32),
        given=given[kept],
        predicted=predicted[kept],
        total=len(texts),
    )


def _kept(texts: list[str], errors: Float64[np.ndarray, " n"]) -> Int64[np.ndarray, " m"]:
    """The rows that a page has room for: a half with the largest errors, others at equal distances."""
    order = np.argsort(-errors, kind="stable")
    worst, others = order[: MAX_EXAMPLES // 2], np.sort(order[MAX_EXAMPLES // 2 :])
    room = min(MAX_EXAMPLES - len(worst), len(others))
    spread = others[np.linspace(0, len(others) - 1, room).astype(np.int64)] if room else others[:0]
    chosen = np.concatenate([worst, spread])
    used = np.cumsum([min(len(texts[i]), MAX_TEXT) for i in chosen.tolist()])
    return np.sort(chosen[: int(np.searchsorted(used, MAX_CHARACTERS, side="right"))])
