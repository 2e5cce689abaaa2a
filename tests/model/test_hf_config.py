"""config.json of Hugging Face: read strictly, written so that transformers reads the same network."""

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import transformers

from glassbert.errors import DataError
from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.hf_config import ReadConfig, read_config, write_config
from glassbert.model.hf_words import DISTILBERT_WORDS, HARMLESS, HEAD_KEYS, REFUSED_POWERS
from tests.model.small import HEADS, small

FAMILIES = ("bert", "roberta", "xlm-roberta", "distilbert")
BERT = {"model_type": "bert", "architectures": ["BertForSequenceClassification"]}


def labelled(**keys: Any) -> dict[str, Any]:
    return BERT | keys


def refused(raw: dict[str, Any], code: str) -> str:
    with pytest.raises(DataError) as error:
        read_config(raw, file="some/config.json")
    assert [problem.code for problem in error.value.problems] == [code]
    assert error.value.problems[0].file == "some/config.json"
    return str(error.value)


def labels_of(read: ReadConfig) -> tuple[str, ...]:
    assert read.head is not None
    return read.head.labels


# -- what transformers means -----------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_absent_keys_mean_what_transformers_takes_for_them(family: str) -> None:
    full = json.loads(transformers.AutoConfig.for_model(family).to_json_string(use_diff=False))
    assert read_config({"model_type": family}).encoder == read_config(full).encoder


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("use_diff", [True, False])
def test_what_transformers_writes_is_read_without_a_warning(family: str, use_diff: bool) -> None:
    config = transformers.AutoConfig.for_model(family, num_labels=3)
    config.architectures = [type(config).__name__.replace("Config", "ForSequenceClassification")]
    read = read_config(json.loads(config.to_json_string(use_diff=use_diff)))
    assert read.warnings == ()
    assert labels_of(read) == ("LABEL_0", "LABEL_1", "LABEL_2")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("positions", ["absolute", "sinusoidal"])
def test_a_written_config_survives_transformers(family: str, positions: str, tmp_path: Path) -> None:
    encoder = small(
        family,
        hidden_act="silu",
        hidden_dropout_prob=0.15,
        attention_probs_dropout_prob=0.05,
        classifier_dropout=0.25,
        initializer_range=0.03,
        pad_token_id=4,
        position_embedding_type=positions,
        tie_word_embeddings=False,
    )
    head = HeadConfig(
        kind="sequence-classification", labels=("no", "yes", "may be"), problem_type="regression"
    )
    (tmp_path / "config.json").write_text(json.dumps(write_config(encoder, head)))
    theirs = transformers.AutoConfig.from_pretrained(tmp_path)
    assert theirs.id2label == {0: "no", 1: "yes", 2: "may be"}
    theirs.save_pretrained(tmp_path)
    read = read_config(json.loads((tmp_path / "config.json").read_text()))
    assert read == ReadConfig(encoder, head, ())


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", list(HEADS))
@pytest.mark.parametrize("attention", ["scaled_dot_product", "additive"])
def test_a_written_config_is_read_back(family: str, kind: str, attention: str) -> None:
    encoder = small(family, attention_type=attention, classifier_dropout=0.2)
    read = read_config(json.loads(json.dumps(write_config(encoder, HEADS[kind]))))
    # BertModel with and without a pooler bear one name: the tensors tell them apart
    named = HeadConfig(kind="pooling") if kind == "none" and attention != "additive" else HEADS[kind]
    assert (read.encoder, read.head, read.warnings) == (encoder, named, ())


@pytest.mark.parametrize("family", FAMILIES)
def test_the_written_architecture_is_a_class_of_transformers(family: str) -> None:
    for kind in ("none", "sequence-classification", "token-classification", "span", "masked-lm"):
        (name,) = write_config(small(family), HEADS[kind])["architectures"]
        assert hasattr(transformers, name)


def test_distilberts_absent_classifier_rate_is_written_as_its_default() -> None:
    assert write_config(small("distilbert"), HEADS["span"])["seq_classif_dropout"] == 0.2


@pytest.mark.parametrize("family", FAMILIES)
def test_sinusoids_are_an_absolute_table_to_other_readers(family: str) -> None:
    """transformers 4 adds no positions at all to a BERT whose position_embedding_type is not "absolute"."""
    written = write_config(small(family, position_embedding_type="sinusoidal"), HeadConfig())
    assert written.get("position_embedding_type", "absolute") == "absolute"
    assert written["sinusoidal_pos_embds"] is True
    assert read_config(written).encoder.position_embedding_type == "sinusoidal"


@pytest.mark.parametrize("family", FAMILIES)
def test_additive_attention_bears_a_model_type_that_transformers_refuses(family: str, tmp_path: Path) -> None:
    written = write_config(small(family, attention_type="additive"), HEADS["span"])
    (tmp_path / "config.json").write_text(json.dumps(written))
    with pytest.raises(ValueError, match=f"glassbert-{family}"):
        transformers.AutoConfig.from_pretrained(tmp_path)


# -- what is refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize("model_type", ["t5", "glassbert-t5", "", None, 3, ["bert"], {"bert": 1}])
def test_an_unknown_model_type_is_refused_with_the_supported_ones(model_type: object) -> None:
    """M3"""
    message = refused({"model_type": model_type}, "unknown-model-type")
    assert "bert, roberta, xlm-roberta, distilbert" in message


