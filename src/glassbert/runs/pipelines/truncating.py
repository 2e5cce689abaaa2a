"""How much of a text a pipeline reads: `truncation` and `max_length` of the tokenizers of transformers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glassbert.errors import Problem, UsageError
from glassbert.runs.models import Model
from glassbert.text.shortening import Truncation

RULES: dict[Any, Truncation | None] = {
    True: "longest_first",
    "longest_first": "longest_first",
    "only_first": "only_first",
    "only_second": "only_second",
    False: None,
    "do_not_truncate": None,
}
NAMES = ("truncation", "max_length")
# transformers pads its batches, and no result depends on it
WITHOUT_EFFECT = ("padding",)


def cutting(model: Model, truncation: Any, max_length: int | None) -> Model:
    """The model that reads as much of a text as these options of transformers' tokenizers let it.

    Without `truncation` all of it, in windows; with it what fits into one window of `max_length` tokens
    (unsaid: the model's own). A `max_length` alone cuts too, as there. Raises UsageError for another rule,
    and for more tokens than the model has positions for.
    """
    if truncation is None and max_length is None:
        return model
    named = getattr(truncation, "value", truncation)  # transformers has an enumeration of them too
    if named is not None and (not isinstance(named, bool | str) or named not in RULES):
        rules = ", ".join(str(rule) for rule in RULES)
        raise UsageError(
            Problem(code="bad-option", what=f"truncation is {truncation!r}", fix=f"give one of {rules}")
        )
    rule = RULES[True if named is None else named]
    if rule is None:
        return model
    unsaid = min(model.max_length, model.tokenizer.model_max_length or model.max_length)
    return model.reading(max_length=unsaid if max_length is None else max_length, truncation=rule)


def cutting_as(model: Model, name: str, told: Mapping[str, Any] | None) -> Model:
    """The same for options in a dictionary called `name`; raises UsageError for others than these."""
    if not told:
        return model
    strange = [each for each in told if each not in (*NAMES, *WITHOUT_EFFECT)]
    if strange:
        what = f"there is no option {strange[0]!r} in {name}"
        fix = f"options: {', '.join(NAMES)}"
        raise UsageError(Problem(code="unknown-option", what=what, fix=fix))
    return cutting(model, told.get("truncation"), told.get("max_length"))
