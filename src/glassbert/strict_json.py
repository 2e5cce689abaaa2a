"""JSON as RFC 8259 means it: no duplicate key, no NaN, no number out of range, bounded depth, sound text."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from glassbert.errors import DataError, Problem
from glassbert.storage import MEBIBYTE, read_file

MAX_BYTES = 64 * MEBIBYTE
MAX_DEPTH = 64
# transformers writes "no limit" as an integer of 31 digits; huge ones take quadratic time to read
MAX_DIGITS = 40
# an unterminated string is taken to the end, so that every quote is looked at once: linear in any input
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_FIX = "correct the file, or take it again from where it came"


def read_json(path: Path, *, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """The object in a JSON file.

    Errors: those of `storage.read_file`; DataError for anything that is not strict JSON.
    """
    value = parse_json(read_file(path, max_bytes=max_bytes), file=str(path))
    if not isinstance(value, dict):
        raise DataError(_problem("not-an-object", f"the file holds {_name(value)}, not an object", str(path)))
    return value


def parse_json(data: bytes, *, file: str, max_depth: int = MAX_DEPTH) -> Any:
    """The value written in `data`, UTF-8 with or without a byte order mark; DataError names the breach."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    _check_depth(data, file, max_depth)
    try:
        value = _DECODER.decode(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise DataError(_problem("not-utf-8", f"byte {error.start} is not UTF-8", file)) from error
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        raise DataError(Problem(code="not-json", what=error.msg, fix=_FIX, file=file, **place)) from error
    except Breach as breach:
        raise DataError(_problem(breach.code, breach.what, file)) from None
    if _SURROGATE_ESCAPE.search(data):
        _check_surrogates(value, file)
    return value


class Breach(Exception):
    """What the decoder refuses; turned into an error where the file's name is known."""

    def __init__(self, code: str, what: str) -> None:
        super().__init__(code, what)
        self.code = code
        self.what = what


def strict_decoder(*, max_digits: int) -> json.JSONDecoder:
    """A decoder that raises Breach for a key that occurs twice, NaN, infinity and numbers out of range."""

    def integer(digits: str) -> int:
        if len(digits) > max_digits:
            raise Breach("number-out-of-range", f"an integer of {len(digits):,} digits")
        return int(digits)

    return json.JSONDecoder(
        object_pairs_hook=_unique, parse_int=integer, parse_float=_float, parse_constant=_constant
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise Breach("duplicate-key", f"the key {twice[:100]!r} occurs twice in one object")
    return value


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise Breach("number-out-of-range", f"{digits[:40]} exceeds the largest double")
    return value


def _constant(name: str) -> Any:
    raise Breach("not-json", f"{name} is not a JSON number")


_DECODER = strict_decoder(max_digits=MAX_DIGITS)


def _check_depth(data: bytes, file: str, max_depth: int) -> None:
    """Nesting is counted before the parser runs, whose own depth is bounded by the stack."""
    # "[" and "{" differ in one bit only, and so do "]" and "}"
    outside = np.frombuffer(_STRING.sub(b"", data), dtype=np.uint8) | np.uint8(0x20)
    steps = (outside == ord("{")).astype(np.int8) - (outside == ord("}")).astype(np.int8)
    if steps.size and np.cumsum(steps, dtype=np.int64).max() > max_depth:
        raise DataError(_problem("too-deep", f"nested deeper than {max_depth} levels", file))


def _check_surrogates(value: Any, file: str) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        what = f"a string holds the lone surrogate U+{ord(error.object[error.start]):04X}"
        raise DataError(_problem("lone-surrogate", what, file)) from None


def _name(value: Any) -> str:
    return {list: "an array", str: "a string", type(None): "null", bool: "true or false"}.get(
        type(value), "a number"
    )


def _problem(code: str, what: str, file: str) -> Problem:
    return Problem(code=code, what=what, fix=_FIX, file=file)
