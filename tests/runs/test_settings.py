"""Settings: which names are known, which values make sense."""

from dataclasses import fields

import numpy as np
import pytest

from glassbert.errors import UsageError
from glassbert.runs.settings import (
    ALIASES,
    CHOICES,
    DEFAULTS,
    LEAST,
    RANGES,
    Settings,
    Together,
    check,
    plain_names,
)


def test_every_setting_is_checked_by_some_rule() -> None:
    ruled = {*RANGES, *LEAST, *CHOICES, "class_weights"}
    assert {field.name for part in (Settings, Together) for field in fields(part)} == ruled


def test_defaults_make_sense() -> None:
    check(DEFAULTS)


def test_there_are_at_most_twenty_settings() -> None:
    assert len(fields(Settings)) <= 20


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", float("inf")),
        ("learning_rate", float("nan")),
        ("learning_rate", -1.0),
        ("learning_rate", 0.0),
        ("learning_rate", "0.1"),
        ("learning_rate", True),
        ("epochs", 0),
        ("epochs", float("nan")),
        ("epochs", None),
        ("batch_size", 0),
        ("batch_size", 2.5),
        ("batch_size", -1),
        ("batch_size", 2**31),
        ("max_length", 2),
        ("patience", 0),
        ("seed", -1),
        ("seed", False),
        ("warmup_ratio", 1.01),
        ("hidden_dropout", 1.0),
        ("label_smoothing", -0.1),
        ("budget", 0),
        ("optimizer", "adam"),
        ("optimizer", ["adamw"]),
        ("lr_scheduler_type", "cosin"),
        ("metric", "f2"),
        ("class_weights", "balance"),
        ("class_weights", 3),
    ],
)
def test_a_value_without_sense_is_refused_by_the_name_of_its_option(name: str, value: object) -> None:
    with pytest.raises(UsageError) as caught:
        check({name: value})
    problem = caught.value.problems[0]
    assert problem.code == "bad-setting"
    assert problem.what.startswith(f"--{name.replace('_', '-')} is {value!r}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0.01),
        ("weight_decay", 0),
        ("layer_decay", 1),
        ("budget", None),
        ("class_weights", None),
        ("class_weights", {"a": 2.0}),
    ],
)
def test_values_at_the_edge_are_taken(name: str, value: object) -> None:
    check({name: value})


def test_names_of_transformers_are_understood() -> None:
    given = {name: number for number, name in enumerate(ALIASES)}
    assert plain_names(given) == {ALIASES[name]: number for name, number in given.items()}


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match=r"--learnin-rate is no setting — did you mean learning_rate\?"):
        plain_names({"learnin_rate": 1e-3})


def test_a_setting_under_two_names_is_refused() -> None:
    with pytest.raises(UsageError, match="given twice"):
        plain_names({"epochs": 1, "num_train_epochs": 2})


def test_numbers_of_numpy_are_numbers() -> None:
    found = plain_names({"epochs": np.int64(2), "learning_rate": np.float32(0.5), "seed": np.uint8(3)})
    assert found == {"epochs": 2, "learning_rate": 0.5, "seed": 3}
    assert [type(value) for value in found.values()] == [int, float, int]
    check(found)
