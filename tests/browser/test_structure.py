"""The structure page in a browser: no request, frames that open by keyboard, bars as long as they say."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import glassbert as gb
from glassbert.lens.structuring.drawing import Look
from tests.browser.conftest import Visit
from tests.lens.structuring.material import HOSTILE, Residual, layer

pytestmark = pytest.mark.browser


def test_the_bundled_encoder_is_a_page_of_few_elements(visit: Visit, minilm: Path) -> None:
    record = gb.lens.structure(gb.load(minilm), "a warm film .")
    page = visit(record.to_html().encode())
    assert page.locator("h1").inner_text() == record.model
    assert 30 < page.locator(".box").count() < 100
    assert page.locator("*").count() <= 3000
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_bars_are_drawn_in_proportion(visit: Visit, minilm: Path) -> None:
    record = gb.lens.structure(gb.load(minilm), "a warm film .")
    page = visit(record.to_html(Look(heat="parameters")).encode())
    ends = record.graph.ends()
    widths = page.evaluate(
        """[...document.querySelectorAll('.box')].map((box) =>
        [+box.dataset.node, box.querySelectorAll('rect')[1].getBBox().width])"""
    )
    sums = {n: sum(node.num_parameters for node in record.graph.nodes[n : ends[n]]) for n, _ in widths}
    assert all(abs(width / 60 - sums[n] / max(sums.values())) < 1e-3 for n, width in widths)


def test_frames_open_and_close_by_keyboard(visit: Visit, minilm: Path) -> None:
    page = visit(gb.lens.structure(gb.load(minilm), "a warm film .").to_html().encode())
    first = page.locator("details").first
    assert first.evaluate("(frame) => frame.open")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert not first.evaluate("(frame) => frame.open")
    page.keyboard.press("Enter")
    assert first.evaluate("(frame) => frame.open")


def test_hostile_names_execute_nothing(visit: Visit) -> None:
    names = {name: type(name, (Residual,), {}) for name in HOSTILE if name != "\ud800"}
    module = torch.nn.Sequential(*(kind(layer()) for kind in names.values()))
    page = visit(gb.lens.structure(module, inputs=(torch.randn(2, 6),)).to_html().encode())
    shown = page.locator("main").inner_text()
    assert all(name in shown for name in HOSTILE if name.isprintable() and name.isascii())
    assert page.locator("script, img, iframe").count() == 0
