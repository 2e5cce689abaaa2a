"""Training is refused before it begins where gradients and optimiser alone cannot fit."""

import pytest

from glassbert.errors import DataError
from glassbert.runs import training_memory
from glassbert.runs.learnt import Learnt, count_learning, restrict
from glassbert.runs.training_memory import NUMBERS, check_training_memory
from glassbert.train.optimizer import NAMES
from tests.model.small import build


@pytest.mark.parametrize("optimizer", NAMES)
def test_what_the_optimizer_keeps_must_fit(monkeypatch: pytest.MonkeyPatch, optimizer: str) -> None:
    network = build("sequence-classification")
    needed = NUMBERS[optimizer] * 4 * sum(parameter.numel() for parameter in network.parameters())
    monkeypatch.setattr(training_memory, "free_memory", lambda: needed)
    check_training_memory(network, optimizer=optimizer, file="m")
    monkeypatch.setattr(training_memory, "free_memory", lambda: needed - 1)
    with pytest.raises(DataError, match="m: too-large: besides the weights, training needs .* GB"):
        check_training_memory(network, optimizer=optimizer, file="m")


def test_a_system_that_tells_no_memory_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_memory, "free_memory", lambda: None)
    check_training_memory(build("sequence-classification"), optimizer="adamw", file="m")


def test_what_does_not_learn_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    network = build("sequence-classification")
    restrict(network, Learnt(lora=2), seed=0)
    needed = NUMBERS["adamw"] * 4 * count_learning(network)
    monkeypatch.setattr(training_memory, "free_memory", lambda: needed)
    check_training_memory(network, optimizer="adamw", file="m")
    network.requires_grad_(True)
    with pytest.raises(DataError, match="too-large"):
        check_training_memory(network, optimizer="adamw", file="m")
