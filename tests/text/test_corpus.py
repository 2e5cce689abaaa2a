"""A tokenised corpus holds what its text says, whole or not at all, and refuses what was not written so."""

import errno
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from tokenizer_makers import HOSTILE, bpe, wordpiece

from glassbert.errors import DataError, OutputError, StorageError
from glassbert.text import corpus_writing, sources
from glassbert.text.chinese_words import WordList
from glassbert.text.corpus import Corpus
from glassbert.text.corpus_writing import CorpusOptions, prepare_corpus
from glassbert.text.sentences import split_sentences
from glassbert.text.tokenizer import Tokenizer

DOCUMENTS = [
    ["The cat sat. The dog's happiness!", "A mat."],
    ["\u200b", "unbelievable cats"],
    ["\x01"],  # no token at all: no document
    [text.replace("\n", " ").replace("\r", " ").replace("\x00", "") for text in HOSTILE if text.strip()],
    ["的的 中的. cat 中 的"],
]
TEXT = "\n\n".join("\n".join(document) for document in DOCUMENTS)


@pytest.fixture(params=["wordpiece", "bpe"])
def tokenizer(request: pytest.FixtureRequest, tmp_path: Path) -> Tokenizer:
    place = tmp_path / "tokenizer"
    place.mkdir()
    return Tokenizer.load({"wordpiece": wordpiece, "bpe": bpe}[request.param](place))


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8", newline="")
    return path


def segments_of(corpus: Corpus) -> list[list[list[int]]]:
    """Ids of every segment of every document."""
    whole, _ = corpus.read(0, corpus.num_tokens)
    parts = [
        whole[begin:end].tolist() for begin, end in zip(corpus.segments, corpus.segments[1:], strict=False)
    ]
    return [parts[begin:end] for begin, end in zip(corpus.documents, corpus.documents[1:], strict=False)]


def wanted(tokenizer: Tokenizer) -> list[list[list[int]]]:
    """The same by the plain interface of the tokenizer, a segment at a time."""
    found = []
    for document in DOCUMENTS:
        lines = [line for line in document if line and not line.isspace()]
        lines = [
            line if number == 0 or line[0].isspace() else f" {line}" for number, line in enumerate(lines)
        ]
        texts = [part for line in lines for part in split_sentences(line)]
        ids = [tokenizer.windows([each], max_length=10**6).input_ids[1:-1].tolist() for each in texts]
        found.append([each for each in ids if each])
    return [document for document in found if document]


@pytest.mark.parametrize("shard_tokens", [104, 1 << 20])
def test_a_corpus_holds_the_tokens_of_its_text(
    tokenizer: Tokenizer, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shard_tokens: int
) -> None:
    monkeypatch.setattr(corpus_writing, "RUN_CHARACTERS", shard_tokens)
    corpus = prepare_corpus([text], tokenizer, tmp_path / "c", CorpusOptions(shard_tokens=shard_tokens))
    assert segments_of(corpus) == wanted(tokenizer)
    ids, words = corpus.read(0, corpus.num_tokens)
    spelled = tokenizer.tokens(ids)
    first = np.isin(np.arange(len(ids)), corpus.segments[:-1])
    by_spelling = [not t.startswith("##") if tokenizer.continues_words else t[0] == "Ġ" for t in spelled]
    assert (words == (np.array(by_spelling) | first)).all() and 0 < words.mean() < 1
    for begin, end in ((0, 1), (5, 6), (7, 130), (103, 105), (corpus.num_tokens - 9, corpus.num_tokens)):
        part, starts = corpus.read(begin, end)
        assert (part == ids[begin:end]).all() and (starts[1:] == words[begin + 1 : end]).all() and starts[0]
    assert corpus.manifest["dtype"] == "<u2" and len(corpus.read(3, 3)[0]) == 0


def test_a_list_of_words_joins_chinese_characters(text: Path, tmp_path: Path) -> None:
    tokenizer = Tokenizer.load(wordpiece(tmp_path))
    (tmp_path / "words").write_text("的中 120 n\n的的\nabc\n")
    options = CorpusOptions(chinese_words=tmp_path / "words")
    corpus = prepare_corpus([text], tokenizer, tmp_path / "c", options)
    begin, end = corpus.segments[corpus.documents[-2]], corpus.num_tokens
    ids, words = corpus.read(int(begin), int(end))
    assert tokenizer.tokens(ids) == ["的", "的", "中", "的", ".", "cat", "中", "的"]
    assert words.astype(int).tolist() == [1, 0, 1, 1, 1, 1, 1, 1]
    plain = prepare_corpus([text], tokenizer, tmp_path / "c")
    assert plain.key != corpus.key and plain.read(int(begin), int(end))[1].all()
    (tmp_path / "words").write_text("abc\n的\n")
    with pytest.raises(DataError, match="no-words"):
        prepare_corpus([text], tokenizer, tmp_path / "c", options)


