"""What is wanted of a table's columns: by a person, who names them, and by a task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The columns that a person names; None is to be found."""

    text: str | None = None
    pair: str | None = None
    label: str | None = None

    @property
    def options(self) -> dict[str, str | None]:
        """The same by the options of the command line."""
        return {"--text-column": self.text, "--pair-column": self.pair, "--label-column": self.label}


@dataclass(frozen=True, kw_only=True)
class Schema:
    """What a task reads of a row: one text, a pair, or whichever the table holds; and what its answer is.

    Of "likeness" the answer is a number or, where there is none, that the texts belong together. Of "spans"
    the pair is a question and its context, and the answers are pieces of the context. `instead` is what has
    to be another for pairs to be read where one text is: the task, the columns that are named, or the model.
    """

    texts: Literal["one", "pair", "either"] = "one"
    label: Literal["class", "number", "set", "spans", "tags", "likeness"] = "class"
    instead: Literal["task", "columns", "model"] = "task"
