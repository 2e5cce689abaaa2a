"""The recipe: every value has an origin and a reason."""

import pytest

from glassbert.errors import UsageError
from glassbert.runs.recipe import recipe, settle, values
from glassbert.runs.settings import DEFAULTS

SMALL = {"num_parameters": 22_000_000, "num_rows": 5000, "max_length": 512}


@pytest.mark.parametrize(
    ("millions", "low", "high"), [(4, 1e-4, 3e-4), (22, 1e-4, 3e-4), (110, 2e-5, 5e-5), (340, 1e-5, 3e-5)]
)
def test_the_rate_lies_in_the_published_range_for_the_size(millions: float, low: float, high: float) -> None:
    rate, reason = recipe(**{**SMALL, "num_parameters": millions * 1_000_000})["learning_rate"]
    assert low <= rate <= high
    assert f"{millions:.1f} M parameters" in reason


@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
def test_descent_without_scaling_gets_a_rate_of_its_own(optimizer: str) -> None:
    rate, reason = recipe(**SMALL, optimizer=optimizer)["learning_rate"]
    assert rate > 1e-3
    assert optimizer in reason


def test_few_rows_get_more_epochs_and_more_patience_than_many() -> None:
    few, many = recipe(**{**SMALL, "num_rows": 200}), recipe(**{**SMALL, "num_rows": 60_000})
    assert few["epochs"][0] > many["epochs"][0]
    assert few["patience"][0] > many["patience"][0]
    assert few["batch_size"][0] < many["batch_size"][0]


def test_every_setting_has_an_origin_and_a_reason() -> None:
    settings = settle({"epochs": 2, "seed": 7}, {"patience": 3, "epochs": 9}, recipe(**SMALL))
    assert list(settings) == list(DEFAULTS)
    assert all(len(setting.reason) > 10 for setting in settings.values())
    origins = {name: setting.origin for name, setting in settings.items()}
    assert origins["epochs"] == origins["seed"] == "option"
    assert origins["patience"] == "config file"
    assert origins["learning_rate"] == origins["max_length"] == "recipe"
    assert origins["optimizer"] == "default"
    assert values(settings).epochs == 2
    assert values(settings).patience == 3


def test_none_is_not_given() -> None:
    settings = settle({"epochs": None}, {"epochs": None}, recipe(**SMALL))
    assert settings["epochs"].origin == "recipe"


def test_aliases_of_the_file_settle_like_their_names() -> None:
    settings = settle({}, {"num_train_epochs": 2, "max_seq_length": 64}, recipe(**SMALL))
    assert (settings["epochs"].value, settings["epochs"].origin) == (2, "config file")
    assert settings["max_length"].value == 64


@pytest.mark.parametrize(("given", "file"), [({"epoch": 1}, {}), ({}, {"epoch": 1})])
def test_unknown_names_are_refused_wherever_they_come_from(
    given: dict[str, int], file: dict[str, int]
) -> None:
    with pytest.raises(UsageError, match="--epoch is no setting"):
        settle(given, file, recipe(**SMALL))
