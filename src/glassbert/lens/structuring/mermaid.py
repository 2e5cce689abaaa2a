"""A drawing as a Mermaid flowchart, which GitHub and many editors draw."""

from __future__ import annotations

from collections.abc import Iterator

from glassbert.lens.structuring.dot import colour, shortened
from glassbert.lens.structuring.drawing import Drawing, Frame

PLAIN = frozenset(" .,:+-*/=()[]_")


def to_mermaid(drawing: Drawing) -> str:
    """The same drawing gives the same text. Nodes are called by numbers, so that no name can break out."""
    lines = ["flowchart TB", *_inside(drawing.root, "  ")]
    lines += [f"  n{each.source} {'-.->' if each.loop else '-->'} n{each.target}" for each in drawing.arrows]
    return "\n".join(lines) + "\n"


def _inside(frame: Frame, indent: str) -> Iterator[str]:
    for box in frame.boxes:
        sides = ('(["', '"])') if box.rounded else ('["', '"]')
        yield f"{indent}n{box.number}{sides[0]}{_label(box.lines)}{sides[1]}"
        if box.heat:
            yield f"{indent}style n{box.number} fill:{colour(box.heat)},color:#000"
    for inner in frame.frames:
        yield f'{indent}subgraph f{inner.number}["{_label(inner.lines)}"]'
        yield from _inside(inner, indent + "  ")
        yield indent + "end"


def _label(lines: tuple[str, ...]) -> str:
    return "<br/>".join(_escaped(shortened(line)) for line in lines)


def _escaped(text: str) -> str:
    """Every ASCII sign that could mean something as Mermaid's own code for a character."""
    return "".join(
        each if each in PLAIN or each.isalnum() or ord(each) > 127 else f"#{ord(each)};" for each in text
    )
