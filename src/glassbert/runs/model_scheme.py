"""In which scheme a model of others writes its tags: as told, or as their names show it."""

from __future__ import annotations

from glassbert.errors import Problem, UsageError
from glassbert.model.config import HeadConfig
from glassbert.tasks.tagging import KIND
from glassbert.text.schemes import TITLES, Scheme, check_scheme, is_valid, scheme_of_model


def refuse_scheme(told: str | None, head: HeadConfig, *, name: str) -> None:
    """Raise UsageError for a scheme that is none, or that the labels of the head are not written in."""
    if told is None:
        return
    check_scheme(told, option="--model-scheme")
    scheme: Scheme = told  # type: ignore[assignment]
    if head.kind != KIND:
        what, fix = f"the model '{name}' has no tags of words", "leave --model-scheme out"
    elif odd := [label for label in head.labels if not is_valid(label, scheme)]:
        what = f"the label {odd[0]!r} of the model '{name}' is no tag of {TITLES[scheme]}"
        fix = "name the scheme of its labels with --model-scheme, or leave it out"
    else:
        return
    raise UsageError(Problem(code="wrong-scheme", what=what, fix=fix))


def scheme_notes(told: Scheme | None, head: HeadConfig) -> tuple[str, ...]:
    """A sentence where tags are not read as most models' are."""
    if head.kind != KIND:
        return ()
    if told is not None:
        return (f"the model's tags are read as {TITLES[told]}, as told",)
    scheme, shown = scheme_of_model(head.labels)
    if shown is None:
        return ()
    why = f"since its label {shown} has no B-{shown[2:]} beside it"
    return (f"the model's tags are read as {TITLES[scheme]}, {why}: an entity may begin with I-",)
