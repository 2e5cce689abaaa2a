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
WITHOUT_EFFECT = ("batch_size", "num_workers", "padding")
# the names that transformers 4 still read, of an earlier version
OLD_NAMES = {"topk": "top_k", "multi_class": "multi_label"}
# transformers 4 reads these names in small letters and in capitals
CHOICES = ("function_to_apply", "aggregation_strategy")


def with_options(pipe: Pipe, options: Mapping[str, Any]) -> Pipe:
    """The pipeline with these options in place of its own; raises UsageError for one that it has not."""
    known = [each.name for each in fields(pipe) if each.name != "model"]  # type: ignore[arg-type]
    ignored = (*WITHOUT_EFFECT, *getattr(pipe, "without_effect", ()))
    told = {
        OLD_NAMES[name] if OLD_NAMES.get(name) in known else name: _in_small_letters(name, value)
        for name, value in options.items()
        if name not in ignored
    }
    strange = [name for name in told if name not in known]
    if strange:
        fix = f"options: {', '.join(known) or 'none'}"
        raise UsageError(Problem(code="unknown-option", what=f"there is no option {strange[0]!r}", fix=fix))
    changed: Pipe = replace(pipe, **told)  # type: ignore[type-var]
    return changed


def _in_small_letters(name: str, value: Any) -> Any:
    return value.lower() if name in CHOICES and isinstance(value, str) else value


def for_each(inputs: Any, run: Callable[[list[Any]], list[Any]]) -> Any:
    """What `run` makes of one input, or of each of a list, a tuple or an iterator of inputs."""
    if isinstance(inputs, str | dict):
        return run([inputs])[0]
    if not hasattr(inputs, "__iter__"):
        what = f"the input is {type(inputs).__name__}"
        raise UsageError(Problem(code="not-a-text", what=what, fix="give a text or a list of texts"))
    return run(list(inputs))
