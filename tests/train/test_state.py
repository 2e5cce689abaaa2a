"""Which evaluation is the best one."""

import pytest

from glassbert.errors import UsageError
from glassbert.train.budget import Walk
from glassbert.train.plan import Plan
from glassbert.train.state import State


def judged(rows: list[dict[str, float]], *, metric: str = "accuracy", greater: bool = True) -> State:
    plan = Plan(
        total_steps=9, learning_rate=1.0, eval_every=1, metric=metric, greater_is_better=greater, patience=2
    )
    state = State(walk=Walk(planned=9, total_steps=9))
    for row in rows:
        state.advance(seconds=0.0, tokens=1)
        state.judge(row, plan)
    return state


def scored(*pairs: tuple[float, float]) -> list[dict[str, float]]:
    return [{"accuracy": accuracy, "loss": loss} for accuracy, loss in pairs]


def test_the_higher_metric_wins_whatever_the_loss() -> None:
    assert judged(scored((0.8, 0.1), (0.9, 0.7), (0.85, 0.2))).best_step == 2


def test_of_equal_metrics_the_lower_loss_wins() -> None:
    state = judged(scored((0.9, 0.6), (0.9, 0.4), (0.9, 0.5)))
    assert (state.best_step, state.best_metric) == (2, 0.9)


def test_of_equal_metrics_and_losses_the_earlier_wins() -> None:
    assert judged(scored((0.9, 0.5), (0.9, 0.5))).best_step == 1


def test_without_a_loss_the_earlier_of_equals_wins() -> None:
    assert judged([{"accuracy": 0.9}, {"accuracy": 0.9}]).best_step == 1


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_wins_nothing(broken: float) -> None:
    assert judged(scored((0.9, 0.5), (0.9, broken))).best_step == 1
    assert judged(scored((0.9, broken), (0.9, 0.5))).best_step == 1


def test_the_loss_itself_can_be_the_metric() -> None:
    assert judged(scored((0.9, 0.6), (0.8, 0.5), (0.9, 0.5)), metric="loss", greater=False).best_step == 2


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(UsageError, match="no metric 'f1' — choose one of accuracy, loss"):
        judged(scored((0.9, 0.5)), metric="f1")
