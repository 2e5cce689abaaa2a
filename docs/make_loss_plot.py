"""Draw the held-out curves of recorded training runs: benchmarks/results/NAME.jsonl as docs/images/NAME.svg.

    python docs/make_loss_plot.py

A row of such a file has the tokens read so far, and one number for each curve. tests/test_loss_plot.py fails
while a picture is not what this draws.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS, IMAGES = ROOT / "benchmarks" / "results", ROOT / "docs" / "images"
CURVES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "encoder": (
        "distilling glassbert-l3: what differs from MiniLM on held-out paragraphs",
        {"unexplained": "variance of the states that is left", "apart": "1 - cos of a text's means"},
    ),
}
"""The pictures: title, and the curves by the key of their number."""
WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 40, 52
COLORS = ("#1d5fa8", "#b4550f")
FONT = 'font-family="system-ui, sans-serif" font-size="13"'
MOST_TICKS = 10
Row = dict[str, Any]


def main() -> None:
    for name in CURVES:
        (IMAGES / f"{name}.svg").write_text(drawn(name, rows_of(name)), encoding="utf-8")


def rows_of(name: str) -> list[Row]:
    lines = (RESULTS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if "tokens" in row]


def drawn(name: str, rows: list[Row]) -> str:
    """Each curve as a line with a dot at every row; both axes begin at 0."""
    title, curves = CURVES[name]
    most = max(row["tokens"] for row in rows)
    high = 1.05 * max(row[key] for row in rows for key in curves)

    def x(tokens: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * tokens / most

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / high

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<g {FONT} fill="#333333">',
        f'<text x="{LEFT}" y="20">{title}</text>',
        f'<path d="M{x(0):.1f} {y(high):.1f} V{y(0):.1f} H{x(most):.1f}" stroke="#888888" fill="none"/>',
    ]
    for tokens in ticks(most / 1e6):
        parts.append(
            f'<text x="{x(1e6 * tokens):.1f}" y="{y(0) + 18:.1f}" text-anchor="middle">{tokens:g}</text>'
        )
    for value in ticks(high):
        parts.append(f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 10}" text-anchor="middle">million tokens read</text>')
    for number, (key, says) in enumerate(curves.items()):
        color, height = COLORS[number], TOP + 10 + 22 * number
        points = " ".join(f"{x(row['tokens']):.1f},{y(row[key]):.1f}" for row in rows)
        parts.append(f'<polyline points="{points}" stroke="{color}" stroke-width="2" fill="none"/>')
        parts += [f'<circle cx="{x(row["tokens"]):.1f}" cy="{y(row[key]):.1f}" r="3" fill="{color}"/>'
                  for row in rows]  # fmt: skip
        parts.append(f'<circle cx="{WIDTH - 380}" cy="{height}" r="4" fill="{color}"/>')
        parts.append(f'<text x="{WIDTH - 368}" y="{height + 4}">{says}: {rows[-1][key]:.3f} at last</text>')
    return "\n".join([*parts, "</g>", "</svg>"]) + "\n"


def ticks(high: float) -> list[float]:
    """0 and the multiples of 1, 2 or 5 times a power of ten up to `high`, four to ten of them."""
    power = 10.0 ** math.floor(math.log10(high))
    step = next(each * power for each in (0.1, 0.2, 0.5, 1) if high / (each * power) < MOST_TICKS)
    return [round(number * step, 10) for number in range(math.floor(high / step) + 1)]


if __name__ == "__main__":
    main()
