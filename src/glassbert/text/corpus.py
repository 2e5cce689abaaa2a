"""A tokenised corpus on disk, mapped into memory: segments of documents, read by their numbers.

Files of a corpus directory, all little-endian:
tokens-NNNNN.bin  uint16 (uint32 from 65,537 pieces on): ids without special tokens, `shard_tokens` a file
words-NNNNN.bin   a bit a token, as numpy.packbits has them: 1 where a word begins
segments.bin      int64 [S + 1]: segment s is the tokens segments[s]:segments[s + 1]
documents.bin     int64 [D + 1]: document d is the segments documents[d]:documents[d + 1]
corpus.json       the manifest, see `corpus_manifest`
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from jaxtyping import Bool, Int32, Int64

from glassbert.text.corpus_manifest import read_manifest, verify_files

SEGMENTS, DOCUMENTS = "segments.bin", "documents.bin"
TOKENS, WORDS = "tokens-{:05d}.bin", "words-{:05d}.bin"


class Tokens(Protocol):
    """Segments of documents by their numbers: a `Corpus`, or part of one."""

    directory: Path
    num_tokens: int
    segments: Int64[np.ndarray, "S1"]
    documents: Int64[np.ndarray, "D1"]

    @property
    def num_documents(self) -> int: ...

    def read(self, begin: int, end: int) -> tuple[Int32[np.ndarray, "t"], Bool[np.ndarray, "t"]]: ...


class Corpus:
    """A corpus that `corpus_writing.prepare_corpus` wrote. Nothing of it is in memory but what is read.

    Letters: T tokens, S segments, D documents.

    segments   int64 [S + 1]  where each begins, in tokens
    documents  int64 [D + 1]  where each begins, in segments
    """

    def __init__(self, directory: Path, *, verify: bool = True) -> None:
        """Open a corpus; `verify` hashes all of it first (0.5 to 1.5 GB a second).

        Errors: MissingInputError, and DataError naming the file that is damaged.
        """
        self.directory = Path(directory)
        self.manifest: dict[str, Any] = read_manifest(self.directory)
        if verify:
            verify_files(self.directory, self.manifest)
        self.key: str = self.manifest["key"]
        self.num_tokens: int = self.manifest["num_tokens"]
        self.segments: Int64[np.ndarray, "S1"] = self._map(SEGMENTS, "<i8")
        self.documents: Int64[np.ndarray, "D1"] = self._map(DOCUMENTS, "<i8")
        self._shard_tokens: int = self.manifest["shard_tokens"]
        shards = range(-(-self.num_tokens // self._shard_tokens))
        self._tokens = [self._map(TOKENS.format(each), self.manifest["dtype"]) for each in shards]
        self._words = [self._map(WORDS.format(each), "u1") for each in shards]

    @property
    def num_segments(self) -> int:
        return len(self.segments) - 1

    @property
    def num_documents(self) -> int:
        return len(self.documents) - 1

    def read(self, begin: int, end: int) -> tuple[Int32[np.ndarray, "t"], Bool[np.ndarray, "t"]]:
        """Ids of the tokens begin:end, and where a word begins among them (its first token begins one)."""
        ids, starts = [], []
        while begin < end:
            shard, first = divmod(begin, self._shard_tokens)
            last = min(first + end - begin, self._shard_tokens)
            ids.append(self._tokens[shard][first:last])
            bits = np.unpackbits(self._words[shard][first // 8 : -(-last // 8)])
            starts.append(bits[first % 8 : first % 8 + last - first])
            begin += last - first
        if not ids:
            return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=bool)
        words = np.concatenate(starts).astype(bool)
        words[0] = True
        return np.concatenate(ids).astype(np.int32), words

    def _map(self, name: str, dtype: str) -> Any:
        return np.asarray(np.memmap(self.directory / name, dtype=dtype, mode="r"))
