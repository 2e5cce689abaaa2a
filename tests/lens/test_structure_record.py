"""The lens as it is called, and its record as a file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import glassbert as gb
from glassbert.errors import DataError, UsageError
from glassbert.lens.structure_record import StructureRecord
from glassbert.lens.structuring import memory as structure_memory
from glassbert.lens.structuring.capture import SAMPLE
from glassbert.lens.structuring.memory import largest_tensor, network_bytes
from glassbert.model.network import Network
from tests.contract.workbench import MAX_LENGTH, tiny_config, tiny_tokenizer
from tests.lens.structuring.material import Stack, Twice
from tests.lens.test_attention_capture import LONG, Small
from tests.model.small import batch, build


@pytest.fixture
def model(tmp_path: Path) -> Small:
    tokenizer = tiny_tokenizer(tmp_path)
    return Small("tiny", Network(tiny_config(tokenizer.vocab_size), seed=2), tokenizer)


def test_a_model_is_looked_at_with_a_text_or_a_sample(model: Small) -> None:
    record = gb.lens.structure(model, "the film is warm")
    assert record.text == "the film is warm" and record.model == "tiny"
    assert record.tokens == ("[CLS]", "the", "film", "is", "warm", "[SEP]")
    assert gb.lens.structure(model).text == SAMPLE
    assert record.num_parameters == sum(each.numel() for each in model.network.parameters())


def test_of_a_long_text_one_window_is_shown_and_which_is_said(model: Small) -> None:
    windows = model.windows([LONG])
    for window in (0, 1):
        record = gb.lens.structure(model, LONG, window=window)
        assert len(record.tokens) <= MAX_LENGTH < len(LONG.split())
        shown = windows.select(np.array([window])).input_ids.tolist()
        assert record.tokens == tuple(model.tokenizer.tokens(shown))
        for each in (record, record.sketched()):
            assert (each.window, each.num_windows) == (window, len(windows))
    short = gb.lens.structure(model, "warm")
    assert (short.window, short.num_windows) == (0, 1)
    with pytest.raises(UsageError, match="no-such-window: the text has"):
        gb.lens.structure(model, LONG, window=99)
    with pytest.raises(UsageError, match="no-such-window: a bare Stack reads no text"):
        gb.lens.structure(Stack(), inputs=torch.randn(2, 6), window=1)


def test_an_empty_text_has_the_structure_of_its_special_tokens(model: Small) -> None:
    record = gb.lens.structure(model, "")
    assert record.tokens == ("[CLS]", "[SEP]") and record.flops > 0


def test_inputs_carry_their_names(model: Small) -> None:
    named = {node.name for node in gb.lens.structure(model).graph.nodes if node.kind == "input"}
    assert named == {"input_ids", "token_type_ids", "position_ids"}
    record = gb.lens.structure(Stack(), inputs={"given": torch.randn(2, 6)})
    assert [node.name for node in record.graph.nodes if node.kind == "input"] == ["given"]
    record = gb.lens.structure(Stack(), inputs=torch.randn(2, 6))
    assert [node.name for node in record.graph.nodes if node.kind == "input"] == ["input 0"]


def test_a_bare_network_has_a_sample_of_its_own() -> None:
    network = build("span")
    assert gb.lens.structure(network).flops > 0
    packed = batch(network.config)
    assert gb.lens.structure(network, inputs=packed).graph.nodes[1].output_shape == (50,)


def test_what_cannot_be_run_is_refused(model: Small) -> None:
    with pytest.raises(UsageError, match="no-inputs: a Stack needs a sample"):
        gb.lens.structure(Stack())
    with pytest.raises(UsageError, match="no-tokenizer: a bare Stack cannot read text"):
        gb.lens.structure(Stack(), "text", inputs=(torch.ones(1, 6),))
    with pytest.raises(UsageError, match="two-inputs"):
        gb.lens.structure(model, inputs=(torch.ones(1, 6),))
    with pytest.raises(UsageError, match="unknown-heat: heat is 'cold'"):
        gb.lens.Look(heat="cold")
    with pytest.raises(UsageError, match="bad-depth"):
        gb.lens.Look(depth=0)


def test_a_pass_too_big_for_memory_is_refused_with_the_estimate(
    model: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(structure_memory, "free_memory", lambda: 10)
    wanted = r"too-large: the forward pass needs at least 0\.00 GB, and 0\.00 GB of memory are free"
    with pytest.raises(DataError, match=wanted):
        gb.lens.structure(model)
    with pytest.raises(DataError, match=wanted):
        gb.lens.structure(Stack(), inputs=(torch.ones(1, 6),))


def test_an_enormous_pass_is_refused_before_it_allocates() -> None:
    class Outer(nn.Module):
        def forward(self, given: torch.Tensor) -> torch.Tensor:
            return given[:, None] * given[None, :]

    with pytest.raises(DataError, match=r"needs at least 4[0-9],\d{3}\.\d\d GB"):
        gb.lens.structure(Outer(), inputs=(torch.zeros(3_200_000),))


def test_the_estimates_are_bytes_of_real_tensors() -> None:
    given = torch.ones(5, 6)
    assert largest_tensor(Stack(), (given,), {}) == 5 * 9 * 4
    network = build("none")
    packed = batch(network.config)
    assert network_bytes(network.config, packed) == 4 * 50 * max(5 * 30, 2 * 30 + 2 * 44)


def test_code_that_branches_on_numbers_is_recorded_with_a_note() -> None:
    class Branching(nn.Linear):
        def forward(self, given: torch.Tensor) -> torch.Tensor:
            return super().forward(given) if given.sum() > 0 else given

    record = gb.lens.structure(Branching(3, 3), inputs=(torch.ones(2, 3),))
    assert record.flops == 2 * 2 * 3 * 3
    assert len(record.notes) == 1 and record.notes[0].startswith("the memory was not estimated beforehand")


def test_gradients_are_those_of_the_largest_output() -> None:
    module = Stack().train()
    given = torch.randn(5, 6)
    record = gb.lens.structure(module, inputs=(given,), gradients=True)
    seen = {}
    handle = module.layers[2].register_forward_hook(lambda _m, _a, output: seen.update(output=output))
    goal = module(given).amax(-1).sum()
    handle.remove()
    (wanted,) = torch.autograd.grad(goal, seen["output"])
    (node,) = (each for each in record.graph.nodes if each.path == "layers.2")
    assert node.gradient is not None
    assert node.gradient.mean == pytest.approx(float(wanted.mean()), abs=1e-6)
    assert node.gradient.std == pytest.approx(float(wanted.std(correction=0)), rel=1e-4)
    assert all(each.grad is None for each in module.parameters()) and module.training


def test_gradients_of_a_layer_called_twice_are_told_apart() -> None:
    module = Twice()
    record = gb.lens.structure(module, inputs=(torch.randn(3, 6),), gradients=True)
    first, second = (node.gradient for node in record.graph.nodes if node.path == "layer")
    assert first is not None and second is not None and first.std != second.std
    assert gb.lens.structure(module, inputs=(torch.randn(3, 6),)).graph.nodes[0].gradient is None


def test_the_record_survives_its_file(model: Small, tmp_path: Path) -> None:
    record = gb.lens.structure(model, gradients=True)
    record.save(tmp_path / "s.gbr")
    again = StructureRecord.from_bytes((tmp_path / "s.gbr").read_bytes())
    assert again.to_bytes() == record.to_bytes() and again.flops == record.flops
    record.save(tmp_path / "s.json")
    plain = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    assert sum(node["num_parameters"] for node in plain["graph"]["nodes"]) == record.num_parameters
    assert again.to_dot() == record.to_dot() and again.to_mermaid() == record.to_mermaid()


def test_an_unknown_format_is_refused_with_the_known_ones(model: Small, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown-format: .*\.pdf — use \.html, .*\.json, \.gbr"):
        gb.lens.structure(model).save(tmp_path / "s.pdf")


def test_the_tree_has_a_line_for_every_frame_and_box(model: Small) -> None:
    lines = gb.lens.structure(model).to_tree().splitlines()
    assert lines[0].startswith("tiny  -> [") and "parameters" in lines[0]
    (line,) = (each for each in lines if "blocks.0: Block" in each)
    assert "x 2" in line and "[" in line
    assert sum("qkv: Linear" in each for each in lines) == 1
    unfolded = gb.lens.structure(model).to_tree(gb.lens.Look(folded=False)).splitlines()
    assert sum("qkv: Linear" in each for each in unfolded) == 2
