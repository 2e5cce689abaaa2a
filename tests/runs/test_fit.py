"""How far apart two scores have to be for the validation rows to tell them apart."""

from types import SimpleNamespace

import numpy as np
import pytest

from glassbert.runs.fit import slack_of
from glassbert.runs.settings import Settings
from glassbert.tasks.metrics import LOWER_IS_BETTER, SHARES
from glassbert.tasks.names import METRICS


def job(metric: str, *, rows: int = 100, answer: str = "class") -> SimpleNamespace:
    validation = SimpleNamespace(examples=range(rows))
    return SimpleNamespace(
        settings=Settings(metric=metric), validation=validation, task=SimpleNamespace(answer=answer)
    )


def test_it_is_the_spread_of_a_share_of_so_many_rows() -> None:
    draws = np.random.default_rng(0).binomial(249, 0.55, size=100_000) / 249
    assert slack_of(job("accuracy", rows=249))(0.55) == pytest.approx(draws.std(), rel=0.02)


def test_a_share_in_percent_has_its_spread_in_percent() -> None:
    share = slack_of(job("f1", answer="tags"))(0.3)
    assert slack_of(job("f1", answer="span"))(30.0) == pytest.approx(100 * share)


@pytest.mark.parametrize("highest", [0.0, 1.0, 1.0000001])
def test_nothing_is_near_a_score_that_cannot_be_passed(highest: float) -> None:
    assert slack_of(job("accuracy"))(highest) == 0


@pytest.mark.parametrize("metric", [name for name in METRICS if name not in SHARES])
def test_errors_and_correlations_are_taken_as_they_are(metric: str) -> None:
    assert slack_of(job(metric))(0.5) == 0


def test_no_share_is_better_when_lower() -> None:
    assert not SHARES & LOWER_IS_BETTER and set(METRICS) >= SHARES
