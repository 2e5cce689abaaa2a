"""Scores of tokens as lines of text, for terminals and for files."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from glassbert.cli.console import duration, say
from glassbert.errors import on_one_line

BAR_WIDTH = 20
SECONDS_BETWEEN = 10.0
# seconds that a person waits without asking why
LONG = 5.0
# blue and yellow: told apart by nearly every eye; the sign says the same
FOR, AGAINST, PLAIN = "\x1b[34m", "\x1b[33m", "\x1b[0m"


class PassProgress:
    """Says the cost before much work, as soon as two batches show the pace; then how far it has come."""

    def __init__(self) -> None:
        self._began: tuple[float, int] | None = None
        self._next = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._began is None:
            self._began = (now, done)
            return
        left = (now - self._began[0]) / max(done - self._began[1], 1) * (total - done)
        if now < self._next or (not self._next and left < LONG):
            return
        if not self._next:
            say(f"about {total:,} forward passes of the text, {duration(left)}")
        else:
            say(f"forward pass {done:,} of about {total:,}  {duration(left)} left")
        self._next = now + SECONDS_BETWEEN


def coloured() -> bool:
    """Whether standard output is a terminal that wants colours."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def table(record: Any, *, colour: bool | None = None) -> str:
    """The target, and for every method its tokens with scores and its verdict.

    Without `colour` the terminal is asked whether it wants any.
    """
    colour = coloured() if colour is None else colour
    lines = [_headline(record)]
    for method in record.methods:
        lines += ["", method.method, *_rows(record.tokens, method.scores.tolist(), colour=colour)]
        lines.append(on_one_line(method.verdict))
    if len(record.methods) > 1:
        lines += ["", "agreement (rank correlation)", *_agreement(record)]
    return "".join(f"{line}\n" for line in lines)


def _headline(record: Any) -> str:
    label = on_one_line(record.target)
    where = "" if record.position is None else f" at token {record.position}"
    scale = "log-odds" if record.kind == "log-odds" else "logit"
    return (
        f"{label}{where}: {record.unit} {record.prediction:.3f}, {scale} {record.explained:+.3f} "
        f"({record.masked:+.3f} with every token replaced by {record.replaced_by})"
    )


def _rows(tokens: tuple[str, ...], scores: list[float], *, colour: bool) -> list[str]:
    largest = max(map(abs, scores)) or 1.0
    rows = []
    for token, score in zip(tokens, scores, strict=True):
        bar = ("█" * round(abs(score) / largest * BAR_WIDTH)).ljust(BAR_WIDTH)
        if colour:
            bar = f"{FOR if score > 0 else AGAINST}{bar}{PLAIN}"
        rows.append(f"{score:+10.4f}  {bar}  {on_one_line(token)}")
    return rows


def _agreement(record: Any) -> list[str]:
    names = [method.method for method in record.methods]
    width = max(map(len, names))
    return [
        f"{name.ljust(width)}  " + "  ".join(f"{value:+.2f}" for value in row)
        for name, row in zip(names, record.agreement.tolist(), strict=True)
    ]
