"""Draw docs/images/imports.svg: who may import whom, from the table in tests/test_imports.py.

    python docs/make_architecture.py

Needs Graphviz's `dot`. An arrow that follows from others is left out; `errors`, `storage` and `strict_json`,
which every room may use, are left out too. tests/test_architecture.py compares the arrows with the table.
"""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from pathlib import Path

import graphviz

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "images" / "imports.svg"
# a grey that shows on white and on black
INK, PAPER = "#7a8394", "#f5f6f8"


def main() -> None:
    drawn = draw(arrows(table())).pipe(format="svg", encoding="utf-8")
    # the comment names the version of Graphviz, which says nothing about us
    PICTURE.write_text(drawn[drawn.index("<svg") :], encoding="utf-8")


def table() -> dict[str, set[str]]:
    """Room -> rooms it may import, without the plumbing that everybody uses."""
    found = runpy.run_path(str(ROOT / "tests" / "test_imports.py"))
    common = found["COMMON"]
    return {room: may - common for room, may in found["MAY_IMPORT"].items() if room not in common}


def arrows(may_import: Mapping[str, set[str]]) -> set[tuple[str, str]]:
    """The transitive reduction: only the arrows that no longer way replaces."""
    pairs = {(room, other) for room, may in may_import.items() for other in may}
    return {
        (room, other)
        for room, other in pairs
        if not any((room, between) in pairs and (between, other) in pairs for between in may_import)
    }


def draw(pairs: set[tuple[str, str]]) -> graphviz.Digraph:
    graph = graphviz.Digraph(
        graph_attr={"bgcolor": "transparent", "nodesep": "0.4", "ranksep": "0.35"},
        node_attr={"shape": "box", "style": "rounded,filled", "fontname": "Helvetica", "fontsize": "13"},
        edge_attr={"color": INK, "arrowsize": "0.7"},
    )
    graph.attr("node", color=INK, fillcolor=PAPER)
    for room in sorted({room for pair in pairs for room in pair}):
        graph.node(room)
    with graph.subgraph(graph_attr={"rank": "sink"}) as roots:
        for room in sorted({other for _, other in pairs} - {room for room, _ in pairs}):
            roots.node(room)
    for room, other in sorted(pairs):
        graph.edge(room, other)
    return graph


if __name__ == "__main__":
    main()
