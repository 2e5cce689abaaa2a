"""`glassbert tokenizer train`: what it writes and prints, and how it refuses."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from glassbert.text.tokenizer import Tokenizer
from tests.cli.process import Answer

Inside = Callable[..., Answer]
LINES = ["the film is warm and the cast is fine", "a dull plot and a cold scene", ""] * 8
SMALL = ("tokenizer", "train")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text("\n".join(LINES))
    (tmp_path / "text" / "b.txt.gz").write_bytes(gzip.compress("中文电影\n".encode() * 6))
    (tmp_path / "text" / "notes.pdf").write_bytes(b"%PDF")
    return tmp_path


def test_a_folder_becomes_a_tokenizer_that_loads(inside: Inside, folder: Path) -> None:
    answer = inside(*SMALL, "text", "--out", "vocabulary", "--vocab-size", "300", "--lowercase")
    assert answer.code == 0
    tokenizer = Tokenizer.load(folder / "vocabulary", vocab_size=None)
    assert tokenizer.lowercase and tokenizer.id_of("film") is not None and tokenizer.id_of("影") is not None
    first, second = answer.out.splitlines()
    assert first.startswith(f"vocabulary  {tokenizer.vocab_size} pieces, ")
    assert second.endswith("characters in 22 lines")
    assert "note: text: 1 files with other names were not read" in answer.err
    assert f"note: {tokenizer.vocab_size} pieces of 300: nothing else occurs twice" in answer.err


def test_json_names_files_hashes_and_rates(inside: Inside, folder: Path) -> None:
    words = ("text/a.txt", "text/*.gz", "--out", "bytes", "--kind", "bpe", "--vocab-size", "280")
    answer = inside(*SMALL, *words, "--language-temperature", "5", "--json")
    assert answer.code == 0 and (answer.json["kind"], answer.json["vocab_size"]) == ("bpe", 280)
    english, chinese = answer.json["languages"]
    packed = (folder / "text" / "b.txt.gz").read_bytes()
    assert chinese["files"] == {"text/b.txt.gz": hashlib.sha256(packed).hexdigest()}
    assert (chinese["name"], chinese["characters"], chinese["lines"]) == ("text/*.gz", 24, 6)
    assert english["rate"] < 1 < chinese["rate"]


def test_what_cannot_be_learnt_or_written_leaves_with_its_code(inside: Inside, folder: Path) -> None:
    (folder / "latin.txt").write_bytes(b"caf\xe9\n")
    for words, code, said in (
        (("nothing.txt", "--out", "new"), 66, "nothing.txt: no-such-file"),
        (("latin.txt", "--out", "new"), 65, "latin.txt:1:4: undecodable-byte"),
        (("text", "--out", "text"), 73, "text: output-exists"),
        (("text", "--out", "new", "--vocab-size", "9"), 2, "vocabulary-too-small"),
        (("text", "--out", "text/a.txt/new"), 73, "cannot-create"),
    ):
        answer = inside(*SMALL, *words)
        assert (answer.code, answer.out) == (code, "") and said in answer.err, words
        assert not (folder / "new").exists()
    assert sorted(path.name for path in folder.iterdir()) == ["latin.txt", "text"]
    words = ("latin.txt", "--encoding", "latin-1", "text", "--out", "new", "--vocab-size", "99")
    assert inside(*SMALL, *words).code == 0
