"""Draw the plots of the documentation, docs/images/NAME.svg, from the measurements in benchmarks/results.

    python docs/make_plots.py [--run RUN [--name pretraining-mini]]

`--run` first takes the curve of a run of `glassbert pretrain` over into benchmarks/results/NAME.jsonl.
tests/test_plots.py fails while a picture is not what this draws.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS, IMAGES = ROOT / "benchmarks" / "results", ROOT / "docs" / "images"
WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 40, 52
COLORS = ("#1d5fa8", "#b4550f", "#2f7d4f")
FONT = 'font-family="system-ui, sans-serif" font-size="13"'
LEGEND = 300
"""Where the legend of falling curves begins."""
MOST_TICKS = 10
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Axes:
    """Linear axes: x from 0 to `most`, y from `low` to `high`; `parts` collects what is drawn on them."""

    title: str
    below: str
    most: float
    high: float
    low: float = 0.0
    parts: list[str] = field(default_factory=list)

    def x(self, value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * value / self.most

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    def line(self, points: Sequence[tuple[float, float]], color: str, more: str = "") -> None:
        places = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{places}" stroke="{color}" fill="none"{more}/>')

    def dot(self, x: float, y: float, color: str, radius: int) -> None:
        self.parts.append(f'<circle cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="{radius}" fill="{color}"/>')

    def legend(self, number: int, says: str, left: int) -> None:
        height = TOP + 10 + 22 * number
        self.parts.append(f'<circle cx="{left}" cy="{height}" r="4" fill="{COLORS[number]}"/>')
        self.parts.append(f'<text x="{left + 12}" y="{height + 4}">{says}</text>')

    def drawn(self) -> str:
        """The picture: frame, ticks, and what was put on it."""
        left, bottom = self.x(0), self.y(self.low)
        frame = f"M{left:.1f} {self.y(self.high):.1f} V{bottom:.1f} H{self.x(self.most):.1f}"
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            f'<g {FONT} fill="#333333">',
            f'<text x="{LEFT}" y="20">{self.title}</text>',
            f'<path d="{frame}" stroke="#888888" fill="none"/>',
        ]
        for value in ticks(0, self.most):
            place = f'x="{self.x(value):.1f}" y="{bottom + 18:.1f}"'
            parts.append(f'<text {place} text-anchor="middle">{number_of(value)}</text>')
        for value in ticks(self.low, self.high):
            place = f'x="{LEFT - 8}" y="{self.y(value) + 4:.1f}"'
            parts.append(f'<text {place} text-anchor="end">{number_of(value)}</text>')
        parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 10}" text-anchor="middle">{self.below}</text>')
        return "\n".join([*parts, *self.parts, "</g>", "</svg>"]) + "\n"


def ticks(low: float, high: float) -> list[float]:
    """The multiples of 1, 2 or 5 times a power of ten from `low` to `high`, four to ten of them."""
    span = high - low
    power = 10.0 ** math.floor(math.log10(span))
    step = next(each * power for each in (0.1, 0.2, 0.5, 1) if span / (each * power) < MOST_TICKS)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def number_of(value: float) -> str:
    return f"{value:,g}" if value < 1000 else f"{value:,.0f}"


@dataclass(frozen=True, kw_only=True)
class Curves:
    """What falls while a model learns: `keys` are the numbers of a row, `along` says how far it has come, in
    units of `unit`.
    """

    title: str
    keys: Mapping[str, str]
    low: float = 0.0
    along: str = "tokens"
    unit: float = 1e6
    below: str = "million tokens read"

    def drawn(self, rows: Sequence[Row]) -> str:
        rows = [row for row in rows if self.along in row]
        high = max(row[key] for row in rows for key in self.keys)
        axes = Axes(
            title=self.title,
            below=self.below,
            most=max(row[self.along] for row in rows) / self.unit,
            high=high + 0.05 * (high - self.low),
            low=self.low,
        )
        for number, (key, says) in enumerate(self.keys.items()):
            points = [(row[self.along] / self.unit, row[key]) for row in rows]
            axes.line(points, COLORS[number], ' stroke-width="2"')
            for x, y in points:
                axes.dot(x, y, COLORS[number], 3)
            axes.legend(number, f"{says}: {points[-1][1]:.3f} at last", LEGEND)
        return axes.drawn()


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Median seconds of a step over its tokens with quartiles, and the straight line through the origin."""

    names: Mapping[str, str]

    def drawn(self, rows: Sequence[Row]) -> str:
        tasks: dict[str, list[Row]] = rows[-1]["steps"]
        axes = Axes(
            title="seconds of a training step (median and quartiles)",
            below="tokens of a step: four windows of 16 to 512",
            most=max(step["tokens"] for steps in tasks.values() for step in steps),
            high=1.05 * max(step["seconds"][2] for steps in tasks.values() for step in steps),
        )
        for number, (task, steps) in enumerate(tasks.items()):
            color, rise = COLORS[number], slope(steps)
            axes.line([(0, 0), (axes.most, rise * axes.most)], color, ' stroke-dasharray="4 4"')
            for step in steps:
                low, middle, high = step["seconds"]
                axes.line([(step["tokens"], low), (step["tokens"], high)], color, ' stroke-width="2"')
                axes.dot(step["tokens"], middle, color, 4)
            axes.legend(number, f"{self.names[task]}: {1e6 * rise:.0f} microseconds a token", LEFT + 20)
        return axes.drawn()


