"""The machine's peak is measured by the products that the encoder itself makes."""

import pytest
import torch

from glassbert.runs.pretraining import costs

CPU = torch.device("cpu")


def test_peak_is_of_the_fastest_of_our_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a clock that only our products move: 3, 2, 4, 4, ... seconds each."""
    clock, seconds = [0.0], iter([3.0, 2.0, *[4.0] * (costs.TRIALS - 2)])

    def product(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        clock[0] += next(seconds)
        return left

    monkeypatch.setattr(costs, "product", product)
    monkeypatch.setattr(costs.time, "perf_counter", lambda: clock[0])
    found = costs.machine_peak(CPU)
    assert found["flops_per_second"] == 2 * costs.SIDE**3 / 2.0
    assert found["from"].startswith(f"measured: product of {costs.SIDE} x {costs.SIDE} matrices, float32")
