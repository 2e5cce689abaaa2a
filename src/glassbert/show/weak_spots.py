"""Slices and suspects of a run's evaluation rows, found anew in what `predictions.csv` holds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from glassbert.lens.error_records import LeftOutRecord, SliceTable, SlicingRecord, SuspectTable
from glassbert.runs.weak_spots import JudgedRows, find_slices, suspects_of
from glassbert.show.predictions import Predictions
from glassbert.show.run_file import Node
from glassbert.tasks.slices import Slice, Slices
from glassbert.tasks.slicing import MIN_ROWS, LeftOut, Slicing
from glassbert.tasks.suspects import Suspect

# of a value of a column; no reader tells longer ones apart
LONGEST_VALUE = 200


def read_slices(predictions: Predictions, labels: tuple[str, ...], result: Node) -> SliceTable | None:
    """The slices, and the columns that the run left out of `predictions.csv`; None without rows."""
    if len(predictions.row) == 0:
        return None
    return slice_table(find_slices(_judged(predictions, labels)), predictions.row, _left_out(result))


def read_suspects(predictions: Predictions, labels: tuple[str, ...], run: Node) -> SuspectTable | None:
    """The suspects; None without rows."""
    if len(predictions.row) == 0:
        return None
    files = run.child("data")
    train, judged_on = (files.child(role).child("sha256").text() for role in ("train", "evaluation"))
    found = suspects_of(
        _judged(predictions, labels),
        outcome=run.child("result").child("verdict").child("outcome").text(),
        taught=train is not None and train == judged_on,
    )

    def whole(pick: Callable[[Suspect], int]) -> np.ndarray:
        return np.array([pick(each) for each in found.suspects], np.int32)

    def share(pick: Callable[[Suspect], float]) -> np.ndarray:
        return np.array([pick(each) for each in found.suspects], np.float64)

    return SuspectTable(
        silence=found.silence,
        num_rows=found.rows,
        mistakes=found.mistakes,
        estimated=found.estimated,
        low=found.low,
        high=found.high,
        row=predictions.row[whole(lambda each: each.index)],
        given=whole(lambda each: each.given),
        probable=whole(lambda each: each.probable),
        given_share=share(lambda each: each.given_share),
        probable_share=share(lambda each: each.probable_share),
        margin=share(lambda each: each.margin),
    )


def slice_table(found: Slices, rows: np.ndarray, left_out: tuple[LeftOutRecord, ...] = ()) -> SliceTable:
    """Slices as the record that a page draws."""

    def whole(pick: Callable[[Slice], int]) -> np.ndarray:
        return np.array([pick(each) for each in found.slices], np.int32)

    def number(pick: Callable[[Slice], float]) -> np.ndarray:
        return np.array([pick(each) for each in found.slices], np.float64)

    return SliceTable(
        row=rows.astype(np.int32),
        num_right=found.right,
        min_rows=MIN_ROWS,
        tested=found.tested,
        slicings=tuple(_slicing(each) for each in found.slicings),
        slicing=whole(lambda each: each.slicing),
        bin=whole(lambda each: each.bin),
        rows=whole(lambda each: each.rows),
        right=whole(lambda each: each.right),
        low=number(lambda each: each.low),
        high=number(lambda each: each.high),
        difference=number(lambda each: each.difference),
        difference_low=number(lambda each: each.difference_low),
        difference_high=number(lambda each: each.difference_high),
        p=number(lambda each: each.p),
        adjusted=number(lambda each: each.adjusted),
        verdict=tuple(each.verdict for each in found.slices),
        left_out=(*(_reason(each) for each in found.left_out), *left_out),
    )


def _judged(predictions: Predictions, labels: tuple[str, ...]) -> JudgedRows:
    return JudgedRows(
        labels=labels,
        rows=predictions.row,
        texts=predictions.text,
        given=predictions.true,
        answer=predictions.predicted,
        confidence=predictions.confidence,
        scores=predictions.scores,
        tokens=predictions.tokens,
        columns=predictions.columns,
    )


def _slicing(slicing: Slicing) -> SlicingRecord:
    return SlicingRecord(
        kind=slicing.kind,
        name=slicing.name[:LONGEST_VALUE],
        bin=slicing.bins.astype(np.int32),
        value=tuple(value[:LONGEST_VALUE] for value in slicing.values),
        low=slicing.low,
        high=slicing.high,
    )


def _reason(each: LeftOut) -> LeftOutRecord:
    name = each.name[:LONGEST_VALUE]
    return LeftOutRecord(kind=each.kind, name=name, reason=each.reason, number=each.number)


def _left_out(result: Node) -> tuple[LeftOutRecord, ...]:
    """The columns that run.json says were left out; where it says nothing of slices, all of them were."""
    slices = result.child("slices")
    if slices.value is None:
        return (LeftOutRecord(kind="column", name="", reason="not-recorded", number=0),)
    entries = [item for item in slices.child("left_out").items() if item.child("kind").text() == "column"]
    return tuple(
        LeftOutRecord(
            kind="column",
            name=(item.child("name").text() or "")[:LONGEST_VALUE],
            reason=item.child("reason").text() or "",
            number=item.child("number").integer() or 0,
        )
        for item in entries
    )
