"""tokenizer.json, proved harmless before the tokenizers library builds anything from it.

The format can hold any regular expression, replacements that multiply a text, and unbounded tables. Only the
components that BERT, RoBERTa, XLM-R and DistilBERT tokenizers are made of are let through, within sizes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glassbert.errors import DataError, Problem
from glassbert.text.charsmap import charsmap_fault

ALLOWED = {
    "normalizer": {
        *("BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "Precompiled", "Prepend"),
        *("Replace", "Sequence", "Strip", "StripAccents"),
    },
    "pre_tokenizer": {
        *("BertPreTokenizer", "ByteLevel", "Digits", "Metaspace", "Punctuation", "Sequence", "Split"),
        *("Whitespace", "WhitespaceSplit"),
    },
    "post_processor": {"BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing"},
    "decoder": {
        *("BPEDecoder", "ByteFallback", "ByteLevel", "Fuse", "Metaspace", "Replace", "Sequence", "Strip"),
        "WordPiece",
    },
}
KEYS = {"version", "truncation", "padding", "added_tokens", "model", *ALLOWED}
# a regular expression can take exponential time; these are the ones that conversions from SentencePiece write
REGEXES = (" {2,}", r"\s+", "[\r\n]+")
MAX_COMPONENTS = 16
MAX_STRING = 200
# replacements in a row multiply the text: 4 of 4 characters by 256 at most
MAX_REPLACEMENTS = 4
MAX_PIECES = 2_000_000
MAX_PIECE = 1_000
MAX_ADDED = 100_000
ADDED_FLAGS = {"single_word", "lstrip", "rstrip", "normalized", "special"}
# WordPiece tries every prefix of a word: the square of this bounds the work on one
MAX_WORD = 1_000
_FIX = "take the file from a source that you trust; only what BERT-like tokenizers need is accepted"


def audit(document: dict[str, Any], path: Path) -> None:
    """Raise a DataError unless the parsed tokenizer.json holds allowed components only, within sizes."""
    try:
        _audit(document)
    except _Refused as refused:
        problem = Problem(code="unsafe-tokenizer", what=str(refused), fix=_FIX, file=str(path))
        raise DataError(problem) from None


class _Refused(Exception):
    """What is wrong; turned into a DataError where the file's name is known."""


def _audit(document: dict[str, Any]) -> None:
    if unknown := sorted(set(document) - KEYS):
        raise _Refused(f"unknown entries: {_shown(unknown)}")
    for part, kinds in ALLOWED.items():
        _audit_components(list(_components(document.get(part), part, kinds)), part)
    _audit_added(document.get("added_tokens", []))
    _audit_model(document.get("model"))


def _components(value: Any, part: str, kinds: set[str]) -> Iterator[dict[str, Any]]:
    """A component and, for a sequence, those inside it. The depth of the whole file is bounded already."""
    if value is None:
        return
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise _Refused(f"{part} of type {_shown(kind)}; accepted: {', '.join(sorted(kinds))}")
    if kind != "Sequence":
        yield value
        return
    for members in (item for key, item in value.items() if key != "type"):
        for member in members if isinstance(members, list) else [members]:
            yield from _components(member, part, kinds)


def _audit_components(components: list[dict[str, Any]], part: str) -> None:
    if len(components) > MAX_COMPONENTS:
        raise _Refused(f"{len(components)} components in {part}; accepted: {MAX_COMPONENTS}")
    for component in components:
        _audit_settings({k: v for k, v in component.items() if k != "precompiled_charsmap"}, part)
    replacing = [c for c in components if c["type"] in ("Replace", "Prepend")]
    long = [c for c in replacing if len(str(c.get("content", c.get("prepend")))) > MAX_REPLACEMENTS]
    if part == "normalizer" and (long or len(replacing) > MAX_REPLACEMENTS):
        raise _Refused(f"replacements that can multiply a text: {_shown(replacing)}")
    charsmaps = [c.get("precompiled_charsmap") for c in components if c["type"] == "Precompiled"]
    if len(charsmaps) > 1:
        raise _Refused("more than one precompiled_charsmap")
    for charsmap in charsmaps:
        if charsmap is not None and (fault := charsmap_fault(charsmap)):
            raise _Refused(f"the precompiled_charsmap is unsound: {fault}")


