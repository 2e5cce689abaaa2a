"""A drawing as one HTML page without a script: modules are frames that open and close, boxes stand inside.

Nothing is loaded from anywhere, which the page's policy enforces; names are text, never markup.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections import defaultdict
from collections.abc import Iterator

from glassbert.errors import on_one_line
from glassbert.lens.structuring.dot import colour
from glassbert.lens.structuring.drawing import Box, Drawing, Frame, Look
from glassbert.lens.structuring.graph import Statistics, StructureGraph

OPEN_DEPTH = 3
STYLE = """
:root { color-scheme: light dark; font: 14px/1.45 system-ui, sans-serif; }
body { margin: 1.5rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .2rem 0 1rem; color: GrayText; }
details { border: 1px solid #8a93a3; border-radius: 8px; margin: .4rem 0; padding: .2rem .6rem .4rem; }
summary { cursor: pointer; padding: .15rem 0; overflow-wrap: anywhere; }
summary:focus-visible { outline: 2px solid Highlight; }
.box { display: flex; gap: .6rem; align-items: start; border: 1px solid #8a93a3; border-radius: 3px;
  margin: .4rem 0; padding: .25rem .6rem; break-inside: avoid; }
.box svg { flex: none; margin-top: .3rem; }
.box > div { min-width: 0; overflow-wrap: anywhere; }
.more { color: GrayText; }
"""
PAGE = """<!doctype html>
<html lang="en" data-ready="true">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="glassbert">
<title>{title} · structure · glassbert</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p>{about}</p>
<main>
{main}
</main>
</body>
</html>
"""


def to_html(drawing: Drawing, graph: StructureGraph, look: Look) -> str:
    """The page; the bar beside a box is as long as its heat."""
    title, about = drawing.root.lines
    hint = "" if look.heat == "none" else f" · bars: share of the largest {look.heat}"
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return PAGE.format(
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        title=_text(title),
        about=_text(about + hint),
        style=STYLE,
        main="\n".join(_Page(drawing, graph).inside(drawing.root, 1)),
    )


class _Page:
    """What the parts of a page need to know of one another: who gives what to whom."""

    def __init__(self, drawing: Drawing, graph: StructureGraph) -> None:
        self.graph = graph
        self.sources: dict[int, list[str]] = defaultdict(list)
        names = dict(_names(drawing.root))
        for arrow in drawing.arrows:
            name = names[arrow.source] + (" of the layer before" if arrow.loop else "")
            self.sources[arrow.target].append(name)

    def inside(self, frame: Frame, depth: int) -> Iterator[str]:
        inner: list[Frame | Box] = sorted([*frame.frames, *frame.boxes], key=lambda each: each.number)
        for each in inner:
            if isinstance(each, Box):
                yield self._box(each)
                continue
            title, about = each.lines
            state = " open" if depth <= OPEN_DEPTH else ""
            yield f'<details{state} data-node="{each.number}">'
            yield f'<summary><b>{_text(title)}</b> <span class="more">{_text(about)}</span></summary>'
            yield from self.inside(each, depth + 1)
            yield "</details>"

    def _box(self, box: Box) -> str:
        node = self.graph.nodes[box.number]
        more = [" · ".join(box.lines[1:])]
        if self.sources[box.number]:
            more.append("from " + ", ".join(self.sources[box.number]))
        more += [_described("values", node.activation), _described("gradients", node.gradient)]
        lines = "".join(f'<br><span class="more">{_text(line)}</span>' for line in more if line)
        return (
            f'<div class="box" data-node="{box.number}">{_bar(box.heat)}'
            f"<div><b>{_text(box.lines[0])}</b>{lines}</div></div>"
        )


def _names(frame: Frame) -> Iterator[tuple[int, str]]:
    """The title of every box, with the frame it stands in."""
    around = frame.lines[0].split(":")[0] + "." if frame.number else ""
    for box in frame.boxes:
        yield box.number, around + box.lines[0].split(":")[0]
    for inner in frame.frames:
        yield from _names(inner)


def _bar(heat: float) -> str:
    return (
        '<svg width="60" height="10" role="img"><title>'
        f"{heat:.0%}</title>"
        '<rect width="60" height="10" fill="none" stroke="#8a93a3"/>'
        f'<rect width="{60 * heat:.2f}" height="10" fill="{colour(heat)}" stroke="#8a93a3"/></svg>'
    )


def _described(what: str, found: Statistics | None) -> str:
    if found is None:
        return ""
    return f"{what}: mean {found.mean:.3g}, std {found.std:.3g}, {found.low:.3g} to {found.high:.3g}"


def _text(text: str) -> str:
    return html.escape(on_one_line(text))
