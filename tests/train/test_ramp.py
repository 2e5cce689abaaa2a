"""A batch that grows: which micro-batches a step takes follows from the step alone."""

import pytest

from glassbert.errors import UsageError
from glassbert.train.ramp import BatchRamp


@pytest.mark.parametrize(
    "ramp",
    [
        BatchRamp(first=1, last=8, total_steps=100),
        BatchRamp(first=3, last=3, total_steps=7),
        BatchRamp(first=2, last=5, total_steps=31, share=0.9),
        BatchRamp(first=1, last=16, total_steps=5),
        BatchRamp(first=2, last=4, total_steps=9, share=0.0),
    ],
)
def test_every_micro_batch_is_taken_once_and_in_order(ramp: BatchRamp) -> None:
    taken = 0
    for step in range(2 * ramp.total_steps):
        assert ramp.before(step) == taken
        taken += ramp.parts(step)


def test_it_grows_over_the_first_half_and_stays() -> None:
    ramp = BatchRamp(first=1, last=4, total_steps=80)
    assert [ramp.parts(step) for step in (0, 9, 10, 19, 20, 29, 30, 40, 79, 500)] == [
        1,
        1,
        2,
        2,
        3,
        3,
        4,
        4,
        4,
        4,
    ]


@pytest.mark.parametrize("wrong", [{"first": 0}, {"first": 3, "last": 2}, {"total_steps": 0}, {"share": 1.5}])
def test_a_ramp_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="bad-ramp|grows from"):
        BatchRamp(**{"first": 1, "last": 2, "total_steps": 10, **wrong})
