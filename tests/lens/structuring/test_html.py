"""The page of a structure holds every box once, and names are text in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
import torch

import glassbert as gb
from glassbert.errors import on_one_line
from glassbert.lens.structuring.drawing import Box, Drawing, Frame, Look, draw
from glassbert.lens.structuring.html import to_html
from glassbert.show.page import render_page
from tests.lens.structuring.material import HOSTILE, Stack, traced
from tests.lens.structuring.test_dot import boxes_of
from tests.model.small import build

ELEMENTS = set("html head meta title style body h1 p main details summary div svg rect b br span".split())


class Reader(HTMLParser):
    """The elements, their attributes' names, and the visible text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.nodes: list[int] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.nodes += [int(value or "") for name, value in attrs if name == "data-node"]

    def handle_data(self, data: str) -> None:
        self.text += data


def frames_of(frame: Frame) -> list[Frame]:
    return [inner for each in frame.frames for inner in (each, *frames_of(each))]


@pytest.mark.parametrize("look", [Look(), Look(folded=False, heat="seconds"), Look(depth=1)])
def test_every_frame_and_box_stands_in_the_page_once(look: Look) -> None:
    record = gb.lens.structure(build("sequence-classification", num_hidden_layers=3))
    root = record.drawing(look).root
    found = Reader(record.to_html(look))
    assert sorted(found.nodes) == sorted(each.number for each in [*boxes_of(root), *frames_of(root)])
    assert f"{record.num_parameters:,} parameters" in found.text
    assert found.elements <= ELEMENTS


def test_a_bar_is_as_long_as_the_share_of_the_largest() -> None:
    record = gb.lens.structure(build("none"))
    look = Look(heat="flops")
    page = record.to_html(look)
    bars = {
        int(n): float(w) / 60
        for n, w in re.findall(r'class="box" data-node="(\d+)">.*?<rect .*?<rect width="([\d.]+)"', page)
    }
    ends = record.graph.ends()
    flops = {n: sum(node.flops for node in record.graph.nodes[n : ends[n]]) for n in bars}
    assert flops and all(abs(bars[n] - flops[n] / max(flops.values())) < 1e-3 for n in bars)


def test_a_box_says_where_its_numbers_come_from() -> None:
    page = gb.lens.structure(Stack(), inputs={"given": torch.randn(2, 6)}).to_html()
    text = Reader(page).text
    assert "from given" in text and "of the layer before" in text and "values: mean" in text
    graph = gb.lens.structure(Stack(), inputs={"given": torch.randn(2, 6)}, gradients=True).graph
    assert "gradients: mean" in to_html(draw(graph, Look()), graph, Look())


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text(name: str) -> None:
    graph = traced(Stack(), torch.randn(2, 6))[1].graph
    box = Box(number=1, lines=(name, name), heat=0.5)
    frame = Frame(number=2, lines=(name, name), boxes=[box])
    page = to_html(
        Drawing(root=Frame(number=0, lines=(name, name), frames=[frame]), arrows=()), graph, Look()
    )
    found = Reader(page)
    assert found.elements <= ELEMENTS
    assert not [each for each in found.attributes if each.startswith("on")]
    assert found.text.count(on_one_line(name)) >= 7
    page.encode("utf-8")


def test_the_notebook_and_the_file_show_the_same_page() -> None:
    record = gb.lens.structure(build("none"))
    assert render_page(record) == record.to_html().encode()
