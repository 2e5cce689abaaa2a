"""A drawing as a tree of lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from glassbert.errors import on_one_line
from glassbert.lens.structuring.drawing import Box, Drawing, Frame


def to_tree(drawing: Drawing) -> str:
    """One line for every frame and box, in the order of the forward pass."""
    top = on_one_line("  ".join(drawing.root.lines))
    return "\n".join([top, *_lines(drawing.root, "")]) + "\n"


def _lines(frame: Frame, indent: str) -> Iterator[str]:
    inner: list[Frame | Box] = sorted([*frame.frames, *frame.boxes], key=lambda each: each.number)
    for place, each in enumerate(inner, start=1):
        branch, below = ("└─ ", "   ") if place == len(inner) else ("├─ ", "│  ")
        yield on_one_line(f"{indent}{branch}{'  '.join(each.lines)}")
        if isinstance(each, Frame):
            yield from _lines(each, indent + below)
