"""The evaluation rows of a run whose answers are sets of labels, from its `predictions.csv`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int64

from glassbert.errors import DataError, Problem
from glassbert.lens.error_records import SetRows
from glassbert.runs.predictions import plain_cell
from glassbert.show.predictions import MAX_CHARACTERS, MAX_EXAMPLES, MAX_TEXT, require, row_numbers, texts_of
from glassbert.show.run_file import Node
from glassbert.text.tables import Table, read_table


def read_sets(path: Path, labels: tuple[str, ...], result: Node) -> SetRows:
    """Read the file; raises DataError for what is not a table of sets of these labels, or not of this run."""
    table = read_table(path)
    require(table, ("row", "text", "label", "prediction"))
    given, predicted = (_sets(table, column, labels) for column in ("label", "prediction"))
    actual, said, hits = given.sum(0), predicted.sum(0), (given & predicted).sum(0)
    _refuse_contradiction(result.child("per_label"), labels, actual=actual, said=said, file=str(path))
    texts = texts_of(table)
    kept = _kept(texts, (given != predicted).sum(1))
    thresholds = result.child("thresholds").child("values")
    return SetRows(
        labels=labels,
        actual=actual.astype(np.int32),
        said=said.astype(np.int32),
        hits=hits.astype(np.int32),
        threshold=np.array([_number(thresholds.child(label)) for label in labels], np.float64),
        row=row_numbers(table)[kept],
        text=tuple(texts[i][:MAX_TEXT] for i in kept.tolist()),
        length=np.array([len(texts[i]) for i in kept.tolist()], np.int32),
        given=given[kept].astype(np.uint8),
        predicted=predicted[kept].astype(np.uint8),
        total=len(texts),
    )


def _sets(table: Table, column: str, labels: tuple[str, ...]) -> Bool[np.ndarray, "n C"]:
    place = {label: number for number, label in enumerate(labels)}
    found = np.zeros((len(table.frame), len(labels)), dtype=bool)
    lines = table.rows.tolist()
    for i, cell in enumerate(table.frame[column].tolist()):
        for label in _listed(cell, column, table.source, lines[i]):
            if label not in place:
                what = f"{column} holds {label[:40]!r}, which is not a label of this run"
                raise _wrong(what, table.source, lines[i])
            found[i, place[label]] = True
    return found


def _listed(cell: str, column: str, file: str, line: int) -> list[str]:
    try:
        labels = json.loads(plain_cell(cell))
    except ValueError:
        labels = None
    if not isinstance(labels, list) or not all(isinstance(each, str) for each in labels):
        raise _wrong(f"{column} is {cell[:40]!r}, not a list of labels", file, line)
    return labels


def _refuse_contradiction(
    recorded: Node,
    labels: tuple[str, ...],
    *,
    actual: Int64[np.ndarray, " C"],
    said: Int64[np.ndarray, " C"],
    file: str,
) -> None:
    for number, label in enumerate(labels):
        of_label = recorded.child(label)
        for name, found in (("rows", actual[number]), ("predicted", said[number])):
            value = of_label.child(name).number()
            if value is not None and value != found:
                what = f"run.json and predictions.csv count different rows of the label {label[:40]!r}"
                fix = "evaluate the run again, so that both are of one evaluation"
                raise DataError(Problem(code="run-contradicts-itself", what=what, fix=fix, file=file))


def _number(node: Node) -> float:
    value = node.number()
    return float("nan") if value is None else value


def _kept(texts: list[str], mistakes: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " m"]:
    """The rows that a page has room for, those with the most wrong labels first; in the order of the file."""
    chosen = np.argsort(-mistakes, kind="stable")[:MAX_EXAMPLES]
    used = np.cumsum([min(len(texts[i]), MAX_TEXT) for i in chosen.tolist()])
    return np.sort(chosen[: int(np.searchsorted(used, MAX_CHARACTERS, side="right"))])


def _wrong(what: str, file: str, line: int) -> DataError:
    fix = "write the predictions again with this run's model"
    return DataError(Problem(code="wrong-predictions", what=what, fix=fix, file=file, line=line))
