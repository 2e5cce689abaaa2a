"""What pipelines share: options that are given once for all calls, or for one, and lists of inputs.

A pipeline is a frozen dataclass: a model, and a field for each option. What it is built with holds for every
call; what a call names holds for this call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from glassbert.errors import Problem, UsageError

Pipe = TypeVar("Pipe")
# transformers 4 takes them for its batches, and no result depends on them
WITHOUT_EFFECT = ("batch_size", "num_workers")
CUTTING = (
    "truncation", "max_length", "padding", "tokenize_kwargs",
    "doc_stride", "max_seq_len", "max_question_len",
)  # fmt: skip
# transformers 4 reads these names in small letters and in capitals
CHOICES = ("function_to_apply", "aggregation_strategy")


def with_options(pipe: Pipe, options: Mapping[str, Any]) -> Pipe:
    """The pipeline with these options in place of its own; raises UsageError for one that it has not."""
    told = {
        name: value.lower() if name in CHOICES and isinstance(value, str) else value
        for name, value in options.items()
        if name not in WITHOUT_EFFECT
    }
    known = [each.name for each in fields(pipe) if each.name != "model"]  # type: ignore[arg-type]
    strange = [name for name in told if name not in known]
    if strange:
        fix = f"options: {', '.join(known) or 'none'}"
        if strange[0] in CUTTING:
            fix = "leave it out: a text is never cut, a long one is read in windows"
        raise UsageError(Problem(code="unknown-option", what=f"there is no option {strange[0]!r}", fix=fix))
    changed: Pipe = replace(pipe, **told)  # type: ignore[type-var]
    return changed


def for_each(inputs: Any, run: Callable[[list[Any]], list[Any]]) -> Any:
    """What `run` makes of one input, or of each of a list, a tuple or an iterator of inputs."""
    if isinstance(inputs, str | dict):
        return run([inputs])[0]
    if not hasattr(inputs, "__iter__"):
        what = f"the input is {type(inputs).__name__}"
        raise UsageError(Problem(code="not-a-text", what=what, fix="give a text or a list of texts"))
    return run(list(inputs))
