"""What a tokenizer directory defines: an audited tokenizer.json made complete, the roles, and what was odd.

Where tokenizer_config.json and tokenizer.json disagree, transformers lets the former win for its BERT and
RoBERTa classes; so do we, and say it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glassbert.errors import DataError, Problem
from glassbert.text.special_tokens import REQUIRED, Role, find_roles
from glassbert.text.tokenizer_documents import bert_normalizer, bert_wrapping, roberta_wrapping
from glassbert.text.vocabulary import check_ids, check_size, check_special

BERT_CLASSES = {"BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer"}
ROBERTA_CLASSES = {"RobertaTokenizer", "LongformerTokenizer"}
UNIGRAM_CLASSES = {"XLMRobertaTokenizer", "CamembertTokenizer"}
GENERIC_CLASSES = {"PreTrainedTokenizer", "TokenizersBackend"}
# they put another splitter before WordPiece; without it, their vocab.txt gives other ids
FOREIGN_CLASSES = {"BertJapaneseTokenizer", "BertweetTokenizer", "HerbertTokenizer", "RoCBertTokenizer"}
BERT_OPTIONS = {
    "lowercase": "do_lower_case",
    "strip_accents": "strip_accents",
    "handle_chinese_chars": "tokenize_chinese_chars",
}
FLAGS = ("single_word", "lstrip", "rstrip", "normalized")


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A tokenizer as its directory defines it.

    `document` is the tokenizer.json: audited, without truncation and padding, every role's token among its
    added tokens. `pieces` are the model's pieces by id, `known` all tokens with their ids, `path` the file
    that errors name.
    """

    document: dict[str, Any]
    roles: dict[Role, str]
    config: dict[str, Any]
    pieces: list[str]
    known: dict[str, int]
    warnings: tuple[str, ...]
    path: Path


def class_name(config: Mapping[str, Any]) -> str | None:
    """The tokenizer class that tokenizer_config.json names, without the ending Fast. It is never imported."""
    name = config.get("tokenizer_class")
    return name.removesuffix("Fast") if isinstance(name, str) else None


def define(
    document: dict[str, Any], *, config: dict[str, Any], special_map: Mapping[str, Any], path: Path
) -> Definition:
    """Complete and check an audited document.

    Errors: DataError when ids are missing or doubled, the vocabulary too small, or special tokens absent.
    """
    document, warnings = _settled(document)
    pieces = _pieces(document, path)
    check_size(len(pieces), path)
    document = {**document, "added_tokens": _added(document, config, pieces, path)}
    known = {piece: number for number, piece in enumerate(pieces)}
    known |= {token["content"]: token["id"] for token in document["added_tokens"]}
    roles = find_roles(known, config, special_map)
    check_special([roles[role] for role in REQUIRED], known, path=path)
    roles = {role: token for role, token in roles.items() if token in known}
    document["added_tokens"] = _with_roles(document["added_tokens"], roles, known)
    document, overridden = _overridden(document, config)
    document, wrapped = _wrapped(document, known, roles)
    return Definition(
        document=document,
        roles=roles,
        config=config,
        pieces=pieces,
        known=known,
        warnings=(*warnings, *overridden, *wrapped, *_class_warnings(config)),
        path=path,
    )


