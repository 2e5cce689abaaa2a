"""Cut texts are those of the tokenizers library, which is what transformers cuts with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.workbench import tiny_tokenizer

from glassbert.text.shortening import Truncation
from glassbert.text.tokenizer import Tokenizer

TEXTS = st.lists(st.sampled_from(["the", "film", "warmish", "好", "dull", "!"]), max_size=14).map(" ".join)
SPECIALS = {1: 2, 2: 3}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return tiny_tokenizer(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="module")
def library(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> tokenizers.Tokenizer:
    place = tmp_path_factory.mktemp("saved")
    tokenizer.save(place)
    return tokenizers.Tokenizer.from_file(str(Path(place) / "tokenizer.json"))


def cut_by(library: Any, text: Any, *, max_length: int, rule: str) -> Any:
    library.enable_truncation(max_length, strategy=rule)
    return library.encode(*text) if isinstance(text, tuple) else library.encode(text)


@given(
    text=st.one_of(TEXTS, st.tuples(TEXTS, TEXTS)),
    max_length=st.integers(min_value=5, max_value=24),
    rule=st.sampled_from(["longest_first", "only_first", "only_second"]),
)
@settings(max_examples=400, deadline=None)
def test_one_window_holds_what_the_library_keeps(
    tokenizer: Tokenizer, library: Any, text: Any, max_length: int, rule: Truncation
) -> None:
    try:
        wanted = cut_by(library, text, max_length=max_length, rule=rule)
    except Exception as error:  # it has no class of its own for a side that is too short to cut
        assert "too short" in str(error) or "not provided" in str(error)
        return
    found = tokenizer.with_windows(truncation=rule).windows([text], max_length=max_length, offsets=True)
    assert found.input_ids.tolist() == wanted.ids
    assert found.token_type_ids.tolist() == wanted.type_ids
    assert found.offsets is not None and found.offsets.tolist() == [list(each) for each in wanted.offsets]
    assert len(found) == 1 and found.scored.sum() == len(wanted.ids) - SPECIALS[1 + isinstance(text, tuple)]


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=2, max_size=6), st.integers(min_value=5, max_value=24))
@settings(max_examples=100, deadline=None)
def test_texts_are_cut_each_for_itself(
    tokenizer: Tokenizer, pairs: list[tuple[str, str]], max_length: int
) -> None:
    cutting = tokenizer.with_windows(truncation="longest_first")
    together = cutting.windows(pairs, max_length=max_length)
    alone = [cutting.windows([pair], max_length=max_length).input_ids for pair in pairs]
    assert together.input_ids.tolist() == np.concatenate(alone).tolist()
    assert together.example.tolist() == list(range(len(pairs)))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (("the", "film " * 30), "only_first"),
        (("film " * 30, "the"), "only_second"),
        ("film " * 30, "only_second"),
    ],
)
def test_what_one_side_cannot_give_is_read_in_windows(
    tokenizer: Tokenizer, text: Any, rule: Truncation
) -> None:
    found = tokenizer.with_windows(truncation=rule).windows([text], max_length=12)
    assert found.lengths.max() <= 12 and len(found) > 1 and found.scored.sum() >= 30


def test_the_tokenizer_itself_still_reads_all(tokenizer: Tokenizer) -> None:
    long = "film " * 30
    whole = tokenizer.windows([long], max_length=12)
    assert len(tokenizer.with_windows(truncation="longest_first").windows([long], max_length=12)) == 1
    shared = tokenizer.with_windows(stride=7).windows([long], max_length=12)
    again = tokenizer.windows([long], max_length=12)
    assert again.input_ids.tolist() == whole.input_ids.tolist() and len(shared) > len(whole) == len(again)
    assert shared.starts.tolist() == tokenizer.windows([long], max_length=12, stride=7).starts.tolist()
