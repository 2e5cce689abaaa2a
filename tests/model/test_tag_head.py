"""An LSTM on packed tokens against torch's own on single sentences, and heads that carry one or a chain."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from glassbert.errors import DataError
from glassbert.model.config import HeadConfig
from glassbert.model.files import open_tensors, read_json, write_tensors
from glassbert.model.layout import Rows
from glassbert.model.network import Network, initialise
from glassbert.model.noise import Rates, SampleNoise
from glassbert.model.packed import Packed
from glassbert.model.pretrained import load_pretrained, save_pretrained
from glassbert.model.tag_head import TagHead, packed_lstm
from tests.contract.workbench import tiny_config

LENGTHS = np.array([3, 7, 1, 7, 4])
LABELS = ("O", "B-X", "I-X")
BOTH = HeadConfig(kind="token-classification", labels=LABELS, crf=True, lstm_size=5)


def network(head: HeadConfig = BOTH) -> Network:
    made = Network(tiny_config(71), head, seed=3)
    if head.crf:
        for weights in made.head.crf.scores():
            nn.init.normal_(weights, generator=torch.Generator().manual_seed(4))
    return made


def packed(lengths: np.ndarray = LENGTHS) -> Packed:
    ids = np.random.default_rng(0).integers(0, 71, int(lengths.sum()))
    return Packed.of(ids, np.zeros_like(ids), lengths)


def test_packed_lstm_says_what_torchs_own_says_of_each_sentence_alone() -> None:
    """Values, and gradients of inputs and weights."""
    ours, theirs = nn.LSTM(6, 4, bidirectional=True), nn.LSTM(6, 4, bidirectional=True)
    theirs.load_state_dict(ours.state_dict())
    first = torch.randn(int(LENGTHS.sum()), 6, generator=torch.Generator().manual_seed(0))
    weights = torch.randn(len(first), 8, generator=torch.Generator().manual_seed(1))
    hidden, alone = first.clone().requires_grad_(), first.clone().requires_grad_()
    found = packed_lstm(ours, hidden, LENGTHS)
    expected = torch.cat([theirs(part)[0] for part in alone.split(LENGTHS.tolist())])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    (found * weights).sum().backward()
    (expected * weights).sum().backward()
    torch.testing.assert_close(hidden.grad, alone.grad, atol=1e-5, rtol=0)
    for name, value in ours.named_parameters():
        torch.testing.assert_close(value.grad, theirs.get_parameter(name).grad, atol=1e-5, rtol=1e-5)


def test_lstm_is_given_each_token_once_and_no_padding(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(nn.LSTM, "forward", lambda self, given: (seen.append(given), (given, None))[1])
    hidden = torch.arange(22.0)[:, None]
    assert torch.equal(packed_lstm(nn.LSTM(1, 1), hidden, LENGTHS), hidden)
    assert sorted(seen[0].data[:, 0].tolist()) == list(range(22))
    assert seen[0].batch_sizes.tolist() == [5, 4, 4, 3, 2, 2, 2]


@pytest.mark.parametrize("head", [BOTH, replace(BOTH, lstm_size=0), replace(BOTH, crf=False)])
def test_asked_rows_are_those_of_all_tokens_and_parameters_are_counted(head: HeadConfig) -> None:
    made, given = network(head), packed()
    rows = Rows.of(given.layout, np.array([1, 4, 5, 10, 21]))
    with torch.no_grad():
        torch.testing.assert_close(made(given, rows=rows), made(given)[rows.index], atol=1e-6, rtol=1e-5)
    held = sum(each.numel() for each in made.head.parameters())
    assert held == head.num_parameters(made.config)


def test_logits_are_those_of_the_formula() -> None:
    made, given = network(), packed()
    with torch.no_grad():
        hidden = made.encoder(given)
        said = torch.cat([made.head.lstm(part)[0] for part in hidden.split(LENGTHS.tolist())])
        expected = torch.cat([hidden, said], dim=1) @ made.head.output.weight.T + made.head.output.bias
        torch.testing.assert_close(made(given), expected, atol=1e-5, rtol=1e-5)


def test_dropout_does_not_depend_on_the_other_sequences() -> None:
    made, given = network(), packed(np.array([4, 4]))
    alone = Packed.of(given.input_ids[4:].numpy(), np.zeros(4, dtype=np.int64), np.array([4]))

    def noise(*samples: int) -> SampleNoise:
        return SampleNoise(Rates(classifier=0.5), np.array(samples), seed=1, step=2)

    with torch.no_grad():
        both, one = made(given, noise=noise(8, 9)), made(alone, noise=noise(9))
        torch.testing.assert_close(both[4:], one, atol=1e-5, rtol=1e-5)
        assert (one - made(alone)).abs().max() > 0.01


def test_initialisation_is_a_function_of_the_seed() -> None:
    first, again, other = (Network(tiny_config(71), BOTH, seed=seed) for seed in (1, 1, 2))
    lstm = {name: value for name, value in first.head.named_parameters() if name.startswith("lstm.")}
    assert len(lstm) == 8
    for name, value in lstm.items():
        assert torch.equal(value, again.head.get_parameter(name))
        assert not torch.equal(value, other.head.get_parameter(name))
        assert value.abs().max() <= 5**-0.5 and value.std() > 0.15
    made = network()
    initialise(made, seed=1, part="head.")
    assert not any(weights.any() for weights in made.head.crf.scores())


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
@pytest.mark.parametrize("head", [BOTH, replace(BOTH, lstm_size=0), replace(BOTH, crf=False)])
def test_a_saved_head_is_loaded_to_the_same_bits(tmp_path: Path, family: str, head: HeadConfig) -> None:
    made = Network(tiny_config(71, family), head, seed=3)
    for value in made.parameters():
        nn.init.normal_(value, generator=torch.Generator().manual_seed(5))
    save_pretrained(made, tmp_path)
    loaded = load_pretrained(tmp_path)
    assert loaded.network.head_config == head
    assert loaded.assigned.newly_initialised == loaded.assigned.left_out == ()
    for name, value in made.named_parameters():
        assert torch.equal(loaded.network.get_parameter(name), value)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    save_pretrained(network(), tmp_path)
    config = read_json(tmp_path / "config.json")
    tensors = dict(open_tensors(tmp_path))
    path = tmp_path / "config.json"

    def written(**changes: object) -> None:
        kept = {name: value for name, value in (config | changes).items() if value is not None}
        path.write_text(json.dumps(kept))

    written(glassbert_crf=None)
    with pytest.raises(DataError, match="unread-tensors: the weights hold 'crf.end_transitions', "):
        load_pretrained(tmp_path)
    written(glassbert_lstm_size=None)
    with pytest.raises(DataError, match="wrong-shape-tensors: .*classifier.weight"):
        load_pretrained(tmp_path)
    written(glassbert_lstm_size=6)
    with pytest.raises(DataError, match="wrong-shape-tensors.*lstm.weight_ih_l0"):
        load_pretrained(tmp_path)
    for value in (-1, 2.5, "8", True):
        written(glassbert_lstm_size=value)
        with pytest.raises(DataError, match="bad-tag-head: lstm_size is"):
            load_pretrained(tmp_path)
    written(glassbert_crf="yes")
    with pytest.raises(DataError, match="bad-tag-head: crf is 'yes'"):
        load_pretrained(tmp_path)
    written()
    write_tensors(tmp_path / "model.safetensors", {k: v for k, v in tensors.items() if k[:4] != "crf."})
    assert set(load_pretrained(tmp_path).assigned.newly_initialised) == {
        "crf.transitions",
        "crf.start_transitions",
        "crf.end_transitions",
    }


def test_another_head_can_be_put_on_the_encoder(tmp_path: Path) -> None:
    """Steps between tags are those of their labels: other labels begin anew."""
    save_pretrained(network(), tmp_path)
    other = replace(BOTH, labels=("O", "B-Y", "I-Y"))
    loaded = load_pretrained(tmp_path, head=other, replace_head=True)
    assert not any(weights.any() for weights in loaded.network.head.crf.scores())
    assert {"crf.transitions", "classifier.weight"} <= set(loaded.assigned.newly_initialised)
    plain = load_pretrained(
        tmp_path, head=HeadConfig(kind="token-classification", labels=LABELS), replace_head=True
    )
    assert not isinstance(plain.network.head, TagHead)
    assert {name.partition(".")[0] for name in plain.assigned.left_out} == {"crf", "lstm"}


def test_only_tags_have_a_chain() -> None:
    with pytest.raises(DataError, match="only token-classification"):
        HeadConfig(kind="span", crf=True)
