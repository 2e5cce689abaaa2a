"""The schedule against its closed form."""

import math

import pytest

from glassbert.errors import UsageError
from glassbert.train.schedule import warmup_decay


@pytest.mark.parametrize(
    ("decay", "step", "expected"),
    [
        ("linear", 0, 1 / 20),
        ("linear", 9, 10 / 20),
        ("linear", 19, 1.0),
        ("linear", 20, 1.0),
        ("linear", 110, 0.5),
        ("linear", 199, 1 / 180),
        ("linear", 200, 0.0),
        ("linear", 250, 0.0),
        ("cosine", 20, 1.0),
        ("cosine", 110, 0.5),
        ("cosine", 65, 0.5 * (1 + math.cos(math.pi / 4))),
        ("cosine", 200, 0.0),
        ("constant", 0, 1 / 20),
        ("constant", 199, 1.0),
        ("warmup_stable_decay", 9, 10 / 20),
        ("warmup_stable_decay", 20, 1.0),
        ("warmup_stable_decay", 110, 1.0),
        ("warmup_stable_decay", 155, 0.5),
        ("warmup_stable_decay", 200, 0.0),
    ],
)
def test_warmup_then_decay_has_its_closed_form(decay: str, step: int, expected: float) -> None:
    assert warmup_decay(decay, warmup_fraction=0.1)(step, 200) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("decay", ["linear", "cosine", "constant", "warmup_stable_decay"])
def test_the_rate_never_rises_after_warmup_and_stays_between_floor_and_one(decay: str) -> None:
    schedule = warmup_decay(decay, warmup_fraction=0.06, floor=0.1)
    factors = [schedule(step / 4, 333) for step in range(4 * 334)]
    top = factors.index(max(factors))
    assert factors[top] == 1.0 and min(factors[top:]) >= 0.1 - 1e-12
    assert all(later <= earlier for earlier, later in zip(factors[top:], factors[top + 1 :], strict=False))
    assert all(later >= earlier for earlier, later in zip(factors[:top], factors[1 : top + 1], strict=True))


def test_no_warmup_begins_at_the_peak() -> None:
    assert warmup_decay("linear", warmup_fraction=0.0)(0, 10) == 1.0
    assert warmup_decay("linear", warmup_fraction=1.0)(9, 10) == 1.0


def test_a_schedule_is_refused_by_name_and_range() -> None:
    with pytest.raises(
        UsageError,
        match="no learning-rate schedule 'step' — choose one of linear, cosine, constant, warmup",
    ):
        warmup_decay("step")
    with pytest.raises(UsageError, match="warmup_fraction is 500"):
        warmup_decay("linear", warmup_fraction=500)
