"""What an encoder can be for: the contract that every task keeps, and the values that pass through it.

Letters: N texts, W windows of a batch or a file, C labels. A text longer than the encoder becomes k windows;
each of them weighs 1/k, so that every text counts once however long it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from glassbert.model.config import HeadConfig
from glassbert.model.packed import Packed
from glassbert.text.columns import Columns
from glassbert.text.tables import Table
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows

Text = str | tuple[str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Examples:
    """Whole texts, the class of each (None where the file has no labels), and the row each came from."""

    texts: list[Text]
    targets: Int[np.ndarray, "N"] | None
    rows: Int[np.ndarray, "N"]

    def __len__(self) -> int:
        return len(self.texts)

    def select(self, index: Int[np.ndarray, "M"]) -> Examples:
        """The examples at these positions, in this order."""
        targets = None if self.targets is None else self.targets[index]
        return Examples(texts=[self.texts[i] for i in index.tolist()], targets=targets, rows=self.rows[index])


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Windows ready for the network, shortest first; `index` says which of the file's windows they are.

    `weights` multiply the loss of each window; `weight` is their sum, known on the host, by which the loop
    divides.
    """

    packed: Packed
    targets: Int[Tensor, "W"] | None
    weights: Float[Tensor, "W"]
    weight: float
    index: Int[np.ndarray, "W"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """For every whole text: its logits, its scores (they sum to 1), its class, how many windows it took."""

    logits: Float[np.ndarray, "N C"]
    scores: Float[np.ndarray, "N C"]
    classes: Int[np.ndarray, "N"]
    windows: Int[np.ndarray, "N"]


class Task(Protocol):
    """Rows to examples, examples to windows, windows to batches, logits to loss, predictions and scores."""

    @property
    def name(self) -> str: ...

    @property
    def head(self) -> HeadConfig: ...

    def read(self, table: Table, columns: Columns) -> Examples:
        """The rows of a table as examples; raises DataError where a cell cannot be one."""

    def windows(self, examples: Examples, tokenizer: Tokenizer, *, max_length: int) -> Windows:
        """Every example as one or more windows of at most `max_length` tokens."""

    def batch(
        self,
        windows: Windows,
        chosen: Int[np.ndarray, "W"],
        examples: Examples | None = None,
        *,
        position_offset: int = 0,
        device: str | torch.device = "cpu",
    ) -> Batch:
        """The chosen windows as one batch, sorted by length; with targets where `examples` has them."""

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """The sum of the weighted losses of the batch's windows."""

    def decode(self, logits: Float[np.ndarray, "W C"], windows: Windows) -> Predictions:
        """Logits of all windows, in their order, to predictions on the whole texts."""

    def score(self, predictions: Predictions, examples: Examples) -> dict[str, float]:
        """The task's scores by name."""
