"""Landscapes for the page's tests, measured by the lens on functions known in closed form."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from glassbert.lens.landscape_record import LandscapeRecord
from glassbert.lens.landscaping.landscape import landscape
from glassbert.lens.landscaping.options import LandscapeOptions
from glassbert.lens.landscaping.planes import Plane
from glassbert.lens.landscaping.samples import Sample


class Bowl(nn.Module):
    """Two weights and a loss of both; another one for rows held out."""

    def __init__(self) -> None:
        super().__init__()
        self.at = nn.Parameter(torch.zeros(2, 2, dtype=torch.float64))

    def training_loss(self) -> Tensor:
        x, y = self.at.sum(dim=1)
        return 0.02 + (1 - x) ** 2 + 2 * (y - 0.6 * x**2) ** 2

    def held_out_loss(self) -> Tensor:
        return 1.3 * self.training_loss() + 0.1 * (self.at[0, 0] - 0.4) ** 2


def weights(x: float, y: float) -> dict[str, Tensor]:
    """With a way of its own in the two directions that the loss does not see apart."""
    return {"at": torch.tensor([[x, 0.4 * x * y], [y, 0.2 - 0.4 * x**2]], dtype=torch.float64)}


def make_landscape(kind: str = "trajectory", *, points: int = 90, names: str = "") -> LandscapeRecord:
    """A landscape of each kind; `names` is put before the names of the models."""
    bowl = Bowl()
    way = {0: (-1.0, 1.2), 4: (-0.4, 0.6), 8: (0.1, 0.15), 12: (0.6, 0.1), 16: (0.9, 0.3)}
    if kind == "trajectory":
        plane = Plane.trajectory(bowl, {step: weights(*at) for step, at in way.items()})
    elif kind == "random":
        with torch.no_grad():
            bowl.at.copy_(weights(0.9, 0.4)["at"])
        plane = Plane.random(bowl, seed=1, name=f"{names}final")
    else:
        models = {
            f"{names}{step}": weights(*at) for step, at in list(way.items())[:: 2 if kind == "between" else 4]
        }
        plane = Plane.between(bowl, models)
    losses: list[tuple[str, Callable[[], Tensor]]] = [
        ("training", bowl.training_loss),
        ("held-out", bowl.held_out_loss),
    ]
    samples = [Sample(name=name, rows=8, total_rows=100, weight=1.0, parts=(loss,)) for name, loss in losses]
    return landscape(bowl, samples, plane=plane, options=LandscapeOptions(model=f"{names}run", points=points))
