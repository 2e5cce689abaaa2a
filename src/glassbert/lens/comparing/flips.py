"""Which answers changed from one classifier to another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float

from glassbert.lens.atlas.maps import packed_windows
from glassbert.lens.diff_record import Flip
from glassbert.lens.seen import Inspectable, Text
from glassbert.model.config import HeadConfig
from glassbert.text.order import sorted_batches
from glassbert.text.windows import Windows

HEAD = "sequence-classification"
TOKENS_PER_BATCH = 2048
MOST = 1000
CHARACTERS = 400


def flips(
    one: Inspectable, other: Inspectable, texts: Sequence[Text], *, rows: Sequence[int]
) -> tuple[int | None, tuple[Flip, ...]]:
    """How many texts get another answer, and the first of them; None where the two do not classify into the
    same labels.
    """
    left, right = one.network.head_config, other.network.head_config
    if not (_tells_apart(left) and _tells_apart(right)) or left.labels != right.labels:
        return None, ()
    before, after = (probabilities(model, texts) for model in (one, other))
    changed = np.flatnonzero(before.argmax(1) != after.argmax(1))
    found = []
    for number in changed[:MOST].tolist():
        text = texts[number]
        shown = text if isinstance(text, str) else " / ".join(text)
        first, second = int(before[number].argmax()), int(after[number].argmax())
        found.append(
            Flip(
                row=int(rows[number]),
                text=shown[:CHARACTERS],
                before=left.labels[first],
                after=left.labels[second],
                before_score=float(before[number, first]),
                after_score=float(after[number, second]),
            )
        )
    return len(changed), tuple(found)


def _tells_apart(head: HeadConfig) -> bool:
    """Whether an answer is one label of several: of a number, or of several labels, nothing flips."""
    other = head.problem_type in ("regression", "multi_label_classification")
    return head.kind == HEAD and head.num_labels > 1 and not other


def probabilities(model: Inspectable, texts: Sequence[Text]) -> Float[np.ndarray, "B C"]:
    """softmax of a text's logits, the mean over its windows."""
    windows = model.windows(list(texts))
    logits = np.zeros((len(texts), model.network.head_config.num_labels))
    for chosen in sorted_batches(windows.lengths, max_tokens=TOKENS_PER_BATCH):
        some: Windows = windows.select(chosen)
        with torch.inference_mode():
            found = model.network(packed_windows(model.network, some))
        assert isinstance(found, torch.Tensor)
        np.add.at(logits, some.example, found.double().cpu().numpy())
    logits /= windows.per_text[:, None]
    powers = np.exp(logits - logits.max(1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(1, keepdims=True)
    return shares