def _audit_settings(value: Any, part: str) -> None:
    if isinstance(value, dict):
        if value.get("Regex", " {2,}") not in REGEXES:
            raise _Refused(f"{part} has the regular expression {_shown(value['Regex'])}")
        value = [*value, *value.values()]
    if isinstance(value, list):
        if len(value) > MAX_STRING:
            raise _Refused(f"{part} holds a list of {len(value):,} entries")
        for item in value:
            _audit_settings(item, part)
    elif isinstance(value, str) and len(value) > MAX_STRING:
        raise _Refused(f"{part} holds a string of {len(value):,} characters")


def _audit_added(added: Any) -> None:
    if not isinstance(added, list) or len(added) > MAX_ADDED:
        raise _Refused(f"not at most {MAX_ADDED:,} added tokens")
    for token in added:
        if not isinstance(token, dict) or not set(token) <= {"content", "id", *ADDED_FLAGS}:
            raise _Refused(f"an added token is {_shown(token)}")
        flags = all(isinstance(value, bool) for key, value in token.items() if key in ADDED_FLAGS)
        if not flags or not _is_piece(token.get("content")) or not _is_count(token.get("id"), MAX_PIECES):
            raise _Refused(f"an added token is {_shown(token)}")


def _audit_model(model: Any) -> None:
    kind = model.get("type") if isinstance(model, dict) else None
    if kind not in ("BPE", "Unigram", "WordPiece"):
        raise _Refused(f"a model of type {_shown(kind)}; accepted: BPE, Unigram, WordPiece")
    vocabulary = model.get("vocab")
    if not isinstance(vocabulary, list if kind == "Unigram" else dict) or len(vocabulary) > MAX_PIECES:
        raise _Refused(f"the vocabulary is not a table of at most {MAX_PIECES:,} pieces")
    entries = vocabulary if isinstance(vocabulary, list) else vocabulary.items()
    sound = _is_scored if kind == "Unigram" else _is_numbered
    if (odd := next((entry for entry in entries if not sound(entry)), None)) is not None:
        raise _Refused(f"the vocabulary holds {_shown(odd)}")
    if kind == "Unigram" and not _is_count(model.get("unk_id"), len(vocabulary) - 1):
        raise _Refused(f"unk_id is {_shown(model.get('unk_id'))}")
    if kind == "WordPiece" and not _is_count(model.get("max_input_chars_per_word", 100), MAX_WORD):
        raise _Refused(f"max_input_chars_per_word is {_shown(model['max_input_chars_per_word'])}")
    if kind == "BPE":
        _audit_merges(model.get("merges"))


def _audit_merges(merges: Any) -> None:
    if not isinstance(merges, list) or len(merges) > MAX_PIECES:
        raise _Refused(f"not at most {MAX_PIECES:,} merges")
    for merge in merges:
        halves = merge.split(" ") if isinstance(merge, str) else merge
        if not isinstance(halves, list) or len(halves) != 2 or not all(map(_is_piece, halves)):
            raise _Refused(f"a merge is {_shown(merge)}")


def _is_scored(entry: Any) -> bool:
    return (
        isinstance(entry, list) and len(entry) == 2 and _is_piece(entry[0]) and type(entry[1]) in (int, float)
    )


def _is_numbered(entry: Any) -> bool:
    # transformers 5 turns the piece U+2028 of a vocab.txt into an empty one
    return len(entry[0]) <= MAX_PIECE and _is_count(entry[1], MAX_PIECES)


def _is_piece(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_PIECE


def _is_count(value: Any, highest: int) -> bool:
    return type(value) is int and 0 <= value <= highest


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
