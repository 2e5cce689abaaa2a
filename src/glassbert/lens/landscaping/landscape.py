"""The landscape lens: the loss at the points of a plane, the models on it, and how sharply it bends there."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from torch import nn

from glassbert.errors import Interrupted, Problem, UsageError
from glassbert.lens.landscape_record import Curvature, LandscapeRecord, Surface, Waypoint
from glassbert.lens.landscaping.curvature import Extremes, extremes
from glassbert.lens.landscaping.lattice import Lattice, Losses, Node
from glassbert.lens.landscaping.moving import borrowed, movable
from glassbert.lens.landscaping.options import Cost, LandscapeOptions
from glassbert.lens.landscaping.planes import Plane, Point, put
from glassbert.lens.landscaping.samples import Sample, mean_loss

# what a Hessian-vector product costs, in evaluations of the same rows: two forward and backward passes of a
# graph that is kept, with attention written out (MiniLM, medians of 7: 8 at 13 tokens, 11 at 64 and at 128)
PRODUCT = 10
# of a limited time: what curvature may take at most; and fewer products than these say too little
BENDING, FEWEST_PRODUCTS = 1 / 3, 4


def landscape(
    module: nn.Module,
    samples: Sequence[Sample],
    *,
    plane: Plane,
    options: LandscapeOptions = LandscapeOptions(),  # noqa: B008 - frozen
) -> LandscapeRecord:
    """The mean loss of every sample at points of the plane, more of them where it bends.

    Every value is a true evaluation, in evaluation mode, summed in float64. The curvature is that of the
    first sample at the module's own weights. The module is borrowed: its tensors are the same afterwards, to
    the bit. Raises UsageError where points or seconds do not suffice for the coarsest picture, Interrupted
    when `stopped` before there is one.
    """
    work = _Work(module, samples, plane, options)
    if work.fewest > options.points:
        fix = f"give at least {work.fewest}"
        raise UsageError(Problem(code="too-few-points", what=f"points is {options.points}", fix=fix))
    with borrowed(module) as digest:
        iterations = work.pace()
        curvature = work.curvature(iterations)
        waypoints = work.waypoints()
        lattice, even = work.explore()
    points, cells, values = work.collected(lattice)
    moved = movable(module).values()
    return LandscapeRecord(
        model=options.model,
        kind=plane.kind,
        seed=plane.seed,
        num_moved=sum(each.numel() for each in moved),
        axis_norms=np.array(plane.axis_norms),
        variance=None if plane.variance is None else np.array(plane.variance),
        low=np.array(plane.low),
        high=np.array(plane.high),
        points=points,
        cells=cells,
        surfaces=tuple(
            Surface(name=each.name, rows=each.rows, total_rows=each.total_rows, values=values[:, number])
            for number, each in enumerate(samples)
        ),
        waypoints=waypoints,
        curvature=curvature,
        seconds=work.elapsed,
        stopped="even" if even else work.reason,
        digest=digest,
    )


class _Work:
    """One landscape in the making: the clock, the count, and what was measured beside the lattice."""

    def __init__(
        self, module: nn.Module, samples: Sequence[Sample], plane: Plane, options: LandscapeOptions
    ) -> None:
        self.module, self.samples, self.plane, self.options = module, samples, plane, options
        self.started = time.monotonic()
        self.done = 0
        self.reason = "points"
        self.at_places: dict[Point, Losses] = {}
        self.lattice = Lattice(dims=len(plane.axes))

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started

    @property
    def fewest(self) -> int:
        """Evaluations of the coarsest picture."""
        return len(self.plane.places) + len(self.lattice.first_nodes())

    def pace(self) -> int:
        """Measure how long an evaluation takes, say what all of it costs; how many Hessian products fit in.

        Raises UsageError when the seconds do not suffice for the coarsest picture.
        """
        if self.options.stopped():
            raise self._too_early()
        self._losses()  # what is allocated once is not measured
        begun = time.monotonic()
        self._losses()
        each = time.monotonic() - begun
        share = self.samples[0].rows / sum(sample.rows for sample in self.samples)
        product, iterations = PRODUCT * share * each, self.options.iterations
        points, limit = self.options.points, self.options.seconds
        if limit is not None:
            left = limit - self.elapsed - self.fewest * each
            if left < 0:
                what = f"{limit:.3g} s do not suffice: the coarsest picture takes {limit - left:.0f} s"
                fix = "give more time, or read fewer rows"
                raise UsageError(Problem(code="budget-too-small", what=what, fix=fix))
            iterations = min(iterations, int(min(left, BENDING * limit) / max(product, 1e-9)))
            iterations = iterations if iterations >= FEWEST_PRODUCTS else 0
            fitting = int((left - iterations * product) / max(each, 1e-9))
            points = min(points, self.fewest + fitting)
        if self.options.told is not None:
            seconds = points * each + iterations * product
            self.options.told(Cost(evaluations=points, products=iterations, seconds=seconds))
        return iterations

    def waypoints(self) -> tuple[Waypoint, ...]:
        """Every model by its own weights."""
        found = []
        for place in self.plane.places:
            if self.options.stopped():
                raise self._too_early()
            put(self.module, place.weights)
            losses = self._count(self._losses())
            if place.off_plane == 0:
                self.at_places[place.position] = losses
            found.append(
                Waypoint(
                    name=place.name,
                    step=place.step,
                    position=np.array(place.position),
                    off_plane=place.off_plane,
                    losses=np.array(losses),
                )
            )
        return tuple(found)

    def curvature(self, iterations: int) -> Curvature | None:
        """At the module's own weights: nothing has been moved yet."""
        if not iterations:
            return None
        found: Extremes | None = extremes(
            self.module,
            self.samples[0],
            iterations=iterations,
            seed=self.options.seed,
            more=lambda: not self.options.stopped(),
        )
        if found is None:
            return None
        return Curvature(at=self.options.model, surface=self.samples[0].name, **vars(found))

    def explore(self) -> tuple[Lattice, bool]:
        even = self.lattice.explore(self._measure, self._more)
        if not self.lattice.cells:
            raise self._too_early()
        return self.lattice, even

    def collected(self, lattice: Lattice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points [N, D], cells [C, 2^D] and values [N, M]: the lattice's, then those of models beside it."""
        numbers = {node: number for number, node in enumerate(lattice.measured)}
        measured = {self._point(node): losses for node, losses in lattice.measured.items()}
        measured |= {point: losses for point, losses in self.at_places.items() if point not in measured}
        cells = [[numbers[corner] for corner in cell.corners()] for cell in sorted(lattice.cells)]
        return np.array(list(measured)), np.array(cells, dtype=np.int32), np.array(list(measured.values()))

    def _measure(self, node: Node) -> Losses:
        point = self._point(node)
        if point in self.at_places:
            return self.at_places[point]
        self.plane.put(self.module, point)
        return self._count(self._losses())

    def _point(self, node: Node) -> Point:
        """Of a node: exact at both ends and at every binary fraction of a whole frame."""
        plane, side = self.plane, self.lattice.side
        return tuple(
            (low * (side - at) + high * at) / side
            for at, low, high in zip(node, plane.low, plane.high, strict=True)
        )

    def _losses(self) -> Losses:
        return tuple(mean_loss(sample) for sample in self.samples)

    def _count(self, losses: Losses) -> Losses:
        self.done += 1
        if self.options.progress is not None:
            self.options.progress(self.done, self.options.points)
        return losses

    def _more(self) -> bool:
        """Whether to take another point; the coarsest picture is only given up for an interruption."""
        coarse = bool(self.lattice.cells)
        if self.options.stopped():
            self.reason = "interrupted"
        elif coarse and self.options.seconds is not None and self.elapsed >= self.options.seconds:
            self.reason = "budget"
        elif self.done >= self.options.points:
            self.reason = "points"
        else:
            return True
        return False

    def _too_early(self) -> Interrupted:
        what = f"stopped after {self.done} evaluations, before the coarsest picture of {self.fewest}"
        fix = "nothing was written; start it again"
        return Interrupted(Problem(code="interrupted", what=what, fix=fix))
