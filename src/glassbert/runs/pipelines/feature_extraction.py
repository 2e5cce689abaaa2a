"""feature-extraction: the last hidden state of every token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from glassbert.errors import Problem, UsageError
from glassbert.runs.models import Model
from glassbert.runs.pipelines.options import for_each, with_options
from glassbert.runs.pipelines.truncating import cutting_as


@dataclass(frozen=True)
class FeatureExtraction:
    """`pipe(text)` is a nested list [1][S][H], or with `return_tensors` a tensor [1, S, H]; for a list of
    texts it is a list of these.

    S counts special tokens. Of a text longer than the model each token stands once, with the state that it
    has in the window that shows most round it; `truncation=True` or `tokenize_kwargs={"truncation": ...,
    "max_length": n}` cut it to one window.
    """

    model: Model
    return_tensors: bool = False
    truncation: Any = None
    tokenize_kwargs: Mapping[str, Any] | None = None

    def __call__(self, inputs: Any, **options: Any) -> Any:
        """The shapes of transformers 4; raises UsageError for another option or input."""
        return for_each(inputs, with_options(self, options)._run)

    def _run(self, texts: list[Any]) -> list[Any]:
        told = dict(self.tokenize_kwargs or {})
        if self.truncation is not None and told.setdefault("truncation", self.truncation) != self.truncation:
            what = "truncation is said twice: by itself and in tokenize_kwargs"
            raise UsageError(Problem(code="bad-option", what=what, fix="say it once"))
        states = cutting_as(self.model, "tokenize_kwargs", told).embed(texts, pooling="none")
        if self.return_tensors:
            return [torch.from_numpy(each.copy())[None] for each in states]
        return [[each.tolist()] for each in states]
