"""Checkpoint tensors in and out: exact, under every name they go by, and nothing skipped in silence."""

import pytest
import torch
from torch import Tensor

from glassbert.errors import DataError
from glassbert.model.aliases import has_tensor
from glassbert.model.config import HeadConfig
from glassbert.model.encoder import sinusoidal_positions
from glassbert.model.network import Network
from glassbert.model.weights import Assigned, assign, export
from tests.model.small import HEADS, build, small

QUERY = "bert.encoder.layer.1.attention.self.query.weight"
TABLE = "bert.embeddings.position_embeddings.weight"
KINDS = {
    "bert": tuple(HEADS),
    "roberta": ("none", "pooling", "sequence-classification", "token-classification", "span", "masked-lm"),
    "xlm-roberta": (
        "none",
        "pooling",
        "sequence-classification",
        "token-classification",
        "span",
        "masked-lm",
    ),
    "distilbert": ("none", "sequence-classification", "token-classification", "span", "masked-lm"),
}
CASES = [(family, kind) for family, kinds in KINDS.items() for kind in kinds]


def fresh(kind: str = "none", family: str = "bert", **choices: object) -> Network:
    """Another network than `build` gives: no tensor of it is left if all are assigned."""
    network = Network(small(family, **choices), HEADS[kind], seed=77)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(float("nan"))
    return network


def same(one: Network, other: Network) -> bool:
    pairs = zip(one.named_parameters(), other.named_parameters(), strict=True)
    return all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


def refused(network: Network, tensors: dict[str, Tensor], *, file: str = "m.safetensors") -> dict[str, str]:
    """Code -> message of every problem."""
    with pytest.raises(DataError) as error:
        assign(network, tensors, file=file)
    assert all(problem.file == file for problem in error.value.problems)
    return {problem.code: problem.what for problem in error.value.problems}


def renamed(tensors: dict[str, Tensor], old: str, new: str) -> dict[str, Tensor]:
    return {name.replace(old, new): tensor for name, tensor in tensors.items()}


@pytest.mark.parametrize(("family", "kind"), CASES)
@pytest.mark.parametrize("attention", ["scaled_dot_product", "additive"])
@pytest.mark.parametrize("tie", [True, False])
def test_a_round_trip_is_exact(family: str, kind: str, attention: str, tie: bool) -> None:
    choices = {"attention_type": attention, "tie_word_embeddings": tie}
    network, other = build(kind, family, **choices), fresh(kind, family, **choices)
    tensors = export(network)
    assert assign(other, tensors) == Assigned((), ())
    assert same(network, other)
    again = export(other)
    assert again.keys() == tensors.keys()
    assert all(torch.equal(again[name], tensors[name]) for name in tensors)


def test_exported_tensors_are_contiguous_and_detached() -> None:
    for tensor in export(build("pretraining")).values():
        assert tensor.is_contiguous() and not tensor.requires_grad


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_are_read_into_single_precision(dtype: torch.dtype) -> None:
    tensors = {name: tensor.to(dtype) for name, tensor in export(build("masked-lm")).items()}
    network = fresh("masked-lm")
    assign(
        network,
        tensors | {"cls.predictions.decoder.weight": tensors["bert.embeddings.word_embeddings.weight"]},
    )
    for name, tensor in export(network).items():
        assert tensor.dtype == torch.float32 and torch.equal(tensor.to(dtype), tensors[name])


@pytest.mark.parametrize("dtype", [torch.int8, torch.int64, torch.bool])
def test_tensors_that_are_no_floats_are_refused(dtype: torch.dtype) -> None:
    """A quantised weight without its scale is another number."""
    tensors = export(build("span"))
    problems = refused(fresh("span"), tensors | {QUERY: tensors[QUERY].to(dtype)})
    assert QUERY in problems["wrong-dtype-tensors"]


# -- M13: what does not fit -------------------------------------------------------------------------------


def test_missing_unexpected_and_misshaped_tensors_are_listed() -> None:
    tensors = export(build("span"))
    key, down = "bert.encoder.layer.0.attention.self.key.weight", "bert.encoder.layer.0.output.dense.bias"
    tensors[QUERY.replace("weight", "weigth")] = tensors.pop(QUERY)
    tensors[key] = tensors[key].reshape(15, 60)
    tensors[down] = tensors[down][:-1]
    problems = refused(fresh("span"), tensors)
    assert problems.keys() == {"missing-tensors", "unexpected-tensors", "wrong-shape-tensors"}
    assert problems["missing-tensors"] == f"1 missing: {QUERY.removeprefix('bert.')}"
    assert problems["unexpected-tensors"].startswith("1 unexpected: ") and "weigth" in str(problems)
    shapes = problems["wrong-shape-tensors"]
    assert shapes.startswith("2 wrong-shape: ") and "[15, 60], expected [30, 30]" in shapes
    assert "[29], expected [30]" in shapes


