"""Rows V1 to V8 and V16 of the table of failures, for vocab.txt; each test bears its row."""

import struct
from pathlib import Path

import pytest

from glassbert.errors import DataError
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.vocabulary import MIN_PIECES, check_ids, read_vocabulary

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"piece{k}" for k in range(20))]


def write(directory: Path, pieces: list[str], end: str = "\n") -> Path:
    (directory / "vocab.txt").write_bytes(("\n".join(pieces) + end).encode())
    return directory / "vocab.txt"


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_vocabulary(path)
    return str(caught.value)


def test_v1_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    odd = ["\u2028", "##\u2028", "\u0085", "\u00a0", "\r", "a\rb", "\x0b", "\x0c", "\x1c", " "]
    path = write(tmp_path, PIECES + odd)
    vocabulary = read_vocabulary(path)
    assert len(vocabulary) == path.read_bytes().count(b"\n") == len(PIECES) + len(odd)
    assert [vocabulary[piece] for piece in odd] == list(range(len(PIECES), len(PIECES) + len(odd)))


@pytest.mark.data
def test_v1_the_chinese_vocabulary_has_a_line_separator_among_its_pieces(shared_data: Path) -> None:
    vocabulary = read_vocabulary(shared_data / "vocabs" / "bert-base-chinese.vocab.txt")
    assert len(vocabulary) == 21128 and vocabulary["\u2028"] == 343


def test_v2_an_empty_line_is_named(tmp_path: Path) -> None:
    message = refused(write(tmp_path, [*PIECES[:7], "", *PIECES[7:]]))
    assert message.startswith(f"{tmp_path / 'vocab.txt'}:8: empty-line: ")
    assert ":26: empty-line" in refused(write(tmp_path, PIECES, end="\n\n"))


def test_v3_a_duplicate_names_both_lines(tmp_path: Path) -> None:
    message = refused(write(tmp_path, [*PIECES, "piece3", "x", "piece4"]))
    first, second = message.splitlines()
    assert ":26: duplicate-piece: 'piece3' is already on line 9" in first
    assert ":28: duplicate-piece: 'piece4' is already on line 10" in second


def test_v4_all_missing_special_tokens_are_named(tmp_path: Path) -> None:
    write(tmp_path, [piece for piece in PIECES if piece not in ("[UNK]", "[MASK]", "[PAD]")])
    with pytest.raises(DataError, match=r"missing-special-tokens: .* lacks \[UNK\], \[PAD\], \[MASK\] "):
        Tokenizer.load(tmp_path)


def test_v4_carriage_returns_are_recognised_as_the_cause(tmp_path: Path) -> None:
    write(tmp_path, [f"{piece}\r" for piece in PIECES])
    with pytest.raises(DataError, match=r"lacks \[UNK\].*\\r\\n, and \\r counts as part of a piece"):
        Tokenizer.load(tmp_path)


def test_v5_the_last_line_may_lack_its_end(tmp_path: Path) -> None:
    assert read_vocabulary(write(tmp_path, PIECES)) == read_vocabulary(write(tmp_path, PIECES, end=""))


@pytest.mark.parametrize("rows", [24, 26, 100, 23, 25 + 200, 1])
def test_v6_another_number_of_embeddings_is_refused_with_both_numbers(tmp_path: Path, rows: int) -> None:
    write(tmp_path, PIECES)
    with pytest.raises(DataError, match=rf"vocabulary-size: the tokenizer has 25 tokens, the model {rows}"):
        Tokenizer.load(tmp_path, vocab_size=rows)


@pytest.mark.parametrize("rows", [25, 32, 64, 128])
def test_v6_embeddings_padded_to_a_round_number_are_accepted(tmp_path: Path, rows: int) -> None:
    write(tmp_path, PIECES)
    assert Tokenizer.load(tmp_path, vocab_size=rows).vocab_size == 25


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "lowercase", "rate"),
    [
        ("bert-base-cased", True, "0%"),
        ("bert-base-uncased", False, "100%"),
        ("bert-base-chinese", False, "100%"),
        ("bert-base-multilingual-cased", True, "1%"),
    ],
)
def test_v7_a_case_mismatch_is_a_warning_with_the_measured_rate(
    shared_data: Path, tmp_path: Path, name: str, lowercase: bool, rate: str
) -> None:
    (tmp_path / "vocab.txt").write_bytes((shared_data / "vocabs" / f"{name}.vocab.txt").read_bytes())
    for setting, expected in ((lowercase, 1), (not lowercase, 0)):
        (tmp_path / "tokenizer_config.json").write_text(f'{{"do_lower_case": {str(setting).lower()}}}')
        tokenizer = Tokenizer.load(tmp_path)
        assert tokenizer.lowercase is setting
        assert len(tokenizer.warnings) == expected
        if expected:
            assert f"do_lower_case is {str(setting).lower()}" in tokenizer.warnings[0]
            assert f"in 1000 such words {rate} of the tokens are unknown" in tokenizer.warnings[0]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 231508\n",
            "this is a Git LFS pointer",
        ),
        (b"<!DOCTYPE html>\n<html><body>Not found</body></html>\n", "this is an HTML page"),
        (struct.pack("<Q", 40) + b'{"a":{"dtype":"F32"', "by its look a safetensors file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "this is a binary file"),
        ("[PAD]\nma\u00dfe\n".encode("latin-1"), ":2: not-utf-8: byte 8"),
    ],
)
def test_v8_another_kind_of_file_is_called_what_it_is(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "vocab.txt").write_bytes(data)
    assert message in refused(tmp_path / "vocab.txt")


@pytest.mark.parametrize("count", [0, 5, MIN_PIECES - 1])
def test_v16_a_vocabulary_trained_on_next_to_nothing_is_refused(tmp_path: Path, count: int) -> None:
    message = refused(write(tmp_path, PIECES[:count], end="\n" if count else ""))
    assert f"vocabulary-too-small: {count} pieces" in message


def test_ids_must_run_from_zero_without_gap_or_double(tmp_path: Path) -> None:
    assert check_ids({"b": 1, "a": 0}, tmp_path) == ["a", "b"]
    with pytest.raises(DataError, match="'b' has id 2, but there are only 2 pieces"):
        check_ids({"a": 0, "b": 2}, tmp_path)
    with pytest.raises(DataError, match="'a' and 'b' have the same id 0"):
        check_ids({"a": 0, "b": 0}, tmp_path)
