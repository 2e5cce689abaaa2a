"""What config.json says beyond the network: ignored aloud, with a guess at what may have been meant."""

import pytest

from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.hf_config import ReadConfig, read_config

BERT = {"model_type": "bert", "architectures": ["BertForSequenceClassification"]}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("auto_map", {"AutoModel": "evil.Model"}),
        ("trust_remote_code", True),
        ("_attn_implementation_internal", "evil/kernel"),
        ("_attn_implementation", "flash"),
        ("custom_pipelines", {"x": {"impl": "evil.Pipe"}}),
        ("_name_or_path", "https://evil.example/model"),
    ],
)
def test_powers_over_code_are_ignored_and_listed(key: str, value: object) -> None:
    """M4"""
    read = read_config(BERT | {key: value})
    assert read.encoder == EncoderConfig()
    (warning,) = read.warnings
    assert warning.startswith(key) and "ignored" in warning


@pytest.mark.parametrize(
    ("family", "key", "suggestion"),
    [
        ("bert", "hidden_sizes", "'hidden_size'"),
        ("bert", "num_attention_head", "'num_attention_heads'"),
        ("bert", "layernorm_eps", "'layer_norm_eps'"),
        ("bert", "problem_typ", "'problem_type'"),
        ("distilbert", "n_layer", "'n_layers'"),
        ("bert", "zebra", None),
        ("bert", "dim", None),
        ("bert", "n_layers", None),
        ("roberta", "attention_dropout", None),
    ],
)
def test_an_unknown_key_is_listed_with_what_may_have_been_meant(
    family: str, key: str, suggestion: str | None
) -> None:
    """M5; DistilBERT's words mean nothing in another family."""
    read = read_config({"model_type": family, key: 3})
    assert read.encoder == read_config({"model_type": family}).encoder
    (warning,) = read.warnings
    assert f"unknown key {key!r}" in warning and "ignored" in warning
    assert ("did you mean" in warning) == bool(suggestion)
    assert (suggestion or "") in warning


def test_a_count_of_labels_that_the_names_contradict_is_ignored_aloud() -> None:
    read = read_config(BERT | {"num_labels": 5, "id2label": {"0": "a", "1": "b"}})
    assert read.head == HeadConfig(kind="sequence-classification", labels=("a", "b"))
    (warning,) = read.warnings
    assert "num_labels 5" in warning and "2" in warning


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("BertModel", "pooling"),
        ("BertForPreTraining", "pretraining"),
        ("BertForNextSentencePrediction", "next-sentence"),
        ("BertForMaskedLM", "masked-lm"),
        ("BertForQuestionAnswering", "span"),
        ("BertForTokenClassification", "token-classification"),
    ],
)
def test_the_architecture_names_the_head(name: str, kind: str) -> None:
    read = read_config({"model_type": "bert", "architectures": [name]})
    assert read.head is not None and read.head.kind == kind and read.warnings == ()


@pytest.mark.parametrize("names", [None, [], ["BertForMultipleChoice"], ["AlbertModel"], ["bert"]])
def test_a_head_that_is_not_ours_is_none_and_said_so(names: list[str] | None) -> None:
    read = read_config({"model_type": "bert", "architectures": names})
    assert read.head is None
    assert len(read.warnings) == len(names or [])
    assert all(name in read.warnings[0] for name in names or [])


def test_an_architecture_of_another_family_is_said_aloud() -> None:
    read = read_config({"model_type": "bert", "architectures": ["RobertaForMaskedLM"]})
    assert "RobertaForMaskedLM" in read.warnings[0] and "bert" in read.warnings[0]


@pytest.mark.parametrize("names", [5, "two", ["a"]])
def test_labels_of_a_model_without_classes_are_not_looked_at(names: object) -> None:
    read = read_config({"model_type": "bert", "id2label": names, "num_labels": 3})
    assert read == ReadConfig(EncoderConfig(), None, ())


def test_only_classifiers_take_the_problem_type() -> None:
    read = read_config({**BERT, "architectures": ["BertForMaskedLM"], "problem_type": "regression"})
    assert read.head == HeadConfig(kind="masked-lm")


def test_what_released_checkpoints_say_is_not_worth_a_word() -> None:
    """Keys of distilbert-base-uncased, dslim/bert-base-NER and bert-base-multilingual-cased."""
    distilbert = {"model_type": "distilbert", "tie_weights_": True, "output_past": True, "qa_dropout": 0.1}
    tagger = {
        "model_type": "bert",
        "_num_labels": 9,
        "directionality": "bidi",
        "max_length": 20,
        "num_beams": 1,
    }
    poolers = ("fc_size", "num_attention_heads", "num_fc_layers", "size_per_head", "type")
    multilingual = {"model_type": "bert", "tokenizer_class": "BertTokenizer"}
    multilingual |= {f"pooler_{name}": 768 for name in poolers}
    for raw in (distilbert, tagger, multilingual):
        assert read_config(raw).warnings == ()
