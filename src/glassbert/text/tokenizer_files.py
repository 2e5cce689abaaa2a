"""The files of a tokenizer directory: found, audited and read. `tokenizer_writing` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from glassbert.errors import DataError, MissingInputError, Problem
from glassbert.strict_json import read_json
from glassbert.text.special_tokens import REQUIRED, find_roles
from glassbert.text.tokenizer_audit import audit
from glassbert.text.tokenizer_definition import FOREIGN_CLASSES, Definition, class_name, define
from glassbert.text.tokenizer_documents import byte_level_document, read_merges, wordpiece_document
from glassbert.text.vocabulary import check_agreement, check_ids, check_special, read_vocabulary

JSON, CONFIG, SPECIAL = "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"
VOCABULARY, BPE_VOCABULARY, MERGES = "vocab.txt", "vocab.json", "merges.txt"
ADDED = "added_tokens.json"
SENTENCEPIECE = ("sentencepiece.bpe.model", "spiece.model", "tokenizer.model")


def read_definition(directory: Path) -> Definition:
    """The tokenizer of a directory: tokenizer.json, else vocab.txt, else vocab.json with merges.txt.

    Errors: MissingInputError when none is there; DataError when a file is unsound or two of them disagree.
    """
    config = _optional(directory / CONFIG)
    special = _optional(directory / SPECIAL)
    if legacy := _optional(directory / ADDED):
        listed = {str(number): {"content": token} for token, number in legacy.items()}
        config = {**config, "added_tokens_decoder": listed | (config.get("added_tokens_decoder") or {})}
    if (directory / JSON).exists():
        path = directory / JSON
        document = _typed(read_json(path))
        audit(document, path)
    elif (directory / VOCABULARY).exists():
        path = directory / VOCABULARY
        document = _from_vocabulary(path, config, special)
    elif (directory / BPE_VOCABULARY).exists() and (directory / MERGES).exists():
        path = directory / BPE_VOCABULARY
        document = _from_merges(path, config, special)
    else:
        raise _nothing(directory)
    definition = define(document, config=config, special_map=special, path=path)
    _check_others(definition, directory)
    return definition


def _optional(path: Path) -> dict[str, Any]:
    return read_json(path) if path.exists() else {}


def _typed(document: dict[str, Any]) -> dict[str, Any]:
    """Files written before 2020 do not say which model they hold."""
    model = document.get("model")
    if isinstance(model, dict) and "type" not in model:
        kind = "BPE" if "merges" in model else "Unigram" if "unk_id" in model else "WordPiece"
        return {**document, "model": {"type": kind, **model}}
    return document


def _from_vocabulary(path: Path, config: dict[str, Any], special: dict[str, Any]) -> dict[str, Any]:
    if (name := class_name(config)) in FOREIGN_CLASSES:
        what = f"{name} splits texts by a program of its own before it looks into this vocabulary"
        fix = "use a model whose directory has a tokenizer.json"
        raise DataError(Problem(code="unsupported-tokenizer", what=what, fix=fix, file=str(path)))
    vocabulary = read_vocabulary(path)
    roles = find_roles(vocabulary, config, special)
    check_special([roles[role] for role in REQUIRED], vocabulary, path=path)
    return wordpiece_document(vocabulary, roles=roles, config=config)


def _from_merges(path: Path, config: dict[str, Any], special: dict[str, Any]) -> dict[str, Any]:
    vocabulary = read_json(path)
    roles = find_roles(vocabulary, config, special)
    check_special([roles[role] for role in REQUIRED], vocabulary, path=path)
    merges = read_merges(path.with_name(MERGES))
    document = byte_level_document(vocabulary, merges, roles=roles, config=config)
    audit(document, path)
    return document


def _nothing(directory: Path) -> MissingInputError:
    if not directory.is_dir():
        what, fix = "there is no such directory", "name a model directory"
    elif found := [name for name in SENTENCEPIECE if (directory / name).exists()]:
        what = f"the tokenizer is only there as a SentencePiece model ({found[0]})"
        fix = "load it once with transformers and call save_pretrained(), which writes tokenizer.json"
    else:
        what = f"no {JSON}, no {VOCABULARY}, no {BPE_VOCABULARY} with {MERGES}"
        fix = "name a directory that holds a tokenizer"
    return MissingInputError(Problem(code="no-tokenizer", what=what, fix=fix, file=str(directory)))


def _check_others(definition: Definition, directory: Path) -> None:
    """A vocabulary beside tokenizer.json must be the same one."""
    if definition.path.name != JSON:
        return
    kind = definition.document["model"]["type"]
    if kind == "WordPiece" and (other := directory / VOCABULARY).exists():
        pieces = list(read_vocabulary(other))
    elif kind == "BPE" and (other := directory / BPE_VOCABULARY).exists():
        pieces = check_ids(read_json(other), other)
    else:
        return
    check_agreement(pieces, definition.pieces, path=other, other=JSON)
