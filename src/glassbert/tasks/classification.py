"""text-classification: one label for a whole text, however long it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, cast

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from glassbert.errors import DataError, GlassbertError, Problem, UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.packed import Packed
from glassbert.tasks.calibration import softmax
from glassbert.tasks.labels import ClassWeights, encode, learn_labels, weigh_classes
from glassbert.tasks.metrics import Counts, confusion_matrix, log_loss, scores
from glassbert.tasks.task import Batch, Examples, Predictions, Text
from glassbert.text.cells import label_strings, text_strings
from glassbert.text.columns import Columns
from glassbert.text.tables import Table
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows

HEAD: Final = "sequence-classification"
PROBLEM = "single_label_classification"


@dataclass(frozen=True, kw_only=True, eq=False)
class TextClassification:
    """Cross-entropy over the labels of `head`; a text's logits are the mean over its windows.

    `class_weights` multiply the loss of a row by the weight of its true class, smoothing included.
    `label_smoothing` e mixes the target with the uniform distribution: (1 - e) one-hot + e / C. `temperature`
    divides the logits of a prediction; it changes the scores and never the class.
    """

    name: ClassVar[str] = "text-classification"

    head: HeadConfig
    class_weights: Float[np.ndarray, "C"] | None = None
    label_smoothing: float = 0.0
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if self.head.kind != HEAD or self.head.num_labels < 1:
            what = (
                f"a head of kind {self.head.kind!r} with {self.head.num_labels} labels cannot classify texts"
            )
            raise UsageError(Problem(code="wrong-head", what=what, fix=f"give a {HEAD} head with labels"))
        if not 0 <= self.label_smoothing < 1:
            what = f"label smoothing is {self.label_smoothing!r}"
            raise UsageError(Problem(code="bad-rate", what=what, fix="give a number in [0, 1)"))
        if not 0 < self.temperature < float("inf"):
            what = f"the temperature is {self.temperature!r}"
            raise UsageError(Problem(code="bad-temperature", what=what, fix="give a number above 0"))

    @classmethod
    def learn(
        cls,
        table: Table,
        columns: Columns,
        *,
        class_weights: ClassWeights = None,
        label_smoothing: float = 0.0,
        allow_single: bool = False,
    ) -> TextClassification:
        """The task that a training table describes; its labels are numbered as `labels.in_order` says.

        Raises DataError for bad label cells, and for a single label unless `allow_single`.
        """
        column = _label_column(columns)
        values = label_strings(table, column)
        labels = learn_labels(values, source=table.source, column=column, allow_single=allow_single)
        targets = encode(values, labels, source=table.source, rows=table.rows)
        return cls(
            head=HeadConfig(kind=HEAD, labels=labels, problem_type=PROBLEM),
            class_weights=weigh_classes(class_weights, targets, labels),
            label_smoothing=label_smoothing,
        )

    def read(self, table: Table, columns: Columns) -> Examples:
        """Every row as an example, without targets if there is no label column; DataError for bad cells."""
        texts = cast(list[Text], text_strings(table, columns.text))
        targets = None
        if columns.label is not None:
            values = label_strings(table, columns.label)
            targets = encode(values, self.head.labels, source=table.source, rows=table.rows)
        return Examples(texts=texts, targets=targets, rows=table.rows)

    def windows(self, examples: Examples, tokenizer: Tokenizer, *, max_length: int) -> Windows:
        """All of every text, in overlapping windows where it is longer than `max_length` tokens."""
        return tokenizer.windows(examples.texts, max_length=max_length)

    def batch(
        self,
        windows: Windows,
        chosen: Int[np.ndarray, "W"],
        examples: Examples | None = None,
        *,
        position_offset: int = 0,
        device: str | torch.device = "cpu",
    ) -> Batch:
        """The chosen windows, shortest first and else in the order given, with targets and weights.

        `position_offset` is the encoder configuration's (RoBERTa counts positions from pad_token_id + 1).
        """
        lengths = windows.starts[chosen + 1] - windows.starts[chosen]
        index = chosen[np.argsort(lengths, kind="stable")]
        picked = windows.select(index)
        weights = 1.0 / windows.per_text[picked.example]
        targets = None
        if examples is not None and examples.targets is not None:
            classes = examples.targets[picked.example]
            targets = torch.from_numpy(classes).to(device)
            weights = weights if self.class_weights is None else weights * self.class_weights[classes]
        return Batch(
            packed=Packed.of(
                picked.input_ids,
                picked.token_type_ids,
                picked.lengths,
                position_offset=position_offset,
                device=device,
            ),
            targets=targets,
            weights=torch.from_numpy(weights.astype(np.float32)).to(device),
            weight=float(weights.sum()),
            index=index,
        )

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Sum over windows of weight x cross-entropy in nats, in float32 or, for such logits, in float64."""
        if batch.targets is None:
            raise _needs_labels("a loss")
        wide = logits if logits.dtype == torch.float64 else logits.float()
        losses = F.cross_entropy(wide, batch.targets, reduction="none", label_smoothing=self.label_smoothing)
        return (losses * batch.weights).sum()

    def decode(self, logits: Float[np.ndarray, "W C"], windows: Windows) -> Predictions:
        """Mean logits over the windows of each text, scores softmax(mean / temperature), and class."""
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
        means = np.stack(sums, axis=1) / counts[:, None]
        return Predictions(
            logits=means,
            scores=softmax(means, temperature=self.temperature),
            classes=means.argmax(-1),
            windows=counts,
        )

    def score(self, predictions: Predictions, examples: Examples) -> dict[str, float]:
        """accuracy, macro_f1, mcc, and loss: the mean negative log likelihood of the true class, in nats."""
        if examples.targets is None:
            raise _needs_labels("a score")
        confusion = confusion_matrix(examples.targets, predictions.classes, num_classes=self.head.num_labels)
        found = {name: float(value) for name, value in scores(Counts.of(confusion)).items()}
        return {**found, "loss": log_loss(predictions.scores, examples.targets)}


def _label_column(columns: Columns) -> str:
    if columns.label is None:
        raise _needs_labels("training")
    return columns.label


def _needs_labels(purpose: str) -> UsageError:
    fix = "name the label column with --label-column"
    return UsageError(Problem(code="no-labels", what=f"{purpose} needs labels and there are none", fix=fix))
