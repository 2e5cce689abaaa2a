"""Philox4x32-10 gives the published numbers, and its uses give different ones."""

import numpy as np
import pytest

from glassbert.errors import UsageError
from glassbert.text.philox import below, draw, philox

# known answers of Random123, the authors' library (kat_vectors): counter, key, result
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN)
def test_the_numbers_are_the_published_ones(
    counter: tuple[int, ...], key: tuple[int, int], result: tuple[int, ...]
) -> None:
    words = philox(np.array([counter, counter], dtype=np.uint32).T, key)
    assert [tuple(column) for column in words.T.tolist()] == [result, result]


def test_seed_step_sample_place_and_purpose_each_give_other_numbers() -> None:
    def first(place: int = 0, sample: int = 0, **more: object) -> tuple[int, ...]:
        given = {"seed": 1, "step": 2, "purpose": "mask", **more}
        words = draw(np.array([place]), np.array([sample]), **given)  # type: ignore[arg-type]
        return tuple(words[:, 0].tolist())

    more = ({"seed": 2}, {"seed": 1 + (1 << 32)}, {"step": 3}, {"purpose": "pair"})
    found = [
        first(),
        first(place=1),
        first(sample=1),
        first(sample=1 << 32),
        *(first(**each) for each in more),
    ]
    assert len(set(found)) == len(found) and first() == found[0]
    for wrong in ({"seed": -1}, {"seed": 1 << 64}, {"step": 1 << 32}, {"sample": 1 << 48}):
        with pytest.raises(UsageError):
            first(**wrong)  # type: ignore[arg-type]


def test_numbers_below_a_limit_are_equally_likely() -> None:
    words = draw(np.arange(60_000), np.zeros(60_000, dtype=np.int64), seed=0, step=0, purpose="mask")
    counts = np.bincount(below(words[0], 6), minlength=6)
    assert counts.sum() == 60_000 and ((counts - 10_000) ** 2 / 10_000).sum() < 20.5  # chi-square, p = 0.001