def _settled(document: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Truncation, padding and dropout off: they would cut texts, lengthen them, or leave ids to chance."""
    model, warnings = dict(document["model"]), []
    if model.get("dropout"):
        warnings.append(
            f"the BPE dropout of {model['dropout']} in tokenizer.json is not used: ids are certain"
        )
        model["dropout"] = None
    if model["type"] == "WordPiece" and "" in model["vocab"]:
        number = model["vocab"][""]
        model["vocab"] = {piece or f"[empty{number}]": value for piece, value in model["vocab"].items()}
        warnings.append(f"the piece with id {number} is empty and matches nothing: renamed [empty{number}]")
    kept = {key: value for key, value in document.items() if key not in ("truncation", "padding", "model")}
    return {"version": "1.0", "truncation": None, "padding": None, **kept, "model": model}, warnings


def _pieces(document: Mapping[str, Any], path: Path) -> list[str]:
    vocabulary = document["model"]["vocab"]
    if isinstance(vocabulary, dict):
        return check_ids(vocabulary, path)
    pieces = [piece for piece, _ in vocabulary]
    if len(set(pieces)) < len(pieces):
        first = {piece: number for number, piece in reversed(list(enumerate(pieces)))}
        number, twice = next((k, piece) for k, piece in enumerate(pieces) if first[piece] != k)
        what = f"{twice[:100]!r} has the ids {first[twice]} and {number}"
        raise _error("duplicate-piece", what, "make the pieces distinct", path)
    return pieces


def _added(
    document: Mapping[str, Any], config: Mapping[str, Any], pieces: list[str], path: Path
) -> list[dict[str, Any]]:
    """The added tokens of tokenizer.json, then those that only tokenizer_config.json lists, by id."""
    added = [_complete(token) for token in document.get("added_tokens", [])]
    listed = config.get("added_tokens_decoder") or {}
    if isinstance(listed, dict):
        contents = {token["content"] for token in added}
        extra = [{**token, "id": int(key)} for key, token in listed.items() if _is_listed(key, token)]
        added += [_complete(token) for token in extra if token["content"] not in contents]
    number_of = {piece: number for number, piece in enumerate(pieces)}
    added.sort(key=lambda token: token["id"])
    following = len(pieces)
    for token in added:
        expected = number_of.get(token["content"], following)
        following += token["content"] not in number_of
        if token["id"] != expected:
            what = (
                f"the added token {token['content'][:100]!r} has id {token['id']} and should have {expected}"
            )
            raise _error(
                "bad-added-token", what, "number added tokens on from the vocabulary's last id", path
            )
    return added


def _is_listed(key: str, token: Any) -> bool:
    content = token.get("content") if isinstance(token, dict) else None
    return key.isascii() and key.isdigit() and isinstance(content, str) and content != ""


def _complete(token: Mapping[str, Any]) -> dict[str, Any]:
    flags = {flag: bool(token.get(flag, False)) for flag in FLAGS}
    return {
        "id": token["id"],
        "content": token["content"],
        **flags,
        "special": bool(token.get("special", False)),
    }


def _with_roles(
    added: list[dict[str, Any]], roles: Mapping[Role, str], known: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Every role's token is an added token marked special, as transformers makes it on loading."""
    tokens = set(roles.values())
    marked = [{**token, "special": token["special"] or token["content"] in tokens} for token in added]
    missing = tokens - {token["content"] for token in added}
    new = [_complete({"id": known[token], "content": token, "special": True}) for token in missing]
    return sorted(marked + new, key=lambda token: int(token["id"]))


def _overridden(document: dict[str, Any], config: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    name = class_name(config)
    normalizer, splitter = document.get("normalizer") or {}, document.get("pre_tokenizer") or {}
    named = name is None and any(key in config for key in BERT_OPTIONS.values())
    if normalizer.get("type") == "BertNormalizer" and (name in BERT_CLASSES or named):
        wanted = bert_normalizer(config)
        changes = {ours: wanted[ours] for ours in BERT_OPTIONS if wanted[ours] != normalizer.get(ours)}
        return {**document, "normalizer": {**normalizer, **changes}}, _override_warnings(changes, normalizer)
    named = name is None and "add_prefix_space" in config
    if splitter.get("type") == "ByteLevel" and (name in ROBERTA_CLASSES or named):
        prefix = {"add_prefix_space": bool(config.get("add_prefix_space", False))}
        changes = {} if splitter.get("add_prefix_space", True) == prefix["add_prefix_space"] else prefix
        return {**document, "pre_tokenizer": {**splitter, **changes}}, _override_warnings(changes, splitter)
    return document, []


def _override_warnings(changes: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    return [
        f"tokenizer.json has {key} {before.get(key)}, tokenizer_config.json (or its class) {value}: "
        "the latter is used, as transformers does"
        for key, value in changes.items()
    ]


def _wrapped(
    document: dict[str, Any], known: Mapping[str, int], roles: Mapping[Role, str]
) -> tuple[dict[str, Any], list[str]]:
    """A tokenizer that adds no special tokens gets those of its family, without which no BERT was trained."""
    if (document.get("post_processor") or {"type": "ByteLevel"})["type"] != "ByteLevel":
        return document, []
    kind = document["model"]["type"]
    if kind == "BPE":
        prefix = bool((document.get("pre_tokenizer") or {}).get("add_prefix_space", False))
        wrapping = roberta_wrapping(known, roles, prefix_space=prefix)
    else:
        wrapping = bert_wrapping(known, roles)
    what = f"tokenizer.json adds no special tokens: {roles['cls']} and {roles['sep']} are added"
    return {**document, "post_processor": wrapping}, [what]


def _class_warnings(config: Mapping[str, Any]) -> Iterable[str]:
    if "auto_map" in config:
        yield "tokenizer_config.json asks for code of its own (auto_map): it is not run"
    name = class_name(config)
    if name and name not in BERT_CLASSES | ROBERTA_CLASSES | UNIGRAM_CLASSES | GENERIC_CLASSES:
        yield f"tokenizer_config.json names the class {name[:100]}: it is not loaded, the files say enough"


def _error(code: str, what: str, fix: str, path: Path) -> DataError:
    return DataError(Problem(code=code, what=what, fix=fix, file=str(path)))
