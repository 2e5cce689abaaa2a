"""Layer-wise decay: which parameters share a rate, and how fast each depth learns."""

import pytest

from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.runs.groups import parameter_groups
from glassbert.runs.learnt import Learnt, restrict
from glassbert.runs.recipe import recipe
from tests.model.small import build

DEPTHS = {"encoder.embeddings.": 0, "encoder.blocks.0.": 1, "encoder.blocks.1.": 2}
DECAY, WEIGHT_DECAY = 0.8, 0.05


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_every_parameter_is_in_one_group(family: str) -> None:
    network = build("sequence-classification", family)
    groups = parameter_groups(network, layer_decay=DECAY, weight_decay=WEIGHT_DECAY)
    held = [name for group in groups for name, _ in group.parameters]
    assert sorted(held) == sorted(name for name, _ in network.named_parameters())
    assert len({group.name for group in groups}) == len(groups)


def test_each_depth_learns_slower_than_the_one_above() -> None:
    network = build("sequence-classification")
    rates = {
        name: group.lr_scale
        for group in parameter_groups(network, layer_decay=DECAY, weight_decay=WEIGHT_DECAY)
        for name, _ in group.parameters
    }
    for name, rate in rates.items():
        depth = next((depth for start, depth in DEPTHS.items() if name.startswith(start)), 3)
        assert rate == pytest.approx(DECAY ** (3 - depth)), name


def test_only_matrices_outside_the_embeddings_are_decayed() -> None:
    network = build("sequence-classification")
    for group in parameter_groups(network, layer_decay=DECAY, weight_decay=WEIGHT_DECAY):
        for name, parameter in group.parameters:
            matrix = parameter.ndim == 2 and not name.startswith("encoder.embeddings")
            assert group.weight_decay == (WEIGHT_DECAY if matrix else 0.0), name


def test_without_decay_all_learn_alike() -> None:
    groups = parameter_groups(build("sequence-classification"), layer_decay=1.0, weight_decay=0.0)
    assert {group.lr_scale for group in groups} == {1.0}


def test_what_is_frozen_is_in_no_group_and_the_others_keep_their_rates() -> None:
    network, whole = build("sequence-classification"), build("sequence-classification")
    restrict(network, Learnt(freeze=1), seed=0)
    rates = [
        {
            name: group.lr_scale
            for group in parameter_groups(each, layer_decay=DECAY, weight_decay=WEIGHT_DECAY)
            for name, _ in group.parameters
        }
        for each in (network, whole)
    ]
    kept = {name: rate for name, rate in rates[1].items() if name.startswith(("encoder.blocks.1.", "head."))}
    assert rates[0] == kept


@pytest.mark.parametrize(
    ("learnt", "learning_rate"),
    [(Learnt(), 2e-4), (Learnt(freeze=1), 2e-4), (Learnt(lora=2), 2e-3), (Learnt(freeze="encoder"), 2e-3)],
    ids=["whole", "freeze 1", "lora", "freeze encoder"],
)
def test_a_chain_keeps_its_own_rate_whatever_of_the_encoder_learns(
    learnt: Learnt, learning_rate: float
) -> None:
    """The rates are those that the recipe gives to a small encoder."""
    advice = recipe(
        num_parameters=22_000_000, num_rows=5000, max_length=512, lora=learnt.lora, freeze=learnt.freeze
    )
    assert advice["learning_rate"][0] == learning_rate
    head = HeadConfig(kind="token-classification", labels=("O", "B-A", "I-A"), crf=True, lstm_size=5)
    network = Network(build("none").config, head, seed=0)
    restrict(network, learnt, seed=0)
    rates = {
        name: learning_rate * group.lr_scale
        for group in parameter_groups(network, layer_decay=DECAY, weight_decay=0.0)
        for name, _ in group.parameters
    }
    chain, lstm = (
        [rate for name, rate in rates.items() if name.startswith(part)]
        for part in ("head.crf.", "head.lstm.")
    )
    assert chain and chain == pytest.approx([1e-2] * len(chain))
    assert lstm and lstm == pytest.approx([1e-3 if learning_rate == 2e-4 else 2e-3] * len(lstm))
