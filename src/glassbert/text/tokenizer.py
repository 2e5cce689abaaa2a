"""Any BERT, RoBERTa, XLM-R or DistilBERT tokenizer directory: texts to windows of token ids, and back.

Ids equal those of transformers' AutoTokenizer on the same directory, with one difference on purpose: the
special tokens of the model ([CLS], [SEP], [MASK], ...) typed in a text are text. transformers reads them as
the tokens themselves, so that a user can end her own text and begin another; `special_in_text` asks for
that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from glassbert.errors import DataError, Problem, UsageError
from glassbert.text.content import Content
from glassbert.text.cutting import cut
from glassbert.text.encoding import Encoder
from glassbert.text.shortening import Truncation, shorten
from glassbert.text.special_tokens import build, build_plain, mark_roles
from glassbert.text.tokenizer_definition import Definition
from glassbert.text.tokenizer_files import read_definition
from glassbert.text.tokenizer_writing import write_definition
from glassbert.text.vocabulary import case_mismatch
from glassbert.text.windows import Windows, join
from glassbert.text.words import word_rule
from glassbert.text.wrapping import observe

# texts go to the library in runs of so many characters, which bounds the objects alive at a time
RUN_CHARACTERS = 1 << 20
RUN_TEXTS = 1 << 14
# transformers writes 10**30 for "no limit"
MAX_LENGTH = 1_000_000
# embeddings are often padded to a multiple of 64 or 128 rows
ROW_MULTIPLE = 8
MAX_SPARE_ROWS = 128
# a byte-level vocabulary and SentencePiece write the space before a word as these
SPACE_SIGNS = ("\u0120", "\u2581")

Text = str | tuple[str, str]


class Tokenizer:
    """A tokenizer; immutable, and safe to share between threads.

    vocab_size        ids run from 0 to vocab_size - 1, added tokens included
    *_token_id        pad, cls, sep, mask, unk
    model_max_length  what the directory states, None if nothing sensible
    lowercase         whether texts are lower-cased
    warnings          what was odd about the directory, one sentence each
    """

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        document, known, roles = definition.document, definition.known, definition.roles
        library = build_plain(document, roles, path=definition.path)
        self._encoder = Encoder(library, word_rule(mark_roles(document, roles)))
        self._stride: int | None = None
        self._truncation: Truncation | None = None
        self._wrappings = {num_sides: observe(library, num_sides=num_sides) for num_sides in (1, 2)}
        num_pieces, added = len(definition.pieces), document["added_tokens"]
        self._tokens = definition.pieces + [token["content"] for token in added if token["id"] >= num_pieces]
        self._hidden = {token["id"] for token in added if token["special"]}
        self.vocab_size = len(self._tokens)
        self.pad_token_id = known[roles["pad"]]
        self.cls_token_id = known[roles["cls"]]
        self.sep_token_id = known[roles["sep"]]
        self.mask_token_id = known[roles["mask"]]
        self.unk_token_id = known[roles["unk"]]
        self.model_max_length = _max_length(definition.config.get("model_max_length"))
        self.lowercase = _lowers(document.get("normalizer"))
        self.warnings = (*definition.warnings, *self._case_warnings())

    @classmethod
    def load(cls, directory: Path, *, vocab_size: int | None = None) -> Tokenizer:
        """Read tokenizer.json, else vocab.txt (WordPiece), else vocab.json and merges.txt (byte-level BPE).

        Truncation, padding and dropout stored there are switched off. With `vocab_size` (the rows of the
        model's embedding matrix) the vocabulary must have as many tokens; up to 127 spare rows are accepted
        where they round the number up to a multiple of 8.

        Errors: MissingInputError when there is no tokenizer; DataError when a file is unsound or unsafe,
        special tokens are missing, vocab.txt and tokenizer.json disagree, or the sizes do.
        """
        tokenizer = cls(read_definition(Path(directory)))
        if vocab_size is not None:
            _check_rows(tokenizer.vocab_size, vocab_size, directory)
        return tokenizer

    def with_windows(self, *, stride: int | None = None, truncation: Truncation | None = None) -> Tokenizer:
        """The same tokenizer whose windows share `stride` tokens where nothing else is said, and, with
        `truncation`, show no more of a text or pair than fits into one; see `shortening.shorten`.
        """
        other = copy(self)
        other._stride, other._truncation = stride, truncation
        return other

    def windows(
        self,
        texts: Sequence[Text],
        *,
        max_length: int,
        stride: int | None = None,
        offsets: bool = False,
        special_in_text: bool = False,
    ) -> Windows:
        """Windows of at most `max_length` tokens over texts or pairs, in their order; see `cutting.cut`.

        A text that fits is one window with the ids that transformers gives for it. `offsets` adds the
        characters behind each token. `special_in_text` lets "[MASK]" and its like in a text be the special
        token.

        Errors: UsageError when `max_length` leaves no room, `stride` no progress, or a text is no string;
        DataError when a text holds a lone surrogate.
        """
        encoder = self._matching if special_in_text else self._encoder
        stride = self._stride if stride is None else stride
        parts = []
        for begin, end, num_sides in _runs(texts):
            run: Any = texts[begin:end]
            columns = [run] if num_sides == 1 else list(zip(*run, strict=True))
            sides = [encoder.encode(column, offsets=offsets) for column in columns]
            wrapping = self._wrappings[num_sides]
            if self._truncation is not None:
                sides = shorten(sides, max_length - wrapping.size, self._truncation)
            parts.append(cut(sides, wrapping, max_length=max_length, stride=stride))
        if not parts:
            nothing = self._encoder.encode([], offsets=offsets)
            parts = [cut([nothing], self._wrappings[1], max_length=max_length, stride=stride)]
        return join(parts)

    def tokens(self, ids: Sequence[int] | np.ndarray) -> list[str]:
        """The token of each id, special ones included."""
        return [self._tokens[number] for number in ids]

    def id_of(self, token: str) -> int | None:
        """The id of a token as the vocabulary spells it; None where there is none."""
        return self._ids.get(token)

    def decode(self, ids: Sequence[int] | np.ndarray, *, special: bool = False) -> str:
        """The text that ids stand for, as far as they keep it; special tokens only if asked for."""
        return self.joined([self._tokens[number] for number in ids if special or number not in self._hidden])

    def joined(self, tokens: Sequence[str]) -> str:
        """The text that tokens, spelled as the vocabulary spells them, stand for."""
        decoder = self._encoder.library.decoder
        return " ".join(tokens) if decoder is None else str(decoder.decode(list(tokens)))

    def word_spans(self, text: str) -> list[tuple[int, int]]:
        """The characters of each word of a text, as the tokenizer splits it; no word without a token."""
        found: dict[int, tuple[int, int]] = {}
        encoding = self._encoder.library.encode(text, add_special_tokens=False)
        for word, (start, end) in zip(encoding.word_ids, encoding.offsets, strict=True):
            if word is not None:
                before = found.get(word, (start, end))
                found[word] = (min(before[0], start), max(before[1], end))
        return list(found.values())

    def content(self, texts: Sequence[str], *, offsets: bool = False) -> Content:
        """The tokens of each text without special ones; DataError when a text holds a lone surrogate."""
        return self._encoder.encode(texts, offsets=offsets)

    @cached_property
    def word_starts(self) -> np.ndarray:
        """Of every id, whether its token begins a word by its spelling: bool [vocab_size].

        WordPiece: without "##". Byte-level BPE and SentencePiece: with the sign for a space; there,
        punctuation belongs to the word before it, as in fairseq. Special tokens begin one.
        """
        model = self._definition.document["model"]
        prefix = model.get("continuing_subword_prefix")
        if prefix:
            found = [not token.startswith(prefix) for token in self._tokens]
        else:
            found = [
                token.startswith(SPACE_SIGNS) or k in self._hidden for k, token in enumerate(self._tokens)
            ]
        return np.array(found)

    @cached_property
    def ordinary_ids(self) -> np.ndarray:
        """The ids of all tokens that are not special, ascending: int32."""
        return np.array([k for k in range(self.vocab_size) if k not in self._hidden], dtype=np.int32)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that decides about ids, in hexadecimal: equal where equal texts give equal ids."""
        said = {"document": self._definition.document, "roles": self._definition.roles}
        text = json.dumps(said, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def continues_words(self) -> bool:
        """Whether a token says by its spelling ("##ing") that it goes on with a word."""
        return bool(self._definition.document["model"].get("continuing_subword_prefix"))

    def unknown_rate(self, texts: Sequence[str]) -> float:
        """The share of the texts' tokens that are the unknown token, 0 to 1; 0 when there are no tokens."""
        ids = self._encoder.encode(texts).ids
        return float(np.mean(ids == self.unk_token_id)) if len(ids) else 0.0

    def save(self, directory: Path, *, model_max_length: int | None = None, segments: bool = True) -> None:
        """Write the files of all common readers; loading and saving them again gives the same bytes.

        `model_max_length` replaces the one that was loaded. Without `segments` transformers is told that
        the model takes none (ModernBERT's classes do not). Errors: OutputError, StorageError.
        """
        limit = self.model_max_length if model_max_length is None else model_max_length
        write_definition(self._definition, Path(directory), model_max_length=limit, segments=segments)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self._tokens)}

    @cached_property
    def _matching(self) -> Encoder:
        """The encoder for which special tokens in a text are special."""
        definition = self._definition
        return Encoder(build(definition.document, file=str(definition.path)))

    def _case_warnings(self) -> Iterator[str]:
        if self._definition.document["model"]["type"] != "WordPiece":
            return
        mismatch = case_mismatch(self._definition.pieces, lowercase=self.lowercase)
        if mismatch is not None:
            why, sample = mismatch
            rate = self.unknown_rate(sample)
            yield f"{why}; in {len(sample)} such words {rate:.0%} of the tokens are unknown"


