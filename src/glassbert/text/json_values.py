"""JSON without its traps: repeated keys, NaN, infinity, giant integers, deep nesting, lone surrogates."""

from __future__ import annotations

import re

from glassbert.strict_json import Breach, strict_decoder

MAX_DEPTH = 64
MAX_DIGITS = 4300  # CPython's own default; beyond it, conversion time grows with the square
FIXES = {
    "duplicate-key": "keep one of them",
    "number-out-of-range": "correct the number, or write it as a string if it is an identifier",
    "not-json": "use null, or leave the row out",
}
MAYBE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
KINDS: dict[type, str] = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    type(None): "null",
}
ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\.", re.DOTALL)
_decoder = strict_decoder(max_digits=MAX_DIGITS)


class Refused(Exception):
    """JSON that the standard library would accept, and this project does not: why, and how to mend it."""

    def __init__(self, code: str, what: str, *, fix: str, position: int | None = None) -> None:
        super().__init__(code, what)
        self.code = code
        self.what = what
        self.fix = fix
        self.position = position


def read_value(text: str, start: int = 0) -> tuple[object, int]:
    """The JSON value that begins at `start`, and where it ends.

    Errors: json.JSONDecodeError for what is not JSON; Refused for what is, and must not be used.
    """
    try:
        value, end = _decoder.raw_decode(text, start)
    except RecursionError as error:
        raise _too_deep() from error
    except Breach as breach:
        raise Refused(breach.code, breach.what, fix=FIXES[breach.code]) from None
    if isinstance(value, dict) and _is_deep(value):
        raise _too_deep()
    if text.find("\\u", start, end) >= 0 and MAYBE_SURROGATE.search(text, start, end):
        _refuse_lone_surrogate(text, start, end)
    return value, end


def _too_deep() -> Refused:
    return Refused("nested-too-deep", f"depth > {MAX_DEPTH}", fix="flatten the row to named values")


def _is_deep(value: object) -> bool:
    """Whether lists and objects are nested deeper than MAX_DEPTH; level by level, not by recursion."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent) if isinstance(child, dict | list)]
        if not level:
            return False
    return True


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _refuse_lone_surrogate(text: str, start: int, end: int) -> None:
    """Half of a pair cannot be encoded, printed or tokenised: Refused with its position."""
    high: int | None = None  # where an unanswered high surrogate stands
    after_high = -1
    for match in ESCAPE.finditer(text, start, end):
        code = int(match[1], 16) if match[1] else 0
        if high is not None and match.start() == after_high and 0xDC00 <= code <= 0xDFFF:
            high = None
            continue
        if high is not None:
            break
        if 0xDC00 <= code <= 0xDFFF:
            high = match.start()
            break
        if 0xD800 <= code <= 0xDBFF:
            high, after_high = match.start(), match.end()
    if high is not None:
        escape = text[high : high + 6]
        what = f"{escape} is half of a surrogate pair, not a character"
        raise Refused("lone-surrogate", what, fix="write the character itself, or both halves", position=high)
