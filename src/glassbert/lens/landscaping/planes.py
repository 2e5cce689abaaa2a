"""Lines and planes through weights: what a point of them stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from glassbert.errors import Problem, UsageError
from glassbert.lens.landscaping.directions import (
    filter_normalised,
    inner_products,
    length,
    mixed,
    principal,
)
from glassbert.lens.landscaping.moving import Weights, movable, refuse_other_shapes

Point = tuple[float, ...]
# room around the models, as a share of the room that they take
PADDING = 0.35
# a picture is at least this share of its width high, or a nearly straight way would be a line
FLATTEST = 0.55


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """A model at its place in the plane, or `off_plane` from it."""

    name: str
    step: int | None
    weights: Weights
    position: Point
    off_plane: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Plane:
    """The weights origin + sum_d x_d axes_d, for x between `low` and `high`; one axis makes a line.

    `places` are the models that it was laid through. At the place of one that lies in it, the plane gives
    that model's own tensors, not their sum up to rounding.
    """

    kind: str
    origin: Weights
    axes: tuple[Weights, ...]
    low: Point
    high: Point
    places: tuple[Place, ...]
    variance: tuple[float, ...] | None = None
    seed: int = 0

    @classmethod
    def between(cls, module: nn.Module, models: Mapping[str, Weights]) -> Plane:
        """The line through two models or the plane through three: the first at 0, the second at 1.

        The second axis is orthogonal to the first, and 1 on it is the height of the third model: a model from
        scratch may be fifty times as far away as a fine-tuned one, and a picture to scale would show nothing.
        Raises UsageError for another number of models and for models that coincide or lie on one line,
        DataError for models of another shape than the module's.
        """
        refuse_other_shapes(module, models)
        names, given, labels = list(movable(module)), list(models.values()), list(models)
        if len(given) not in (2, 3):
            what = f"{len(given)} models span no line and no plane"
            raise UsageError(Problem(code="no-plane", what=what, fix="name two models, or three"))
        gram = inner_products(given[1:], given[0], names)
        if gram[0, 0] == 0:
            what = f"{labels[0]} and {labels[1]} have the same weights"
            raise UsageError(Problem(code="no-plane", what=what, fix="name models that differ"))
        ahead = mixed(given[1:2], given[0], names, mix=np.ones(1))
        if len(given) == 2:
            places = [
                Place(name=label, step=None, weights=each, position=(float(at),))
                for at, (label, each) in enumerate(models.items())
            ]
            return cls(
                kind="line", origin=given[0], axes=(ahead,), low=(-0.5,), high=(1.5,), places=tuple(places)
            )
        along = gram[0, 1] / gram[0, 0]
        aside = (gram[1, 1] - along * gram[0, 1]) / gram[0, 0]
        if aside <= 1e-12 * max(1.0, along**2):
            what = f"{labels[2]} lies on the line through {labels[0]} and {labels[1]}"
            raise UsageError(Problem(code="no-plane", what=what, fix="leave one of them out"))
        across = mixed(given[1:], given[0], names, mix=np.array([-along, 1.0]))
        positions = [(0.0, 0.0), (1.0, 0.0), (float(along), 1.0)]
        places = [
            Place(name=label, step=None, weights=each, position=position)
            for (label, each), position in zip(models.items(), positions, strict=True)
        ]
        return cls(
            kind="between",
            origin=given[0],
            axes=(ahead, across),
            **_frame(positions),
            places=tuple(places),
        )

    @classmethod
    def random(cls, module: nn.Module, *, seed: int = 0, radius: float = 1.0, name: str = "model") -> Plane:
        """Two filter-normalised random directions from the module's own weights, to `radius` on all sides."""
        own = {each: parameter.detach().clone() for each, parameter in movable(module).items()}
        axes = filter_normalised(own, seed=seed)
        centre = Place(name=name, step=None, weights=own, position=(0.0, 0.0))
        low, high = (-radius, -radius), (radius, radius)
        return cls(kind="random", origin=own, axes=axes, low=low, high=high, places=(centre,), seed=seed)

    @classmethod
    def trajectory(
        cls, module: nn.Module, steps: Mapping[int, Weights], *, centre: int | None = None
    ) -> Plane:
        """The two principal directions of the checkpoints, through that of step `centre` (None: the last).

        Raises UsageError where fewer than three differ; DataError for checkpoints of another shape.
        """
        refuse_other_shapes(module, {f"step {step}": weights for step, weights in steps.items()})
        names, order = list(movable(module)), sorted(steps)
        models = [steps[step] for step in order]
        origin = models[-1] if centre is None else steps[centre]
        found = principal(inner_products(models, origin, names))
        axes = tuple(mixed(models, origin, names, mix=mix) for mix in found.mix)
        places = [
            Place(
                name=f"step {step}",
                step=step,
                weights=weights,
                position=_point(position),
                off_plane=float(off),
            )
            for step, weights, position, off in zip(
                order, models, found.positions, found.off_plane, strict=True
            )
        ]
        frame = _frame([place.position for place in places])
        return cls(
            kind="trajectory",
            origin=origin,
            axes=axes,
            **frame,
            places=tuple(places),
            variance=_point(found.variance),
        )

    @property
    def axis_norms(self) -> Point:
        return tuple(length(axis) for axis in self.axes)

    def inside(self) -> list[Place]:
        """The models that lie in the plane itself."""
        return [place for place in self.places if place.off_plane == 0]

    def put(self, module: nn.Module, point: Point) -> None:
        """Make the module what stands at this point: the very model where one lies there."""
        for place in self.inside():
            if place.position == point:
                put(module, place.weights)
                return
        with torch.no_grad():
            for name, parameter in movable(module).items():
                total: Tensor = self.origin[name].to(parameter.device, copy=True)
                for share, axis in zip(point, self.axes, strict=True):
                    total.add_(axis[name].to(parameter.device), alpha=share)
                parameter.copy_(total)


@torch.no_grad()
def put(module: nn.Module, weights: Weights) -> None:
    """Copy weights into a module, bit for bit."""
    for name, parameter in movable(module).items():
        parameter.copy_(weights[name])


def _point(values: Sequence[float] | np.ndarray) -> Point:
    return tuple(float(value) for value in values)


def _frame(positions: Sequence[Point]) -> dict[str, Any]:
    """Around the models, with room on all sides."""
    low, high = np.min(positions, axis=0), np.max(positions, axis=0)
    span = np.maximum(high - low, FLATTEST * (high - low).max())
    middle, half = (low + high) / 2, span * (0.5 + PADDING)
    return {"low": _point(middle - half), "high": _point(middle + half)}
