"""How much of a budget is kept for the end."""

from pathlib import Path

import pytest

from glassbert.model.network import Network
from glassbert.runs import reserve as reserve_module
from glassbert.runs.models import load
from glassbert.runs.reserve import reading_seconds, reserve
from glassbert.text.windows import Windows
from tests.runs.material import texts_and_labels


class Clock:
    """Time that passes only while something is read: a millisecond a token, and a second for the first."""

    def __init__(self) -> None:
        self.now, self.cold, self.read = 0.0, True, 0

    def monotonic(self) -> float:
        return self.now

    def reading(self, network: Network, windows: Windows) -> None:
        tokens = int(windows.lengths.sum())
        self.now += tokens / 1000 + self.cold
        self.read, self.cold = self.read + tokens, False


def test_the_estimate_is_what_reading_takes_at_the_rate_of_a_sample(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, clock = load(finished), Clock()
    windows = model.windows(texts_and_labels(12_000)[0])
    monkeypatch.setattr(reserve_module, "time", clock)
    monkeypatch.setattr(reserve_module, "head_logits", clock.reading)
    tokens = int(windows.lengths.sum())
    assert reading_seconds(model.network, [windows, windows]) == pytest.approx(2 * tokens / 1000)
    assert clock.read < 5000 < tokens


def test_more_rows_and_larger_budgets_keep_more(finished: Path) -> None:
    model = load(finished)
    few, many = (model.windows(texts_and_labels(count)[0]) for count in (50, 10_000))
    assert reserve(model.network, [few], budget=60) < reserve(model.network, [few, many], budget=60)
    assert reserve(model.network, [few], budget=600) == pytest.approx(30, rel=0.1)


def test_nothing_to_read_takes_no_time(finished: Path) -> None:
    model = load(finished)
    assert reading_seconds(model.network, [model.windows([])]) == 0.0
