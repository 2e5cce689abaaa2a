"""Model directories saved and loaded: exact, the right head on top, and nothing used that does not belong."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from glassbert.errors import DataError, GlassbertError, MissingInputError, UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.pretrained import load_pretrained, save_pretrained
from glassbert.model.weights import Assigned
from glassbert.strict_json import read_json
from tests.model.small import HEADS, batch, build, same, small
from tests.parity.references import FAMILIES, HEADS_OF

CASES = [(family, kind) for family in FAMILIES for kind in HEADS_OF[family]]


def refused(directory: Path, **options: Any) -> GlassbertError:
    with pytest.raises(GlassbertError) as error:
        load_pretrained(directory, **options)
    return error.value


def edit_config(directory: Path, **keys: Any) -> None:
    path = directory / "config.json"
    raw = json.loads(path.read_text())
    path.write_text(json.dumps(raw | keys))


def edit_tensors(directory: Path, **tensors: Tensor) -> None:
    path = directory / "model.safetensors"
    known = {name: tensor.clone() for name, tensor in load_file(path).items()}
    save_file(known | {name.replace("__", "."): tensor for name, tensor in tensors.items()}, path)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A small classifier of three labels a, b, c, saved by us."""
    save_pretrained(build("sequence-classification"), tmp_path)
    return tmp_path


@pytest.mark.parametrize(("family", "kind"), CASES)
@pytest.mark.parametrize("attention", ["scaled_dot_product", "additive"])
@pytest.mark.parametrize("positions", ["absolute", "sinusoidal"])
def test_what_we_save_we_load_exactly(
    family: str, kind: str, attention: str, positions: str, tmp_path: Path
) -> None:
    choices = {"attention_type": attention, "position_embedding_type": positions, "classifier_dropout": 0.1}
    network = build(kind, family, **choices)
    save_pretrained(network, tmp_path)
    loaded = load_pretrained(tmp_path)
    assert loaded.network.config == network.config
    assert loaded.network.head_config == network.head_config
    assert loaded.assigned == Assigned((), ()) and loaded.warnings == ()
    assert same(network, loaded.network)


# -- the files ---------------------------------------------------------------------------------------------


