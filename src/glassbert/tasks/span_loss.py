"""How far logits are from the right answers, over all windows at once."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from glassbert.tasks.span_places import places
from glassbert.tasks.task import Answers
from glassbert.text.spans import Span
from glassbert.text.windows import Windows


def first_answers(answers: Answers) -> list[Span | None]:
    """What is learnt of several right answers: the first; None where there is none."""
    return [spans[0] if spans else None for spans in answers]


def span_loss(logits: Float[np.ndarray, "T 2"], windows: Windows, answers: Answers) -> float:
    """Mean over questions of the mean over their windows and over both ends of the cross-entropy in nats,
    log sum exp z - z of the right token: what training lowers.
    """
    found = places(windows, np.arange(len(windows)), first_answers(answers))
    starts = windows.starts[:-1]
    right = logits[starts[:, None] + np.stack([found.first, found.last], axis=1), [0, 1]]
    each = (np.logaddexp.reduceat(logits.astype(np.float64), starts, axis=0) - right).mean(1)
    questions = windows.num_examples
    return float((np.bincount(windows.example, each, questions) / windows.per_text).mean())