def test_the_longest_word_from_the_left_wins() -> None:
    words = WordList.of(["中国", "中国人", "人民", "民主主义", "x国"])
    assert words.inner("中国人民主主义ab中国").tolist() == [1, 2, 4, 5, 6, 10]  # 中国人 民主主义 a b 中国
    assert words.inner("").tolist() == words.inner("国").tolist() == []


def test_the_key_is_of_contents_not_of_names(text: Path, tmp_path: Path) -> None:
    tokenizer = Tokenizer.load(wordpiece(tmp_path))
    first = prepare_corpus([text], tokenizer, tmp_path / "c")
    copy = tmp_path / "copy.txt"
    shutil.copy(text, copy)
    assert prepare_corpus([copy], tokenizer, tmp_path / "c").key == first.key
    lines = prepare_corpus([copy], tokenizer, tmp_path / "c", CorpusOptions(sentences=False))
    assert lines.key != first.key and lines.num_segments < first.num_segments
    copy.write_text(TEXT + " more")
    assert prepare_corpus([copy], tokenizer, tmp_path / "c").key != first.key
    rows, lines_of_json = tmp_path / "rows.txt", tmp_path / "rows.jsonl"
    rows.write_text('{"text": "the cat sat"}')
    shutil.copy(rows, lines_of_json)  # equal bytes, read otherwise
    as_text = prepare_corpus([rows], tokenizer, tmp_path / "d")
    assert prepare_corpus([lines_of_json], tokenizer, tmp_path / "d").num_tokens < as_text.num_tokens
    (tmp_path / "vocab.txt").write_text((tmp_path / "vocab.txt").read_text().replace("mat\n", "bat\n"))
    assert prepare_corpus([text], Tokenizer.load(tmp_path), tmp_path / "c").key != first.key
    assert len([each for each in (tmp_path / "c").iterdir() if each.name != ".lock"]) == 4


