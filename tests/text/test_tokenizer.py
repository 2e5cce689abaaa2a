"""The tokenizer as its users meet it, and rows V9 to V15 of the table of failures that concern it."""

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizer_makers import (
    CORPUS,
    HOSTILE,
    bpe,
    read_document,
    unigram,
    wordpiece,
    write_config,
    write_document,
)

from glassbert.errors import DataError, MissingInputError, UsageError
from glassbert.text import tokenizer as module
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return Tokenizer.load(wordpiece(tmp_path_factory.mktemp("wordpiece")))


def window(windows: Windows, k: int) -> list[int]:
    return windows.input_ids[windows.starts[k] : windows.starts[k + 1]].tolist()


def equal(one: Windows, other: Windows) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in vars(one))


def test_the_attributes_say_what_the_directory_says(tmp_path: Path) -> None:
    loaded = Tokenizer.load(wordpiece(tmp_path, do_lower_case=False, model_max_length=64))
    assert (
        loaded.tokens([loaded.pad_token_id, loaded.unk_token_id, loaded.cls_token_id])
        == "[PAD] [UNK] [CLS]".split()
    )
    assert loaded.tokens(np.array([loaded.sep_token_id, loaded.mask_token_id])) == ["[SEP]", "[MASK]"]
    assert loaded.vocab_size == len((tmp_path / "vocab.txt").read_text(encoding="utf-8").splitlines())
    assert (loaded.lowercase, loaded.model_max_length, loaded.warnings) == (False, 64, ())


@pytest.mark.parametrize("value", [10**30, 1e30, 0, -1, "512", None, True, 512.5e9])
def test_a_senseless_model_max_length_is_none(tmp_path: Path, value: object) -> None:
    assert Tokenizer.load(wordpiece(tmp_path, model_max_length=value)).model_max_length is None


def test_lowercase_is_found_inside_a_sequence(tmp_path: Path) -> None:
    document = read_document(bpe(tmp_path, files=False, tokenizer_class="PreTrainedTokenizerFast"))
    assert not Tokenizer.load(tmp_path).lowercase
    inner = {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]}
    write_document(tmp_path, document | {"normalizer": inner})
    assert Tokenizer.load(tmp_path).lowercase


def test_texts_and_pairs_may_be_mixed_and_keep_their_order(tokenizer: Tokenizer) -> None:
    texts = ["the cat", ("a dog", "sat on"), "mat", ("", "the"), ("the", ""), ""]
    windows = tokenizer.windows(texts, max_length=30, offsets=True)
    assert windows.example.tolist() == list(range(6)) and windows.num_examples == 6
    for k, text in enumerate(texts):
        assert window(windows, k) == window(tokenizer.windows([text], max_length=30), 0)
    assert tokenizer.tokens(window(windows, 1)) == "[CLS] a dog [SEP] sat on [SEP]".split()


