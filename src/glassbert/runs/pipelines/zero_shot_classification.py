"""zero-shot-classification: labels that a model never saw, asked for as hypotheses of an inference model.

Yin, Hay and Roth 2019. Letters: N texts, L labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from glassbert.errors import Problem, UsageError
from glassbert.runs.models import Model
from glassbert.runs.pipelines.options import for_each, with_options
from glassbert.runs.pipelines.truncating import cutting
from glassbert.tasks.task import Text

TEMPLATE = "This example is {}."


@dataclass(frozen=True)
class ZeroShotClassification:
    """`pipe(text, ["sport", "politics"])` is {sequence, labels, scores}, the likeliest label first.

    Each label is put into `hypothesis_template` and paired with the text. Scores: softmax over the labels of
    the logits of "entailment", or, with `multi_label` or one label, of each label apart: softmax of
    "entailment" against "contradiction". `candidate_labels` is a list, or a string with commas between. A
    long text is read in windows, each with the whole hypothesis, and its logits are their mean;
    `truncation=True` cuts the text to what one window holds besides the hypothesis, as transformers always
    does. `multi_class` is `multi_label` by its old name.
    """

    model: Model
    candidate_labels: Sequence[str] | str | None = None
    hypothesis_template: str = TEMPLATE
    multi_label: bool = False
    truncation: Any = None

    def __call__(self, sequences: Any, candidate_labels: Any = None, **options: Any) -> Any:
        """The shapes of transformers 4; raises UsageError for a model that does not judge inference."""
        told = options if candidate_labels is None else {**options, "candidate_labels": candidate_labels}
        return for_each(sequences, with_options(self, told)._run)

    def _run(self, texts: list[Any]) -> list[Any]:
        entailed, denied = entailment(self.model)
        labels = _labels(self.candidate_labels)
        template = self.hypothesis_template
        if template.format(labels[0]) == template:
            fix = "write {} where the label belongs"
            raise UsageError(Problem(code="bad-template", what=f"{template!r} has no place for it", fix=fix))
        if not texts:
            raise UsageError(Problem(code="no-texts", what="there are 0 texts", fix="give at least one"))
        pairs: list[Text] = [(text, template.format(label)) for text in texts for label in labels]
        rule = "only_first" if self.truncation is True else self.truncation
        logits = cutting(self.model, rule, None).predict(pairs).logits.reshape(len(texts), len(labels), -1)
        if self.multi_label or len(labels) == 1:
            scores = expit(logits[..., entailed] - logits[..., denied])
        else:
            scores = softmax(logits[..., entailed], axis=1)
        return [_shown(text, labels, row) for text, row in zip(texts, scores, strict=True)]


def entailment(model: Model) -> tuple[int, int]:
    """The logits of "entailment" and of "contradiction", by the names of the labels.

    Where none is called contradiction it is the first label, or the last where the first is entailment, as in
    transformers. Raises UsageError where no label's name begins with "entail".
    """
    names = [label.casefold() for label in model.labels]
    entailed = [place for place, name in enumerate(names) if name.startswith("entail")]
    if not entailed:
        labels = ", ".join(model.labels) or "none"
        what = f"no label of the model '{model.name}' is entailment (labels: {labels})"
        fix = "take a model of natural-language inference, such as one trained on MNLI"
        raise UsageError(Problem(code="no-entailment", what=what, fix=fix))
    denied = [place for place, name in enumerate(names) if name.startswith("contradict")]
    usual = len(names) - 1 if entailed[0] == 0 else 0
    return entailed[0], denied[0] if denied else usual


def _labels(given: Sequence[str] | str | None) -> list[str]:
    parts = given.split(",") if isinstance(given, str) else list(given or [])
    labels = [part.strip() for part in parts] if isinstance(given, str) else parts
    labels = [label for label in labels if label]
    if not labels:
        fix = "name at least one"
        raise UsageError(Problem(code="no-labels", what="candidate_labels is empty", fix=fix))
    return labels


def _shown(text: str, labels: list[str], scores: np.ndarray) -> dict[str, Any]:
    order = scores.argsort()[::-1]
    return {
        "sequence": text,
        "labels": [labels[place] for place in order],
        "scores": scores[order].tolist(),
    }
