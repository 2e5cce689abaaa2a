"""Checkpoint tensors in and out: exact, under every name they go by, and nothing skipped in silence."""

import pytest
import torch
from torch import Tensor

from glassbert.errors import DataError
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.weights import Assigned, assign, export
from tests.model.small import HEADS, blank, build, same, small

QUERY = "bert.encoder.layer.1.attention.self.query.weight"
_COMMON = ("none", "sequence-classification", "token-classification", "span", "masked-lm")
KINDS = {
    "bert": tuple(HEADS),
    "roberta": ("pooling", *_COMMON),
    "xlm-roberta": ("pooling", *_COMMON),
    "distilbert": _COMMON,
}
CASES = [(family, kind) for family, kinds in KINDS.items() for kind in kinds]


def refused(network: Network, tensors: dict[str, Tensor], *, file: str = "m.safetensors") -> dict[str, str]:
    """Code -> message of every problem."""
    with pytest.raises(DataError) as error:
        assign(network, tensors, file=file)
    assert all(problem.file == file for problem in error.value.problems)
    return {problem.code: problem.what for problem in error.value.problems}


@pytest.mark.parametrize(("family", "kind"), CASES)
@pytest.mark.parametrize("attention", ["scaled_dot_product", "additive"])
@pytest.mark.parametrize("tie", [True, False])
def test_a_round_trip_is_exact(family: str, kind: str, attention: str, tie: bool) -> None:
    choices = {"attention_type": attention, "tie_word_embeddings": tie}
    network, other = build(kind, family, **choices), blank(kind, family, **choices)
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
    network = blank("masked-lm")
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
    problems = refused(blank("span"), tensors | {QUERY: tensors[QUERY].to(dtype)})
    assert QUERY in problems["wrong-dtype-tensors"]


# -- M13: what does not fit -------------------------------------------------------------------------------


def test_missing_unexpected_and_misshaped_tensors_are_listed() -> None:
    tensors = export(build("span"))
    key, down = "bert.encoder.layer.0.attention.self.key.weight", "bert.encoder.layer.0.output.dense.bias"
    tensors[QUERY.replace("weight", "weigth")] = tensors.pop(QUERY)
    tensors[key] = tensors[key].reshape(15, 60)
    tensors[down] = tensors[down][:-1]
    problems = refused(blank("span"), tensors)
    assert problems.keys() == {"missing-tensors", "unexpected-tensors", "wrong-shape-tensors"}
    assert problems["missing-tensors"] == f"1 missing: {QUERY.removeprefix('bert.')}"
    assert problems["unexpected-tensors"].startswith("1 unexpected: ") and "weigth" in str(problems)
    shapes = problems["wrong-shape-tensors"]
    assert shapes.startswith("2 wrong-shape: ") and "[15, 60], expected [30, 30]" in shapes
    assert "[29], expected [30]" in shapes


def test_a_long_list_is_cut_and_counted() -> None:
    tensors = {name: t for name, t in export(build()).items() if "layer.1" not in name}
    assert refused(blank(), tensors)["missing-tensors"].endswith(", ... (8 more)")


def test_more_blocks_than_configured_are_refused() -> None:
    problems = refused(blank(num_hidden_layers=1), export(build()))
    assert problems.keys() == {"unexpected-tensors"} and "encoder.layer.1." in str(problems)


def test_another_vocabulary_is_refused_with_both_sizes() -> None:
    """V6"""
    problems = refused(blank(vocab_size=62), export(build()))
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
    assert len(assigned.fresh) == len(new) and set(assigned.fresh) <= {f"head.{name}" for name in head}
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
    assert assign(blank("span"), tensors).newly_initialised == ("qa_outputs.bias",)


def test_a_missing_encoder_tensor_is_never_new() -> None:
    tensors = export(build("span"))
    del tensors["bert.embeddings.LayerNorm.bias"]
    assert refused(blank("span"), tensors) == {"missing-tensors": "1 missing: embeddings.LayerNorm.bias"}


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
        assign(blank("span"), tensors, replace_head=True)


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