def test_a_missing_model_type_is_said_to_be_missing() -> None:
    assert "model_type is missing" in refused({"hidden_size": 128}, "unknown-model-type")


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"hidden_act": "swiglu"}, "unknown-hidden-act"),
        ({"position_embedding_type": "relative_key"}, "unknown-position-embedding-type"),
        ({"attention_type": "flash"}, "unknown-attention-type"),
        ({"hidden_size": 770}, "bad-head-size"),
        ({"num_hidden_layers": 0}, "bad-size"),
        ({"vocab_size": "30522"}, "bad-size"),
        ({"hidden_dropout_prob": 1.5}, "bad-rate"),
        ({"is_decoder": True}, "not-an-encoder"),
        ({"add_cross_attention": True}, "not-an-encoder"),
        ({"pruned_heads": {"0": [1]}}, "pruned-heads"),
        ({"architectures": "BertModel"}, "bad-architectures"),
        ({"architectures": [None]}, "bad-architectures"),
        ({"problem_type": "multilabel"}, "unknown-problem-type"),
    ],
)
def test_an_unsound_value_is_refused_and_the_file_named(keys: dict[str, Any], code: str) -> None:
    """M1, M2, M3, M6"""
    refused(labelled(**keys), code)


def test_distilberts_words_are_checked_like_the_others() -> None:
    assert "hidden_size 42" in refused({"model_type": "distilbert", "dim": 42, "n_heads": 5}, "bad-head-size")


def test_two_words_for_one_size_must_agree() -> None:
    twice = {"model_type": "distilbert", "dim": 384, "hidden_size": 384}
    assert read_config(twice).encoder.hidden_size == 384
    message = refused(twice | {"hidden_size": 768}, "contradiction")
    assert "dim" in message and "384" in message and "768" in message


@pytest.mark.parametrize(
    "keys",
    [
        {"id2label": {"0": "a", "1": "a"}},
        {"id2label": {"1": "a", "2": "b"}},
        {"id2label": {"0": "a", "2": "b"}},
        {"id2label": {"00": "a", "1": "b"}},
        {"id2label": {"0": 0, "1": 1}},
        {"id2label": {"0": ["a"], "1": "b"}},
        {"id2label": {}},
        {"id2label": ["a", "b"]},
        {"id2label": {"0": "a", "1": "b"}, "label2id": {"a": 1, "b": 0}},
        {"id2label": {"0": "a", "1": "b"}, "label2id": {"a": 0}},
        {"id2label": {"0": "a", "1": "b"}, "label2id": ["a", "b"]},
        {"num_labels": 0},
        {"num_labels": 10_000_000},
        {"num_labels": 2.0},
        {"num_labels": True},
    ],
)
def test_labels_that_are_no_bijection_are_refused(keys: dict[str, Any]) -> None:
    """M7"""
    refused(labelled(**keys), "bad-labels")


def test_more_than_a_million_labels_are_refused() -> None:
    """M7"""
    refused(labelled(id2label={str(i): str(i) for i in range(1_000_001)}), "bad-labels")


def test_labels_come_in_the_order_of_their_numbers() -> None:
    names = {str(i): f"label {i}" for i in reversed(range(12))}
    read = read_config(labelled(id2label=names, label2id={name: int(i) for i, name in names.items()}))
    assert labels_of(read) == tuple(f"label {i}" for i in range(12))


def test_labels_may_hold_markup() -> None:
    """M8"""
    names = {"0": "<script>alert(1)</script>", "1": "{{7*7}}"}
    assert labels_of(read_config(labelled(id2label=names))) == tuple(names.values())


def test_two_labels_are_assumed_when_none_are_named() -> None:
    assert labels_of(read_config(BERT)) == ("LABEL_0", "LABEL_1")
    assert labels_of(read_config(labelled(num_labels=1))) == ("LABEL_0",)


def test_extra_choices_change_nothing_else() -> None:
    plain = write_config(small(), HEADS["span"])
    changed = write_config(replace(small(), hidden_act="relu"), HEADS["span"])
    assert {key for key in plain if plain[key] != changed[key]} == {"hidden_act"}


# -- anything at all ---------------------------------------------------------------------------------------

ODD_VALUES = [
    None,
    True,
    0,
    -1,
    1,
    3.5,
    10**30,
    "",
    "gelu",
    "\x00",
    [],
    [[]],
    ["a"],
    {},
    {"0": {}},
    {"a": [1]},
]
KEYS = sorted(
    {*EncoderConfig.__dataclass_fields__, *HEAD_KEYS, *HARMLESS, *REFUSED_POWERS, *DISTILBERT_WORDS}
)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["sequence-classification", "masked-lm"])
def test_any_value_of_any_key_is_read_or_refused_with_a_reason(family: str, kind: str) -> None:
    good = write_config(small(family), HEADS[kind])
    refusals = 0
    for key, value in itertools.product(KEYS, ODD_VALUES):
        try:
            read = read_config(good | {key: value})
        except DataError as error:
            refusals += 1
            assert all(problem.file == "config.json" and problem.fix for problem in error.problems)
        else:
            assert isinstance(read, ReadConfig) and all(isinstance(text, str) for text in read.warnings)
    assert refusals > 200
