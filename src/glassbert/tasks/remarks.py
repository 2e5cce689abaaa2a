"""What windows show of a task's examples that a person should know before the scores."""

from __future__ import annotations

import numpy as np

from glassbert.tasks.answering import QuestionAnswering
from glassbert.tasks.span_places import places
from glassbert.tasks.task import Examples, Task
from glassbert.text.windows import Windows


def remarks(task: Task, windows: Windows, examples: Examples) -> list[str]:
    """Questions that no window holds whole, and how many answers lie whole in one."""
    if not isinstance(task, QuestionAnswering) or not len(examples):
        return []
    return [*_cut_questions(windows), *_whole_answers(windows, examples)]


def _cut_questions(windows: Windows) -> list[str]:
    asked = windows.sequence == 0
    owner = np.repeat(windows.example, windows.lengths)
    whole = np.bincount(owner[asked & windows.scored], minlength=windows.num_examples)
    held = np.add.reduceat(asked.astype(np.int64), windows.starts[:-1])
    cut = len(np.unique(windows.example[held < whole[windows.example]]))
    return [f"questions longer than half a window, which are read in parts: {cut:,}"] if cut else []


def _whole_answers(windows: Windows, examples: Examples) -> list[str]:
    if examples.targets is None:
        return []
    firsts = [spans[0] if spans else None for spans in examples.targets]
    count = sum(first is not None for first in firsts)
    found = places(windows, np.arange(len(windows)), firsts)
    held = len(np.unique(windows.example[found.whole]))
    rest = "" if held == count else "; the others are learnt as no answer"
    return [f"answers that lie whole in at least one window: {held:,} of {count:,}{rest}"]
