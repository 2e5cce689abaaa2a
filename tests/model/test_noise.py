"""Dropout is a pure function of (seed, step, sample), at the promised rate, and unbiased."""

import numpy as np
import pytest
import torch
from torch import Tensor

from glassbert.model.layout import Rows
from glassbert.model.noise import LEVELS, DeviceNoise, Rates, SampleNoise, added, dropped
from tests.model.small import SMALL, batch, build

RATES = Rates(hidden=0.1, attention=0.2, classifier=0.3)
CPU = torch.device("cpu")


def sample_noise(*samples: int, seed: int = 5, step: int = 17) -> SampleNoise:
    return SampleNoise(RATES, np.array(samples), seed=seed, step=step)


def mask(noise: SampleNoise | DeviceNoise, *counts: int, width: int = 40, rate: float = 0.5) -> Tensor:
    return noise.keep(np.array(counts), width, rate)


def test_the_same_seed_step_and_sample_draw_the_same_mask() -> None:
    assert torch.equal(mask(sample_noise(3, 8), 4, 6), mask(sample_noise(3, 8), 4, 6))


@pytest.mark.parametrize("change", [{"seed": 6}, {"step": 18}])
def test_another_seed_or_step_draws_another_mask(change: dict[str, int]) -> None:
    assert not torch.equal(mask(sample_noise(3), 50), mask(sample_noise(3, **change), 50))


def test_seed_and_step_are_not_interchangeable() -> None:
    one, other = sample_noise(3, seed=1, step=2), sample_noise(3, seed=2, step=1)
    assert not torch.equal(mask(one, 50), mask(other, 50))


def test_every_sample_draws_its_own_mask() -> None:
    rows = mask(sample_noise(0, 1, 2, 3), 20, 20, 20, 20).view(4, -1)
    assert len({tuple(row.tolist()) for row in rows}) == 4


def test_neighbouring_samples_and_steps_are_uncorrelated() -> None:
    count = 4000
    masks = [
        mask(sample_noise(sample, step=step), count).flatten() - 1
        for sample, step in [(0, 0), (1, 0), (0, 1), (1, 1)]
    ]
    number = count * 40
    for i in range(4):
        for j in range(i):
            assert abs(float((masks[i] * masks[j]).mean())) < 5 / number**0.5


def test_a_later_use_draws_anew() -> None:
    noise = sample_noise(3)
    assert not torch.equal(mask(noise, 50), mask(noise, 50))


def test_the_mask_of_a_sample_does_not_depend_on_the_others() -> None:
    """Three uses in a row, in three batches: the sequence draws the same whatever lies beside it."""
    alone, first, last = sample_noise(7), sample_noise(7, 1), sample_noise(1, 2, 7)
    for count, width, rate in [(5, 3, 0.5), (1, 7, 0.3), (2, 64, 0.1)]:
        expected = mask(alone, count, width=width, rate=rate)
        assert torch.equal(mask(first, count, 4, width=width, rate=rate)[:count], expected)
        assert torch.equal(mask(last, 2, 0, count, width=width, rate=rate)[-count:], expected)


def test_uses_drawn_ahead_are_as_independent_of_one_another_and_of_the_company() -> None:
    """Odd widths, so that no use ends with a whole word of the stream."""
    alone, together = sample_noise(7), sample_noise(1, 7)
    mine, all_ = np.array([5]), np.array([3, 5])
    alone.expect(mine, 33, uses=3)
    together.expect(all_, 33, uses=3)
    expected = [alone.keep(mine, 33, 0.5) for _ in range(4)]  # the fourth was not announced
    between = mask(together, 2, 2, width=3)
    for keep in expected[:3]:
        assert torch.equal(together.keep(all_, 33, 0.5)[3:], keep)
    assert between.shape == (4, 3)
    drawn = {tuple(keep.flatten().tolist()) for keep in expected}
    assert len(drawn) == 4


def test_uses_drawn_ahead_are_uncorrelated() -> None:
    noise, counts = sample_noise(0, 1), np.array([2000, 2000])
    noise.expect(counts, 40, uses=3)
    uses = [noise.keep(counts, 40, 0.5).flatten() - 1 for _ in range(3)]
    for i in range(3):
        for j in range(i):
            assert abs(float((uses[i] * uses[j]).mean())) < 5 / uses[0].numel() ** 0.5


def test_no_row_at_all_draws_an_empty_mask() -> None:
    assert mask(sample_noise(1, 2), 0, 0).shape == (0, 40)


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5, 0.9, 0.999])
def test_the_rate_is_right_to_a_256th_and_the_expectation_is_one(rate: float) -> None:
    rounded = min(round(rate * LEVELS), LEVELS - 1) / LEVELS
    drawn = mask(sample_noise(0, 1, 2, 3), 1000, 1000, 1000, 1000, width=100, rate=rate)
    assert abs(rounded - rate) <= 1 / LEVELS
    number, share = drawn.numel(), float((drawn == 0).double().mean())
    assert abs(share - rounded) < 5 * (rounded * (1 - rounded) / number) ** 0.5
    kept = drawn[drawn > 0].unique()
    assert kept.tolist() == pytest.approx([1 / (1 - rounded)], rel=1e-6)
    spread = (rounded / (1 - rounded) / number) ** 0.5  # standard deviation of the mean
    assert abs(float(drawn.double().mean()) - 1) < 5 * spread


