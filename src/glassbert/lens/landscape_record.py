"""The loss around and between models, measured point by point.

Letters: D dimensions (1 or 2), N measured points, C cells, K = 2^D corners of a cell, M surfaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int32

from glassbert.durable import write_file
from glassbert.errors import Problem, UsageError
from glassbert.lens.landscaping.drawing import draw
from glassbert.lens.records import Record, refuse_suffix


@dataclass(frozen=True, kw_only=True, eq=False)
class Surface(Record):
    """One set of rows and its mean loss at every measured point (NaN or infinity where it diverged).

    `rows` of `total_rows` were read, the same ones at every point.
    """

    name: str
    rows: int
    total_rows: int
    values: Float64[np.ndarray, " N"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Waypoint(Record):
    """A model that was drawn into the picture: where it is, and its own loss on every surface.

    `off_plane` is its distance from the plane (L2, all weights); where it is 0, the measured point at
    `position` is this very model. Elsewhere the picture shows the loss of its shadow on the plane, not its
    own.
    """

    name: str
    step: int | None
    position: Float64[np.ndarray, " D"]
    off_plane: float
    losses: Float64[np.ndarray, " M"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Curvature(Record):
    """The largest and the smallest eigenvalue of the loss's Hessian at one model, on one surface's rows.

    Within `top_residual` of `top` there is an eigenvalue for certain (Lanczos, up to rounding), and so below.
    """

    at: str
    surface: str
    top: float
    top_residual: float
    lowest: float
    lowest_residual: float
    iterations: int


@dataclass(frozen=True, kw_only=True, eq=False)
class LandscapeRecord(Record):
    """A line or a plane through the weights of a model, and the loss at N points of it.

    `kind` is line, between, random or trajectory. A point x stands for the weights origin + sum x_d axis_d;
    `axis_norms` are the lengths of the axes (L2 over all weights that move), `variance` the share of the
    trajectory's variance along each. Row n of `points` was measured with every surface; `cells` are the
    smallest squares (or intervals) whose corners were all measured: what lies inside them was not. `stopped`
    says why no more points were taken: even (no cell is left that bends), points, budget or interrupted.
    `digest` is the SHA-256 of the module's tensors, before and after.
    """

    model: str
    kind: str
    seed: int
    num_moved: int
    axis_norms: Float64[np.ndarray, " D"]
    variance: Float64[np.ndarray, " D"] | None
    low: Float64[np.ndarray, " D"]
    high: Float64[np.ndarray, " D"]
    points: Float64[np.ndarray, "N D"]
    cells: Int32[np.ndarray, "C K"]
    surfaces: tuple[Surface, ...]
    waypoints: tuple[Waypoint, ...]
    curvature: Curvature | None
    seconds: float
    stopped: str
    digest: str

    def __post_init__(self) -> None:
        super().__post_init__()
        dims = self.points.shape[1]
        sizes = {len(surface.values) for surface in self.surfaces}
        if sizes != {len(self.points)} or self.cells.shape[1:] != (2**dims,) or dims not in (1, 2):
            raise ValueError("points, cells and surfaces disagree in size")
        if self.cells.size and not 0 <= self.cells.min() <= self.cells.max() < len(self.points):
            raise ValueError("a cell has a corner that was not measured")
        widths = {len(waypoint.losses) for waypoint in self.waypoints} | {len(self.surfaces)}
        places = {len(waypoint.position) for waypoint in self.waypoints} | {dims, len(self.axis_norms)}
        if len(widths) > 1 or len(places) > 1:
            raise ValueError("waypoints, axes and surfaces disagree in size")

    def save(self, path: str | Path) -> None:
        """As every record, and `.svg`: every surface from above, or all curves."""
        if refuse_format(path) == ".svg":
            write_file(Path(path), [draw(self).encode("utf-8", "xmlcharrefreplace")])
        else:
            super().save(path)

    def at(self, position: Sequence[float]) -> Float64[np.ndarray, " M"]:
        """The losses that were measured at exactly this point; UsageError where none was."""
        found = np.flatnonzero((self.points == np.asarray(position, dtype=np.float64)).all(axis=1))
        if not len(found):
            what = f"no loss was measured at {tuple(position)}"
            raise UsageError(Problem(code="not-measured", what=what, fix="take one of `points`"))
        return np.array([surface.values[found[0]] for surface in self.surfaces])


def refuse_format(path: str | Path) -> str:
    """The suffix in lower case; raises UsageError for one that no landscape can be saved as."""
    return refuse_suffix(path, more=(".svg",))
