"""A schedule that is walked faster stays continuous, never rises by it, and ends at its end."""

import pytest

from glassbert.train.budget import USABLE, Pace, Walk
from glassbert.train.schedule import warmup_decay


def test_a_walk_as_planned_is_the_step_itself() -> None:
    walk = Walk(planned=100, total_steps=100)
    assert [walk.at(step) for step in (0, 37, 100)] == [0.0, 37.0, 100.0]
    assert walk.shortened(40, 100) is walk and walk.shortened(40, 130) is walk


@pytest.mark.parametrize("decay", ["linear", "cosine"])
def test_a_shortened_walk_is_continuous_and_reaches_the_end(decay: str) -> None:
    schedule = warmup_decay(decay, warmup_fraction=0.1)
    walks = [Walk(planned=1000, total_steps=1000)]
    for step, total in ((150, 600), (300, 500), (480, 490)):
        walks.append(walks[-1].shortened(step, total))
        assert walks[-1].at(step) == pytest.approx(walks[-2].at(step))
        assert walks[-1].at(total) == pytest.approx(1000)
    rates = []
    for step in range(490):
        walk = walks[sum(step >= start for start in (150, 300, 480))]
        rates.append(schedule(walk.at(step), walk.planned))
    falls = [later - earlier for earlier, later in zip(rates[100:], rates[101:], strict=False)]
    assert max(falls) <= 1e-12 and min(falls) > -0.05


def test_a_walk_keeps_at_least_one_step() -> None:
    assert Walk(planned=100, total_steps=100).shortened(70, 12).total_steps == 71


def test_the_pace_is_measured_and_extrapolated() -> None:
    pace = Pace()
    assert pace.remaining(100, 10) == 0.0 and pace.tokens_per_second == 0.0
    for _ in range(4):
        pace.add_step(0.5, 300)
    pace.evaluations += [2.0, 4.0]
    assert pace.tokens_per_second == 600
    assert pace.remaining(100, 10) == 100 * 0.5 + 11 * 4.0
    affordable = pace.affordable(200.0, 10, most=1000)
    assert affordable == int((200 * USABLE - 4) / 0.9)
    assert pace.affordable(200.0, 10, most=100) == 100
    assert pace.affordable(1.0, 10, most=1000) == 0


def test_steps_of_more_work_are_expected_to_take_longer() -> None:
    pace = Pace()
    for work in (1, 1, 1):
        pace.add_step(0.2 + 0.1 * work, 8, work=work)
    assert pace.costs == (pytest.approx(0.3), 0.0)  # nothing tells yet what more work takes
    for work in (2, 2, 3):
        pace.add_step(0.2 + 0.1 * work, 8, work=work)
    assert pace.costs == (pytest.approx(0.2), pytest.approx(0.1))
    assert pace.remaining(10, 5, work=lambda steps: 4.0 * steps) == pytest.approx(10 * 0.6)
    assert pace.affordable(6.1 / USABLE, 5, most=99, work=lambda steps: 4.0 * steps) == 10
