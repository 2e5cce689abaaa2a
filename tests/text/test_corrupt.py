"""Masks: the shares of the paper, words whole, special tokens never, and the same whoever asks."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from glassbert.errors import UsageError
from glassbert.text.corrupt import Corrupted, Masking, _order, corrupt

MASK, CLS, SEP = 3, 1, 2
REPLACEMENTS = np.arange(5, 105, dtype=np.int32)
Words = list[list[int]]


def sequences(lengths: list[int], sizes: tuple[int, ...] = (1,)) -> dict[str, Any]:
    """[CLS] words [SEP] sequences, the words' lengths in turn from `sizes`; ids from 5 on."""
    ids, special, words = [], [], []
    for length in lengths:
        begins = [1] + [0] * (length - 1)
        place = turn = 0
        while place < length:
            begins[place] = 1
            place += sizes[turn % len(sizes)]
            turn += 1
        ids += [CLS, *(5 + k % 100 for k in range(length)), SEP]
        special += [1, *[0] * length, 1]
        words += [1, *begins, 1]
    starts = np.concatenate([[0], np.cumsum(np.array(lengths) + 2)])
    return {
        "ids": np.array(ids, dtype=np.int32),
        "special": np.array(special, dtype=bool),
        "word_starts": np.array(words, dtype=bool),
        "starts": starts,
    }


def run(given: dict[str, Any], masking: Masking, *, samples: Any = None, step: int = 0) -> Corrupted:
    numbers = np.arange(len(given["starts"]) - 1) if samples is None else np.asarray(samples)
    more = {"mask_id": MASK, "replacements": REPLACEMENTS, "seed": 7, "step": step}
    return corrupt(given["ids"], **{k: v for k, v in given.items() if k != "ids"}, samples=numbers,
                   masking=masking, **more)  # fmt: skip


def p_value(counts: Any, shares: Any) -> float:
    expected = np.asarray(shares) * np.sum(counts)
    return float(chi2.sf(((counts - expected) ** 2 / expected).sum(), len(counts) - 1))


@pytest.mark.parametrize("whole_words", [False, True])
def test_of_the_predicted_80_percent_are_masked_10_random_10_kept(whole_words: bool) -> None:
    given = sequences([100] * 600, (1, 2, 3))
    found = run(given, Masking(whole_words=whole_words))
    seen = found.input_ids[found.rows]
    masked, kept = seen == MASK, seen == found.labels
    counts = np.array([masked.sum(), (~masked & ~kept).sum(), (~masked & kept).sum()])
    same = 0.1 / len(REPLACEMENTS)  # a random token may be the one that stood there
    assert p_value(counts, [0.8, 0.1 - same, 0.1 + same]) > 0.001
    drawn = np.bincount(seen[~masked & ~kept] - 5, minlength=100)
    assert len(drawn) == 100 and p_value(drawn, np.full(100, 0.01)) > 0.001
    assert (found.labels == given["ids"][found.rows]).all() and (np.diff(found.rows) > 0).all()
    untouched = np.delete(np.arange(len(given["ids"])), found.rows)
    assert (found.input_ids[untouched] == given["ids"][untouched]).all()


@pytest.mark.parametrize("rate", [0.15, 0.2, 0.4])
def test_the_rate_holds_on_average_and_every_place_is_as_likely(rate: float) -> None:
    given = sequences([33] * 3000)
    found = run(given, Masking(rate=rate))
    per_sequence = np.bincount(np.searchsorted(given["starts"], found.rows, side="right") - 1, minlength=3000)
    assert set(per_sequence) <= {int(rate * 33), int(rate * 33) + 1}
    up = (per_sequence == int(rate * 33) + 1).sum()
    assert p_value([up, 3000 - up], [rate * 33 % 1, 1 - rate * 33 % 1]) > 0.001
    places = np.bincount(found.rows % 35, minlength=35)
    assert places[0] == places[34] == 0  # [CLS] and [SEP]
    # without replacement within a sequence: the variance is smaller than of independent draws
    assert ((places[1:34] - len(found.rows) / 33) ** 2).sum() / (len(found.rows) / 33) < chi2.isf(0.001, 32)


