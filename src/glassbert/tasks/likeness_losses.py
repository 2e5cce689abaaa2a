"""What pairs and triplets of vectors are to learn, as a loss for each example.

Letters: P examples of a batch, S texts of each (2: a pair; 3: anchor, positive, negative), H hidden. The
formulas and their constants are those of sentence-transformers (Reimers and Gurevych 2019).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

SCALE = 20.0
MARGIN = 5.0

Loss = Callable[[Tensor, "Tensor | None"], Tensor]


def multiple_negatives(vectors: Float[Tensor, "P S H"], targets: Tensor | None) -> Float[Tensor, "P"]:
    """-log softmax over all candidates c of the batch of 20 cos(a_i, c), at its own positive (Henderson et
    al. 2017); candidates are the positives of all examples and, in triplets, their negatives too.
    """
    anchors = F.normalize(vectors[:, 0], dim=-1)
    candidates = F.normalize(vectors[:, 1:].transpose(0, 1).flatten(0, 1), dim=-1)
    own = torch.arange(len(vectors), device=vectors.device)
    return F.cross_entropy(SCALE * anchors @ candidates.T, own, reduction="none")


def cosine(vectors: Float[Tensor, "P S H"], targets: Tensor | None) -> Float[Tensor, "P"]:
    """(cos(a, b) - y)^2, y a target of -1 to 1."""
    assert targets is not None, "the cosine loss learns from scores"
    found = F.cosine_similarity(vectors[:, 0], vectors[:, 1], dim=-1)
    squared: Tensor = (found - targets.to(found.dtype)) ** 2
    return squared


def triplet(vectors: Float[Tensor, "P S H"], targets: Tensor | None) -> Float[Tensor, "P"]:
    """max(0, |a - p| - |a - n| + 5), Euclidean (Schroff et al. 2015)."""
    anchor, positive, negative = vectors.unbind(1)
    near, far = F.pairwise_distance(anchor, positive), F.pairwise_distance(anchor, negative)
    return F.relu(near - far + MARGIN)


LOSSES: dict[str, Loss] = {"multiple-negatives": multiple_negatives, "cosine": cosine, "triplet": triplet}