def test_every_damaged_file_is_refused_by_name(text: Path, tmp_path: Path) -> None:
    tokenizer = Tokenizer.load(wordpiece(tmp_path))
    made = prepare_corpus([text], tokenizer, tmp_path / "c", CorpusOptions(shard_tokens=256)).directory
    names = sorted(path.name for path in made.iterdir())
    assert {"tokens-00000.bin", "words-00001.bin", "segments.bin", "documents.bin", "corpus.json"} <= {*names}
    rng = random.Random(0)
    for name in names:
        content = (made / name).read_bytes()
        flipped = bytearray(content)
        flipped[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        for broken in (content[:-1], bytes(flipped), None):
            (made / name).unlink()
            if broken is not None:
                (made / name).write_bytes(broken)
                with pytest.raises(DataError, match=name.replace(".", r"\.")):
                    Corpus(made)
            elif name != "corpus.json":
                with pytest.raises(DataError, match=f"{name}: corpus-damaged: the file is missing"):
                    Corpus(made)
            (made / name).write_bytes(content)
    assert Corpus(made).num_tokens
    manifest = json.loads((made / "corpus.json").read_text())
    assert manifest["num_documents"] == 4


def test_text_without_a_token_and_a_file_that_changes_are_refused(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = Tokenizer.load(wordpiece(tmp_path))
    (tmp_path / "empty.txt").write_text("\u200b\n\n \n")
    with pytest.raises(DataError, match="no-text"):
        prepare_corpus([tmp_path / "empty.txt"], tokenizer, tmp_path / "c")
    monkeypatch.setattr(corpus_writing, "_hash", lambda file, read: "0" * 64)
    with pytest.raises(StorageError, match="changed between two readings"):
        prepare_corpus([text], tokenizer, tmp_path / "c")
    assert [each.name for each in (tmp_path / "c").iterdir()] == [".lock"]


def test_a_full_disk_leaves_nothing_behind(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = Tokenizer.load(wordpiece(tmp_path))
    append = corpus_writing._Writer._append
    calls = 0

    def full(self: object, name: str, values: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise OSError(errno.ENOSPC, "full")
        append(self, name, values)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(corpus_writing._Writer, "_append", full)
        with pytest.raises(StorageError, match="No space left on device"):
            prepare_corpus([text], tokenizer, tmp_path / "c")
    assert [each.name for each in (tmp_path / "c").iterdir()] == [".lock"]
    assert prepare_corpus([text], tokenizer, tmp_path / "c").num_documents == 4
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot-create"):
        prepare_corpus([text], tokenizer, tmp_path / "file" / "c")


class Enough(Exception):
    """What somebody raises who has heard enough."""


@pytest.mark.parametrize("when", ["hashed", "tokenised"])
def test_whoever_hears_how_far_it_is_may_end_it(
    tokenizer: Tokenizer, text: Path, tmp_path: Path, when: str
) -> None:
    other = tmp_path / "other.txt.gz"
    other.write_bytes(gzip.compress(b"another text"))
    size = text.stat().st_size + other.stat().st_size
    heard: list[tuple[int, int]] = []
    prepare_corpus([text, other], tokenizer, tmp_path / "c", on_read=lambda *far: heard.append(far))
    assert sorted(heard, key=lambda far: (far[1], far[0])) == heard
    assert [heard[0], heard[-1]] == [(text.stat().st_size, 0), (size, size)]
    heard.clear()
    prepare_corpus([text, other], tokenizer, tmp_path / "c", on_read=lambda *far: heard.append(far))
    assert {total for _, total in heard} == {0}  # it is there already: only its hash is wanted

    def end(done: int, total: int) -> None:
        if when == "hashed" or total:
            raise Enough

    with pytest.raises(Enough):
        prepare_corpus([text], tokenizer, tmp_path / "d", on_read=end)
    left = [each.name for each in (tmp_path / "d").iterdir()] if (tmp_path / "d").exists() else []
    assert left == ([] if when == "hashed" else [".lock"])


KILLED = """
import os, signal, sys
from pathlib import Path
from glassbert import durable
from glassbert.text import corpus_writing, sources
from glassbert.text.corpus import Corpus
from glassbert.text.corpus_writing import CorpusOptions, prepare_corpus
from glassbert.text.tokenizer import Tokenizer

text, place, cache = map(Path, sys.argv[1:])
options = CorpusOptions(shard_tokens=1024)
# every call that changes what lies on the disk, and the moment after it
CALLS = [(os, "fsync"), (os, "replace"), (corpus_writing._Writer, "_append"), (durable.os, "mkdir")]

def dies_at(moment):
    passed = 0
    def counted(call):
        def wrapper(*given, **more):
            nonlocal passed
            for step in (lambda: None, lambda: call(*given, **more)):
                done = step()
                passed += 1
                if passed == moment:
                    os.kill(os.getpid(), signal.SIGKILL)
            return done
        return wrapper
    for holder, name in CALLS:
        setattr(holder, name, counted(getattr(holder, name)))

moment, whole = 0, 0
while True:
    moment += 1
    child = os.fork()
    if not child:
        dies_at(moment)
        prepare_corpus([text], Tokenizer.load(place), cache, options)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    found = [each for each in cache.iterdir() if each.name[0] != "."] if cache.exists() else []
    for each in found:
        Corpus(each)
        whole += 1
        for file in each.iterdir():
            file.unlink()
        each.rmdir()
    if status == 0:
        break
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
print(moment, whole, len(list(cache.iterdir())))
"""


def test_a_kill_at_any_moment_leaves_a_whole_corpus_or_none(text: Path, tmp_path: Path) -> None:
    place = wordpiece(tmp_path)
    words = [sys.executable, "-c", KILLED, str(text), str(place), str(tmp_path / "cache")]
    env = {**os.environ, "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    moments, whole, left = map(int, done.stdout.split())
    assert moments > 25 and 2 <= whole < moments // 2 and left == 1  # the lock; half-written ones are gone


def test_memory_does_not_grow_with_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = Tokenizer.load(wordpiece(tmp_path))
    line = "the cat sat on the mat and the dog sat on unbelievable happiness .\n"
    prepare = CorpusOptions(sentences=False)
    monkeypatch.setattr(sources, "CHUNK", 1 << 15)
    monkeypatch.setattr(corpus_writing, "RUN_CHARACTERS", 1 << 15)
    peaks = []
    for size in (1 << 18, 1 << 20):
        path = tmp_path / f"{size}.txt"
        path.write_text(f"{line * 100}\n" * (size // (100 * len(line))))
        tracemalloc.start()
        corpus = prepare_corpus([path], tokenizer, tmp_path / "c", prepare)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert corpus.num_tokens > size // 6
    assert peaks[1] < 1.1 * peaks[0]