def test_the_files_are_what_hugging_face_writes(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == ["config.json", "model.safetensors"]
    with safe_open(saved / "model.safetensors", framework="pt") as file:
        assert file.metadata() == {"format": "pt"}
    assert "transformers_version" not in read_json(saved / "config.json")
    assert (saved / "config.json").read_bytes().endswith(b"}\n")


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_weights_are_saved_in_single_precision(dtype: torch.dtype, tmp_path: Path) -> None:
    save_pretrained(build("masked-lm").to(dtype), tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float32}
    expected = build("masked-lm").to(dtype).float()
    assert same(load_pretrained(tmp_path).network, expected)


def test_extra_keys_are_written_beside_ours(tmp_path: Path) -> None:
    save_pretrained(build("span"), tmp_path, extra={"glassbert_version": "0.1.0"})
    assert read_json(tmp_path / "config.json")["glassbert_version"] == "0.1.0"
    assert load_pretrained(tmp_path).warnings == ()


def test_extra_keys_must_not_replace_ours(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="reserved-key.*hidden_size"):
        save_pretrained(build("span"), tmp_path / "new", extra={"hidden_size": 3})
    assert not (tmp_path / "new").exists()


def test_saving_over_a_loaded_directory_keeps_what_was_loaded(saved: Path) -> None:
    """S16: the old file may still be mapped."""
    loaded = load_pretrained(saved).network
    other = Network(small(), HEADS["sequence-classification"], seed=8)
    save_pretrained(other, saved)
    assert same(loaded, build("sequence-classification"))
    assert same(load_pretrained(saved).network, other)


def test_a_failed_save_leaves_the_previous_model(saved: Path) -> None:
    with pytest.raises(DataError, match="no-such-head"):
        save_pretrained(build("pretraining", "distilbert"), saved)
    assert same(load_pretrained(saved).network, build("sequence-classification"))


def test_a_place_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(GlassbertError) as error:
        save_pretrained(build("span"), tmp_path / "file" / "model")
    assert error.value.exit_code == 73


# -- choosing the head -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["none", "pooling"])
def test_the_poolers_tensors_tell_a_bare_encoder_from_a_pooled_one(kind: str, tmp_path: Path) -> None:
    save_pretrained(build(kind), tmp_path)
    assert load_pretrained(tmp_path).network.head_config == HeadConfig(kind=kind)


def test_a_head_that_is_not_ours_leaves_the_encoder(saved: Path) -> None:
    edit_config(saved, architectures=["BertForMultipleChoice"])
    loaded = load_pretrained(saved)
    assert loaded.network.head_config.kind == "pooling"
    assert loaded.assigned == Assigned((), ("classifier.bias", "classifier.weight"))
    assert len(loaded.warnings) == 1 and "BertForMultipleChoice" in loaded.warnings[0]


def test_a_pretrained_bert_becomes_a_classifier_whose_new_tensors_are_named(tmp_path: Path) -> None:
    pretrained = build("pretraining")
    save_pretrained(pretrained, tmp_path)
    loaded = load_pretrained(tmp_path, head=HEADS["sequence-classification"])
    assert loaded.assigned.newly_initialised == ("classifier.weight", "classifier.bias")
    assert all(name.startswith("cls.") for name in loaded.assigned.left_out)
    assert same(loaded.network.encoder, pretrained.encoder)
    head = loaded.network.head
    assert torch.equal(head.dense.weight, pretrained.head.next_sentence.dense.weight)
    assert 0.01 < float(head.output.weight.detach().std()) < 0.03 and not head.output.bias.any()


def test_the_new_head_is_a_pure_function_of_the_seed(tmp_path: Path) -> None:
    save_pretrained(build("none"), tmp_path)

    def loaded(**options: int) -> Network:
        return load_pretrained(tmp_path, head=HEADS["sequence-classification"], **options).network

    assert same(loaded(), loaded(seed=0)) and same(loaded(seed=5), loaded(seed=5))
    assert not torch.equal(loaded(seed=5).head.output.weight, loaded(seed=6).head.output.weight)
    assert same(loaded(seed=5).encoder, loaded(seed=6).encoder)


def test_the_same_labels_keep_the_head(saved: Path) -> None:
    for replace_head in (False, True):
        loaded = load_pretrained(saved, head=HEADS["sequence-classification"], replace_head=replace_head)
        assert loaded.assigned == Assigned((), ())
        assert same(loaded.network, build("sequence-classification"))


@pytest.mark.parametrize("labels", [("c", "b", "a"), ("x", "y", "z"), ("a", "b"), ("a", "b", "c", "d")])
def test_other_labels_are_refused_or_get_new_logits(saved: Path, labels: tuple[str, ...]) -> None:
    """As many labels, but others: the old logits would silently stand for the new classes."""
    head = HeadConfig(kind="sequence-classification", labels=labels)
    error = refused(saved, head=head)
    assert isinstance(error, UsageError) and error.problems[0].code == "other-labels"
    assert "'a', 'b', 'c'" in str(error) and repr(labels[0]) in str(error)
    loaded = load_pretrained(saved, head=head, replace_head=True)
    fresh = ("head.output.weight", "head.output.bias")
    assert loaded.assigned == Assigned(("classifier.weight", "classifier.bias"), (), fresh)
    assert float(loaded.network.head.output.weight.detach().abs().max()) < 0.2
    assert torch.equal(loaded.network.head.dense.weight, build("sequence-classification").head.dense.weight)


def test_classes_without_names_may_be_named(saved: Path) -> None:
    raw = read_json(saved / "config.json")
    del raw["id2label"], raw["label2id"]
    (saved / "config.json").write_text(json.dumps(raw | {"num_labels": 3}))
    loaded = load_pretrained(saved, head=HEADS["sequence-classification"])
    assert loaded.assigned == Assigned((), ())
    assert same(loaded.network, build("sequence-classification"))
    two = HeadConfig(kind="sequence-classification", labels=("a", "b"))
    assert refused(saved, head=two).problems[0].code == "other-labels"


@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_the_logits_of_texts_are_never_taken_for_those_of_tokens(family: str, tmp_path: Path) -> None:
    """Both are called classifier, and both may have three classes."""
    save_pretrained(build("sequence-classification", family), tmp_path)
    loaded = load_pretrained(tmp_path, head=HeadConfig(kind="token-classification", labels=("a", "b", "c")))
    assert loaded.assigned.newly_initialised == ("classifier.weight", "classifier.bias")
    assert not loaded.network.head.output.bias.any()


# -- what is refused ---------------------------------------------------------------------------------------


def test_a_missing_directory_or_file_is_missing_input(saved: Path) -> None:
    assert isinstance(refused(saved / "nowhere"), MissingInputError)
    (saved / "config.json").rename(saved / "other.json")
    assert isinstance(refused(saved), MissingInputError)
    (saved / "other.json").rename(saved / "config.json")
    (saved / "model.safetensors").unlink()
    assert isinstance(refused(saved), MissingInputError)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"model_type": "bert", "model_type": "bert"}', "duplicate-key"),
        ('{"model_type": "bert", "hidden_dropout_prob": NaN}', "not-json"),
        ('["bert"]', "not-an-object"),
        ('{"model_type": "gpt2"}', "unknown-model-type"),
    ],
)
def test_a_configuration_that_is_not_sound_is_refused(saved: Path, text: str, code: str) -> None:
    """M3, M6"""
    (saved / "config.json").write_text(text)
    problem = refused(saved).problems[0]
    assert problem.code == code and str(problem.file).endswith("config.json")


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"vocab_size": 2**31 - 1, "hidden_size": 30_000}, "too-large"),
        ({"num_hidden_layers": 2**31 - 1}, "missing-tensors"),
        ({"num_hidden_layers": 3}, "missing-tensors"),
        ({"vocab_size": 62}, "wrong-shape-tensors"),
        ({"num_hidden_layers": 1}, "unexpected-tensors"),
    ],
)
def test_sizes_that_the_weights_do_not_have_are_refused_at_once(
    saved: Path, keys: dict[str, int], code: str
) -> None:
    """M2, M13, V6: no time and no memory is spent on a made-up size."""
    edit_config(saved, **keys)
    error = refused(saved)
    assert isinstance(error, DataError) and error.problems[0].code == code
    assert error.problems[0].file is not None


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_not_finite_are_refused_unless_allowed(saved: Path, value: float) -> None:
    """S9"""
    edit_tensors(saved, classifier__bias=torch.tensor([0.0, value, 0.0]))
    error = refused(saved)
    assert error.problems[0].code == "non-finite-weights" and "classifier.bias" in str(error)
    network = load_pretrained(saved, allow_nonfinite=True).network
    assert not network.head.output.bias.isfinite().all()


def test_a_head_that_the_family_lacks_is_refused(tmp_path: Path) -> None:
    save_pretrained(build("none", "distilbert"), tmp_path)
    assert refused(tmp_path, head=HeadConfig(kind="pooling")).problems[0].code == "no-such-head"


def test_warnings_of_configuration_and_directory_are_handed_on(saved: Path) -> None:
    """M4, M5, M10"""
    edit_config(saved, auto_map={"AutoModel": "evil.Model"}, hiden_size=3)
    (saved / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    warnings = "\n".join(load_pretrained(saved).warnings)
    assert "auto_map" in warnings and "hiden_size" in warnings and "pytorch_model.bin" in warnings


def test_loading_leaves_the_global_generator_alone(saved: Path) -> None:
    state = torch.random.get_rng_state()
    network = load_pretrained(saved).network
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(network(batch()), build("sequence-classification")(batch()))
