"""`glassbert look structure`: what it writes, what it says, and what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from glassbert.lens.structure_record import StructureRecord
from glassbert.lens.structuring.capture import structure
from glassbert.lens.structuring.drawing import Look
from glassbert.runs.models import load
from tests.cli.process import Answer

Inside = Callable[..., Answer]
TEXT = "the film is not warm !"


def look(inside: Inside, model: Path, *words: str | Path) -> Answer:
    return inside("look", "structure", model, *words)


def test_without_a_file_a_tree_is_printed(inside: Inside, encoder: Path) -> None:
    answer = look(inside, encoder, "--text", TEXT)
    assert answer.code == 0 and not answer.problems
    lines = answer.out.splitlines()
    assert f"{sum(p.numel() for p in load(encoder).network.parameters()):,} parameters" in lines[0]
    assert any("qkv: Linear" in line for line in lines)
    shallow = look(inside, encoder, "--depth", "1").out.splitlines()
    assert 3 < len(shallow) < len(lines) and not any("qkv" in line for line in shallow)
    unfolded = look(inside, encoder, "--no-fold").out.splitlines()
    assert len(unfolded) >= len(lines)


@pytest.mark.parametrize("suffix", ["dot", "mmd"])
def test_the_drawing_is_that_of_the_python_call(
    inside: Inside, encoder: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"look.{suffix}"
    answer = look(inside, encoder, "--text", TEXT, "-o", out, "--depth", "2", "--heat", "none")
    assert (answer.code, answer.out) == (0, f"{out}\n")
    record, drawn_as = structure(load(encoder), TEXT), Look(depth=2, heat="none")
    wanted = record.to_dot(drawn_as) if suffix == "dot" else record.to_mermaid(drawn_as)
    assert timeless(out.read_text(encoding="utf-8")) == timeless(wanted)


def timeless(drawing: str) -> str:
    """The drawing without what was measured."""
    return re.sub(r"[\d.e+-]+ ms", "ms", drawing)


def test_json_sums_up(inside: Inside, encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "look.gbr"
    said = look(inside, encoder, "--text", TEXT, "-o", out, "--gradients", "--json").json
    record = StructureRecord.from_bytes(out.read_bytes())
    assert said == {
        "structure": str(out),
        "bytes": out.stat().st_size,
        "parameters": record.num_parameters,
        "flops": record.flops,
        "activation_bytes": record.activation_bytes,
        "tokens": 8,
        "window": 0,
        "windows": 1,
        "nodes": len(record.graph.nodes),
    }
    assert record.graph.nodes[0].gradient is not None
    assert "structure" not in look(inside, encoder, "--json").json


def test_what_cannot_be_written_is_refused_before_anything_is_loaded(inside: Inside, tmp_path: Path) -> None:
    nowhere = tmp_path / "no-such-model"
    answer = look(inside, nowhere, "-o", tmp_path / "look.pdf")
    assert answer.code == 2 and "unknown-format" in answer.err and ".svg" in answer.err
    (tmp_path / "look.dot").write_text("mine")
    answer = look(inside, nowhere, "-o", tmp_path / "look.dot")
    assert answer.code == 73 and (tmp_path / "look.dot").read_text() == "mine"
    assert look(inside, nowhere, "--heat", "cold").code == 2
    assert look(inside, nowhere, "--depth", "0").code == 2
    assert look(inside, nowhere).code == 66


def test_a_picture_without_graphviz_is_refused_with_the_ways_to_get_it(
    inside: Inside, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    answer = look(inside, encoder, "-o", tmp_path / "look.png")
    assert answer.code == 66 and len(answer.problems) == 1
    assert "apt install graphviz" in answer.err and ".dot" in answer.err and ".mmd" in answer.err
    assert not (tmp_path / "look.png").exists()


def test_the_record_is_written_as_json(inside: Inside, encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "look.json"
    assert look(inside, encoder, "-o", out).code == 0
    assert json.loads(out.read_text(encoding="utf-8"))["record"] == "StructureRecord"


def test_a_long_text_says_which_window_is_shown(inside: Inside, encoder: Path) -> None:
    long = "the film is warm . " * 200
    answer = look(inside, encoder, "--text", long, "--window", "1", "--depth", "1")
    assert answer.code == 0
    assert "the text is longer than the model: this is window 1 of 0 to " in answer.err
    assert look(inside, encoder, "--text", long, "--json").json["windows"] > 2
    refused = look(inside, encoder, "--text", TEXT, "--window", "1")
    assert refused.code == 2 and "no-such-window: the text has 1 windows" in refused.err
