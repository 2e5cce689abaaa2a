"""text-classification, also known as sentiment-analysis: {label, score} for a text or a pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import expit, softmax

from glassbert.errors import Problem, UsageError
from glassbert.runs.models import Model
from glassbert.runs.pipelines.options import for_each, with_options
from glassbert.runs.pipelines.truncating import cutting
from glassbert.tasks.sequences import HEAD
from glassbert.tasks.task import Text

Function = Literal["softmax", "sigmoid", "none"]
UNSAID: Any = ""


@dataclass(frozen=True)
class TextClassification:
    """`pipe(text)`, `pipe([text, ...])`, `pipe({"text": ..., "text_pair": ...})`.

    Without options one {label, score} for each text, the best. `top_k=n` gives the n best, `top_k=None` all,
    best first; `return_all_scores=True` all in the order of the labels. `function_to_apply` is softmax,
    sigmoid or none (the logits); unsaid it is softmax of several labels, sigmoid of one label or of labels
    that do not exclude one another, none of a number. Where the model was calibrated, as glassbert's are, the
    unsaid function gives calibrated scores. A long text is read in windows or, with `truncation=True` or
    `max_length=n`, cut to one.
    """

    model: Model
    top_k: int | None = UNSAID
    function_to_apply: Function | None = None
    return_all_scores: bool | None = None
    truncation: Any = None
    max_length: int | None = None

    def __call__(self, inputs: Any, **options: Any) -> Any:
        """The shapes of transformers 4; raises UsageError for another head, option or input."""
        chosen = with_options(self, options)
        found = for_each(inputs, chosen._run)
        # a single text comes in a list unless this call itself names top_k: so it is in transformers 4
        return [found] if isinstance(inputs, str) and "top_k" not in options else found

    def _run(self, inputs: list[Any]) -> list[Any]:
        head = self.model.network.head_config
        if head.kind != HEAD:
            what = f"the model '{self.model.name}' has no head for classes of texts (its head: {head.kind})"
            raise UsageError(Problem(code="no-head", what=what, fix="train one with `glassbert finetune`"))
        if not inputs:
            return []
        model = cutting(self.model, self.truncation, self.max_length)
        logits = model.predict([text_of(each) for each in inputs]).logits
        return [self._shown(head.labels, row) for row in self._scores(logits).tolist()]

    def _scores(self, logits: np.ndarray) -> np.ndarray:
        function = self.function_to_apply
        if function is None:
            function = usual_function(self.model.network.head_config.problem_type, logits.shape[1])
            logits = logits if function == "none" else logits / self.model.notes.temperature
        if function not in ("softmax", "sigmoid", "none"):
            fix = "give softmax, sigmoid or none"
            raise UsageError(Problem(code="bad-option", what=f"function_to_apply is {function!r}", fix=fix))
        found: np.ndarray = {"softmax": lambda z: softmax(z, axis=1), "sigmoid": expit, "none": np.array}[
            function
        ](logits)
        return found

    def _shown(self, labels: tuple[str, ...], scores: list[float]) -> Any:
        every: list[dict[str, Any]] = [
            {"label": label, "score": score} for label, score in zip(labels, scores, strict=True)
        ]
        ranked = sorted(every, key=lambda each: -each["score"])
        if self.top_k == UNSAID:
            return every if self.return_all_scores else ranked[0]
        return ranked[: self.top_k]


def usual_function(problem_type: str | None, num_labels: int) -> Function:
    """What transformers 4 makes of logits when nothing is said."""
    if problem_type == "regression":
        return "none"
    return "sigmoid" if problem_type == "multi_label_classification" or num_labels == 1 else "softmax"


def text_of(given: Any) -> Text:
    """A text, or a pair as {"text": ..., "text_pair": ...} or [[text, pair]]; UsageError for all else."""
    if isinstance(given, str):
        return given
    if isinstance(given, dict) and set(given) == {"text"}:
        return str(given["text"])
    if isinstance(given, dict) and set(given) == {"text", "text_pair"}:
        return given["text"], given["text_pair"]
    if isinstance(given, list) and len(given) == 1 and isinstance(given[0], list) and len(given[0]) == 2:
        return given[0][0], given[0][1]
    fix = 'give a text, or {"text": "...", "text_pair": "..."} for a pair'
    raise UsageError(Problem(code="not-a-text", what=f"an input is {type(given).__name__}", fix=fix))
