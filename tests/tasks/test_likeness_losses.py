"""The losses of pairs and triplets: those of sentence-transformers, values and gradients."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from sentence_transformers import util
from sentence_transformers.sentence_transformer import losses
from torch import Tensor, nn

from glassbert.tasks.likeness_losses import LOSSES, cosine, multiple_negatives, triplet


class Given(nn.Module):
    """Stands for a model of sentence-transformers: its vectors are what it is given."""

    def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"sentence_embedding": features["vectors"]}


def drawn(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(*shape, generator=generator, dtype=torch.float64) * 3).requires_grad_()


def theirs(name: str, vectors: Tensor, targets: Tensor | None) -> Tensor:
    kinds: dict[str, Any] = {
        "multiple-negatives": losses.MultipleNegativesRankingLoss,
        "cosine": losses.CosineSimilarityLoss,
        "triplet": losses.TripletLoss,
    }
    features = [{"vectors": vectors[:, side]} for side in range(vectors.shape[1])]
    found: Tensor = kinds[name](Given())(features, targets)
    return found


@pytest.mark.parametrize(
    ("name", "sides"), [("multiple-negatives", 2), ("multiple-negatives", 3), ("cosine", 2), ("triplet", 3)]
)
def test_losses_and_gradients_equal_those_of_sentence_transformers(name: str, sides: int) -> None:
    mine, other = drawn(7, sides, 5), drawn(7, sides, 5)
    targets = torch.linspace(-0.5, 1, 7, dtype=torch.float64) if name == "cosine" else None
    found, wanted = LOSSES[name](mine, targets).mean(), theirs(name, other, targets)
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)
    found.backward()
    wanted.backward()
    assert mine.grad is not None and other.grad is not None and mine.grad.abs().sum() > 1e-3
    torch.testing.assert_close(mine.grad, other.grad, rtol=1e-5, atol=1e-7)


def test_multiple_negatives_is_its_formula() -> None:
    vectors = drawn(4, 3, 6, seed=1)
    similar = 20 * util.cos_sim(vectors[:, 0], torch.cat([vectors[:, 1], vectors[:, 2]]))
    wanted = [torch.logsumexp(row, 0) - row[place] for place, row in enumerate(similar)]
    torch.testing.assert_close(multiple_negatives(vectors, None), torch.stack(wanted))


def test_a_pair_alone_has_nothing_to_be_told_from() -> None:
    assert multiple_negatives(drawn(1, 2, 5), None).item() == pytest.approx(0.0, abs=1e-12)


def test_equal_vectors_have_finite_gradients() -> None:
    for name, sides in (("multiple-negatives", 2), ("cosine", 2), ("triplet", 3)):
        vectors = torch.ones(3, sides, 4, dtype=torch.float64, requires_grad=True)
        LOSSES[name](vectors, torch.zeros(3, dtype=torch.float64)).sum().backward()
        assert vectors.grad is not None and torch.isfinite(vectors.grad).all()


def test_the_margin_and_the_target_are_reached() -> None:
    far = torch.tensor([[[0.0, 0], [0, 1], [7, 0]], [[0, 0], [0, 2], [4, 0]]])
    assert triplet(far, None).tolist() == pytest.approx([0.0, 3.0], abs=1e-4)
    pair = torch.tensor([[[1.0, 0], [1, 1]]])
    assert cosine(pair, torch.tensor([0.5**0.5])).item() == pytest.approx(0.0, abs=1e-7)
