"""Attribution by attention: what the token that the head reads gathered from where.

Letters: L layers, N heads, S tokens, Q queries. The last layer counts for the read token alone.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from glassbert.lens.attributing.flow import largest_flows
from glassbert.lens.attributing.options import AttributionOptions
from glassbert.lens.attributing.subject import Subject
from glassbert.model.taps import capture

WEIGHTS = ["attention.weights"]


def attention_rollout(subject: Subject, options: AttributionOptions) -> Float[np.ndarray, "S"]:
    """The read token's row of the product over layers of (A + I) / 2, A the mean over heads (Abnar and
    Zuidema 2020); sums to 1.
    """
    *maps, row = _mixed(subject)
    for mixed in reversed(maps):
        row = row @ mixed
    return row


def attention_flow(subject: Subject, options: AttributionOptions) -> Float[np.ndarray, "S"]:
    """The largest flow from the read token down to each token through pipes as wide as (A + I) / 2 (Abnar
    and Zuidema 2020). See `largest_flows` for what is left out.
    """
    *maps, row = _mixed(subject)
    return largest_flows(maps, row, solved=subject.passed)


def chefer(subject: Subject, options: AttributionOptions) -> Float[np.ndarray, "S"]:
    """The read token's row of R, R <- R + M R from R = I, M the mean over heads of max(0, A * dF/dA)
    (Chefer et al. 2021, self-attention).
    """
    with capture(subject.network, WEIGHTS) as seen:
        value = subject.run(subject.pack(subject.input_ids[None]))
    weights = list(seen.values())
    gradients = torch.autograd.grad(value.sum(), weights)
    maps = [
        _array((weight.detach() * gradient).clamp(min=0).mean(1)[0])
        for weight, gradient in zip(weights, gradients, strict=True)
    ]
    row = np.eye(subject.length)[subject.position] + _read(maps[-1], subject)
    for relevant in reversed(maps[:-1]):
        row = row + row @ relevant
    return row


def _mixed(subject: Subject) -> list[Float[np.ndarray, "... S"]]:
    """(A + I) / 2 of every layer, [S, S], and of the last one the row of the read token, [S]."""
    with torch.inference_mode(), capture(subject.network, WEIGHTS) as seen:
        subject.run(subject.pack(subject.input_ids[None]))
    maps = [_array(weights.mean(1)[0]) for weights in seen.values()]
    itself = np.eye(subject.length)
    last = (_read(maps[-1], subject) + itself[subject.position]) / 2
    return [*((each + itself) / 2 for each in maps[:-1]), last]


def _read(rows: Float[np.ndarray, "Q S"], subject: Subject) -> Float[np.ndarray, "S"]:
    return rows[subject.position if len(rows) == subject.length else 0]


def _array(values: Tensor) -> np.ndarray:
    return values.double().cpu().numpy()