def test_whole_words_are_hidden_whole_at_the_same_rate() -> None:
    given = sequences([60] * 2000, (1, 2, 4))
    found = run(given, Masking(whole_words=True))
    hidden = np.isin(np.arange(len(given["ids"])), found.rows)
    begins = np.flatnonzero(given["word_starts"])
    for begin, end in pairwise([*begins[:3000].tolist(), int(begins[3000])]):
        assert hidden[begin:end].all() or not hidden[begin:end].any()
    share = hidden.sum() / (60 * 2000)
    per_sequence = np.add.reduceat(hidden, given["starts"][:-1])
    assert abs(share - 0.15) < 4 * per_sequence.std() / np.sqrt(2000) / 60
    assert per_sequence.max() <= 9 + 3  # the word that crosses the limit is one of 4 tokens at most
    apart = run(given, Masking())
    torn = np.isin(np.arange(len(given["ids"])), apart.rows)
    assert any(0 < torn[b:e].sum() < e - b for b, e in pairwise(begins[:100].tolist()))


def test_a_word_does_not_go_on_behind_a_separator_or_in_the_next_sequence() -> None:
    given = sequences([1] * 400)
    given["word_starts"][:] = False
    assert len(run(given, Masking(whole_words=True)).rows) == 400  # at least one of each


def test_a_mask_depends_on_seed_step_and_sample_and_nothing_else() -> None:
    lengths = [40, 9, 77, 23, 5, 60]
    masking = Masking(whole_words=True)

    def by_sample(samples: list[int], *, step: int = 5, masking: Masking = masking) -> dict[int, list[int]]:
        given = sequences([lengths[each] for each in samples], (1, 3, 2))
        found = run(given, masking, samples=samples, step=step)
        starts = given["starts"]
        return {
            sample: [*found.input_ids[begin:end].tolist(), -1, *rows(found, begin, end)]
            for sample, begin, end in zip(samples, starts[:-1], starts[1:], strict=True)
        }

    def rows(found: Corrupted, begin: int, end: int) -> list[int]:
        return (found.rows[(found.rows >= begin) & (found.rows < end)] - begin).tolist()

    whole = by_sample([0, 1, 2, 3, 4, 5])
    assert by_sample([5, 2, 0, 4, 1, 3]) == whole  # any order
    ranks = [by_sample([0, 1, 2, 3, 4, 5][rank::4]) for rank in range(4)]  # any number of processes
    assert {key: value for rank in ranks for key, value in rank.items()} == whole
    assert by_sample([0, 1, 2], step=6) != {key: whole[key] for key in (0, 1, 2)}
    fixed = Masking(whole_words=True, fixed=True)
    assert by_sample([0, 1, 2], step=6, masking=fixed) == by_sample([0, 1, 2], step=99, masking=fixed)


def test_words_are_ordered_by_their_numbers_and_then_by_their_places() -> None:
    rng = np.random.default_rng(0)
    owner, numbers = np.repeat(np.arange(40), 50), rng.integers(0, 30, 2000).astype(np.uint32) << 27
    assert (_order(owner, numbers) == np.lexsort((numbers, owner))).all()  # stable, and many are equal
    far = owner + (1 << 16)
    assert (_order(far, numbers) == np.lexsort((numbers, far))).all() and len(
        _order(owner[:0], numbers[:0])
    ) == 0


def test_all_can_be_masked_and_settings_out_of_range_are_refused() -> None:
    given = sequences([7, 3], (2,))
    found = run(given, Masking(rate=1.0, masked=1.0, random=0.0, whole_words=True))
    assert (found.input_ids == np.where(given["special"], given["ids"], MASK)).all() and len(found.rows) == 10
    for wrong in ({"rate": 0.0}, {"rate": 1.1}, {"masked": 0.9, "random": 0.2}, {"random": -0.1}):
        with pytest.raises(UsageError, match="bad-masking"):
            Masking(**wrong)
