"""A page with a structure carries Graphviz and may compile it; no other page does either."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from pathlib import Path

import pytest
import torch

import glassbert as gb
from glassbert.lens.structure_record import StructureRecord
from glassbert.lens.structure_sketch import StructureSketch
from glassbert.show.notebook import show
from glassbert.show.page import render_page, static, title_of
from tests.lens.structuring.material import HOSTILE, Residual, Stack, layer
from tests.show.make_attention import make_attention
from tests.show.test_page import Elements

STATIC = Path(__file__).parents[2] / "src" / "glassbert" / "show" / "static"
WASM = "'wasm-unsafe-eval'"


@pytest.fixture(scope="module")
def record() -> StructureRecord:
    return gb.lens.structure(Stack(), inputs=(torch.randn(2, 6),))


def policy_of(page: Elements) -> str:
    (policy,) = [attrs["content"] for _, attrs, _ in page.found if attrs.get("http-equiv")]
    return policy or ""


def test_only_a_page_with_a_structure_carries_graphviz(record: StructureRecord) -> None:
    for content, expected in [(make_attention(), False), ([make_attention(), record], True)]:
        page = Elements(render_page(content))
        assert (WASM in policy_of(page)) == expected
        assert len([None for _, attrs, _ in page.found if "data-graphviz" in attrs]) == expected
        assert len(page.scripts()) == 2 + expected
        for script in page.scripts():
            digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
            assert f"'sha256-{digest}'" in policy_of(page)


def test_policy_allows_no_other_code_from_text(record: StructureRecord) -> None:
    policy = policy_of(Elements(render_page(record)))
    assert policy.count("unsafe") == 1 and "*" not in policy and "http" not in policy
    assert "default-src 'none'" in policy and "require-trusted-types-for 'script'" in policy


def test_graphviz_in_the_page_is_the_one_that_was_built(record: StructureRecord) -> None:
    page = Elements(render_page(record))
    (packed,) = [text for _, attrs, text in page.found if "data-graphviz" in attrs]
    assert gzip.decompress(base64.b64decode(packed, validate=True)) == (STATIC / "graphviz.wasm").read_bytes()
    script = static("graphviz.js")
    assert page.scripts()[0] == script
    assert not re.search(rb"fetch\(|import\(|eval\(|new Function|WebSocket|sendBeacon", script)


def test_structure_adds_less_than_700_kilobytes(record: StructureRecord) -> None:
    without = render_page(make_attention())
    assert len(render_page([make_attention(), record])) - len(without) < 700_000
    assert render_page(record) == render_page(record.sketched()) == render_page(record)


def test_page_carries_what_is_drawn_and_is_named_after_the_model(record: StructureRecord) -> None:
    page = Elements(render_page(record))
    (data,) = [text for _, attrs, text in page.found if "data-record" in attrs]
    sketch = StructureSketch.from_bytes(base64.b64decode(data))
    assert sketch.to_bytes() == record.sketched().to_bytes()
    assert title_of(sketch) == "Structure of Stack · glassbert"
    assert "Structure of Stack" in show(record)._repr_html_()


def test_saved_page_begins_as_it_was_asked_to(record: StructureRecord, tmp_path: Path) -> None:
    look = gb.lens.Look(depth=1, heat="seconds", folded=False)
    record.save(tmp_path / "structure.html", look=look)
    assert (tmp_path / "structure.html").read_bytes() == render_page(record.sketched(look))


def test_hostile_names_stay_within_the_record() -> None:
    names = {name: type(name, (Residual,), {}) for name in HOSTILE if name != "\ud800"}
    module = torch.nn.Sequential(*(kind(layer()) for kind in names.values()))
    page = Elements(render_page(gb.lens.structure(module, inputs=(torch.randn(2, 6),))))
    assert len(page.texts("script")) == 5
