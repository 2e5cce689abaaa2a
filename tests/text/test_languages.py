"""Rates of temperature sampling are the formula's, and lines come as often as the rates say."""

import numpy as np
import pytest

from glassbert.text.languages import LineSampler, sampling_rates


def test_rates_are_those_of_the_formula() -> None:
    sizes = [900, 90, 10]
    assert sampling_rates(sizes, temperature=1, limit=10**9) == [1, 1, 1]
    assert sampling_rates(sizes, temperature=1, limit=500) == [0.5, 0.5, 0.5]
    for temperature in (1 / 0.7, 1 / 0.3, 1e9):
        weights = [size ** (1 / temperature) for size in sizes]
        wanted = [1000 * weight / sum(weights) for weight in weights]
        rates = sampling_rates(sizes, temperature=temperature, limit=10**9)
        assert [rate * size for rate, size in zip(rates, sizes, strict=True)] == pytest.approx(wanted)
    assert wanted == pytest.approx([1000 / 3] * 3, rel=1e-6)  # an infinite temperature makes all equal
    assert sampling_rates([10, 0], temperature=2, limit=5) == [0.5, 0]


@pytest.mark.parametrize("rate", [0.3, 1.0, 2.0, 2.6])
def test_lines_come_as_often_as_the_rate_says_however_they_are_handed_over(rate: float) -> None:
    lines = [str(number) for number in range(10_000)]
    taken = LineSampler(rate, seed=0, language=3).take(lines)
    error = 4 * np.sqrt(len(lines) * (rate % 1) * (1 - rate % 1))
    assert abs(len(taken) - rate * len(lines)) <= error
    assert sorted(taken, key=int) == taken or rate == 2.0
    assert {taken.count(line) for line in lines[:50]} <= {int(rate), int(rate) + (rate % 1 > 0)}
    sampler = LineSampler(rate, seed=0, language=3)
    parts = [sampler.take(lines[begin : begin + 700]) for begin in range(0, len(lines), 700)]
    assert sorted(line for part in parts for line in part) == sorted(taken)
    other = LineSampler(rate, seed=0, language=4).take(lines)
    assert (other == taken) == (rate == int(rate))
