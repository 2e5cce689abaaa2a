"""What a landscape costs, how far it has come, and what it found, as lines of text."""

from __future__ import annotations

import time
from typing import Any

from glassbert.cli.console import duration, say
from glassbert.errors import on_one_line

SECONDS_BETWEEN = 10.0
STOPPED = {
    "even": "no cell is left that bends",
    "points": "as many as --points allows",
    "budget": "the budget was used up",
    "interrupted": "interrupted",
}


class LandscapeProgress:
    """Says the cost before the work, and how far it has come now and then."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._next = self._began + SECONDS_BETWEEN

    def told(self, cost: Any) -> None:
        bend = f" and {cost.products} Hessian-vector products" if cost.products else ", no curvature"
        say(
            f"up to {cost.evaluations:,} evaluations{bend}: about {duration(cost.seconds)} "
            "(Ctrl-C keeps what is done)"
        )
        self._began = time.monotonic()

    def progress(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + SECONDS_BETWEEN
            say(f"evaluation {done:,} of at most {total:,}, after {duration(now - self._began)}")


def table(record: Any) -> str:
    """The plane, the rows, the models on it with their losses, the range, and the curvature."""
    names = [surface.name for surface in record.surfaces]
    lines = [_plane(record), *(_rows(surface) for surface in record.surfaces), ""]
    width = max(len(on_one_line(waypoint.name)) for waypoint in record.waypoints)
    lines.append("  ".join(["loss".ljust(width), *(name.rjust(12) for name in names)]))
    for waypoint in record.waypoints:
        losses = "  ".join(f"{loss:12.6f}" for loss in waypoint.losses.tolist())
        off = f"  {waypoint.off_plane:.3g} off the plane" if waypoint.off_plane else ""
        lines.append(f"{on_one_line(waypoint.name).ljust(width)}  {losses}{off}")
    lines += [
        "",
        f"{len(record.points)} points measured in {duration(record.seconds)}: {STOPPED[record.stopped]}",
    ]
    return "".join(f"{line}\n" for line in [*lines, *_curvature(record.curvature)])


def _plane(record: Any) -> str:
    moved = f"{record.num_moved:,} weights"
    if record.kind == "random":
        return f"random plane, filter-normalised, seed {record.seed}, {moved}"
    if record.kind == "trajectory":
        first, second = record.variance.tolist()
        share = f"{first:.1%} + {second:.1%} of the variance between checkpoints"
        return f"plane of the trajectory: {share}, {moved}"
    places = " to ".join(on_one_line(waypoint.name) for waypoint in record.waypoints)
    return f"{'line from' if record.kind == 'line' else 'plane through'} {places}, {moved}"


def _rows(surface: Any) -> str:
    return f"{surface.name}: {surface.rows:,} of {surface.total_rows:,} rows"


def _curvature(found: Any) -> list[str]:
    if found is None:
        return ["curvature: not measured"]
    top = f"largest eigenvalue of the Hessian {found.top:.4g} (within {found.top_residual:.2g})"
    low = f"smallest {found.lowest:.4g} (within {found.lowest_residual:.2g})"
    return [f"{top}, {low}, at {on_one_line(found.at)}, on {found.surface} rows"]