def test_runs_do_not_show(tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts go to the library in runs; where a run ends changes nothing."""
    texts = [*HOSTILE, *zip(HOSTILE, CORPUS, strict=False), *CORPUS]
    whole = tokenizer.windows(texts, max_length=12, offsets=True)
    monkeypatch.setattr(module, "RUN_TEXTS", 3)
    assert equal(tokenizer.windows(texts, max_length=12, offsets=True), whole)
    monkeypatch.setattr(module, "RUN_CHARACTERS", 40)
    assert equal(tokenizer.windows(texts, max_length=12, offsets=True), whole)


@pytest.mark.parametrize("offsets", [False, True])
def test_no_texts_are_no_windows(tokenizer: Tokenizer, offsets: bool) -> None:
    windows = tokenizer.windows([], max_length=10, offsets=offsets)
    assert len(windows) == 0 and windows.num_examples == 0
    assert (windows.offsets is not None) == offsets
    with pytest.raises(UsageError):
        tokenizer.windows([], max_length=2)


@pytest.mark.parametrize("text", [None, 3, b"bytes", ["a", "b"], ("a",), ("a", None), ("a", "b", "c")])
def test_what_is_no_text_is_a_usage_error(tokenizer: Tokenizer, text: object) -> None:
    with pytest.raises(UsageError, match="not-a-text: text 2 is"):
        tokenizer.windows(["fine", text], max_length=10)  # type: ignore[list-item]


WORDS = st.sampled_from(["the", "cat", "unhappiness", "sat", "!", "é", "\u200b", "的", "qqq", " "])


@given(st.lists(st.lists(WORDS, max_size=40).map(" ".join), max_size=3), st.integers(3, 16))
def test_the_scored_tokens_of_all_windows_are_the_whole_text(
    tokenizer: Tokenizer, texts: list[str], max_length: int
) -> None:
    windows = tokenizer.windows(texts, max_length=max_length, offsets=True)
    assert all(windows.lengths <= max_length)
    whole = tokenizer.windows(texts, max_length=100_000, offsets=True)
    assert np.array_equal(windows.input_ids[windows.scored], whole.input_ids[whole.scored])
    assert windows.offsets is not None and whole.offsets is not None
    assert np.array_equal(windows.offsets[windows.scored], whole.offsets[whole.scored])


def test_offsets_point_into_the_original_text(tokenizer: Tokenizer) -> None:
    text = "The  UNHAPPINESS, \U0001f600 é的!"
    windows = tokenizer.windows([text], max_length=100, offsets=True)
    assert windows.offsets is not None
    pieces = [text[begin:end] for begin, end in windows.offsets[windows.sequence == 0].tolist()]
    assert pieces == ["The", "UN", "HAPPI", "NESS", ",", "\U0001f600", "é", "的", "!"]


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\x00\x01", "\u200d\u200c"])
def test_a_text_of_no_tokens_is_a_window_of_special_tokens(tokenizer: Tokenizer, text: str) -> None:
    windows = tokenizer.windows([text], max_length=10)
    assert tokenizer.tokens(windows.input_ids) == ["[CLS]", "[SEP]"]
    assert not windows.scored.any()


def test_decode_leaves_special_tokens_out_and_joins_pieces(tokenizer: Tokenizer, tmp_path: Path) -> None:
    ids = tokenizer.windows([("unhappiness sat!", "the cat")], max_length=100).input_ids
    assert tokenizer.decode(ids) == "unhappiness sat! the cat"
    byte_level = Tokenizer.load(bpe(tmp_path))
    text = "The  naïve \U0001f600\n的"
    assert byte_level.decode(byte_level.windows([text], max_length=100).input_ids) == text


def test_unknown_rate_counts_tokens(tokenizer: Tokenizer, tmp_path: Path) -> None:
    assert tokenizer.unknown_rate(["the cat", "qqq zzz sat"]) == pytest.approx(2 / 5)
    assert tokenizer.unknown_rate([]) == tokenizer.unknown_rate(["", " "]) == 0.0
    assert Tokenizer.load(bpe(tmp_path)).unknown_rate(HOSTILE) == 0.0


@pytest.mark.parametrize("maker", [wordpiece, bpe, unigram])
def test_v10_a_word_of_a_million_characters_takes_linear_time(tmp_path: Path, maker) -> None:  # type: ignore[no-untyped-def]
    loaded = Tokenizer.load(maker(tmp_path))
    seconds = [timed(loaded, "a" * 250_000), timed(loaded, "a" * 1_000_000)]
    # four times the text; the square would be sixteen times the time
    assert seconds[1] < 10 * seconds[0] + 0.5
    if maker is wordpiece:
        windows = loaded.windows(["a" * 1_000_000], max_length=10)
        assert loaded.tokens(windows.input_ids) == ["[CLS]", "[UNK]", "[SEP]"]


def test_v10_a_text_of_a_megabyte_takes_linear_time(tokenizer: Tokenizer) -> None:
    text = "the unhappiness sat on "
    seconds = [timed(tokenizer, text * count) for count in (11_000, 44_000)]
    assert seconds[1] < 10 * seconds[0] + 0.5
    windows = tokenizer.windows([text * 44_000], max_length=128)
    assert windows.scored.sum() == 6 * 44_000


@pytest.mark.parametrize(
    "unit",
    ["\u0301", "\u0316\u0301\u0300", "ﷺ", "㍿", "\u1e69", "가"],
    ids=["mark", "marks", "x18", "x4", "nfd", "jamo"],
)
def test_v11_marks_and_expanding_characters_are_bounded(tokenizer: Tokenizer, unit: str) -> None:
    seconds = [timed(tokenizer, "a" + unit * (count // len(unit))) for count in (100_000, 400_000)]
    assert seconds[1] < 10 * seconds[0] + 0.5


def timed(tokenizer: Tokenizer, text: str) -> float:
    begin = time.perf_counter()
    tokenizer.windows([text], max_length=512)
    return time.perf_counter() - begin


def test_v12_a_lone_surrogate_is_refused_and_strange_characters_are_not(tokenizer: Tokenizer) -> None:
    with pytest.raises(DataError, match=r"lone-surrogate: text 2 .* U\+DC80 as its character 4"):
        tokenizer.windows(["fine", "abc\udc80"], max_length=10)
    with pytest.raises(DataError, match="lone-surrogate"):
        tokenizer.windows([("fine", "\ud800")], max_length=10)
    windows = tokenizer.windows(["\x00 \ufffd \u0378 \U000fffff"], max_length=10)
    assert tokenizer.tokens(windows.input_ids)[0] == "[CLS]"


def test_v13_vocabularies_that_disagree_are_refused_with_the_first_id(tmp_path: Path) -> None:
    Tokenizer.load(wordpiece(tmp_path)).save(tmp_path)
    lines = (tmp_path / "vocab.txt").read_text(encoding="utf-8").split("\n")
    lines[7:9] = ["other", "more"]
    (tmp_path / "vocab.txt").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(
        DataError, match=r"vocabularies-disagree: id 7 is 'other' here and 'cat' in tokenizer.json"
    ):
        Tokenizer.load(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join([*lines[:30], "last"]), encoding="utf-8")
    with pytest.raises(DataError, match="vocabularies-disagree"):
        Tokenizer.load(tmp_path)


def test_v13_holds_for_byte_level_vocabularies_too(tmp_path: Path) -> None:
    Tokenizer.load(bpe(tmp_path)).save(tmp_path)
    text = (tmp_path / "vocab.json").read_text(encoding="utf-8")
    (tmp_path / "vocab.json").write_text(text.replace('"a":', '"\U0001f600":'), encoding="utf-8")
    with pytest.raises(DataError, match=r"vocab.json: vocabularies-disagree"):
        Tokenizer.load(tmp_path)


def test_v13_white_space_lost_by_a_converter_is_no_disagreement(tmp_path: Path) -> None:
    """transformers 5 turns the piece U+2028 of bert-base-chinese into an empty one."""
    (tmp_path / "first").mkdir()
    wordpiece(tmp_path / "first")
    with (tmp_path / "first" / "vocab.txt").open("ab") as file:
        file.write("\u2028\n##\u2028\n".encode())
    Tokenizer.load(tmp_path / "first").save(tmp_path)
    document = read_document(tmp_path)
    model = document["model"]
    model["vocab"] = {piece.rstrip(): number for piece, number in model["vocab"].items()}
    write_document(tmp_path, document)
    number = model["vocab"][""]
    (tmp_path / "vocab.txt").unlink()
    loaded = Tokenizer.load(tmp_path)
    assert f"the piece with id {number} is empty" in loaded.warnings[0]
    loaded.save(tmp_path / "again")
    assert Tokenizer.load(tmp_path / "again").warnings == ()


def test_v15_code_and_classes_are_named_and_never_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evil.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    map_ = {"AutoTokenizer": ["evil.EvilTokenizer", None]}
    loaded = Tokenizer.load(wordpiece(tmp_path, tokenizer_class="EvilTokenizer", auto_map=map_))
    assert "auto_map" in loaded.warnings[0] and "EvilTokenizer" in loaded.warnings[1]
    loaded.save(tmp_path / "saved")
    config = (tmp_path / "saved" / "tokenizer_config.json").read_text()
    assert "Evil" not in config and "auto_map" not in config


@pytest.mark.parametrize("name", ["BertTokenizerFast", "RobertaTokenizer", "PreTrainedTokenizerFast", None])
def test_usual_classes_are_no_cause_for_a_warning(tmp_path: Path, name: str | None) -> None:
    assert Tokenizer.load(wordpiece(tmp_path, tokenizer_class=name)).warnings == ()


def test_a_class_that_splits_texts_by_a_program_of_its_own_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="unsupported-tokenizer: BertJapaneseTokenizer"):
        Tokenizer.load(wordpiece(tmp_path, tokenizer_class="BertJapaneseTokenizer"))


def test_truncation_padding_and_dropout_are_switched_off(tmp_path: Path) -> None:
    document = read_document(bpe(tmp_path, files=False))
    truncation = {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0}
    padding = {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": None}
    padding |= {"pad_id": 1, "pad_type_id": 0, "pad_token": "<pad>"}
    expected = Tokenizer.load(tmp_path).windows(CORPUS, max_length=500)
    document["model"]["dropout"] = 0.5
    write_document(tmp_path, document | {"truncation": truncation, "padding": padding})
    loaded = Tokenizer.load(tmp_path)
    assert "BPE dropout of 0.5" in loaded.warnings[0]
    assert equal(loaded.windows(CORPUS, max_length=500), expected)


@pytest.mark.weights
def test_minilms_truncation_to_128_is_switched_off(minilm: Path) -> None:
    loaded = Tokenizer.load(minilm, vocab_size=30522)
    windows = loaded.windows(["a film " * 400, "short"], max_length=1000)
    assert windows.lengths.tolist() == [802, 3]
    assert (loaded.model_max_length, loaded.lowercase, loaded.warnings) == (512, True, ())


def test_a_directory_without_a_tokenizer_is_missing_input(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="there is no such directory"):
        Tokenizer.load(tmp_path / "nowhere")
    with pytest.raises(MissingInputError, match=r"no tokenizer.json, no vocab.txt"):
        Tokenizer.load(write_config(tmp_path))
    (tmp_path / "sentencepiece.bpe.model").write_bytes(b"")
    with pytest.raises(MissingInputError, match=r"only there as a SentencePiece model"):
        Tokenizer.load(tmp_path)
