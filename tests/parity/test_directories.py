"""Model directories: what transformers saves we load, and what we save transformers loads, bit by bit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file
from torch import Tensor

from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.pretrained import load_pretrained, save_pretrained
from glassbert.model.weights import Assigned
from tests.model.small import build, small
from tests.parity.references import CLASSES, FAMILIES, HEADS_OF, packed, reference
from tests.parity.test_transformers import reference_output

CASES = [(family, kind) for family in FAMILIES for kind in HEADS_OF[family]]
AUTO = {
    "none": "AutoModel",
    "pooling": "AutoModel",
    "sequence-classification": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "span": "AutoModelForQuestionAnswering",
    "masked-lm": "AutoModelForMaskedLM",
    "next-sentence": "AutoModelForNextSentencePrediction",
    "pretraining": "AutoModelForPreTraining",
}
CLOSE = 1e-5
POOLED = ("bert", "roberta", "xlm-roberta")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """transformers draws a progress bar for every file."""
    transformers.utils.logging.disable_progress_bar()
    level = transformers.utils.logging.get_verbosity()
    transformers.utils.logging.set_verbosity_error()
    yield
    transformers.utils.logging.set_verbosity(level)


def theirs(model: torch.nn.Module, kind: str, config: object) -> list[Tensor]:
    with torch.no_grad():
        return reference_output(model, kind, config)


def our_logits(network: Network) -> list[Tensor]:
    with torch.no_grad():
        out = network(packed(network.config))
    return [out] if isinstance(out, Tensor) else list(out)


def assert_close(ours: list[Tensor], theirs: list[Tensor]) -> None:
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.shape == other.shape and (mine - other).abs().max() <= CLOSE


@pytest.mark.parametrize("tie", [True, False])
@pytest.mark.parametrize(("family", "kind"), CASES)
def test_what_transformers_saves_gives_the_same_logits(
    family: str, kind: str, tie: bool, tmp_path: Path
) -> None:
    model = reference(family, kind, tie_word_embeddings=tie)
    model.save_pretrained(tmp_path)
    loaded = load_pretrained(tmp_path)
    assert loaded.assigned == Assigned((), ()) and loaded.warnings == ()
    assert loaded.network.head_config.kind == kind
    assert_close(our_logits(loaded.network), theirs(model, kind, loaded.network.config))


@pytest.mark.parametrize("tie", [True, False])
@pytest.mark.parametrize(("family", "kind"), CASES)
def test_what_we_save_gives_transformers_the_same_logits_and_bits(
    family: str, kind: str, tie: bool, tmp_path: Path
) -> None:
    reference(family, kind, tie_word_embeddings=tie).save_pretrained(tmp_path / "theirs")
    network = load_pretrained(tmp_path / "theirs").network
    save_pretrained(network, tmp_path / "ours")
    extra = {"add_pooling_layer": False} if kind == "none" and family in POOLED else {}
    model, report = getattr(transformers, AUTO[kind]).from_pretrained(
        tmp_path / "ours", output_loading_info=True, attn_implementation="eager", **extra
    )
    assert not any(report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert type(model).__name__.endswith(CLASSES[kind])
    assert_close(our_logits(network), theirs(model.eval(), kind, network.config))
    before, after = (load_file(tmp_path / name / "model.safetensors") for name in ("theirs", "ours"))
    assert before.keys() == after.keys()
    # untied, transformers computes with decoder.bias, and what lies under the other name is dead
    dead = set() if tie else {"cls.predictions.bias", "lm_head.bias"}
    assert all(torch.equal(before[name], after[name]) for name in before.keys() - dead)


@pytest.mark.parametrize("family", (*POOLED, "distilbert"))
def test_sinusoids_give_transformers_the_same_states(family: str, tmp_path: Path) -> None:
    network = build("none", family, position_embedding_type="sinusoidal", max_position_embeddings=41)
    save_pretrained(network, tmp_path)
    model = transformers.AutoModel.from_pretrained(tmp_path, attn_implementation="eager").eval()
    assert_close(our_logits(network), theirs(model, "none", network.config))


@pytest.mark.parametrize("family", FAMILIES)
def test_transformers_refuses_what_it_does_not_compute_by_any_door(family: str, tmp_path: Path) -> None:
    """AutoModel does not know the model_type; a class named outright does not fit the tensors."""
    choice = {"feed_forward_type": "plain"} if family == "modernbert" else {"attention_type": "additive"}
    save_pretrained(build("sequence-classification", family, **choice), tmp_path)
    with pytest.raises(ValueError, match="glassbert"):
        transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path)
    name = type(reference(family, "sequence-classification")).__name__
    with pytest.raises(RuntimeError, match="size|shape"):
        getattr(transformers, name).from_pretrained(tmp_path)


def test_labels_and_problem_type_reach_transformers(tmp_path: Path) -> None:
    head = HeadConfig(
        kind="sequence-classification",
        labels=("<b>", "\u00e9\u4e2d"),
        problem_type="multi_label_classification",
    )
    save_pretrained(Network(small(), head), tmp_path)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path)
    assert model.config.id2label == {0: "<b>", 1: "\u00e9\u4e2d"}
    assert model.config.problem_type == "multi_label_classification"
    assert load_pretrained(tmp_path).network.head_config == head
