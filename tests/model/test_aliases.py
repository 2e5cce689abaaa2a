"""One tensor under every name that it has gone by, and copies that must agree with their originals."""

import pytest
import torch
from torch import Tensor

from glassbert.errors import DataError
from glassbert.model.aliases import has_tensor
from glassbert.model.encoder import sinusoidal_positions
from glassbert.model.network import Network
from glassbert.model.weights import Assigned, assign, export
from tests.model.small import blank, build, same, small

QUERY = "bert.encoder.layer.1.attention.self.query.weight"
TABLE = "bert.embeddings.position_embeddings.weight"


def refusal(network: Network, tensors: dict[str, Tensor]) -> dict[str, str]:
    """Code -> message of every problem, each of which names the file."""
    with pytest.raises(DataError) as error:
        assign(network, tensors, file="m.safetensors")
    assert all(problem.file == "m.safetensors" for problem in error.value.problems)
    return {problem.code: problem.what for problem in error.value.problems}


def renamed(tensors: dict[str, Tensor], old: str, new: str) -> dict[str, Tensor]:
    return {name.replace(old, new): tensor for name, tensor in tensors.items()}


def test_gamma_and_beta_are_weight_and_bias() -> None:
    network, other = build("pretraining"), blank("pretraining")
    old = renamed(
        renamed(export(network), "LayerNorm.weight", "LayerNorm.gamma"), "LayerNorm.bias", "LayerNorm.beta"
    )
    assert sum(name.endswith(("gamma", "beta")) for name in old) == 12
    assert assign(other, old) == Assigned((), ())
    assert same(network, other)


@pytest.mark.parametrize("family", ["bert", "roberta", "xlm-roberta", "distilbert"])
def test_the_familys_prefix_may_be_absent_or_present(family: str) -> None:
    prefix = {"distilbert": "distilbert."}.get(family, "bert." if family == "bert" else "roberta.")
    network = build("span", family)
    bare = renamed(export(network), prefix, "")
    assert not any(name.startswith(prefix) for name in bare)
    other = blank("span", family)
    assert assign(other, bare) == Assigned((), ()) and same(network, other)
    headless = blank("none", family)
    prefixed = {prefix + name: tensor for name, tensor in export(build("none", family)).items()}
    assert assign(headless, prefixed) == Assigned((), ()) and same(headless, build("none", family))


@pytest.mark.parametrize(
    "second", [QUERY.removeprefix("bert."), "bert.embeddings.LayerNorm.gamma", "embeddings.LayerNorm.gamma"]
)
def test_two_tensors_for_one_parameter_are_refused(second: str) -> None:
    tensors = export(build("span"))
    first = QUERY if second in QUERY else "bert.embeddings.LayerNorm.weight"
    problems = refusal(blank("span"), tensors | {second: tensors[first] + 1})
    assert first in problems["ambiguous-tensors"] and second in problems["ambiguous-tensors"]


@pytest.mark.parametrize("buffer", ["bert.embeddings.position_ids", "embeddings.token_type_ids"])
def test_old_buffers_are_nothing(buffer: str) -> None:
    tensors = export(build("span")) | {buffer: torch.arange(29)[None]}
    assert assign(blank("span"), tensors) == Assigned((), ())


TIED = [
    ("bert", "cls.predictions.decoder.weight", "bert.embeddings.word_embeddings.weight"),
    ("roberta", "lm_head.decoder.weight", "roberta.embeddings.word_embeddings.weight"),
    ("distilbert", "vocab_projector.weight", "distilbert.embeddings.word_embeddings.weight"),
    ("bert", "cls.predictions.decoder.bias", "cls.predictions.bias"),
    ("roberta", "lm_head.decoder.bias", "lm_head.bias"),
]


@pytest.mark.parametrize(("family", "copy", "original"), TIED)
def test_a_tied_copy_must_equal_its_original(family: str, copy: str, original: str) -> None:
    tensors = export(build("masked-lm", family))
    assert copy not in tensors
    equal = tensors | {copy: tensors[original].clone()}
    other = blank("masked-lm", family)
    assert assign(other, equal) == Assigned((), ()) and same(other, build("masked-lm", family))
    wide = tensors | {copy: tensors[original].double()}
    assert assign(blank("masked-lm", family), wide) == Assigned((), ())
    for changed in (tensors[original] + 1, tensors[original][:-1], tensors[original].half()):
        problems = refusal(blank("masked-lm", family), tensors | {copy: changed})
        assert copy in problems["tied-weights-differ"]


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_the_decoders_bias_may_bear_its_second_name_alone(family: str) -> None:
    known, alias = next((o, c) for f, c, o in TIED if f == family and c.endswith("bias"))
    other = blank("masked-lm", family)
    assert assign(other, renamed(export(build("masked-lm", family)), known, alias)) == Assigned((), ())
    assert same(other, build("masked-lm", family))


@pytest.mark.parametrize(("family", "copy", "original"), TIED)
def test_an_untied_decoder_is_its_own(family: str, copy: str, original: str) -> None:
    """Untied, transformers computes with decoder.weight and decoder.bias; the other bias is dead."""
    network = build("masked-lm", family, tie_word_embeddings=False)
    tensors = export(network)
    assert copy in tensors
    tensors[copy] = tensors[copy] + 1
    other = blank("masked-lm", family, tie_word_embeddings=False)
    assert assign(other, tensors) == Assigned((), ())
    mine = other.head.decoder.weight if copy.endswith("weight") else other.head.decoder.bias
    assert torch.equal(mine, tensors[copy])
    assert torch.equal(other.encoder.embeddings.word.weight, network.encoder.embeddings.word.weight)


def test_an_untied_decoder_that_is_missing_is_named() -> None:
    tensors = export(build("masked-lm"))
    network = blank("masked-lm", tie_word_embeddings=False)
    assert assign(network, tensors).newly_initialised == ("cls.predictions.decoder.weight",)


# -- sinusoids -------------------------------------------------------------------------------------------


def test_sinusoids_are_written_as_a_table_and_need_not_be_there() -> None:
    network = build("span", position_embedding_type="sinusoidal")
    tensors = export(network)
    assert torch.equal(tensors[TABLE], sinusoidal_positions(29, 30))
    del tensors[TABLE]
    assert assign(blank("span", position_embedding_type="sinusoidal"), tensors) == Assigned((), ())


@pytest.mark.parametrize(
    "change", [lambda t: t + 0.01, lambda t: t[:-1], lambda t: t[:, :-1], lambda t: t * torch.nan]
)
def test_a_table_that_is_not_sinusoidal_is_refused(change: object) -> None:
    tensors = export(build("span", position_embedding_type="sinusoidal"))
    problems = refusal(
        blank("span", position_embedding_type="sinusoidal"), tensors | {TABLE: change(tensors[TABLE])}
    )
    assert problems.keys() == {"not-sinusoidal"}


# -- looking before reading ------------------------------------------------------------------------------


def test_has_tensor_looks_through_prefix_and_old_names() -> None:
    config, names = small(), list(export(build("pretraining")))
    assert has_tensor(names, "pooler.dense.weight", config)
    assert has_tensor(names, "bert.pooler.dense.weight", config)
    assert has_tensor([name.removeprefix("bert.") for name in names], "bert.pooler.dense.weight", config)
    assert has_tensor(["bert.embeddings.LayerNorm.gamma"], "embeddings.LayerNorm.weight", config)
    assert not has_tensor(names, "qa_outputs.weight", config)
