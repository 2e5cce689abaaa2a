"""Tasks by the names that the hub gives them."""

from __future__ import annotations

import difflib

from glassbert.errors import Problem, UsageError
from glassbert.model.config import HeadConfig
from glassbert.tasks.classification import HEAD, PROBLEM, TextClassification
from glassbert.tasks.task import Task

TASKS = {TextClassification.name: TextClassification}


def find_task(name: str) -> type[TextClassification]:
    """The task with this name, ready to `learn` from a table; raises UsageError listing all names."""
    if name in TASKS:
        return TASKS[name]
    close = difflib.get_close_matches(name, TASKS, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    fix = f"{hint}tasks: {', '.join(TASKS)}"
    raise UsageError(Problem(code="unknown-task", what=f"there is no task '{name}'", fix=fix))


def task_of_head(head: HeadConfig, *, temperature: float = 1.0) -> Task:
    """The task that a trained model's head was made for; raises UsageError where no task fits.

    One logit is a regression, as transformers reads it, unless the head itself says that it is a class.
    """
    says = head.problem_type == PROBLEM
    if head.kind == HEAD and (says or (head.problem_type is None and head.num_labels > 1)):
        return TextClassification(head=head, temperature=temperature)
    what = f"no task fits a {head.kind} head with {head.num_labels} labels"
    kind = "" if head.problem_type is None else f" for {head.problem_type}"
    raise UsageError(Problem(code="no-task", what=what + kind, fix=f"tasks: {', '.join(TASKS)}"))
