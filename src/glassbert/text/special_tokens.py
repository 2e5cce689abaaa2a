"""Special tokens: which token plays which role, and a tokenizer that never reads one out of a user's text."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import tokenizers

from glassbert.errors import DataError, Problem

Role = Literal["unk", "sep", "pad", "cls", "mask", "bos", "eos"]
ROLES: tuple[Role, ...] = get_args(Role)
REQUIRED: tuple[Role, ...] = ("unk", "sep", "pad", "cls", "mask")
BERT_NAMES: dict[Role, str] = {
    "unk": "[UNK]",
    "sep": "[SEP]",
    "pad": "[PAD]",
    "cls": "[CLS]",
    "mask": "[MASK]",
}
ROBERTA_NAMES: dict[Role, str] = {
    "unk": "<unk>",
    "sep": "</s>",
    "pad": "<pad>",
    "cls": "<s>",
    "mask": "<mask>",
    "bos": "<s>",
    "eos": "</s>",
}


def find_roles(vocabulary: Collection[str], *sources: Mapping[str, Any]) -> dict[Role, str]:
    """Role -> token: as the first of `sources` that names it says, else by the family's names.

    `sources` are tokenizer_config.json and special_tokens_map.json: a token is a string or an object with
    `content`. The five required roles are always in the result, in the vocabulary or not.
    """
    usual = ROBERTA_NAMES if "<s>" in vocabulary and "[CLS]" not in vocabulary else BERT_NAMES
    roles: dict[Role, str] = {}
    for role in ROLES:
        named = [token for source in sources if (token := _content(source.get(f"{role}_token")))]
        if named:
            roles[role] = named[0]
        elif role in usual:
            roles[role] = usual[role]
    return roles


def _content(value: Any) -> str | None:
    content = value.get("content") if isinstance(value, dict) else value
    return content if isinstance(content, str) else None


def build(document: Mapping[str, Any], *, file: str) -> tokenizers.Tokenizer:
    """The library's tokenizer for an audited document; what the library rejects is a DataError."""
    try:
        return tokenizers.Tokenizer.from_str(json.dumps(document, ensure_ascii=False))
    except Exception as error:  # the library raises nothing more precise
        what, fix = f"the tokenizers library rejects it: {error}", "take the file again from where it came"
        raise DataError(Problem(code="bad-tokenizer", what=what, fix=fix, file=file)) from error


def build_plain(
    document: Mapping[str, Any], roles: Mapping[Role, str], *, path: Path
) -> tokenizers.Tokenizer:
    """A tokenizer for which the tokens of `roles` in a text are text like any other.

    The library's `encode_special_tokens` stops it from matching them as units, which is enough where texts
    are split at punctuation or into bytes. SentencePiece models and tokenizers that split at spaces only can
    still find such a token as an ordinary piece; for them the piece is spelled with a space at its end, which
    no text contains by the time pieces are looked up. The result is tried; DataError if it fails.
    """
    document = mark_roles(document, roles)
    library = _encode_special(build(document, file=str(path)))
    ids = {library.token_to_id(token) for role, token in roles.items() if role != "unk"}
    if _can_forge(library, roles, ids):
        spelled = _respell(document, {token for role, token in roles.items() if role != "unk"})
        library = _encode_special(build(spelled, file=str(path)))
    if _can_forge(library, roles, ids):
        what = "a text can contain its special tokens, and with them the borders of other texts"
        fix = "give the tokenizer a pre-tokenizer that splits at spaces"
        raise DataError(Problem(code="forgeable-special-tokens", what=what, fix=fix, file=str(path)))
    return library


def _encode_special(library: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    library.encode_special_tokens = True
    return library


def mark_roles(document: Mapping[str, Any], roles: Mapping[Role, str]) -> dict[str, Any]:
    """Only the roles' tokens are special; other added tokens (markers such as <e1>) still match in texts."""
    tokens = set(roles.values())
    added = [{**token, "special": token["content"] in tokens} for token in document["added_tokens"]]
    return {**document, "added_tokens": added}


def _respell(document: Mapping[str, Any], tokens: Collection[str]) -> dict[str, Any]:
    def name(token: str) -> str:
        return f"{token} " if token in tokens else token

    model = dict(document["model"])
    vocabulary = model["vocab"]
    if isinstance(vocabulary, list):
        model["vocab"] = [[name(piece), score] for piece, score in vocabulary]
    else:
        model["vocab"] = {name(piece): number for piece, number in vocabulary.items()}
    added = [{**token, "content": name(token["content"])} for token in document["added_tokens"]]
    return {**document, "model": model, "added_tokens": added}


def _can_forge(library: tokenizers.Tokenizer, roles: Mapping[Role, str], ids: Collection[int | None]) -> bool:
    texts = [
        text
        for token in roles.values()
        for form in ("{}", "{} ", " {} ", "a {} b", "a{}b", "{}{}")
        for text in (form.replace("{}", token), form.replace("{}", token).swapcase())
    ]
    encodings = library.encode_batch(texts, add_special_tokens=False)
    return any(number in ids for encoding in encodings for number in encoding.ids)
