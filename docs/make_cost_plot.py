"""Draw docs/images/linear-cost.svg from the last row of benchmarks/results/linear_cost.jsonl.

    python docs/make_cost_plot.py

tests/test_cost_plot.py fails while the picture is not what this draws.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "linear_cost.jsonl"
PICTURE = ROOT / "docs" / "images" / "linear-cost.svg"
WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 40, 52
NAMES = {"token-classification": "tags", "question-answering": "answers"}
COLORS = ("#1d5fa8", "#b4550f")
FONT = 'font-family="system-ui, sans-serif" font-size="13"'
Row = dict[str, Any]


def main() -> None:
    PICTURE.write_text(
        drawn(json.loads(RESULTS.read_text(encoding="utf-8").splitlines()[-1])), encoding="utf-8"
    )


def slope(steps: list[Row]) -> float:
    """Seconds a token of the line through the origin that fits the medians best: sum(x y) / sum(x^2)."""
    pairs = [(row["tokens"], row["seconds"][1]) for row in steps]
    return sum(x * y for x, y in pairs) / sum(x * x for x, _ in pairs)


def drawn(row: Row) -> str:
    """Median seconds of a step over its tokens with quartiles, and the straight line through the origin."""
    tasks = row["steps"]
    most = max(step["tokens"] for steps in tasks.values() for step in steps)
    high = 1.05 * max(step["seconds"][2] for steps in tasks.values() for step in steps)

    def x(tokens: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * tokens / most

    def y(seconds: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * seconds / high

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<g {FONT} fill="#333333">',
        *axis(most, high, x, y),
    ]
    for number, (task, steps) in enumerate(tasks.items()):
        color = COLORS[number]
        line = slope(steps)
        parts.append(f'<path d="M{x(0):.1f} {y(0):.1f} L{x(most):.1f} {y(line * most):.1f}" stroke="{color}"'
                     ' stroke-dasharray="4 4" fill="none"/>')  # fmt: skip
        for step in steps:
            place, (low, middle, top) = x(step["tokens"]), map(y, step["seconds"])
            parts.append(f'<path d="M{place:.1f} {low:.1f} V{top:.1f}" stroke="{color}" stroke-width="2"/>')
            parts.append(f'<circle cx="{place:.1f}" cy="{middle:.1f}" r="4" fill="{color}"/>')
        says = f"{NAMES[task]}: {1e6 * line:.0f} microseconds a token"
        parts.append(f'<circle cx="{LEFT + 20}" cy="{TOP + 10 + 22 * number}" r="4" fill="{color}"/>')
        parts.append(f'<text x="{LEFT + 32}" y="{TOP + 14 + 22 * number}">{says}</text>')
    return "\n".join([*parts, "</g>", "</svg>"]) + "\n"


def axis(most: int, high: float, x: Any, y: Any) -> list[str]:
    """Lines, ticks with their numbers, and what is drawn."""
    frame = f"M{x(0):.1f} {y(high):.1f} V{y(0):.1f} H{x(most):.1f}"
    parts = [f'<path d="{frame}" stroke="#888888" fill="none"/>']
    for share in range(5):
        tokens, seconds = most * share // 4, high * share / 4
        parts.append(f'<text x="{x(tokens):.1f}" y="{y(0) + 18:.1f}" text-anchor="middle">{tokens:,}</text>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(seconds) + 4:.1f}" text-anchor="end">{seconds:.2f}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.1f}" y="{HEIGHT - 10}" text-anchor="middle">'
                 "tokens of a step: four windows of 16 to 512</text>")  # fmt: skip
    parts.append(f'<text x="{LEFT}" y="20">seconds of a training step (median and quartiles)</text>')
    return parts


if __name__ == "__main__":
    main()
