"""Configurations refuse what cannot be built, with the numbers, before anything is allocated."""

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from glassbert.errors import DataError
from glassbert.model.config import ACTIVATIONS, SIZES, EncoderConfig, HeadConfig
from glassbert.model.network import Network
from glassbert.strict_json import read_json
from tests.model.small import HEADS, SMALL, small

FAMILIES = ("bert", "roberta", "xlm-roberta", "distilbert")


def refused(code: str, **choices: object) -> str:
    """The message of the refusal; its one problem must carry the code."""
    with pytest.raises(DataError) as error:
        replace(SMALL, **choices)
    assert error.value.exit_code == 65
    assert [problem.code for problem in error.value.problems] == [code]
    return str(error.value)


def test_defaults_are_bert_base() -> None:
    """110 million parameters less pooler, as Devlin et al. 2019, table 6, and every port counts them."""
    assert EncoderConfig().num_parameters == 108_891_648
    assert EncoderConfig().head_size == 64 and EncoderConfig().max_length == 512


def test_a_hidden_size_that_heads_do_not_divide_is_refused_with_both_numbers() -> None:
    """M1"""
    message = refused("bad-head-size", hidden_size=31)
    assert "31" in message and "5" in message


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("value", [0, -1, 768.0, "768", None, True, 1e9, 2**31, math.nan, [1]])
def test_a_size_that_is_no_positive_whole_number_is_refused(name: str, value: object) -> None:
    """M2"""
    message = refused("bad-size", **{name: value})
    assert name in message and repr(value) in message


@pytest.mark.parametrize("name", ["type_vocab_size", "pad_token_id"])
@pytest.mark.parametrize("value", [-1, 2.0, "2", None, True, 2**31])
def test_a_count_that_may_be_zero_must_still_be_a_whole_number(name: str, value: object) -> None:
    assert name in refused("bad-size", **{name: value})


def test_several_faults_are_all_named() -> None:
    with pytest.raises(DataError) as error:
        replace(SMALL, vocab_size=0, hidden_act="gelux", hidden_dropout_prob=2)
    codes = {problem.code for problem in error.value.problems}
    assert codes == {"bad-size", "unknown-hidden-act", "bad-rate"}


def test_a_padding_id_outside_the_vocabulary_is_refused() -> None:
    assert "61" in refused("bad-size", pad_token_id=61)


def test_roberta_needs_a_position_beyond_its_offset() -> None:
    assert small("roberta").max_length == 27
    message = refused("bad-size", model_type="roberta", pad_token_id=1, max_position_embeddings=2)
    assert "max_position_embeddings 2" in message


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("model_type", "xlm-roberta"),
        ("hidden_act", "gelu_new"),
        ("position_embedding_type", "sinusoidal"),
        ("attention_type", "additive"),
    ],
)
@pytest.mark.parametrize("value", ["relative_key", "", None, 3, ["gelu"], {}])
def test_an_unknown_choice_is_refused_with_the_supported_ones(name: str, known: str, value: object) -> None:
    """M3"""
    message = refused(f"unknown-{name.replace('_', '-')}", **{name: value})
    assert repr(value) in message and known in message


@pytest.mark.parametrize(
    "name", ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"]
)
@pytest.mark.parametrize("value", [1.5, 1, -0.1, math.nan, math.inf, "0.1", True, [0.1]])
def test_a_rate_that_is_no_probability_is_refused(name: str, value: object) -> None:
    """M6"""
    message = refused("bad-rate", **{name: value})
    assert name in message and repr(value) in message


def test_only_the_classifier_rate_may_be_absent() -> None:
    assert replace(SMALL, classifier_dropout=None).classifier_dropout is None
    refused("bad-rate", hidden_dropout_prob=None)


@pytest.mark.parametrize("name", ["layer_norm_eps", "initializer_range"])
@pytest.mark.parametrize("value", [0, -1e-12, 1.0, math.nan, None, "1e-12"])
def test_a_scale_out_of_range_is_refused(name: str, value: object) -> None:
    assert name in refused("bad-rate", **{name: value})


@pytest.mark.parametrize("value", [True, False])
def test_tying_is_true_or_false(value: bool) -> None:
    assert replace(SMALL, tie_word_embeddings=value).tie_word_embeddings is value


@pytest.mark.parametrize("value", ["false", 0, 1, None])
def test_tying_that_is_neither_is_refused(value: object) -> None:
    """`"false"` is true to Python."""
    assert "tie_word_embeddings" in refused("bad-flag", tie_word_embeddings=value)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '{"hidden_dropout_prob": NaN}'])
def test_duplicate_keys_and_nan_are_refused_when_the_file_is_read(text: str, tmp_path: Path) -> None:
    """M6"""
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(DataError, match=r"duplicate-key|not-json"):
        read_json(tmp_path / "config.json")
    assert json.loads(text)  # python's own parser takes both


# -- heads -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["regression", "", None, 3, ["none"]])
def test_an_unknown_head_is_refused(kind: object) -> None:
    with pytest.raises(DataError, match="unknown-head.*token-classification"):
        HeadConfig(kind=kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["sequence-classification", "token-classification"])
def test_a_classifier_without_labels_is_refused(kind: str) -> None:
    with pytest.raises(DataError, match=f"bad-labels.*{kind}"):
        HeadConfig(kind=kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("labels", [("a", "b", "a"), ("a", 1), (["a"],), tuple(map(str, range(1_000_001)))])
def test_labels_that_are_not_distinct_names_are_refused(labels: tuple[str, ...]) -> None:
    """M7"""
    with pytest.raises(DataError, match="bad-labels"):
        HeadConfig(kind="sequence-classification", labels=labels)


@pytest.mark.parametrize("problem", ["classification", "", 3, ["regression"]])
def test_an_unknown_problem_type_is_refused(problem: object) -> None:
    with pytest.raises(DataError, match="unknown-problem-type.*multi_label_classification"):
        HeadConfig(kind="sequence-classification", labels=("a",), problem_type=problem)  # type: ignore[arg-type]


def test_labels_may_hold_markup() -> None:
    """M8: they are text; whoever draws them escapes them."""
    labels = ('<img src=x onerror="alert(1)">', "</script>", "=1+1", "\u00e9", "e\u0301")
    assert HeadConfig(kind="sequence-classification", labels=labels).labels == labels


# -- the closed form -------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("tie", [True, False])
@pytest.mark.parametrize(
    ("positions", "attention"),
    list(itertools.product(["absolute", "sinusoidal"], ["scaled_dot_product", "additive"])),
)
def test_num_parameters_is_the_number_of_parameters(
    family: str, positions: str, attention: str, tie: bool
) -> None:
    config = small(
        family, position_embedding_type=positions, attention_type=attention, tie_word_embeddings=tie
    )
    encoder = Network(config, seed=None).encoder
    assert config.num_parameters == sum(parameter.numel() for parameter in encoder.parameters())


@pytest.mark.parametrize("kind", list(HEADS))
@pytest.mark.parametrize("tie", [True, False])
def test_num_parameters_of_a_head_is_their_number(kind: str, tie: bool) -> None:
    network = Network(small(tie_word_embeddings=tie), HEADS[kind], seed=None)
    total = sum(parameter.numel() for parameter in network.parameters())
    assert HEADS[kind].num_parameters(network.config) == total - network.config.num_parameters


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_have_no_parameters(activation: str) -> None:
    assert small(hidden_act=activation).num_parameters == SMALL.num_parameters


def test_the_heads_of_the_tests_are_sound() -> None:
    assert HEADS["token-classification"].num_labels == 4 and HEADS["span"].num_labels == 0
