"""A tokenizer written as the union of what its readers expect.

tokenizer.json, tokenizer_config.json and special_tokens_map.json for transformers 4 and 5 and the tokenizers
library; vocab.txt for WordPiece, and vocab.json with merges.txt for byte-level BPE, for older readers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glassbert.durable import make_directory, write_file
from glassbert.text.special_tokens import ROLES
from glassbert.text.tokenizer_definition import (
    BERT_CLASSES,
    BERT_OPTIONS,
    FLAGS,
    ROBERTA_CLASSES,
    UNIGRAM_CLASSES,
    Definition,
    class_name,
)
from glassbert.text.tokenizer_documents import roberta_wrapping, wordpiece_document
from glassbert.text.tokenizer_files import (
    BPE_VOCABULARY,
    CONFIG,
    JSON,
    MERGES,
    SPECIAL,
    VOCABULARY,
)

WITHOUT_SEGMENTS = {"model_input_names": ["input_ids", "attention_mask"]}


def write_definition(
    definition: Definition, directory: Path, *, model_max_length: int | None, segments: bool = True
) -> None:
    """Write the union layout. Errors: OutputError, StorageError; a file that fails leaves its predecessor."""
    files = {
        JSON: _compact(definition.document),
        CONFIG: _readable(_config(definition, model_max_length) | ({} if segments else WITHOUT_SEGMENTS)),
        SPECIAL: _readable(_special_map(definition)),
        **_vocabulary_files(definition),
    }
    make_directory(directory)
    for name, data in files.items():
        write_file(directory / name, [data])


def _vocabulary_files(definition: Definition) -> dict[str, bytes]:
    model = definition.document["model"]
    if model["type"] == "WordPiece" and not any("\n" in piece for piece in definition.pieces):
        return {VOCABULARY: "".join(f"{piece}\n" for piece in definition.pieces).encode()}
    if model["type"] == "BPE" and _part(definition, "pre_tokenizer").get("type") == "ByteLevel":
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
        lines = "".join(f"{merge}\n" for merge in ["#version: 0.2", *merges])
        vocabulary = {piece: number for number, piece in enumerate(definition.pieces)}
        return {BPE_VOCABULARY: _compact(vocabulary), MERGES: lines.encode()}
    return {}


def _config(definition: Definition, model_max_length: int | None) -> dict[str, Any]:
    """Only what a reader needs: what else the original said of its author's machine or code is left out."""
    written = _special_map(definition, typed=True) | {"tokenizer_class": _class_to_write(definition)}
    if model_max_length is not None:
        written["model_max_length"] = model_max_length
    normalizer, splitter = _part(definition, "normalizer"), _part(definition, "pre_tokenizer")
    if normalizer.get("type") == "BertNormalizer":
        written |= {theirs: normalizer.get(ours) for ours, theirs in BERT_OPTIONS.items()}
    if splitter.get("type") == "ByteLevel":
        written["add_prefix_space"] = splitter.get("add_prefix_space", True)
    kept = ("clean_up_tokenization_spaces", "model_input_names")
    return written | {key: definition.config[key] for key in kept if key in definition.config}


def _special_map(definition: Definition, *, typed: bool = False) -> dict[str, Any]:
    """role_token -> token; an object where the token has flags (RoBERTa's <mask> takes the space before)."""
    tokens = {token["content"]: token for token in definition.document["added_tokens"]}
    written: dict[str, Any] = {}
    for role in ROLES:
        if (content := definition.roles.get(role)) is not None:
            flags = {flag: tokens[content][flag] for flag in FLAGS}
            kind = {"__type": "AddedToken"} if typed else {}
            written[f"{role}_token"] = (
                {**kind, "content": content, **flags} if any(flags.values()) else content
            )
    roles = set(definition.roles.values())
    if more := [content for content, token in tokens.items() if token["special"] and content not in roles]:
        written["additional_special_tokens"] = more
    return written


def _class_to_write(definition: Definition) -> str:
    """The class whose own way of rebuilding a tokenizer gives this one; the generic one takes it as it is."""
    name = class_name(definition.config)
    if _is_bert(definition):
        return name if name in BERT_CLASSES else "BertTokenizer"
    if _is_roberta(definition):
        return name if name in ROBERTA_CLASSES else "RobertaTokenizer"
    if definition.document["model"]["type"] == "Unigram" and name in UNIGRAM_CLASSES:
        return str(name)
    return "PreTrainedTokenizerFast"


def _is_bert(definition: Definition) -> bool:
    usual = wordpiece_document(definition.known, roles=definition.roles, config={})
    normalizer = _part(definition, "normalizer")
    same = all(_part(definition, part) == usual[part] for part in ("pre_tokenizer", "post_processor"))
    settings = {**usual["model"], "vocab": None} == {**definition.document["model"], "vocab": None}
    return same and settings and normalizer == {**usual["normalizer"], **_options(normalizer)}


def _is_roberta(definition: Definition) -> bool:
    model, splitter = definition.document["model"], _part(definition, "pre_tokenizer")
    prefix = bool(splitter.get("add_prefix_space", True))
    wrapping = roberta_wrapping(definition.known, definition.roles, prefix_space=prefix)
    plain = model["type"] == "BPE" and not model.get("ignore_merges") and not _part(definition, "normalizer")
    return plain and splitter.get("type") == "ByteLevel" and _part(definition, "post_processor") == wrapping


def _options(normalizer: Mapping[str, Any]) -> dict[str, Any]:
    return {ours: normalizer.get(ours) for ours in BERT_OPTIONS}


def _part(definition: Definition, part: str) -> dict[str, Any]:
    return definition.document.get(part) or {}


def _compact(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _readable(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
