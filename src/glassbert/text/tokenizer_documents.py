"""The tokenizer.json that a vocab.txt, or a vocab.json with merges.txt, stands for.

Ids are those of transformers' BertTokenizerFast and RobertaTokenizerFast (release 5) on the same files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glassbert.errors import DataError, Problem
from glassbert.storage import read_file
from glassbert.text.special_tokens import Role
from glassbert.text.vocabulary import MAX_BYTES


def wordpiece_document(
    vocabulary: Mapping[str, int], *, roles: Mapping[Role, str], config: Mapping[str, Any]
) -> dict[str, Any]:
    """WordPiece behind BERT's normaliser; `config` is tokenizer_config.json and may be empty."""
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": bert_normalizer(config),
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": bert_wrapping(vocabulary, roles),
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": roles["unk"],
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": dict(vocabulary),
        },
    }


def byte_level_document(
    vocabulary: Mapping[str, int], merges: list[str], *, roles: Mapping[Role, str], config: Mapping[str, Any]
) -> dict[str, Any]:
    """Byte-level BPE as RoBERTa has it; `config` is tokenizer_config.json and may be empty."""
    prefix_space = bool(config.get("add_prefix_space", False))
    level = {"add_prefix_space": prefix_space, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", **level},
        "post_processor": roberta_wrapping(vocabulary, roles, prefix_space=prefix_space),
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": dict(vocabulary),
            "merges": merges,
        },
    }


def bert_normalizer(config: Mapping[str, Any]) -> dict[str, Any]:
    """BERT's normaliser with the options of a tokenizer_config.json, else transformers' defaults."""
    accents = config.get("strip_accents")
    return {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": bool(config.get("tokenize_chinese_chars", True)),
        "strip_accents": None if accents is None else bool(accents),
        "lowercase": bool(config.get("do_lower_case", True)),
    }


def bert_wrapping(vocabulary: Mapping[str, int], roles: Mapping[Role, str]) -> dict[str, Any]:
    """[CLS] A [SEP] and [CLS] A [SEP] B [SEP], the second text and what follows it in segment 1."""
    cls, sep = roles["cls"], roles["sep"]
    first = [_special(cls, 0), {"Sequence": {"id": "A", "type_id": 0}}, _special(sep, 0)]
    return {
        "type": "TemplateProcessing",
        "single": first,
        "pair": [*first, {"Sequence": {"id": "B", "type_id": 1}}, _special(sep, 1)],
        "special_tokens": {
            token: {"id": token, "ids": [vocabulary[token]], "tokens": [token]} for token in (cls, sep)
        },
    }


def roberta_wrapping(
    vocabulary: Mapping[str, int], roles: Mapping[Role, str], *, prefix_space: bool
) -> dict[str, Any]:
    """<s> A </s> and <s> A </s></s> B </s>, all in segment 0."""
    return {
        "type": "RobertaProcessing",
        "sep": [roles["sep"], vocabulary[roles["sep"]]],
        "cls": [roles["cls"], vocabulary[roles["cls"]]],
        "trim_offsets": True,
        "add_prefix_space": prefix_space,
    }


def read_merges(path: Path) -> list[str]:
    """The merges of a merges.txt, `left right` a line, best first; DataError names a line that is not so."""
    try:
        lines = read_file(path, max_bytes=MAX_BYTES).decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        what = f"byte {error.start} is not UTF-8"
        problem = Problem(code="not-utf-8", what=what, fix="convert the file to UTF-8", file=str(path))
        raise DataError(problem) from error
    merges = []
    for number, line in enumerate(lines, 1):
        if line.startswith("#version") or (line == "" and number == len(lines)):
            continue
        if len(line.split(" ")) != 2:
            what, fix = f"{line[:80]!r} is not two pieces and a space between them", "correct the line"
            raise DataError(Problem(code="bad-merge", what=what, fix=fix, file=str(path), line=number))
        merges.append(line)
    return merges


def _special(token: str, kind: int) -> dict[str, Any]:
    return {"SpecialToken": {"id": token, "type_id": kind}}
