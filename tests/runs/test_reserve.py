"""How much of a budget is kept for the end."""

import time
from pathlib import Path

import pytest

from glassbert.runs.inference import head_logits
from glassbert.runs.models import load
from glassbert.runs.reserve import reading_seconds, reserve
from tests.runs.material import texts_and_labels


def test_the_estimate_is_near_what_reading_takes(finished: Path) -> None:
    model = load(finished)
    windows = model.windows(texts_and_labels(12_000)[0])
    began = time.process_time()
    head_logits(model.network, windows)
    took = time.process_time() - began
    estimates = sorted(reading_seconds(model.network, [windows]) for _ in range(5))
    assert estimates[0] < 2.5 * took
    assert estimates[-1] > 0.4 * took


def test_more_rows_and_larger_budgets_keep_more(finished: Path) -> None:
    model = load(finished)
    few, many = (model.windows(texts_and_labels(count)[0]) for count in (50, 10_000))
    assert reserve(model.network, [few], budget=60) < reserve(model.network, [few, many], budget=60)
    assert reserve(model.network, [few], budget=600) == pytest.approx(30, rel=0.1)


def test_nothing_to_read_takes_no_time(finished: Path) -> None:
    model = load(finished)
    assert reading_seconds(model.network, [model.windows([])]) == 0.0
