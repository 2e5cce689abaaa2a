"""The tuned lens (Belrose et al. 2023): an affine map per layer, h + A h + b, before the model's own head.

A state of a middle layer is not written in the language of the last one; the map translates it. It is
trained so that the head says what it says of the last layer: KL(last || translated) is made small on given
texts. At the last layer there is nothing to translate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from glassbert.errors import Problem, UsageError
from glassbert.lens.atlas.maps import packed_windows, windows_of
from glassbert.lens.reading.states import decode, head_of, states
from glassbert.lens.seen import Inspectable, Text
from glassbert.model.heads import MaskedHead
from glassbert.text.order import sorted_batches

TOKENS_PER_BATCH = 1024
TOKENS_PER_STEP = 256
LEARNING_RATE = 1e-3
STEPS = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class TunedLens:
    """One map per state of a token; the last is the identity. `before` and `after` are mean KL in nats on the
    training tokens, without and with the maps.
    """

    matrix: Float[Tensor, "L1 H H"]
    shift: Float[Tensor, "L1 H"]
    before: tuple[float, ...]
    after: tuple[float, ...]

    def translate(self, layer: int, hidden: Float[Tensor, "T H"]) -> Float[Tensor, "T H"]:
        """The state in the language of the last layer, where it is left exactly as it is."""
        if layer == len(self.matrix) - 1:
            return hidden
        return hidden + hidden @ self.matrix[layer].T + self.shift[layer]


def tune(model: Inspectable, texts: Sequence[Text], *, steps: int = STEPS, seed: int = 0) -> TunedLens:
    """Train the maps on texts; a map that does not lower the KL on them is left out (the identity).

    Raises UsageError for a model without a masked-word head and for texts without a token.
    """
    if steps < 0:
        problem = Problem(code="bad-option", what=f"steps is {steps}", fix="give 0 or more")
        raise UsageError(problem)
    head, windows = head_of(model), windows_of(model, texts)
    parts = []
    for chosen in sorted_batches(windows.lengths, max_tokens=TOKENS_PER_BATCH):
        parts.append(states(model.network, packed_windows(model.network, windows.select(chosen))))
    # a copy outside inference mode, so that the maps can be trained on it
    seen = torch.cat(parts, dim=1).float().clone()
    trained = [_layer(head, hidden, seen[-1], steps=steps, seed=seed) for hidden in seen[:-1]]
    size = seen.shape[-1]
    trained.append(
        (torch.zeros(size, size, device=seen.device), torch.zeros(size, device=seen.device), 0.0, 0.0)
    )
    matrices, shifts, before, after = zip(*trained, strict=True)
    return TunedLens(
        matrix=torch.stack(matrices), shift=torch.stack(shifts), before=tuple(before), after=tuple(after)
    )


def divergence(head: MaskedHead, hidden: Tensor, last: Tensor) -> Float[Tensor, "T"]:
    """KL(head of the last layer || head of this state) in nats, per token."""
    target, found = (F.log_softmax(decode(head, each).float(), dim=-1) for each in (last, hidden))
    return (target.exp() * (target - found)).sum(-1)


def _layer(
    head: MaskedHead, hidden: Tensor, last: Tensor, *, steps: int, seed: int
) -> tuple[Tensor, Tensor, float, float]:
    size = hidden.shape[-1]
    matrix = torch.zeros(size, size, device=hidden.device, requires_grad=True)
    shift = torch.zeros(size, device=hidden.device, requires_grad=True)
    optimizer = torch.optim.Adam([matrix, shift], lr=LEARNING_RATE)
    draw = torch.Generator().manual_seed(seed)
    before = _mean(head, hidden, last)
    for _ in range(steps):
        rows = torch.randperm(len(hidden), generator=draw)[:TOKENS_PER_STEP].to(hidden.device)
        some = hidden[rows]
        with torch.enable_grad():
            loss = divergence(head, some + some @ matrix.T + shift, last[rows]).mean()
            matrix.grad, shift.grad = torch.autograd.grad(loss, [matrix, shift])
        optimizer.step()
    with torch.no_grad():
        matrix, shift = matrix.detach(), shift.detach()
        after = _mean(head, hidden + hidden @ matrix.T + shift, last)
    if after < before:
        return matrix, shift, before, after
    return torch.zeros_like(matrix), torch.zeros_like(shift), before, before


def _mean(head: MaskedHead, hidden: Tensor, last: Tensor) -> float:
    with torch.no_grad():
        pairs = zip(hidden.split(TOKENS_PER_STEP), last.split(TOKENS_PER_STEP), strict=True)
        return float(sum(divergence(head, a, b).double().sum() for a, b in pairs)) / len(hidden)
