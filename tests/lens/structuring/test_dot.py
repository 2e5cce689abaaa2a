"""Graphviz reads what is written, no two boxes overlap, and no name breaks out of its quotes."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import pytest
import torch

import glassbert as gb
from glassbert.errors import MissingInputError, on_one_line
from glassbert.lens.structuring.dot import LONGEST, shortened, to_dot
from glassbert.lens.structuring.drawing import Box, Drawing, Frame, Look, draw
from glassbert.lens.structuring.graph import StructureGraph
from glassbert.lens.structuring.mermaid import to_mermaid
from glassbert.lens.structuring.picture import picture
from tests.conftest import skip_or_fail
from tests.lens.structuring.material import HOSTILE, Stack, Written, traced
from tests.model.small import HEADS, batch, build


@pytest.fixture
def graphviz() -> str:
    found = shutil.which("dot")
    if found is None:
        skip_or_fail("apt install graphviz", "GLASSBERT_REQUIRE_GRAPHVIZ")
    return str(found)


@dataclass(frozen=True)
class Laid:
    """A node as `dot -Tplain` lays it out, in inches."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Laid) -> bool:
        close = 1e-3
        across = abs(self.x - other.x) < (self.width + other.width) / 2 - close
        return across and abs(self.y - other.y) < (self.height + other.height) / 2 - close


def plain(dot: str, source: str) -> tuple[dict[str, Laid], set[tuple[str, str]]]:
    done = subprocess.run([dot, "-Tplain"], input=source.encode(), capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    nodes, edges = {}, set()
    for line in done.stdout.decode().splitlines():
        if line.startswith("node "):
            _, name, *sizes = line.split(" ")[:6]
            nodes[name] = Laid(*map(float, sizes))
        elif line.startswith("edge "):
            edges.add(tuple(line.split(" ")[1:3]))
    return nodes, edges  # type: ignore[return-value]


def boxes_of(frame: Frame) -> list[Box]:
    return [*frame.boxes, *(box for inner in frame.frames for box in boxes_of(inner))]


def check(dot: str, graph: StructureGraph, look: Look) -> None:
    drawing = draw(graph, look)
    nodes, edges = plain(dot, to_dot(drawing))
    assert set(nodes) == {f"n{box.number}" for box in boxes_of(drawing.root)}
    assert edges == {(f"n{arrow.source}", f"n{arrow.target}") for arrow in drawing.arrows}
    assert not [pair for pair in combinations(nodes.values(), 2) if pair[0].overlaps(pair[1])]


@pytest.mark.parametrize("look", [Look(), Look(folded=False), Look(depth=1), Look(depth=2, heat="seconds")])
@pytest.mark.parametrize("kind", HEADS)
def test_graphviz_lays_out_every_box_and_none_overlap(graphviz: str, kind: str, look: Look) -> None:
    check(graphviz, traced(build(kind, num_hidden_layers=3), batch())[1].graph, look)


def test_the_bundled_encoder_is_laid_out(graphviz: str, minilm: Path) -> None:
    graph = gb.lens.structure(gb.load(minilm), "a warm film .").graph
    check(graphviz, graph, Look())
    check(graphviz, graph, Look(folded=False))


def test_boxes_and_arrows_are_those_of_the_operations() -> None:
    """Stack: x + layer(x), four times; each layer is a frame of three boxes and a sum."""
    graph = traced(Stack(), torch.randn(2, 6))[1].graph
    drawing = draw(graph, Look(folded=False))
    names = {box.number: box.lines[0] for box in boxes_of(drawing.root)}
    assert list(names.values()).count("add") == 4 and len(names) == 1 + 4 * 4
    arrows = {(names[each.source], names[each.target]) for each in drawing.arrows}
    assert arrows == {
        ("constant 0", "0: Linear"), ("constant 0", "add"), ("add", "0: Linear"), ("add", "add"),
        ("0: Linear", "1: GELU"), ("1: GELU", "2: Linear"), ("2: Linear", "add"),
    }  # fmt: skip
    assert not any(each.loop for each in drawing.arrows)


def test_a_folded_run_is_drawn_once_with_its_count_and_the_way_to_the_next() -> None:
    graph = traced(build("none", num_hidden_layers=5), batch())[1].graph
    drawing = draw(graph, Look())
    (encoder,) = (frame for frame in drawing.root.frames if frame.lines[0] == "encoder: Encoder")
    assert [frame.lines[0] for frame in encoder.frames] == ["embeddings: Embeddings", "blocks.0: Block x 5"]
    loops = [each for each in drawing.arrows if each.loop]
    names = {box.number: box.lines[0] for box in boxes_of(drawing.root)}
    assert {(names[each.source], names[each.target]) for each in loops} == {
        ("feed_forward_norm: LayerNorm", "qkv: Linear"),
        ("feed_forward_norm: LayerNorm", "add"),
    }


def hostile_graph() -> StructureGraph:
    graph = traced(Stack(), torch.randn(2, 6))[1].graph
    names = [*HOSTILE] * len(graph.nodes)
    return StructureGraph(
        nodes=tuple(replace(node, name=name) for node, name in zip(graph.nodes, names, strict=False)),
        edges=graph.edges,
    )


def test_hostile_names_stay_text_in_dot_and_svg(graphviz: str) -> None:
    graph = hostile_graph()
    look = Look(folded=False)
    check(graphviz, graph, look)
    drawing = draw(graph, look)
    tree = ElementTree.fromstring(picture(to_dot(drawing), form="svg").decode())
    assert {element.tag.split("}")[1] for element in tree.iter()} <= {
        "svg", "g", "title", "path", "polygon", "text", "a", "ellipse", "polyline",
    }  # fmt: skip
    drawn = {
        (element.text or "").replace("\xa0", " ") for element in tree.iter("{http://www.w3.org/2000/svg}text")
    }
    for box in boxes_of(drawing.root):
        assert shortened(box.lines[0]) in drawn


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_as_it_is(graphviz: str, name: str) -> None:
    box = Box(number=1, lines=(name,), heat=0.5)
    drawing = Drawing(root=Frame(number=0, lines=(name,), boxes=[box]), arrows=())
    nodes, _ = plain(graphviz, to_dot(drawing))
    assert set(nodes) == {"n1"}
    tree = ElementTree.fromstring(picture(to_dot(drawing), form="svg").decode())
    texts = [element.text for element in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == [shortened(name)] * 2
    assert len(shortened(name)) <= LONGEST and shortened(name).startswith(on_one_line(name)[: LONGEST - 3])


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_inside_its_quotes_in_mermaid(name: str) -> None:
    box = Box(number=1, lines=(name, "second"), heat=0.0)
    text = to_mermaid(Drawing(root=Frame(number=0, lines=("m",), boxes=[box]), arrows=()))
    match = re.fullmatch(r'flowchart TB\n  n1\["(.*)<br/>second"\]\n', text)
    assert match is not None
    inner = match[1]
    assert not set(inner) & set('"<>&`\\\n')
    decoded = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), inner)
    assert decoded == shortened(name)


