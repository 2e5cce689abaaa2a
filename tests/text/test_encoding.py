"""Encoding word by word gives what the library gives text by text."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizer_makers import CORPUS, HOSTILE, bpe, read_document, unigram, wordpiece, write_document

from glassbert.errors import DataError
from glassbert.text import encoding, words
from glassbert.text.encoding import Encoder
from glassbert.text.special_tokens import build_plain, mark_roles
from glassbert.text.tokenizer_files import read_definition
from glassbert.text.words import BYTE_LEVEL, SPACES, WordRule, word_rule

# spaces in every position, other white space, and characters that combine, vanish or change when normalised
PIECES = [
    " ",
    "  ",
    "\t",
    "\n",
    "\u00a0",
    "\u3000",
    "\x1c",
    "\u2028",
    "the",
    "cat",
    "'s",
    "'",
    "é",
    "e\u0301",
]
PIECES += ["\u0301", "中", "\x00", "\u200b", "1", "!", "ß", "İ", "ﬁ", "\U0001f600", "##ness", "unhappiness"]
TEXTS = st.lists(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), max_size=6)
KINDS = ["wordpiece", "bpe", "bpe-prefix", "unigram"]


def rule_of(directory: Path) -> WordRule | None:
    definition = read_definition(directory)
    return word_rule(mark_roles(definition.document, definition.roles))


def make(kind: str, directory: Path) -> Encoder:
    if kind == "wordpiece":
        wordpiece(directory)
    elif kind == "unigram":
        unigram(directory)
    else:
        bpe(directory, add_prefix_space=kind == "bpe-prefix")
    definition = read_definition(directory)
    return Encoder(build_plain(definition.document, definition.roles, path=directory), rule_of(directory))


@pytest.fixture(scope="module", params=KINDS)
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return make(request.param, tmp_path_factory.mktemp("tokenizer"))


def check(encoder: Encoder, texts: list[str], *, offsets: bool) -> None:
    found = encoder.encode(texts, offsets=offsets)
    expected = encoder.library.encode_batch(texts, add_special_tokens=False)
    ids = [found.ids[begin:end].tolist() for begin, end in zip(found.starts, found.starts[1:], strict=False)]
    assert ids == [one.ids for one in expected]
    assert (found.ids.dtype, found.starts.dtype) == (np.int32, np.int64)
    if offsets:
        assert found.offsets is not None and found.offsets.dtype == np.int32
        assert [tuple(pair) for pair in found.offsets.tolist()] == [
            pair for one in expected for pair in one.offsets
        ]
    else:
        assert found.offsets is None


def always_by_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "MIN_CHARACTERS", 0)
    monkeypatch.setattr(encoding, "MAX_NEW_SHARE", 1.0)


@pytest.mark.parametrize("offsets", [False, True])
def test_words_give_what_whole_texts_give(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch, offsets: bool
) -> None:
    always_by_words(monkeypatch)
    check(encoder, HOSTILE + CORPUS, offsets=offsets)
    check(encoder, CORPUS + HOSTILE[::-1], offsets=offsets)
    check(encoder, [], offsets=offsets)

    @given(TEXTS)
    def any_texts(texts: list[str]) -> None:
        check(encoder, texts, offsets=offsets)

    any_texts()


def test_words_are_forgotten_when_they_grow_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    always_by_words(monkeypatch)
    monkeypatch.setattr(words, "MAX_KEPT_CHARACTERS", 30)
    encoder = make("wordpiece", tmp_path)
    for _ in range(3):
        for text in [*CORPUS, "the cat", "sat"]:
            check(encoder, [text], offsets=True)
            assert sum(map(len, encoder._words.index)) <= 30


def test_texts_that_repeat_no_word_are_not_kept(tmp_path: Path) -> None:
    encoder = make("wordpiece", tmp_path)
    check(encoder, ["的中" * 500, "中的" * 700], offsets=True)
    assert not encoder._words.index
    check(encoder, CORPUS * 20, offsets=True)
    assert encoder._words.index


def test_threads_may_share_an_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    always_by_words(monkeypatch)
    monkeypatch.setattr(words, "MAX_KEPT_CHARACTERS", 300)
    encoder = make("wordpiece", tmp_path)
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(check, encoder, HOSTILE[k % 7 :] + CORPUS, offsets=True) for k in range(64)]
        for job in jobs:
            job.result()


def test_only_tokenizers_that_never_look_across_a_space_go_word_by_word(tmp_path: Path) -> None:
    places = {name: tmp_path / name for name in ("wordpiece", "bpe", "unigram", "json")}
    for place in places.values():
        place.mkdir()
    assert rule_of(wordpiece(places["wordpiece"])) is SPACES
    assert rule_of(bpe(places["bpe"])) is BYTE_LEVEL
    assert rule_of(unigram(places["unigram"])) is None
    document = read_document(bpe(places["json"], files=False))
    unlike = {"normalizer": {"type": "Strip", "strip_left": True, "strip_right": True}}
    assert rule_of(write_document(places["json"], document | unlike)) is None
    unlike = {"pre_tokenizer": document["pre_tokenizer"] | {"use_regex": False}}
    assert rule_of(write_document(places["json"], document | unlike)) is None
    marker = {"id": 400, "content": "the cat", "special": False}
    unlike = {"added_tokens": [*document["added_tokens"], marker | dict.fromkeys(encoding_flags(), False)]}
    assert rule_of(write_document(places["json"], document | unlike)) is None


def encoding_flags() -> tuple[str, ...]:
    return ("single_word", "lstrip", "rstrip", "normalized")


@pytest.mark.parametrize("long", [False, True])
def test_v12_a_lone_surrogate_is_refused_with_its_place(encoder: Encoder, long: bool) -> None:
    texts = ["fine", "also fine \U0001f600" + " x" * 5000 * long, "cut \ud83d here", "\udc00"]
    with pytest.raises(DataError, match=r"text 3 has the lone surrogate U\+D83D as its character 5 "):
        encoder.encode(texts)


def test_v12_other_strange_characters_are_fine(encoder: Encoder) -> None:
    check(encoder, ["\x00", "a\x00b", "\ufffd", "\u0378\U000e0080", "\ufdd0\uffff\U0010ffff"], offsets=True)
