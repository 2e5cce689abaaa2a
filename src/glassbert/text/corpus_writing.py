"""Text tokenised once into a corpus directory, streaming: whole or not at all, and once for each key."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int32

from glassbert.durable import make_directory, storage_errors, whole_directory
from glassbert.errors import DataError, Problem, StorageError
from glassbert.text.bytes_read import BytesRead, OnRead
from glassbert.text.chinese_words import WordList, read_words
from glassbert.text.corpus import DOCUMENTS, SEGMENTS, TOKENS, WORDS, Corpus
from glassbert.text.corpus_manifest import FORMAT_VERSION, NAME, digest_of, write_manifest
from glassbert.text.documents import TextOptions, stream_documents
from glassbert.text.sentences import cut_long, split_sentences
from glassbert.text.sources import Limits, stream_source
from glassbert.text.text_files import TextGroup, find_texts, kind_of
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import bounds

LOCK = ".lock"
SHARD_TOKENS = 1 << 26
# texts go to the tokenizer in runs of about so many characters
RUN_CHARACTERS = 1 << 20


@dataclass(frozen=True, kw_only=True)
class CorpusOptions:
    """How text becomes segments of tokens.

    sentences      cut lines into sentences (next-sentence pairs want them); else a line is a segment
    chinese_words  file with a Chinese word a line, for whole-word masking; None: a character is a word
    shard_tokens   tokens in a file, a multiple of 8
    """

    sentences: bool = True
    chinese_words: Path | None = None
    shard_tokens: int = SHARD_TOKENS
    reading: TextOptions = TextOptions()


DEFAULTS = CorpusOptions()


def prepare_corpus(
    texts: Sequence[str | Path],
    tokenizer: Tokenizer,
    cache: Path,
    options: CorpusOptions = DEFAULTS,
    *,
    on_read: OnRead = lambda done, total: None,
) -> Corpus:
    """The corpus of these files for this tokenizer: from `cache` where it lies there already, else made.

    It lies in the directory `cache`/key; key is a hash of the bytes of the files, how they are read (as text,
    as JSON lines), the tokenizer and the options, not of names or times. Of several processes one writes and
    the others wait. A process that is killed leaves nothing under the key, and what it leaves besides goes
    with the next. `on_read` is called now and then with the bytes of the files, as they lie on the disk, that
    are read and that there are: 0 while they are hashed and not yet tokenised.

    Errors: those of `find_texts` and `stream_documents`; OutputError and StorageError for the cache;
    DataError for a damaged corpus in it, and when there is no text.
    """
    groups = find_texts(texts)
    digest = hashlib.sha256()
    words = None
    if options.chinese_words is not None:
        words = read_words(options.chinese_words, digest=digest)
    files = [file for group in groups for file in group.files]
    read = BytesRead(on_read)
    hashes = [_hash(file, read) for file in files]
    read.again()
    made_from = {
        "tokenizer": tokenizer.fingerprint,
        "sentences": options.sentences,
        "chinese_words": None if words is None else digest.hexdigest(),
        "reading": asdict(options.reading),
        "inputs": [_read_as(file, each) for file, each in zip(files, hashes, strict=True)],
    }
    key = digest_of({"format_version": FORMAT_VERSION, "shard_tokens": options.shard_tokens, **made_from})[
        :32
    ]
    directory = Path(cache) / key
    make_directory(Path(cache))
    with _held(Path(cache)):
        if not (directory / NAME).exists():
            for left in Path(cache).glob(".tmp-*"):
                shutil.rmtree(left, ignore_errors=True)
            with storage_errors(directory), whole_directory(directory) as staged:
                segmenter = _Segmenter(tokenizer, words, options)
                _write(staged, groups, hashes, segmenter, made_from | {"key": key}, read)
    return Corpus(directory)


def _hash(file: Path, read: BytesRead) -> str:
    digest = read.hash()
    for _ in stream_source(file, Limits(line_bytes=None, expanded_bytes=None), digest=digest):
        read.tell()
    return digest.hexdigest()


def _read_as(file: Path, digest: str) -> str:
    """Equal bytes are another text where they are read as JSON lines."""
    kind = kind_of(file)
    return digest if kind == "text" else f"{kind}:{digest}"


@contextmanager
def _held(cache: Path) -> Iterator[None]:
    """Hold the cache; another process that prepares in it is waited for. A dead one holds nothing."""
    with storage_errors(cache / LOCK):
        descriptor = os.open(cache / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        with storage_errors(cache / LOCK):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(
    staged: Path,
    groups: Sequence[TextGroup],
    hashes: list[str],
    segmenter: _Segmenter,
    made_from: dict[str, Any],
    read: BytesRead,
) -> None:
    """All files of a corpus; StorageError when a file is no longer what was hashed."""
    shard_tokens = segmenter.options.shard_tokens
    with _Writer(staged, segmenter.dtype, shard_tokens) as writer:
        for file, expected in zip((file for group in groups for file in group.files), hashes, strict=True):
            digest = read.hash()
            for run in stream_documents(file, segmenter.options.reading, digest=digest):
                segmenter.add(run, writer)
                read.tell()
            if digest.hexdigest() != expected:
                what, fix = "the file changed between two readings", "wait until it is written; run again"
                raise StorageError(Problem(code="changed-while-reading", what=what, fix=fix, file=str(file)))
        if not writer.num_tokens:
            name = ", ".join(group.name for group in groups)
            fix = "name files that hold text"
            raise DataError(Problem(code="no-text", what="there is no text", fix=fix, file=name))
        files = writer.finish()
    body = {"dtype": segmenter.dtype, "shard_tokens": shard_tokens, "num_tokens": writer.num_tokens}
    counts = {"num_segments": writer.num_segments, "num_documents": writer.num_documents}
    write_manifest(staged, {**made_from, **body, **counts, "files": files})


class _Segmenter:
    """Lines of documents to segments of tokens."""

    def __init__(self, tokenizer: Tokenizer, words: WordList | None, options: CorpusOptions) -> None:
        self.tokenizer, self.words, self.options = tokenizer, words, options
        self.dtype = "<u2" if tokenizer.vocab_size <= 1 << 16 else "<u4"
        self._begun = False

    def add(self, lines: list[str], writer: _Writer) -> None:
        """Tokenise these lines, "" ending a document, and write what they give."""
        texts: list[str] = []
        ends: list[int] = []
        characters = 0
        for line in lines:
            if line:
                texts += self._segments(line)
                characters += len(line)
            else:
                ends.append(len(texts))
                self._begun = False
            if characters > RUN_CHARACTERS:
                self._encode(texts, ends, writer)
                texts, ends, characters = [], [], 0
        self._encode(texts, ends, writer)

    def _segments(self, line: str) -> list[str]:
        """A byte-level token holds the space before its word, so a line that goes on with a text begins with
        one.
        """
        line = f" {line}" if self._begun and not line[0].isspace() else line
        self._begun = True
        return split_sentences(line) if self.options.sentences else cut_long(line)

    def _encode(self, texts: list[str], ends: list[int], writer: _Writer) -> None:
        content = self.tokenizer.content(texts, offsets=self.words is not None)
        lengths = np.diff(content.starts)
        begins = self.tokenizer.word_starts[content.ids]
        if self.words is not None and content.offsets is not None:
            characters = bounds(np.fromiter(map(len, texts), np.int64, len(texts)))
            inner = np.zeros(characters[-1] + 1, dtype=bool)
            for place, text in zip(characters[:-1], texts, strict=True):
                inner[place + self.words.inner(text)] = True
            begins &= ~inner[np.repeat(characters[:-1], lengths) + content.offsets[:, 0]]
        begins[content.starts[:-1][lengths > 0]] = True
        kept = np.concatenate([[0], np.cumsum(lengths > 0)])  # a segment of control characters has no token
        writer.add(content.ids, begins, lengths[lengths > 0], kept[ends])


class _Writer:
    """The files of a corpus, grown by appending; the hash of each is known when it is finished."""

    def __init__(self, directory: Path, dtype: str, shard_tokens: int) -> None:
        self.directory, self.dtype, self.shard_tokens = directory, dtype, shard_tokens
        self.num_tokens = self.num_segments = self.num_documents = 0
        self._files: dict[str, _File] = {}
        self._bits = np.zeros(0, dtype=bool)  # fewer than eight, which make no byte yet
        self._document_begin = 0
        for name in (SEGMENTS, DOCUMENTS):
            self._append(name, np.zeros(1, dtype="<i8"))

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.stream.close()

    def add(
        self, ids: Int32[np.ndarray, "t"], begins: Bool[np.ndarray, "t"], lengths: Any, document_ends: Any
    ) -> None:
        """Tokens, the lengths of their segments, and after how many of these a document ends."""
        self._append(SEGMENTS, (self.num_tokens + np.cumsum(lengths)).astype("<i8"))
        for end in (self.num_segments + document_ends).tolist():
            if end > self._document_begin:  # one without a token is none
                self._append(DOCUMENTS, np.array([end], dtype="<i8"))
                self.num_documents, self._document_begin = self.num_documents + 1, end
        self.num_segments += len(lengths)
        while len(ids):
            shard, held = divmod(self.num_tokens, self.shard_tokens)
            taken = min(len(ids), self.shard_tokens - held)
            self._append(TOKENS.format(shard), ids[:taken].astype(self.dtype))
            bits = np.concatenate([self._bits, begins[:taken]])
            whole = len(bits) // 8 * 8
            self._append(WORDS.format(shard), np.packbits(bits[:whole]))
            self._bits = bits[whole:]
            self.num_tokens += taken
            ids, begins = ids[taken:], begins[taken:]

    def finish(self) -> dict[str, dict[str, Any]]:
        """Close all files; their sizes and hashes by name."""
        if len(self._bits):
            self._append(WORDS.format((self.num_tokens - 1) // self.shard_tokens), np.packbits(self._bits))
        for file in self._files.values():
            file.stream.close()
        return {
            name: {"bytes": file.size, "sha256": file.digest.hexdigest()}
            for name, file in sorted(self._files.items())
        }

    def _append(self, name: str, values: Any) -> None:
        file = self._files.get(name)
        if file is None:
            stream = open(self.directory / name, "xb", buffering=0)
            file = self._files[name] = _File(stream, hashlib.sha256())
        data = memoryview(np.ascontiguousarray(values).tobytes())
        file.digest.update(data)
        file.size += len(data)
        while data:
            data = data[file.stream.write(data) :]


@dataclass
class _File:
    stream: Any
    digest: Any
    size: int = 0
