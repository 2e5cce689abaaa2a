"""Module tensors: each once, back bit for bit, and refused by name when they do not fit."""

from pathlib import Path

import pytest
import torch
from torch import nn

from glassbert.errors import DataError
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.weights import load_module, module_tensors


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(9, 4)
        self.decoder = nn.Linear(4, 9)
        self.decoder.weight = self.words.weight
        self.register_buffer("kept", torch.arange(3))
        self.register_buffer("derived", torch.arange(3), persistent=False)


def test_a_tied_tensor_is_saved_once_and_stays_tied(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module, other = Tied(), Tied()
    tensors = module_tensors(module)
    assert sorted(tensors) == ["decoder.bias", "kept", "words.weight"]
    checkpoints = Checkpoints(tmp_path, run_id="r")
    checkpoints.save(1, module=tensors, optimizer={}, state={})
    load_module(other, checkpoints.load(1).module)
    assert torch.equal(other.decoder.weight, module.words.weight)
    assert other.decoder.weight is other.words.weight


def test_tensors_that_do_not_fit_are_all_named_and_nothing_is_loaded() -> None:
    module = Tied()
    before = module.words.weight.detach().clone()
    tensors = {name: tensor + 1 for name, tensor in module_tensors(module).items()}
    del tensors["kept"]
    tensors["extra"] = torch.zeros(1)
    tensors["decoder.bias"] = torch.zeros(8)
    with pytest.raises(DataError) as caught:
        load_module(module, tensors)
    text = str(caught.value)
    assert "kept is missing" in text and "extra is unexpected" in text
    assert "decoder.bias has shape [8], the model has [9]" in text
    assert torch.equal(module.words.weight, before)
