"""The order of training is a pure function of (seed, step), and wastes nothing."""

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.text.order import BATCHES_PER_POOL, BatchOrder, sorted_batches

LENGTHS = st.lists(st.integers(3, 512), min_size=1, max_size=300).map(lambda found: np.array(found))
SEEDS = st.integers(0, 2**31 - 1)


def lengths(count: int = 5000) -> np.ndarray:
    return np.random.default_rng(0).integers(3, 200, count)


@given(LENGTHS, st.integers(1, 40), SEEDS, st.booleans())
def test_every_window_comes_once_an_epoch(found: np.ndarray, size: int, seed: int, bucketed: bool) -> None:
    order = BatchOrder(found, size, seed, bucketed)
    for epoch in (0, 3):
        steps = range(epoch * order.steps_per_epoch, (epoch + 1) * order.steps_per_epoch)
        batches = [order.batch(step) for step in steps]
        assert sorted(np.concatenate(batches).tolist()) == list(range(len(found)))
        assert max(map(len, batches)) <= size
        assert sum(len(batch) < size for batch in batches) <= 1


@given(LENGTHS, st.integers(1, 40), SEEDS, st.integers(0, 1000))
def test_a_batch_depends_on_seed_and_step_alone(found: np.ndarray, size: int, seed: int, step: int) -> None:
    first, second = BatchOrder(found, size, seed), BatchOrder(found.copy(), size, seed)
    for other in (0, step + 1, 7):
        second.batch(other)  # what was asked for before does not matter
    assert np.array_equal(first.batch(step), second.batch(step))


def test_seeds_and_epochs_differ() -> None:
    found = lengths()
    first = BatchOrder(found, 32, 0)
    assert not np.array_equal(first.batch(0), BatchOrder(found, 32, 1).batch(0))
    assert not np.array_equal(first.batch(0), first.batch(first.steps_per_epoch))


@pytest.mark.parametrize("bucketed", [True, False])
def test_a_batch_is_sorted_by_length(bucketed: bool) -> None:
    found = lengths()
    order = BatchOrder(found, 32, 0, bucketed)
    for step in range(20):
        assert (np.diff(found[order.batch(step)]) >= 0).all()


def test_batches_hold_windows_of_nearly_equal_length() -> None:
    found = lengths()
    spread = {}
    for bucketed in (True, False):
        order = BatchOrder(found, 32, 0, bucketed)
        spread[bucketed] = np.mean(
            [np.ptp(found[order.batch(step)]) for step in range(order.steps_per_epoch)]
        )
    assert spread[True] < 6 < 150 < spread[False]


def test_short_and_long_batches_come_in_random_order() -> None:
    found = lengths()
    order = BatchOrder(found, 32, 0)
    means = np.array([found[order.batch(step)].mean() for step in range(BATCHES_PER_POOL)])
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.4


def test_an_order_that_is_no_longer_used_is_freed() -> None:
    order = BatchOrder(lengths(), 32, 0)
    order.batch(0)
    gone = weakref.ref(order)
    del order
    gc.collect()
    assert gone() is None


def test_two_orders_do_not_forget_each_other() -> None:
    first, second = (BatchOrder(lengths(), 32, seed) for seed in (0, 1))
    for order in (first, second):
        assert order.epoch(0) is order.epoch(0)
    kept = first.epoch(0)
    second.epoch(0), second.epoch(1), second.epoch(2)
    assert first.epoch(0) is kept


@given(LENGTHS, st.integers(1, 2000))
def test_batches_for_reading_cover_all_and_keep_to_the_limit(found: np.ndarray, limit: int) -> None:
    batches = sorted_batches(found, max_tokens=limit)
    order = np.concatenate(batches)
    assert sorted(order.tolist()) == list(range(len(found)))
    assert (np.diff(found[order]) <= 0).all()
    for batch in batches:
        assert found[batch].sum() <= limit or len(batch) == 1
    for batch, following in zip(batches, batches[1:], strict=False):
        assert found[batch].sum() + found[following[0]] > limit  # no batch could have held one more


def test_nothing_to_read_is_no_batch() -> None:
    assert sorted_batches(np.empty(0, dtype=np.int64), max_tokens=10) == []