def test_a_long_list_is_cut_and_counted() -> None:
    tensors = {name: t for name, t in export(build()).items() if "layer.1" not in name}
    assert refused(fresh(), tensors)["missing-tensors"].endswith(", ... (8 more)")


def test_more_blocks_than_configured_are_refused() -> None:
    problems = refused(fresh(num_hidden_layers=1), export(build()))
    assert problems.keys() == {"unexpected-tensors"} and "encoder.layer.1." in str(problems)


def test_another_vocabulary_is_refused_with_both_sizes() -> None:
    """V6"""
    problems = refused(fresh(vocab_size=62), export(build()))
    assert "[61, 30], expected [62, 30]" in problems["wrong-shape-tensors"]


@pytest.mark.parametrize(
    ("kind", "new"),
    [
        ("sequence-classification", ("classifier.weight", "classifier.bias")),
        ("token-classification", ("classifier.weight", "classifier.bias")),
        ("span", ("qa_outputs.weight", "qa_outputs.bias")),
    ],
)
def test_a_pretrained_bert_gives_a_classifier_its_body_and_names_the_new_head(
    kind: str, new: tuple[str, ...]
) -> None:
    pretrained, network = build("pretraining"), Network(small(), HEADS[kind])
    head = {name: p.clone() for name, p in network.head.named_parameters()}
    assigned = assign(network, export(pretrained))
    assert assigned.newly_initialised == new
    masked = [name for name in export(pretrained) if name.startswith("cls.")]
    unused_pooler = (
        [] if kind == "sequence-classification" else ["bert.pooler.dense.bias", "bert.pooler.dense.weight"]
    )
    assert assigned.left_out == tuple(sorted(masked + unused_pooler))
    for name, parameter in pretrained.encoder.named_parameters():
        assert torch.equal(network.encoder.get_parameter(name), parameter)
    if kind == "sequence-classification":
        assert torch.equal(network.head.dense.weight, pretrained.head.next_sentence.dense.weight)
    assert torch.equal(network.head.output.weight, head["output.weight"])


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
@pytest.mark.parametrize("kind", ["sequence-classification", "token-classification", "span", "masked-lm"])
def test_a_headless_checkpoint_names_every_new_tensor(family: str, kind: str) -> None:
    network = build(kind, family)
    assigned = assign(network, export(build("none", family)))
    prefix = {"distilbert": "distilbert."}.get(family, f"{family}.")
    body = {name for name in export(network) if name.startswith(prefix) and "pooler" not in name}
    assert set(assigned.newly_initialised) == set(export(network)) - body
    assert assigned.left_out == ()


def test_half_a_head_is_named_tensor_by_tensor() -> None:
    tensors = export(build("span"))
    del tensors["qa_outputs.bias"]
    assert assign(fresh("span"), tensors).newly_initialised == ("qa_outputs.bias",)


def test_a_missing_encoder_tensor_is_never_new() -> None:
    tensors = export(build("span"))
    del tensors["bert.embeddings.LayerNorm.bias"]
    assert refused(fresh("span"), tensors) == {"missing-tensors": "1 missing: embeddings.LayerNorm.bias"}


def test_another_label_set_is_refused_unless_the_head_is_to_be_replaced() -> None:
    tensors = export(build("sequence-classification"))
    head = HeadConfig(kind="sequence-classification", labels=("a", "b", "c", "d"))
    network = Network(small(), head, seed=1)
    problems = refused(network, tensors)
    assert "classifier.weight is [3, 30], expected [4, 30]" in problems["wrong-shape-tensors"]
    before = network.head.output.weight.clone()
    assigned = assign(network, tensors, replace_head=True)
    assert assigned.newly_initialised == ("classifier.weight", "classifier.bias")
    assert torch.equal(network.head.output.weight, before)
    assert torch.equal(network.head.dense.weight, tensors["bert.pooler.dense.weight"])


def test_replacing_the_head_excuses_no_encoder_tensor() -> None:
    tensors = export(build("span"))
    tensors[QUERY] = tensors[QUERY][:, :-1]
    with pytest.raises(DataError, match="wrong-shape-tensors"):
        assign(fresh("span"), tensors, replace_head=True)


