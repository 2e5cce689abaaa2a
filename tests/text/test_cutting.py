"""Cutting into windows: nothing lost, nothing scored twice, nothing too long, most context where scored."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from glassbert.errors import UsageError
from glassbert.text.content import Content
from glassbert.text.cutting import cut
from glassbert.text.windows import Windows, bounds
from glassbert.text.wrapping import Wrapping

CLS, SEP = 101, 102
SINGLE = Wrapping(ids=((CLS,), (SEP,)), types=((0,), (0,)), content_types=(0,))
PAIR = Wrapping(ids=((CLS,), (SEP,), (SEP,)), types=((0,), (0,), (1,)), content_types=(0, 1))
DOUBLE = Wrapping(ids=((CLS,), (SEP, SEP), (SEP,)), types=((0,), (0, 0), (0,)), content_types=(0, 0))
BARE = Wrapping(ids=((), ()), types=((), ()), content_types=(0,))


def content(sizes: list[int], *, first: int = 1000) -> Content:
    """Texts whose token ids are all different, and whose offsets repeat them."""
    total = sum(sizes)
    ids = np.arange(first, first + total, dtype=np.int32)
    return Content(
        ids=ids, starts=bounds(np.array(sizes, dtype=np.int64)), offsets=np.stack([ids, ids + 1], axis=1)
    )


def tokens(windows: Windows, k: int) -> slice:
    return slice(int(windows.starts[k]), int(windows.starts[k + 1]))


def scored(windows: Windows, example: int, side: int) -> list[int]:
    """The scored token ids of one side of one text, in the order of its windows."""
    found: list[int] = []
    for k in np.flatnonzero(windows.example == example):
        part = tokens(windows, k)
        found += windows.input_ids[part][windows.scored[part] & (windows.sequence[part] == side)].tolist()
    return found


SIZES = st.lists(st.integers(0, 60), min_size=1, max_size=4)


@given(SIZES, st.integers(3, 30), st.none() | st.integers(0, 20))
def test_every_token_of_a_text_is_scored_once_and_in_order(
    sizes: list[int], max_length: int, stride: int | None
) -> None:
    assume(stride is None or stride < max_length - 2)
    texts = content(sizes)
    windows = cut([texts], SINGLE, max_length=max_length, stride=stride)
    assert windows.lengths.max() <= max_length
    assert windows.num_examples == len(sizes)
    for k, size in enumerate(sizes):
        assert scored(windows, k, 0) == texts.ids[texts.starts[k] : texts.starts[k + 1]].tolist()
        assert len(scored(windows, k, 0)) == size
    assert not windows.scored[windows.sequence == -1].any()
    for k in range(len(windows)):
        ids = windows.input_ids[tokens(windows, k)]
        assert ids[0] == CLS and ids[-1] == SEP
        inner = ids[1:-1]
        assert np.array_equal(inner, np.arange(inner[0], inner[0] + len(inner)) if len(inner) else inner)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=3), st.integers(6, 30)
)
def test_every_token_of_a_pair_is_scored_once_and_in_order(
    pairs: list[tuple[int, int]], max_length: int
) -> None:
    sides = [content([a for a, _ in pairs]), content([b for _, b in pairs], first=5000)]
    windows = cut(sides, DOUBLE, max_length=max_length)
    assert windows.lengths.max() <= max_length
    room, num_windows = max_length - 4, 0
    for k, sizes in enumerate(pairs):
        for side in (0, 1):
            ids = sides[side].ids[sides[side].starts[k] : sides[side].starts[k + 1]]
            assert scored(windows, k, side) == ids.tolist()
        mine = np.flatnonzero(windows.example == k)
        if sum(sizes) <= room:
            assert len(mine) == 1
        elif min(sizes) <= room // 2:
            shorter = int(sizes[1] < sizes[0])
            for w in mine:
                assert (windows.sequence[tokens(windows, w)] == shorter).sum() == min(sizes)
        num_windows += len(mine)
        # linear: each window brings half of what its narrower side holds, at least
        assert len(mine) <= 2 + 2 * max(sizes) / max(room // 2, 1) * 4 / 3
    assert num_windows == len(windows)


@given(st.integers(1, 80), st.integers(3, 25), st.none() | st.integers(0, 24))
def test_a_token_is_scored_where_it_has_most_context(size: int, max_length: int, stride: int | None) -> None:
    """Context is the distance to the nearer end of the window; the text's own ends are no loss."""
    assume(stride is None or stride < max_length - 2)
    windows = cut([content([size], first=0)], SINGLE, max_length=max_length, stride=stride)
    best, chosen = np.full(size, -1.0), np.full(size, np.nan)
    for k in range(len(windows)):
        part = tokens(windows, k)
        ids = windows.input_ids[part][1:-1]
        before = ids - ids[0] if ids[0] > 0 else np.full(len(ids), np.inf)
        after = ids[-1] - ids if ids[-1] < size - 1 else np.full(len(ids), np.inf)
        context = np.minimum(before, after)
        best[ids] = np.maximum(best[ids], context)
        mine = windows.scored[part][1:-1]
        chosen[ids[mine]] = context[mine]
    assert np.array_equal(best, chosen)


