"""A drawing as DOT, the language of Graphviz."""

from __future__ import annotations

from collections.abc import Iterator

from glassbert.errors import on_one_line
from glassbert.lens.structuring.drawing import Box, Drawing, Frame

LONGEST = 80
COOL, HOT = (255, 255, 255), (255, 176, 96)
HEAD = """digraph structure {
  graph [rankdir=TB, nodesep=0.25, ranksep=0.35, fontname="Helvetica", fontsize=10];
  graph [style=rounded, color="#7a8394", labeljust=l];
  node [shape=box, style=filled, fontname="Helvetica", fontsize=10, color="#7a8394", margin="0.12,0.06"];
  edge [color="#7a8394", arrowsize=0.6];"""


def to_dot(drawing: Drawing) -> str:
    """The same drawing gives the same text. Nodes are called by numbers, so that no name can break out."""
    lines = [HEAD, f"  label={_head(drawing.root.lines)};", "  labelloc=t;", *_inside(drawing.root, "  ")]
    for arrow in drawing.arrows:
        # a way back to the first of several equal layers must not turn the picture upside down
        way = ' [style=dashed, constraint=false, tooltip="to the next"]' if arrow.loop else ""
        lines.append(f"  n{arrow.source} -> n{arrow.target}{way};")
    return "\n".join([*lines, "}"]) + "\n"


def quoted(lines: tuple[str, ...]) -> str:
    """Lines of a label as one quoted string, in which nothing is an escape, an entity or an end."""
    return '"' + "\\n".join(_escaped(line) for line in lines) + '"'


def _head(lines: tuple[str, ...]) -> str:
    """The same for a frame's head, its lines flush left."""
    return '"' + "".join(f"{_escaped(line)}\\l" for line in lines) + '"'


def _inside(frame: Frame, indent: str) -> Iterator[str]:
    for box in frame.boxes:
        yield indent + _node(box)
    for inner in frame.frames:
        yield f"{indent}subgraph cluster_{inner.number} {{"
        yield f"{indent}  label={_head(inner.lines)};"
        yield from _inside(inner, indent + "  ")
        yield indent + "}"


def _node(box: Box) -> str:
    style = ', style="rounded,filled"' if box.rounded else ""
    return f'n{box.number} [label={quoted(box.lines)}, fillcolor="{colour(box.heat)}"{style}];'


def colour(heat: float) -> str:
    """From white to orange."""
    mixed = [round(cool + (hot - cool) * heat) for cool, hot in zip(COOL, HOT, strict=True)]
    return "#" + "".join(f"{part:02x}" for part in mixed)


def shortened(text: str) -> str:
    """One line of at most 80 characters, with escapes for what cannot be seen."""
    plain = on_one_line(text)
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 3] + "..."


def _escaped(text: str) -> str:
    return shortened(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
