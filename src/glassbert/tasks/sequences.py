"""What the tasks share that answer one question about a whole text: a batch of windows, a row of logits."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from glassbert.errors import DataError, GlassbertError, Problem, UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.packed import Packed
from glassbert.tasks.task import Answers, Batch, Examples, Text
from glassbert.text.cells import text_strings
from glassbert.text.columns import Columns
from glassbert.text.tables import Table
from glassbert.text.windows import Windows

HEAD: Final = "sequence-classification"


def texts_of(table: Table, columns: Columns) -> list[Text]:
    """The text of every row, or its pair of texts; DataError for cells that are none."""
    first = text_strings(table, columns.text)
    if columns.pair is None:
        return list(first)
    return list(zip(first, text_strings(table, columns.pair), strict=True))


def make_batch(
    windows: Windows,
    chosen: Int[np.ndarray, "W"],
    targets: Answers | None,
    *,
    weights: Float[np.ndarray, "N"] | None = None,
    position_offset: int = 0,
    device: str | torch.device = "cpu",
) -> Batch:
    """The chosen windows, shortest first and else in the order given; each weighs its text's weight (1 where
    there are none) over the number of its text's windows.

    `position_offset` is the encoder configuration's (RoBERTa counts positions from pad_token_id + 1).
    """
    lengths = windows.starts[chosen + 1] - windows.starts[chosen]
    index = chosen[np.argsort(lengths, kind="stable")]
    picked = windows.select(index)
    shares = 1.0 / windows.per_text[picked.example]
    shares = shares if weights is None else shares * weights[picked.example]
    return Batch(
        packed=Packed.of(
            picked.input_ids,
            picked.token_type_ids,
            picked.lengths,
            position_offset=position_offset,
            device=device,
        ),
        targets=None if targets is None else torch.from_numpy(targets[picked.example]).to(device),
        weights=torch.from_numpy(shares.astype(np.float32)).to(device),
        weight=float(shares.sum()),
        index=index,
    )


def mean_logits(logits: Float[np.ndarray, "W C"], windows: Windows) -> Float[np.ndarray, "N C"]:
    """The mean over the windows of each text, in float64; DataError for logits that are not finite."""
    wide = np.asarray(logits, dtype=np.float64)
    counts = windows.per_text
    if len(wide) != len(windows.example) or not counts.all():
        what = f"{len(wide)} rows of logits for {len(windows.example)} windows"
        raise GlassbertError(Problem(code="bad-logits", what=what, fix="give one row per window"))
    if not np.isfinite(wide).all():
        what = "the model's logits are infinite or not numbers: its training has diverged"
        fix = "train with a lower learning rate, or take an earlier checkpoint"
        raise DataError(Problem(code="bad-logits", what=what, fix=fix))
    sums = [np.bincount(windows.example, column, minlength=windows.num_examples) for column in wide.T]
    return np.stack(sums, axis=1) / counts[:, None]


def widened(logits: Tensor) -> Tensor:
    """In float32 or, where they are so, in float64."""
    return logits if logits.dtype == torch.float64 else logits.float()


def refuse_head(head: HeadConfig, purpose: str) -> None:
    """Raise UsageError unless the head gives a row of logits per text."""
    if head.kind != HEAD or head.num_labels < 1:
        what = f"a head of kind {head.kind!r} with {head.num_labels} labels cannot {purpose} texts"
        raise UsageError(Problem(code="wrong-head", what=what, fix=f"give a {HEAD} head with labels"))


def label_column(columns: Columns) -> str:
    """The column of the answers; UsageError where there is none."""
    if columns.label is None:
        raise needs_labels("training")
    return columns.label


def truth_of(examples: Examples, purpose: str) -> Answers:
    """The right answers; UsageError where the examples have none."""
    if examples.targets is None:
        raise needs_labels(purpose)
    return examples.targets


def needs_labels(purpose: str) -> UsageError:
    fix = "name the label column with --label-column"
    return UsageError(Problem(code="no-labels", what=f"{purpose} needs labels and there are none", fix=fix))
