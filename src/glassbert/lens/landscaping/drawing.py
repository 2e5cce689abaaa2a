"""A landscape as SVG: curves of a line; of a plane, a panel for every surface with its cells in the colour of
their measured corners, all on one scale.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from jaxtyping import Float64, Int32

from glassbert.errors import on_one_line

WIDTH, HEIGHT, LEFT, TOP = 560.0, 460.0, 64.0, 74.0
BETWEEN = 40.0  # panels
# light to dark, even in lightness: the same to every kind of colour vision
RAMP = ((246, 247, 249), (179, 201, 241), (106, 150, 228), (45, 92, 192), (16, 40, 106))
CURVES = ("#2456c6", "#ad430c", "#646b74")
NOT_FINITE = "#d6d6d6"


class _Surface(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def total_rows(self) -> int: ...
    @property
    def values(self) -> Float64[np.ndarray, " N"]: ...


class _Waypoint(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def position(self) -> Float64[np.ndarray, " D"]: ...
    @property
    def off_plane(self) -> float: ...


class Drawable(Protocol):
    """What of a landscape record is drawn."""

    @property
    def model(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def variance(self) -> Float64[np.ndarray, " D"] | None: ...
    @property
    def low(self) -> Float64[np.ndarray, " D"]: ...
    @property
    def high(self) -> Float64[np.ndarray, " D"]: ...
    @property
    def points(self) -> Float64[np.ndarray, "N D"]: ...
    @property
    def cells(self) -> Int32[np.ndarray, "C K"]: ...
    @property
    def surfaces(self) -> Sequence[_Surface]: ...
    @property
    def waypoints(self) -> Sequence[_Waypoint]: ...


def draw(record: Drawable) -> str:
    """One SVG file: every mark carries the measured numbers it stands for as data attributes."""
    parts = [_text(LEFT, 24, record.model, size=15), _text(LEFT, 42, _about(record), size=12, fill="#646b74")]
    parts += _lines(record) if record.points.shape[1] == 1 else _plane(record)
    panels = 1 if record.points.shape[1] == 1 else len(record.surfaces)
    size = f'width="{_right(panels) + 150:.0f}" height="{HEIGHT + TOP + 50:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="#fcfcfb"/>', *parts, "</svg>", ""])


def _about(record: Drawable) -> str:
    said = [f"{record.kind}, {len(record.points)} points measured"]
    if record.variance is not None:
        said.append(f"{record.variance.sum():.1%} of the variance of the checkpoints")
    said += [f"{each.name}: {each.rows} of {each.total_rows} rows" for each in record.surfaces]
    return " · ".join(said)


def _plane(record: Drawable) -> list[str]:
    logs = np.concatenate([_logs(each.values) for each in record.surfaces])
    low, high = float(np.nanmin(logs, initial=math.inf)), float(np.nanmax(logs, initial=-math.inf))
    parts = []
    for number, surface in enumerate(record.surfaces):
        parts += [
            f'<g transform="translate({number * (WIDTH + BETWEEN):.0f} 0)">',
            _text(LEFT, TOP - 10, surface.name, size=12),
            *_panel(record, surface, low, high),
            "</g>",
        ]
    return [*parts, *_key(low, high, _right(len(record.surfaces)))]


def _right(panels: int) -> float:
    """Where the last panel ends."""
    return LEFT + panels * WIDTH + (panels - 1) * BETWEEN


def _panel(record: Drawable, surface: _Surface, low: float, high: float) -> list[str]:
    logs, parts = _logs(surface.values), []
    for cell in record.cells:
        (left, bottom), (right, top) = (_place(record, record.points[cell[end]]) for end in (0, -1))
        value = float(logs[cell].mean())
        fill = _shade((value - low) / (high - low or 1.0)) if math.isfinite(value) else NOT_FINITE
        corners = ",".join(f"{each:.6g}" for each in surface.values[cell].tolist())
        parts.append(
            f'<rect x="{left:.2f}" y="{top:.2f}" width="{right - left:.2f}" height="{bottom - top:.2f}" '
            f'fill="{fill}" data-corners="{corners}"/>'
        )
    for point, value in zip(record.points, surface.values.tolist(), strict=True):
        x, y = _place(record, point)
        parts.append(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="1" fill="#16191d" data-loss="{value!r}"/>')
    places = [_place(record, each.position) for each in record.waypoints]
    if record.kind == "trajectory":
        way = " ".join(f"{x:.2f},{y:.2f}" for x, y in places)
        parts.append(f'<polyline points="{way}" fill="none" stroke="#ad430c" stroke-width="2"/>')
    for (x, y), each in zip(places, record.waypoints, strict=True):
        fill = "#ad430c" if each.off_plane == 0 else "#fcfcfb"
        parts.append(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="4" fill="{fill}" stroke="#ad430c"/>')
        parts.append(_text(x + 7, y - 6, each.name, size=11))
    return parts


def _key(low: float, high: float, left: float) -> list[str]:
    if not low <= high:
        return []
    x, parts = left + 16, [_text(left + 16, TOP + 2, "loss", size=11)]
    for step in range(60):
        y = TOP + 14 + step * 4
        parts.append(f'<rect x="{x}" y="{y}" width="14" height="4.5" fill="{_shade(1 - step / 59)}"/>')
    for share in (0.0, 0.5, 1.0):
        y = TOP + 18 + (1 - share) * 236
        parts.append(_text(x + 20, y + 4, f"{math.exp(low + share * (high - low)):.4g}", size=11))
    return parts


def _lines(record: Drawable) -> list[str]:
    order = np.argsort(record.points[:, 0])
    finite = np.concatenate([each.values[np.isfinite(each.values)] for each in record.surfaces])
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    parts = [_text(8, TOP + 8, f"{high:.4g}", size=11), _text(8, TOP + HEIGHT, f"{low:.4g}", size=11)]
    for number, surface in enumerate(record.surfaces):
        colour, way = CURVES[number % len(CURVES)], []
        for index in order.tolist():
            value = float(surface.values[index])
            if math.isfinite(value):
                x, _ = _place(record, record.points[index])
                y = TOP + HEIGHT * (high - value) / (high - low or 1.0)
                way.append(f"{x:.2f},{y:.2f}")
                parts.append(
                    f'<circle cx="{x:.2f}" cy="{y:.2f}" r="2" fill="{colour}" data-loss="{value!r}"/>'
                )
        parts.append(f'<polyline points="{" ".join(way)}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(_text(LEFT + WIDTH + 8, TOP + 14 + 18 * number, surface.name, size=12, fill=colour))
    for waypoint in record.waypoints:
        x, _ = _place(record, waypoint.position)
        parts.append(f'<line x1="{x:.2f}" x2="{x:.2f}" y1="{TOP}" y2="{TOP + HEIGHT}" stroke="#e3e5e8"/>')
        parts.append(_text(x - 12, TOP + HEIGHT + 18, waypoint.name, size=11))
    return parts


def _place(record: Drawable, point: Float64[np.ndarray, " D"]) -> tuple[float, float]:
    shares = (point - record.low) / (record.high - record.low)
    return LEFT + WIDTH * float(shares[0]), TOP + HEIGHT * (1 - float(shares[-1]))


def _logs(values: Float64[np.ndarray, " N"]) -> Float64[np.ndarray, " N"]:
    """Logarithms where the loss is a positive number, else NaN."""
    usable = np.isfinite(values) & (values > 0)
    return np.where(usable, np.log(np.where(usable, values, 1.0)), np.nan)


def _shade(place: float) -> str:
    at = min(max(place, 0.0), 1.0) * (len(RAMP) - 1)
    index = min(int(at), len(RAMP) - 2)
    mixed = [
        round(one + (two - one) * (at - index)) for one, two in zip(RAMP[index], RAMP[index + 1], strict=True)
    ]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _text(x: float, y: float, text: str, *, size: int, fill: str = "#16191d") -> str:
    shown = html.escape(on_one_line(text))
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}">{shown}</text>'
