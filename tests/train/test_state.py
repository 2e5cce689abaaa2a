"""Which evaluation is the best one."""

import pytest

from glassbert.errors import UsageError
from glassbert.train.budget import Walk
from glassbert.train.plan import Plan
from glassbert.train.state import State


def judged(
    rows: list[dict[str, float]], *, metric: str = "accuracy", greater: bool = True, slack: float = 0.0
) -> State:
    plan = Plan(
        total_steps=9, learning_rate=1.0, eval_every=1, metric=metric, greater_is_better=greater, patience=2,
        slack=lambda highest: slack,
    )  # fmt: skip
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


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ((0.5, 0.9, 0.85, 0.88), 4),  # both are near the highest: the latest
        ((0.5, 0.9, 0.85, 0.7), 3),  # the last is not
        ((0.5, 0.9, 0.7, 0.89), 4),  # near again
        ((0.88, 0.9, 0.7, 0.7), 2),
        ((0.5, 0.9, 0.84, 0.95), 4),
        ((0.5, 0.9, 0.88, 0.95, 0.89), 4),  # near what was the highest, not near what is
        ((float("nan"), 0.9, float("nan")), 2),
    ],
)
def test_of_what_lies_within_the_slack_of_the_highest_the_latest_is_kept(
    values: tuple[float, ...], kept: int
) -> None:
    state = judged([{"accuracy": value} for value in values], slack=0.0501)
    assert (state.best_step, state.best_metric) == (kept, values[kept - 1])
    assert state.highest_metric == max(value for value in values if value == value)


def test_slack_of_a_metric_that_is_better_when_lower() -> None:
    rows = scored((0.9, 0.6), (0.8, 0.4), (0.9, 0.45), (0.9, 0.5))
    state = judged(rows, metric="loss", greater=False, slack=0.06)
    assert (state.best_step, state.highest_step, state.highest_metric) == (3, 2, 0.4)


def test_patience_counts_from_the_highest_and_not_from_what_is_kept() -> None:
    plan = Plan(
        total_steps=9, learning_rate=1.0, eval_every=1, metric="accuracy", patience=2, slack=lambda _: 0.1
    )
    state = State(walk=Walk(planned=9, total_steps=9))
    endings = []
    for value in (0.9, 0.85, 0.86):
        state.advance(seconds=0.0, tokens=1)
        state.judge({"accuracy": value}, plan)
        endings.append(state.ending(plan, late=False))
    assert endings == [None, None, "early stopping"] and state.best_step == 3


def test_a_choice_is_taken_back_as_a_whole() -> None:
    state = judged(scored((0.9, 0.5)))
    before, choice = vars(state).copy(), state.choice
    state.best_step, state.best_metric, state.highest_step, state.highest_metric = 7, 0.1, 8, 0.2
    state.choose_again(choice)
    assert vars(state) == before


def test_a_checkpoint_of_before_there_was_slack_has_its_highest_in_its_best() -> None:
    saved = judged(scored((0.9, 0.5), (0.8, 0.5))).to_json()
    for name in ("highest_step", "highest_metric"):
        del saved[name]
    state = State.from_json(saved)
    assert (state.highest_step, state.highest_metric) == (state.best_step, state.best_metric) == (1, 0.9)
