"""`glassbert.pipeline`: a task by its name, a model, and a call as transformers 4 had it."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from glassbert.errors import Problem, UsageError
from glassbert.runs.models import Model, load
from glassbert.runs.pipelines.asked_of_transformers import without_transformers
from glassbert.runs.pipelines.feature_extraction import FeatureExtraction
from glassbert.runs.pipelines.fill_mask import FillMask
from glassbert.runs.pipelines.options import with_options
from glassbert.runs.pipelines.question_answering import QuestionAnswering
from glassbert.runs.pipelines.text_classification import TextClassification
from glassbert.runs.pipelines.token_classification import TokenClassification
from glassbert.runs.pipelines.zero_shot_classification import ZeroShotClassification

if TYPE_CHECKING:
    from glassbert.runs.estimator import TextEstimator

# a new pipeline is one line here: a frozen dataclass of a model and its options, with a __call__
PIPELINES: dict[str, Callable[..., Any]] = {
    "text-classification": TextClassification,
    "token-classification": TokenClassification,
    "question-answering": QuestionAnswering,
    "fill-mask": FillMask,
    "feature-extraction": FeatureExtraction,
    "zero-shot-classification": ZeroShotClassification,
}
OF_HEADS = {
    "sequence-classification": "text-classification",
    "token-classification": "token-classification",
    "span": "question-answering",
    "masked-lm": "fill-mask",
    "pretraining": "fill-mask",
}
ALIASES = {"sentiment-analysis": "text-classification", "ner": "token-classification"}


def pipeline(
    task: str | None = None,
    model: Model | TextEstimator | str | Path | None = None,
    *,
    device: str | int | torch.device | None = "cpu",
    **options: Any,
) -> Callable[..., Any]:
    """What answers as `transformers.pipeline(task, model=...)` of version 4 did; `options` are for all calls.

    Without `task` it is the one of the model's head. `model` is a run, a model directory, a bundled name, a
    hub id, what `glassbert.load` returns, or a fitted estimator; `device` is "cpu", "cuda", a torch.device,
    or a number as transformers counts (-1 and None: the CPU), and says nothing about a model that is already
    there. Raises UsageError for an unknown task or option, and what `load` raises.
    """
    if model is None:
        fix = "name a model: a run, a directory, a bundled name or a hub id"
        raise UsageError(Problem(code="no-model", what="no model is named", fix=fix))
    name = None if task is None else ALIASES.get(task, task)
    if name is not None and name not in PIPELINES:
        close = difflib.get_close_matches(name, PIPELINES, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        fix = f"{hint}pipelines: {', '.join(PIPELINES)}"
        raise UsageError(Problem(code="unknown-task", what=f"there is no pipeline '{task}'", fix=fix))
    fitted = getattr(model, "model_", model)  # an estimator has it when it is fitted
    loaded = fitted if isinstance(fitted, Model) else load(fitted, device=_place(device))
    told = without_transformers(options, named=model, model=loaded)
    made = PIPELINES[name or OF_HEADS.get(loaded.network.head_config.kind, "feature-extraction")](loaded)
    ready: Callable[..., Any] = with_options(made, told)
    return ready


def _place(device: str | int | torch.device | None) -> str:
    """A device as `load` names it."""
    if isinstance(device, int):
        return "cpu" if device < 0 else f"cuda:{device}"
    return "cpu" if device is None else str(device)
