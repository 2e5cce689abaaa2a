"""Samples of a corpus as packed sequences with special tokens: what the model of pre-training reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from jaxtyping import Bool, Int8, Int32, Int64, UInt8

from glassbert.text.corpus import Tokens
from glassbert.text.corrupt import Masking, corrupt
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import bounds


class Piece(NamedTuple):
    """A run of the corpus' tokens, begin:end, in segment `kind` (its token_type_id)."""

    begin: int
    end: int
    kind: int


class Samples(Protocol):
    """Samples that a corpus is cut into: `packing.FullSentences` or `sentence_pairs.SentencePairs`."""

    corpus: Tokens

    def __len__(self) -> int: ...

    @property
    def lengths(self) -> Int64[np.ndarray, "N"]:
        """Tokens of each sample, special ones included, or the most that it can have."""

    def pieces(
        self, samples: Int64[np.ndarray, "B"], *, seed: int, step: int
    ) -> tuple[list[list[Piece]], Int8[np.ndarray, "B"] | None]:
        """What stands between [CLS] and the [SEP]s of each, and whether its second piece is a random one (1)
        or the text's next (0); None where there is nothing to tell.
        """


@dataclass(frozen=True, kw_only=True)
class PretrainingBatch:
    """Packed sequences, shortest first. Letters: T tokens, B sequences, M masked tokens.

    samples               [B]  the sample of each sequence
    lengths               [B]  its tokens, as `model.layout.Layout` wants them
    input_ids             [T]  as the model sees them, and `token_type_ids` [T]
    rows, labels          [M]  the rows that are predicted, ascending, and the tokens that stood there
    next_sentence_labels  [B]  0: the second piece follows the first, 1: it is a random one (the labels of
                               transformers); None where there are no pairs
    """

    samples: Int64[np.ndarray, "B"]
    lengths: Int64[np.ndarray, "B"]
    input_ids: Int32[np.ndarray, "T"]
    token_type_ids: UInt8[np.ndarray, "T"]
    rows: Int64[np.ndarray, "M"]
    labels: Int32[np.ndarray, "M"]
    next_sentence_labels: Int8[np.ndarray, "B"] | None


class Batches:
    """Batches of samples: corrupted, packed, and pure functions of (seed, step, sample)."""

    def __init__(self, samples: Samples, tokenizer: Tokenizer, masking: Masking, *, seed: int) -> None:
        self.samples, self.masking, self.seed = samples, masking, seed
        self.cls, self.sep, self.mask = (
            tokenizer.cls_token_id,
            tokenizer.sep_token_id,
            tokenizer.mask_token_id,
        )
        self.replacements: Int32[np.ndarray, "R"] = tokenizer.ordinary_ids

    def batch(self, numbers: Int64[np.ndarray, "B"], *, step: int) -> PretrainingBatch:
        """These samples at this step, whoever asks and whatever else is asked for.

        A sequence is [CLS] piece [SEP] and piece [SEP] for every further one.
        """
        at = 0 if self.masking.fixed else step
        made, random = self.samples.pieces(numbers, seed=self.seed, step=at)
        sizes = [sum(piece.end - piece.begin + 1 for piece in pieces) + 1 for pieces in made]
        lengths = np.array(sizes, dtype=np.int64)
        order = np.argsort(lengths, kind="stable")
        starts = bounds(lengths[order])
        ids, kinds, special, words = self._laid(starts, [made[each] for each in order.tolist()])
        hidden = corrupt(
            ids,
            special=special,
            word_starts=words,
            starts=starts,
            samples=numbers[order],
            masking=self.masking,
            mask_id=self.mask,
            replacements=self.replacements,
            seed=self.seed,
            step=step,
        )
        return PretrainingBatch(
            samples=numbers[order],
            lengths=lengths[order],
            input_ids=hidden.input_ids,
            token_type_ids=kinds,
            rows=hidden.rows,
            labels=hidden.labels,
            next_sentence_labels=None if random is None else random[order],
        )

    def _laid(
        self, starts: Int64[np.ndarray, "B1"], sequences: list[list[Piece]]
    ) -> tuple[Int32[np.ndarray, "T"], UInt8[np.ndarray, "T"], Bool[np.ndarray, "T"], Bool[np.ndarray, "T"]]:
        """Ids, segments, which are special, and where words begin."""
        total = int(starts[-1])
        ids = np.full(total, self.sep, dtype=np.int32)
        kinds = np.zeros(total, dtype=np.uint8)
        special, words = np.ones(total, dtype=bool), np.ones(total, dtype=bool)
        ids[starts[:-1]] = self.cls
        for start, pieces in zip(starts[:-1].tolist(), sequences, strict=True):
            place = start + 1
            for piece in pieces:
                end = place + piece.end - piece.begin
                ids[place:end], words[place:end] = self.samples.corpus.read(piece.begin, piece.end)
                special[place:end] = False
                kinds[place : end + 1] = piece.kind
                place = end + 1
        return ids, kinds, special, words
