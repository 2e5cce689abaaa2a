"""Attribution by derivatives of F with respect to the vectors h that enter the first block.

Letters: S tokens, H hidden size. Every function gives one score per token, float64 [S].
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from glassbert.lens.attributing.options import AttributionOptions
from glassbert.lens.attributing.subject import Subject

NODES, MOST_GRADIENTS = 8, 640
# what the scores may miss on one piece of the way; 1e-3 on all of it is what the tests allow
TOLERANCE = 2.5e-5
SHAP_SAMPLES = 64
# of the standard deviation of the window's vectors; SmoothGrad (Smilkov et al. 2017) advises 0.1 to 0.2
NOISE = 0.1

Points = Callable[[Float[Tensor, "n 1 1"]], Float[Tensor, "n S H"]]


def saliency(subject: Subject, options: AttributionOptions) -> Float[np.ndarray, "S"]:
    """The length of the gradient, |dF/dh_i| (Simonyan et al. 2014): how sensitive, not in which direction."""
    return _gradient(subject).norm(dim=-1).double().cpu().numpy()


def input_x_gradient(subject: Subject, options: AttributionOptions) -> Float[np.ndarray, "S"]:
    """h_i . dF/dh_i (Shrikumar et al. 2016): the first term of a Taylor series."""
    return _sums(subject.embedded(), _gradient(subject))


def integrated_gradients(subject: Subject, options: AttributionOptions) -> Float[np.ndarray, "S"]:
    """(h_i - b_i) . the mean of dF/dh_i on the straight way from b, the masked text (Sundararajan 2017).

    The scores of a piece of the way have to sum to the difference of F between its ends: that tells where
    eight points (Gauss and Legendre's) are too few, as at the kink of a ReLU, and the piece is halved, until
    640 gradients are spent.
    """
    base, full = subject.embedded(kept=False), subject.embedded()
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    scores, pieces, spent = np.zeros(subject.length), [(0.0, 1.0)], 0
    while pieces:
        start, end = pieces.pop(0)
        with torch.inference_mode():
            ends = torch.stack([base + share * (full - base) for share in (start, end)])
            low, high = subject.of_embedded(ends).double().tolist()
        places = start + (end - start) * (nodes + 1) / 2
        mean = _mean_gradient(
            subject, places, weights / 2 * (end - start), lambda share: base + share * (full - base)
        )
        found, spent = _sums(full - base, mean), spent + NODES
        if abs(found.sum() - (high - low)) < TOLERANCE or spent + NODES * len(pieces) >= MOST_GRADIENTS:
            scores += found
        else:
            middle = (start + end) / 2
            pieces += [(start, middle), (middle, end)]
    return scores


def gradient_shap(subject: Subject, options: AttributionOptions) -> Float[np.ndarray, "S"]:
    """Integrated gradients on a blurred way (Erion et al. 2021): 64 points, one in every 64th of the way,
    each moved by Gaussian noise of a tenth of the vectors' spread.
    """
    base, full = subject.embedded(kept=False), subject.embedded()
    draw = torch.Generator().manual_seed(options.seed)
    places = (np.arange(SHAP_SAMPLES) + torch.rand(SHAP_SAMPLES, generator=draw).numpy()) / SHAP_SAMPLES
    spread = float(full.std()) * NOISE

    def points(share: Float[Tensor, "n 1 1"]) -> Float[Tensor, "n S H"]:
        noise = torch.randn((len(share), *full.shape), generator=draw).to(full.device)
        return base + share * (full + spread * noise - base)

    weights = np.full(SHAP_SAMPLES, 1 / SHAP_SAMPLES)
    return _sums(full - base, _mean_gradient(subject, places, weights, points))


def _gradient(subject: Subject) -> Float[Tensor, "S H"]:
    return subject.gradient(subject.embedded()[None])[0]


def _mean_gradient(
    subject: Subject, places: np.ndarray, weights: np.ndarray, points: Points
) -> Float[Tensor, "S H"]:
    """The weighted sum of gradients, a batch at a time: [points, S, H] never exists as a whole."""
    total = torch.zeros_like(subject.embedded(), dtype=torch.float64)
    for some in subject.batches(len(places), backward=True):
        share, weight = (
            torch.as_tensor(part[some], dtype=torch.float32, device=subject.device)
            for part in (places, weights)
        )
        gradient = subject.gradient(points(share[:, None, None]))
        total += torch.einsum("n,nsh->sh", weight.double(), gradient.double())
    return total


def _sums(vectors: Float[Tensor, "S H"], gradient: Float[Tensor, "S H"]) -> Float[np.ndarray, "S"]:
    return (vectors.double() * gradient.double()).sum(-1).cpu().numpy()