@pytest.mark.parametrize(
    ("family", "kind"),
    [("roberta", "next-sentence"), ("distilbert", "pooling"), ("distilbert", "pretraining")],
)
def test_a_head_that_hugging_face_has_no_names_for_is_refused(family: str, kind: str) -> None:
    network = build(kind, family)
    with pytest.raises(DataError, match=f"no-such-head.*{family}.*{kind}"):
        export(network)
    with pytest.raises(DataError, match="no-such-head"):
        assign(network, {})


# -- M14: the names that a tensor has gone by ------------------------------------------------------------


def test_gamma_and_beta_are_weight_and_bias() -> None:
    network, other = build("pretraining"), fresh("pretraining")
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
    other = fresh("span", family)
    assert assign(other, bare) == Assigned((), ()) and same(network, other)
    headless = fresh("none", family)
    prefixed = {prefix + name: tensor for name, tensor in export(build("none", family)).items()}
    assert assign(headless, prefixed) == Assigned((), ()) and same(headless, build("none", family))


@pytest.mark.parametrize(
    "second", [QUERY.removeprefix("bert."), "bert.embeddings.LayerNorm.gamma", "embeddings.LayerNorm.gamma"]
)
def test_two_tensors_for_one_parameter_are_refused(second: str) -> None:
    tensors = export(build("span"))
    first = QUERY if second in QUERY else "bert.embeddings.LayerNorm.weight"
    problems = refused(fresh("span"), tensors | {second: tensors[first] + 1})
    assert first in problems["ambiguous-tensors"] and second in problems["ambiguous-tensors"]


@pytest.mark.parametrize("buffer", ["bert.embeddings.position_ids", "embeddings.token_type_ids"])
def test_old_buffers_are_nothing(buffer: str) -> None:
    tensors = export(build("span")) | {buffer: torch.arange(29)[None]}
    assert assign(fresh("span"), tensors) == Assigned((), ())


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
    other = fresh("masked-lm", family)
    assert assign(other, equal) == Assigned((), ()) and same(other, build("masked-lm", family))
    wide = tensors | {copy: tensors[original].double()}
    assert assign(fresh("masked-lm", family), wide) == Assigned((), ())
    for changed in (tensors[original] + 1, tensors[original][:-1], tensors[original].half()):
        problems = refused(fresh("masked-lm", family), tensors | {copy: changed})
        assert copy in problems["tied-weights-differ"]


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_the_decoders_bias_may_bear_its_second_name_alone(family: str) -> None:
    known, alias = next((o, c) for f, c, o in TIED if f == family and c.endswith("bias"))
    other = fresh("masked-lm", family)
    assert assign(other, renamed(export(build("masked-lm", family)), known, alias)) == Assigned((), ())
    assert same(other, build("masked-lm", family))


@pytest.mark.parametrize(("family", "copy", "original"), TIED)
def test_an_untied_decoder_is_its_own(family: str, copy: str, original: str) -> None:
    """Untied, transformers computes with decoder.weight and decoder.bias; the other bias is dead."""
    network = build("masked-lm", family, tie_word_embeddings=False)
    tensors = export(network)
    assert copy in tensors
    tensors[copy] = tensors[copy] + 1
    other = fresh("masked-lm", family, tie_word_embeddings=False)
    assert assign(other, tensors) == Assigned((), ())
    mine = other.head.decoder.weight if copy.endswith("weight") else other.head.decoder.bias
    assert torch.equal(mine, tensors[copy])
    assert torch.equal(other.encoder.embeddings.word.weight, network.encoder.embeddings.word.weight)


def test_an_untied_decoder_that_is_missing_is_named() -> None:
    tensors = export(build("masked-lm"))
    network = fresh("masked-lm", tie_word_embeddings=False)
    assert assign(network, tensors).newly_initialised == ("cls.predictions.decoder.weight",)


# -- sinusoids -------------------------------------------------------------------------------------------


def test_sinusoids_are_written_as_a_table_and_need_not_be_there() -> None:
    network = build("span", position_embedding_type="sinusoidal")
    tensors = export(network)
    assert torch.equal(tensors[TABLE], sinusoidal_positions(29, 30))
    del tensors[TABLE]
    assert assign(fresh("span", position_embedding_type="sinusoidal"), tensors) == Assigned((), ())


@pytest.mark.parametrize(
    "change", [lambda t: t + 0.01, lambda t: t[:-1], lambda t: t[:, :-1], lambda t: t * torch.nan]
)
def test_a_table_that_is_not_sinusoidal_is_refused(change: object) -> None:
    tensors = export(build("span", position_embedding_type="sinusoidal"))
    problems = refused(
        fresh("span", position_embedding_type="sinusoidal"), tensors | {TABLE: change(tensors[TABLE])}
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
