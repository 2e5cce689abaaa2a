"""Tasks by the names that the hub gives them; a new task is one line here."""

from __future__ import annotations

import difflib

from glassbert.errors import Problem, UsageError
from glassbert.model.config import HeadConfig
from glassbert.tasks.answering import QuestionAnswering
from glassbert.tasks.classification import TextClassification
from glassbert.tasks.multi_label import MultiLabelClassification
from glassbert.tasks.pairs import TextPairClassification
from glassbert.tasks.regression import TextRegression
from glassbert.tasks.similarity import SentenceSimilarity
from glassbert.tasks.tagging import TokenClassification
from glassbert.tasks.task import Task, Tuned

# where several could have made a head, and nothing says which, the first is taken
KINDS: tuple[type[Task], ...] = (
    TextClassification,
    TextPairClassification,
    TextRegression,
    MultiLabelClassification,
    QuestionAnswering,
    TokenClassification,
    SentenceSimilarity,
)
TASKS: dict[str, type[Task]] = {kind.name: kind for kind in KINDS}
METRICS = (*dict.fromkeys(name for task in TASKS.values() for name in task.metrics), "loss")
"""Every score by which the best step may be chosen."""


def find_task(name: str) -> type[Task]:
    """The task with this name, ready to `learn` from a table; raises UsageError listing all names."""
    if name in TASKS:
        return TASKS[name]
    close = difflib.get_close_matches(name, TASKS, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    fix = f"{hint}tasks: {', '.join(TASKS)}"
    raise UsageError(Problem(code="unknown-task", what=f"there is no task '{name}'", fix=fix))


def task_of_head(head: HeadConfig, *, name: str | None = None, tuned: Tuned = Tuned()) -> Task:  # noqa: B008
    """The task that a trained model's head was made for, of this name where one is known.

    Raises UsageError where no task fits, or where the named one does not.
    """
    kinds = list(TASKS.values()) if name is None else [find_task(name)]
    for kind in kinds:
        if kind.fits(head):
            return kind.of_head(head, tuned)
    what = f"no task fits a {head.kind} head with {head.num_labels} labels"
    what += "" if head.problem_type is None else f" for {head.problem_type}"
    if name is not None:
        what = f"{name} does not fit a {head.kind} head with {head.num_labels} labels"
    raise UsageError(Problem(code="no-task", what=what, fix=f"tasks: {', '.join(TASKS)}"))