def _runs(texts: Sequence[Any]) -> Iterator[tuple[int, int, int]]:
    """(begin, end, sides): runs of texts of one kind, of bounded size."""
    begin, characters, kind = 0, 0, 1
    for number, text in enumerate(texts):
        sides = _sides(text, number)
        size = len(text) if sides == 1 else len(text[0]) + len(text[1])
        full = characters + size > RUN_CHARACTERS or number - begin == RUN_TEXTS
        if number > begin and (full or sides != kind):
            yield begin, number, kind
            begin, characters = number, 0
        characters, kind = characters + size, sides
    if begin < len(texts):
        yield begin, len(texts), kind


def _sides(text: Any, number: int) -> int:
    if isinstance(text, str):
        return 1
    if isinstance(text, tuple) and len(text) == 2 and isinstance(text[0], str) and isinstance(text[1], str):
        return 2
    what = f"text {number + 1} is {type(text).__name__}"
    raise UsageError(Problem(code="not-a-text", what=what, fix="give a string, or a tuple of two strings"))


def _max_length(value: Any) -> int | None:
    sound = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MAX_LENGTH
    return int(value) if sound else None


def _lowers(normalizer: Any) -> bool:
    if not isinstance(normalizer, dict):
        return False
    if normalizer["type"] == "Sequence":
        return any(map(_lowers, normalizer["normalizers"]))
    return normalizer["type"] == "Lowercase" or bool(normalizer.get("lowercase", False))


def _check_rows(num_tokens: int, num_rows: int, directory: Path) -> None:
    padded = num_rows % ROW_MULTIPLE == 0 and 0 < num_rows - num_tokens < MAX_SPARE_ROWS
    if num_tokens != num_rows and not padded:
        what = f"the tokenizer has {num_tokens:,} tokens, the model {num_rows:,} embeddings"
        fix = "take tokenizer and model from one place"
        raise DataError(Problem(code="vocabulary-size", what=what, fix=fix, file=str(directory)))
