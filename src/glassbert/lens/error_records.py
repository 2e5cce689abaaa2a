"""What the report says of where a model errs: slices of the evaluation rows, labels that are suspect, sets of
labels.

Letters: n evaluation rows, b bins of a slicing, m slices, s suspects, C labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int32, UInt8

from glassbert.lens.records import Record


@dataclass(frozen=True, kw_only=True, eq=False)
class SlicingRecord(Record):
    """One way to put every evaluation row into a bin: `bin[i]` is that of row `SliceTable.row[i]`.

    `kind` is length, label, confidence, script or column (then `name` is its). A bin is a value, or, where
    `low` is finite, the numbers from `low` to `high`; a value of "" is an empty cell.
    """

    kind: str
    name: str
    bin: Int32[np.ndarray, " n"]
    value: tuple[str, ...]
    low: Float64[np.ndarray, " b"]
    high: Float64[np.ndarray, " b"]


@dataclass(frozen=True, kw_only=True, eq=False)
class LeftOutRecord(Record):
    """What is not sliced by and why: a Reason of `glassbert.tasks.slicing`; `number` of different values."""

    kind: str
    name: str
    reason: str
    number: int


@dataclass(frozen=True, kw_only=True, eq=False)
class SliceTable(Record):
    """The slices as columns, the most clearly worse first, those with too few rows last.

    `low` and `high`: 95 % Wilson interval of right / rows. `difference`: accuracy minus that of all other
    rows, with its 95 % Newcombe interval. `p`: Fisher's exact test, `adjusted` after Holm over the `tested`
    slices, NaN where there are too few rows. `verdict`: worse, better, same or too-few.
    """

    row: Int32[np.ndarray, " n"]
    num_right: int
    min_rows: int
    tested: int
    slicings: tuple[SlicingRecord, ...]
    slicing: Int32[np.ndarray, " m"]
    bin: Int32[np.ndarray, " m"]
    rows: Int32[np.ndarray, " m"]
    right: Int32[np.ndarray, " m"]
    low: Float64[np.ndarray, " m"]
    high: Float64[np.ndarray, " m"]
    difference: Float64[np.ndarray, " m"]
    difference_low: Float64[np.ndarray, " m"]
    difference_high: Float64[np.ndarray, " m"]
    p: Float64[np.ndarray, " m"]
    adjusted: Float64[np.ndarray, " m"]
    verdict: tuple[str, ...]
    left_out: tuple[LeftOutRecord, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        for slicing in self.slicings:
            count = len(slicing.value)
            within = np.all((slicing.bin >= 0) & (slicing.bin < count))
            if len(slicing.bin) != len(self.row) or not within or len(slicing.low) != count:
                raise ValueError("a slicing disagrees with the rows or with its bins")
        if len(self.verdict) != len(self.slicing):
            raise ValueError("the columns of the slices disagree in size")


@dataclass(frozen=True, kw_only=True, eq=False)
class SuspectTable(Record):
    """Rows whose label is probably wrong, the most suspicious first, or why none are named (`silence`, a
    Silence of `glassbert.tasks.suspects`, "" where they are).

    `given` and `probable` are indices of labels, the shares their probabilities, `margin` the given one's
    less the largest of the others. `estimated` wrong labels among `num_rows`, with its 95 % interval.
    """

    silence: str
    num_rows: int
    mistakes: int
    estimated: float | None
    low: float | None
    high: float | None
    row: Int32[np.ndarray, " s"]
    given: Int32[np.ndarray, " s"]
    probable: Int32[np.ndarray, " s"]
    given_share: Float64[np.ndarray, " s"]
    probable_share: Float64[np.ndarray, " s"]
    margin: Float64[np.ndarray, " s"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SetRows(Record):
    """Evaluation rows whose answers are sets of labels, in the order of the file; `given` and `predicted` are
    1 where the row has the label.

    `actual`, `said` and `hits` count all `total` rows: that have the label, that were given it by the model,
    and both. A label is said from `threshold` on; NaN where the run does not say. When fewer rows are held,
    those with the most wrong labels are kept before others; `length` is that of the whole text.
    """

    labels: tuple[str, ...]
    actual: Int32[np.ndarray, " C"]
    said: Int32[np.ndarray, " C"]
    hits: Int32[np.ndarray, " C"]
    threshold: Float64[np.ndarray, " C"]
    row: Int32[np.ndarray, " n"]
    text: tuple[str, ...]
    length: Int32[np.ndarray, " n"]
    given: UInt8[np.ndarray, "n C"]
    predicted: UInt8[np.ndarray, "n C"]
    total: int

    def __post_init__(self) -> None:
        super().__post_init__()
        columns = (self.row, self.text, self.length, self.given, self.predicted)
        counts = (self.labels, self.actual, self.said, self.hits, self.threshold, self.given.T)
        if len({len(each) for each in columns}) > 1 or len({len(each) for each in counts}) > 1:
            raise ValueError("the columns of the rows, or those of the labels, disagree in size")