def test_mermaid_names_every_box_frame_and_arrow_once() -> None:
    graph = traced(build("sequence-classification", num_hidden_layers=3), batch())[1].graph
    drawing = draw(graph, Look())
    text = to_mermaid(drawing)
    numbers = re.findall(r"^ *n(\d+)[\[(]", text, re.MULTILINE)
    assert sorted(map(int, numbers)) == sorted(box.number for box in boxes_of(drawing.root))
    assert text.count("\n  subgraph ") == len(drawing.root.frames)
    assert text.count("subgraph ") == len(re.findall(r"^ *end$", text, re.MULTILINE))
    assert len(re.findall(r"^  n\d+ (?:-->|-\.->) n\d+$", text, re.MULTILINE)) == len(drawing.arrows)


def test_writes_in_place_are_drawn() -> None:
    drawing = draw(traced(Written(), torch.randn(2, 5))[1].graph, Look())
    names = {box.number: box.lines[0] for box in boxes_of(drawing.root)}
    assert ("rectify: ReLU", "mul_") in {(names[each.source], names[each.target]) for each in drawing.arrows}


def test_without_graphviz_the_error_names_the_ways_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    record = gb.lens.structure(Stack(), inputs=(torch.randn(2, 6),))
    for suffix in ("png", "svg"):
        with pytest.raises(
            MissingInputError, match="no-graphviz.*apt install graphviz.*conda.*\\.html.*\\.dot.*\\.mmd"
        ):
            record.save(tmp_path / f"picture.{suffix}")
    for suffix in ("html", "dot", "gv", "mmd", "txt", "json", "gbr"):
        record.save(tmp_path / f"file.{suffix}")
        assert (tmp_path / f"file.{suffix}").stat().st_size > 200