def slope(steps: Sequence[Row]) -> float:
    """Seconds a token of the line through the origin that fits the medians best: sum(x y) / sum(x^2)."""
    pairs = [(row["tokens"], row["seconds"][1]) for row in steps]
    return float(sum(x * y for x, y in pairs) / sum(x * x for x, _ in pairs))


RUNS = ("pretraining", "pretraining-mini")


def pretraining(size: str) -> Curves:
    return Curves(
        title=f"pre-training {size} on Wikipedia: nats per hidden word",
        keys={"loss": "learnt text, mean since the dot before", "held_out": "held-out text"},
        along="seconds",
        unit=60,
        below="minutes",
    )


PLOTS: Mapping[str, tuple[str, Curves | Cost]] = {
    "encoder": (
        "encoder",
        Curves(
            title="distilling glassbert-l3: what differs from MiniLM on held-out paragraphs",
            keys={"unexplained": "variance of the states that is left", "apart": "1 - cos of a text's means"},
        ),
    ),
    "pretraining": ("pretraining", pretraining("2 x 128")),
    "pretraining-mini": ("pretraining-mini", pretraining("4 x 256")),
    "linear-cost": (
        "linear_cost",
        Cost(names={"token-classification": "tags", "question-answering": "answers"}),
    ),
}
"""The pictures: the file of results, and what is drawn of its rows."""


def rows_of(name: str) -> list[Row]:
    lines = (RESULTS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def curve_of(run: Path) -> list[Row]:
    """The held-out loss of a run of pre-training at each of its validations, and the mean loss of the steps
    since the one before.
    """
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    logged = [json.loads(line) for line in lines]
    rows: list[Row] = []
    losses: list[float] = []
    began = logged[0]["time"]
    for row in logged:
        if "validation_mlm_loss" not in row:
            losses.append(row["loss"])
            continue
        rows.append(
            {
                "step": row["step"],
                "seconds": round(row["time"] - began, 1),
                "loss": round(sum(losses) / len(losses), 4),
                "held_out": round(row["validation_mlm_loss"], 4),
            }
        )
        losses = []
    return rows


def picture_of(name: str) -> str:
    results, plot = PLOTS[name]
    return plot.drawn(rows_of(results))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--run", type=Path, help="of `glassbert pretrain`")
    parser.add_argument("--name", choices=RUNS, default=RUNS[0])
    options = parser.parse_args()
    if options.run is not None:
        rows = "".join(f"{json.dumps(row)}\n" for row in curve_of(options.run))
        (RESULTS / f"{options.name}.jsonl").write_text(rows, encoding="utf-8")
    for name in PLOTS:
        (IMAGES / f"{name}.svg").write_text(picture_of(name), encoding="utf-8")


if __name__ == "__main__":
    main()
