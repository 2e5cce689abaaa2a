"""Whether an answer stands in its context where its offset says, and if not, how the offset went wrong.

Offsets count characters (code points). Files that were made in Java or JavaScript count UTF-16 units, of
which an emoji is two; others count bytes of UTF-8, or characters of a text that was normalised later.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from glassbert.text.quoting import quoted

Why = tuple[str, str, str]  # code, what, fix
FORMS = ("NFC", "NFD", "NFKC", "NFKD")


def misplaced(context: str, answer: str, start: int) -> Why | None:
    """None where `context` holds `answer` at character `start`; else code, what is wrong, and the remedy."""
    if start >= 0 and context.startswith(answer, start):
        return None
    unit = next(
        (unit for unit, there in COUNTED.items() if start >= 0 and there(context, answer, start)), None
    )
    nearest = _nearest(context, answer, start)
    if unit is not None and nearest is not None:
        what = f"answer_start {start} of {quoted(answer)}: offsets look like {unit}; in characters {nearest}"
        return "offset-unit", what, "count characters (Unicode code points)"
    form = _form(context, answer, start)
    if form is not None:
        what = f"the answer {quoted(answer)} is in the context only after normalisation of both ({form})"
        return "answer-normalised", what, "normalise both alike, and count answer_start again"
    if nearest is None:
        what = f"the answer {quoted(answer)} is not in the context"
        return "answer-not-in-context", what, "copy the answer from the context, letter by letter"
    found = quoted(context[start : start + len(answer)]) if start >= 0 else "nothing"
    what = f"answer_start {start} points at {found}, and the answer {quoted(answer)} begins at {nearest}"
    return "wrong-offset", what, f"correct answer_start, perhaps to {nearest}"


def _nearest(context: str, answer: str, start: int) -> int | None:
    """Where the answer begins that is nearest to `start`; None where it is nowhere."""
    before = context.rfind(answer, 0, max(start, 0) + len(answer))
    after = context.find(answer, max(start, 0))
    found = [place for place in (before, after) if place >= 0]
    return min(found, key=lambda place: abs(place - start)) if found else None


def _utf_16(context: str, answer: str, start: int) -> bool:
    units = context.encode("utf-16-le", "surrogatepass")
    return units.startswith(answer.encode("utf-16-le", "surrogatepass"), 2 * start)


def _utf_8(context: str, answer: str, start: int) -> bool:
    return context.encode("utf-8", "surrogatepass").startswith(answer.encode("utf-8", "surrogatepass"), start)


COUNTED: dict[str, Callable[[str, str, int], bool]] = {"UTF-16 units": _utf_16, "bytes of UTF-8": _utf_8}


def _form(context: str, answer: str, start: int) -> str | None:
    """The normalisation that puts the answer in its place, or anywhere where as it is it is nowhere."""
    nowhere = answer not in context
    for form, change in _changes().items():
        whole, part = change(context), change(answer)
        if (whole, part) != (context, answer) and (
            (start >= 0 and whole.startswith(part, start)) or (nowhere and part in whole)
        ):
            return form
    return None


def _changes() -> dict[str, Callable[[str], str]]:
    def normal(form: str) -> Callable[[str], str]:
        return lambda text: unicodedata.normalize(form, text)  # type: ignore[arg-type]

    lines = {"line ends": lambda text: text.replace("\r\n", "\n").replace("\r", "\n")}
    return lines | {form: normal(form) for form in FORMS}
