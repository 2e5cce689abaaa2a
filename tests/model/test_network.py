"""A network: repeatable random weights, ties that hold, and refusal of input it was not built for."""

import copy

import pytest
import torch
from torch import nn

from glassbert.errors import DataError, UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.encoder import sinusoidal_positions
from glassbert.model.heads import MaskedHead
from glassbert.model.network import Network, initialise
from tests.model.small import HEADS, SMALL, batch, build, same, small


@pytest.mark.parametrize("kind", list(HEADS))
def test_random_weights_are_a_pure_function_of_the_seed(kind: str) -> None:
    torch.manual_seed(1)
    one = Network(SMALL, HEADS[kind], seed=3)
    torch.manual_seed(2)
    state = torch.random.get_rng_state()
    other = Network(SMALL, HEADS[kind], seed=3)
    assert same(one, other)
    assert torch.equal(torch.random.get_rng_state(), state), "the global generator is left alone"
    assert not same(one, Network(SMALL, HEADS[kind], seed=4))


def test_random_weights_do_not_depend_on_the_number_of_threads() -> None:
    threads = torch.get_num_threads()
    config = small(vocab_size=20_000)
    try:
        torch.set_num_threads(1)
        one = Network(config, seed=3)
        torch.set_num_threads(2)
        assert same(one, Network(config, seed=3))
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("std", [0.02, 0.1])
def test_random_weights_follow_the_normal_distribution(std: float) -> None:
    network = Network(
        small(vocab_size=2000, initializer_range=std, attention_type="additive"), HEADS["pretraining"]
    )
    seen = set()
    for name, parameter in network.named_parameters():
        owner = network.get_submodule(name.rpartition(".")[0])
        values = parameter.detach().double()
        if isinstance(owner, nn.LayerNorm):
            assert (values == (1.0 if name.endswith("weight") else 0.0)).all(), name
            seen.add("norm")
        elif name.endswith("bias"):
            assert not values.any(), name
            seen.add("bias")
        else:
            number = values.numel()
            assert abs(float(values.mean())) < 5 * std / number**0.5, name
            assert abs(float(values.std()) / std - 1) < 5 / (2 * number) ** 0.5, name
            seen.add("weight")
    words = network.encoder.embeddings.word.weight.detach().flatten() / std
    for bound, share in [(1, 0.6827), (2, 0.9545), (3, 0.9973)]:
        assert float((words.abs() < bound).double().mean()) == pytest.approx(share, abs=0.01)
    assert seen == {"norm", "bias", "weight"}


def test_no_parameter_repeats_another() -> None:
    """One stream of random numbers for all of them."""
    network = Network(SMALL, HEADS["pretraining"])
    starts = [tuple(p.flatten()[:4].tolist()) for p in network.parameters() if p.ndim == 2]
    assert len(set(starts)) == len(starts)


@pytest.mark.parametrize("kind", ["masked-lm", "pretraining"])
def test_the_decoder_is_the_word_embedding(kind: str) -> None:
    def tied(network: Network) -> bool:
        (head,) = (module for module in network.modules() if isinstance(module, MaskedHead))
        return head.decoder.weight is network.encoder.embeddings.word.weight

    network = Network(SMALL, HEADS[kind])
    assert tied(network) and tied(copy.deepcopy(network)) and tied(network.double())
    other = Network(SMALL, HEADS[kind], seed=9).double()
    other.load_state_dict(network.state_dict())
    assert tied(other) and same(network, other)
    assert not tied(Network(small(tie_word_embeddings=False), HEADS[kind]))


def test_sinusoids_are_no_parameter() -> None:
    network = Network(small(position_embedding_type="sinusoidal"))
    assert not any("sinusoid" in name or "position" in name for name, _ in network.named_parameters())
    assert torch.equal(network.encoder.embeddings.sinusoids, sinusoidal_positions(29, 30))


def test_no_seed_still_ties_and_computes_sinusoids() -> None:
    network = Network(small(position_embedding_type="sinusoidal"), HEADS["masked-lm"], seed=None)
    assert network.head.decoder.weight is network.encoder.embeddings.word.weight
    assert torch.equal(network.encoder.embeddings.sinusoids, sinusoidal_positions(29, 30))
    initialise(network, seed=3)
    assert same(network, Network(network.config, HEADS["masked-lm"], seed=3))


def test_no_random_number_is_drawn_for_nothing() -> None:
    """Neither for torch's own initialisation nor in its place."""
    state = torch.random.get_rng_state()
    Network(SMALL, HEADS["pretraining"], seed=None)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_everything_is_on_the_cpu_and_single_precision() -> None:
    for tensor in build("pretraining").state_dict().values():
        assert tensor.device.type == "cpu" and tensor.dtype == torch.float32


def test_the_head_alone_can_be_drawn_anew() -> None:
    network = build("sequence-classification")
    encoder = copy.deepcopy(network.encoder)
    initialise(network, seed=3, part="head.")
    assert same(network.encoder, encoder)
    assert not network.head.output.bias.any()
    again = build("sequence-classification")
    initialise(again, seed=3, part="head.")
    assert same(network, again)


@pytest.mark.parametrize("kind", ["masked-lm", "pretraining"])
def test_drawing_a_tied_head_leaves_the_words(kind: str) -> None:
    network = build(kind)
    words = network.encoder.embeddings.word.weight.clone()
    initialise(network, seed=3, part="head.")
    assert torch.equal(network.encoder.embeddings.word.weight, words)


# -- input that the network was not built for ------------------------------------------------------------


def test_a_sequence_longer_than_the_positions_is_refused_with_both_lengths() -> None:
    assert build()(batch(lengths=(29,))).shape == (29, 30)
    with pytest.raises(UsageError, match=r"too-long.*30.*29"):
        build()(batch(lengths=(3, 30)))
    roberta = build(family="roberta")
    assert roberta(batch(roberta.config, (27,))).shape == (27, 30)
    with pytest.raises(UsageError, match=r"too-long.*28.*27"):
        roberta(batch(roberta.config, (28,)))


@pytest.mark.parametrize(("built", "packed_for"), [("roberta", "bert"), ("bert", "roberta")])
def test_positions_of_another_family_are_refused(built: str, packed_for: str) -> None:
    """They would be looked up two rows off, and nothing would tell."""
    with pytest.raises(UsageError, match="wrong-positions"):
        build(family=built)(batch(small(packed_for, vocab_size=61)))


def test_an_unknown_word_is_refused_by_the_lookup() -> None:
    packed = batch()
    packed.input_ids[3] = 61
    with pytest.raises(IndexError):
        build()(packed)


@pytest.mark.parametrize("family", ["roberta", "distilbert"])
def test_a_head_that_the_layout_of_hugging_face_lacks_still_computes(family: str) -> None:
    """Only saving it is refused: see test_weights."""
    network = build("next-sentence", family)
    assert network(batch(network.config)).shape == (8, 2)


def test_no_head_is_the_default() -> None:
    assert Network(SMALL).head_config == HeadConfig(kind="none")


def test_an_unsound_configuration_never_reaches_the_memory() -> None:
    with pytest.raises(DataError):
        small(hidden_size=10**9 + 1)