def test_columns_are_dropped_equally_often() -> None:
    """A byte stream cut wrongly would favour some columns."""
    shares = (mask(sample_noise(*range(50)), *[100] * 50, width=33, rate=0.5) == 0).double().mean(0)
    assert float((shares - 0.5).abs().max()) < 5 * (0.25 / 5000) ** 0.5


def test_a_device_draws_by_seed_step_and_part() -> None:
    def drawn(seed: int, step: int, part: int) -> Tensor:
        return mask(DeviceNoise(RATES, CPU, seed=seed, step=step, part=part), 30)

    assert torch.equal(drawn(1, 2, 3), drawn(1, 2, 3))
    for other in [(2, 2, 3), (1, 3, 3), (1, 2, 4), (2, 1, 3)]:
        assert not torch.equal(drawn(1, 2, 3), drawn(*other))


def test_a_device_keeps_the_rate_and_the_expectation() -> None:
    drawn = mask(DeviceNoise(RATES, CPU, seed=1, step=2), 4000, width=100, rate=0.1)
    assert abs(float((drawn == 0).double().mean()) - 0.1) < 5 * (0.09 / drawn.numel()) ** 0.5
    assert drawn[drawn > 0].unique().tolist() == pytest.approx([1 / 0.9], rel=1e-6)


def test_dropping_multiplies_by_the_mask() -> None:
    value, residual = torch.randn(2, 6, 40, generator=torch.Generator().manual_seed(0))
    counts = np.array([4, 2])
    keep = sample_noise(1, 2).keep(counts, 40, 0.1)
    assert torch.equal(dropped(value, sample_noise(1, 2), counts, 0.1), value * keep)
    sum_ = added(residual, value, sample_noise(1, 2), counts)
    assert torch.allclose(sum_, residual + value * keep, rtol=0, atol=1e-6)


def test_without_noise_nothing_is_dropped() -> None:
    value, counts = torch.ones(6, 40), np.array([4, 2])
    silent = SampleNoise(Rates(hidden=0.0, attention=0.0, classifier=0.0), np.array([1, 2]), seed=0, step=0)
    assert dropped(value, None, counts, 0.5) is value
    assert dropped(value, silent, counts, 0.0) is value
    assert torch.equal(added(value, value, silent, counts), value + value)
    assert torch.equal(added(value, value, None, counts), value + value)


# -- through the whole network -------------------------------------------------------------------------

SAMPLES = np.array([100, 3, 55, 7, 8, 901, 2, 41])


@pytest.mark.parametrize("kind", ["sequence-classification", "token-classification", "masked-lm"])
def test_a_noisy_network_gives_a_sample_the_same_logits_in_any_batch(kind: str) -> None:
    network, together = build(kind), batch()
    starts = together.layout.starts
    per_token = kind != "sequence-classification"
    chosen = np.arange(0, starts[-1], 3) if kind == "masked-lm" else None
    rows = None if chosen is None else Rows.of(together.layout, chosen)
    with torch.no_grad():
        logits = network(together, rows=rows, noise=SampleNoise(RATES, SAMPLES, seed=1, step=4))
        for i in range(8):
            alone = batch(lengths=(int(together.layout.lengths[i]),))
            span = slice(starts[i], starts[i + 1])
            alone.input_ids.copy_(together.input_ids[span])
            alone.token_type_ids.copy_(together.token_type_ids[span])
            mine, own = slice(i, i + 1), None
            if per_token:
                mine = span
            if chosen is not None:
                place = (chosen >= starts[i]) & (chosen < starts[i + 1])
                own, mine = Rows.of(alone.layout, chosen[place] - starts[i]), torch.from_numpy(place)
            expected = network(alone, rows=own, noise=SampleNoise(RATES, SAMPLES[i : i + 1], seed=1, step=4))
            assert torch.allclose(logits[mine], expected, rtol=0, atol=1e-5), i


def test_a_resumed_step_repeats_the_interrupted_one() -> None:
    """Nothing is carried from step to step: step 2 alone is step 2 after steps 0 and 1."""
    network, packed = build("sequence-classification"), batch()

    def step(number: int) -> Tensor:
        return network(packed, noise=SampleNoise(RATES, SAMPLES, seed=9, step=number)).detach()

    run = [step(number) for number in range(3)]
    assert torch.equal(step(2), run[2])
    assert not torch.equal(run[1], run[2])


def test_sites_of_one_pass_drop_differently() -> None:
    class Recorder(SampleNoise):
        masks: list[Tensor] = []

        def keep(self, counts: np.ndarray, width: int, rate: float) -> Tensor:
            self.masks.append(super().keep(counts, width, rate))
            return self.masks[-1]

    network, packed = build("token-classification"), batch()
    network(packed, noise=Recorder(RATES, SAMPLES, seed=1, step=4))
    sites = 1 + 3 * SMALL.num_hidden_layers + 1  # embeddings; weights and two sums per block; head
    assert len(Recorder.masks) == sites
    hidden = [tuple((site > 0).flatten().tolist()) for site in Recorder.masks if site.shape[-1] == 30]
    assert len(set(hidden)) == len(hidden) == sites - SMALL.num_hidden_layers


def test_the_training_flag_alone_drops_nothing() -> None:
    network, packed = build("sequence-classification"), batch()
    assert torch.equal(network.train()(packed), network.eval()(packed))
