"""What a run of pre-training cannot do, and the verbs that fit it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glassbert.errors import DataError, Problem

TASK = "pretraining"
"""What run.json says where others name their task."""


def verbs_that_fit(name: str) -> str:
    """What to do with an encoder that guesses hidden words, as a remedy."""
    return (
        f"teach it a task with `glassbert finetune DATA --model {name} --out RUN`; as it is, "
        f"`glassbert fill-mask {name} TEXT` and `glassbert evaluate {name} TEXT` use it"
    )


def refuse_pretraining(document: Mapping[str, Any], *, path: str, lacks: str) -> None:
    """Raise DataError for the run.json of a pre-training run, which `lacks` what is wanted of a run."""
    if document.get("task") == TASK:
        what = f"this is a run of pre-training: it {lacks}"
        raise DataError(Problem(code="other-run", what=what, fix=verbs_that_fit(path), file=path))
