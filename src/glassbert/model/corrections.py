"""What low-rank adapters add to a layer's output, and its derivative, written out for `handmade.py`.

With u = m x the thinned input and z = A u, the rows start to stop of the output get s B z. From the output's
gradient g at these rows follow  dB = s g^T z,  dz = s g B,  dA = dz^T u,  dx = m (dz A).  None of it needs
the gradient of the layer's own weight, which would cost as much as the forward pass. Rows below those that a
mask has are no token's, and have a gradient of zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from glassbert.model.adapted import LowRank

PER_ADAPTER = 2  # its tensors A and B


@dataclass(frozen=True, kw_only=True)
class Correction:
    """Which rows of a layer's output an adapter adds to, how much, and the keep-mask of its input."""

    start: int
    stop: int
    scale: float
    mask: Float[Tensor, "T in"] | None

    @classmethod
    def of(cls, parts: Sequence[LowRank], masks: Sequence[Tensor | None]) -> tuple[Correction, ...]:
        """Those of a layer's adapters."""
        return tuple(
            cls(start=part.start, stop=part.stop, scale=part.scale, mask=mask)
            for part, mask in zip(parts, masks, strict=True)
        )


def correct(
    out: Float[Tensor, "T out"],
    given: Float[Tensor, "T in"],
    corrections: Sequence[Correction],
    tensors: Sequence[Tensor],
) -> list[Tensor]:
    """Add to `out` in place; what the derivative asks for, z of every adapter. `tensors`: A, B, A, B, ..."""
    kept = []
    for each, (a, b) in zip(corrections, _pairs(tensors), strict=True):
        low = _thinned(given, each.mask).mm(a.t())
        out[: len(low), each.start : each.stop].addmm_(low, b.t(), alpha=each.scale)
        kept.append(low)
    return kept


def correct_backward(
    grad: Float[Tensor, "T out"],
    given: Float[Tensor, "T in"],
    lows: Sequence[Tensor],
    corrections: Sequence[Correction],
    tensors: Sequence[Tensor],
    *,
    into: Float[Tensor, "T in"] | None,
) -> list[Tensor]:
    """The gradients of A, B, A, B, ...; that of the input is added to `into` where it is asked for."""
    found = []
    for each, low, (a, b) in zip(corrections, lows, _pairs(tensors), strict=True):
        mine = grad[: len(low), each.start : each.stop]
        of_low = mine.mm(b).mul_(each.scale)
        found += [of_low.t().mm(_thinned(given, each.mask)), mine.t().mm(low).mul_(each.scale)]
        if into is None:
            continue
        if each.mask is None:
            into[: len(low)].addmm_(of_low, a)
        else:
            into[: len(low)].addcmul_(of_low.mm(a), each.mask)
    return found


def _pairs(tensors: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(tensors[::PER_ADAPTER], tensors[1::PER_ADAPTER], strict=True)


def _thinned(given: Tensor, mask: Tensor | None) -> Tensor:
    return given if mask is None else given[: len(mask)] * mask