def test_a_text_that_fits_is_one_window_with_all_its_arrays() -> None:
    windows = cut([content([2]), content([1], first=7)], PAIR, max_length=6)
    assert windows.input_ids.tolist() == [CLS, 1000, 1001, SEP, 7, SEP]
    assert windows.token_type_ids.tolist() == [0, 0, 0, 0, 1, 1]
    assert windows.sequence.tolist() == [-1, 0, 0, -1, 1, -1]
    assert windows.scored.tolist() == [False, True, True, False, True, False]
    assert windows.offsets is not None
    assert windows.offsets.tolist() == [[0, 0], [1000, 1001], [1001, 1002], [0, 0], [7, 8], [0, 0]]
    arrays = {name: value for name, value in vars(windows).items() if isinstance(value, np.ndarray)}
    kinds = {name: value.dtype.name for name, value in arrays.items()}
    assert kinds == {
        "input_ids": "int32",
        "token_type_ids": "uint8",
        "starts": "int64",
        "example": "int32",
        "scored": "bool",
        "offsets": "int32",
        "sequence": "int8",
    }


def test_neighbours_share_a_quarter_by_default_and_the_stride_if_given() -> None:
    text = content([30], first=0)
    for stride, shared in ((None, 2), (0, 0), (7, 7)):
        windows = cut([text], SINGLE, max_length=12 - 2, stride=stride)
        first = windows.input_ids[tokens(windows, 0)][1:-1].tolist()
        second = windows.input_ids[tokens(windows, 1)][1:-1].tolist()
        assert len(set(first) & set(second)) == shared


def test_an_empty_text_is_one_window_of_special_tokens() -> None:
    windows = cut([content([0, 3, 0])], SINGLE, max_length=5)
    assert windows.lengths.tolist() == [2, 5, 2]
    assert windows.example.tolist() == [0, 1, 2]
    assert windows.scored.sum() == 3


def test_no_texts_are_no_windows() -> None:
    for sides, wrapping in (([content([])], SINGLE), ([content([]), content([])], PAIR)):
        windows = cut(sides, wrapping, max_length=9)
        assert len(windows) == 0 and windows.num_examples == 0 and windows.starts.tolist() == [0]


def test_a_tokenizer_without_special_tokens_is_cut_as_well() -> None:
    windows = cut([content([10], first=0)], BARE, max_length=4, stride=0)
    assert windows.lengths.tolist() == [4, 4, 2] and windows.input_ids.tolist() == list(range(10))


@pytest.mark.parametrize(
    ("wrapping", "max_length", "least"),
    [(SINGLE, 2, 3), (SINGLE, 0, 3), (SINGLE, -5, 3), (PAIR, 4, 5), (DOUBLE, 5, 6)],
)
def test_no_room_for_content_is_a_usage_error(wrapping: Wrapping, max_length: int, least: int) -> None:
    sides = [content([1])] * len(wrapping.content_types)
    with pytest.raises(UsageError, match=f"max-length-too-small.*use at least {least}"):
        cut(sides, wrapping, max_length=max_length)
    assert cut(sides, wrapping, max_length=least).lengths.max() <= least


@pytest.mark.parametrize(("wrapping", "stride"), [(SINGLE, 8), (SINGLE, -1), (PAIR, 3)])
def test_a_stride_without_progress_is_a_usage_error(wrapping: Wrapping, stride: int) -> None:
    sides = [content([40])] * len(wrapping.content_types)
    with pytest.raises(UsageError, match="bad-stride"):
        cut(sides, wrapping, max_length=10, stride=stride)


def test_two_long_sides_are_paired_in_order_at_linear_cost() -> None:
    sides = [content([1000], first=0), content([300], first=5000)]
    windows = cut(sides, PAIR, max_length=23, stride=0)
    assert len(windows) == 100
    assert np.all(windows.lengths <= 23)
    assert scored(windows, 0, 0) == list(range(1000)) and scored(windows, 0, 1) == list(range(5000, 5300))
