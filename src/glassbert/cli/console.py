"""What a command prints: sentences and progress on standard error, results on standard output."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from glassbert.errors import on_one_line

PLAIN_SECONDS = 10.0


class Step(Protocol):
    """What a progress line needs to know of a training step."""

    @property
    def step(self) -> int: ...
    @property
    def total_steps(self) -> int: ...
    @property
    def loss(self) -> float: ...
    @property
    def tokens_per_second(self) -> float: ...
    @property
    def eta_seconds(self) -> float: ...


def say(sentence: str) -> None:
    """A sentence for the person; standard error, so that standard output stays for results.

    Nobody may be listening any more (`2>&1 | head`, a closed terminal): that is no reason to stop working.
    """
    with suppress(OSError, ValueError):
        print(on_one_line(sentence), file=sys.stderr, flush=True)


def hear(sentence: str | None) -> None:
    """A note, where there is one."""
    if sentence is not None:
        say(f"note: {sentence}")


def emit(text: str) -> None:
    """A result on standard output; what its encoding lacks is written as an escape, never refused."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))


def emit_json(value: Any) -> None:
    """One line of JSON, the last line of standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=True, allow_nan=False) + "\n")


@contextmanager
def progress() -> Iterator[Any]:
    """Yield a function of a step: a bar with the time left on a terminal, a line now and then elsewhere."""
    if not sys.stderr.isatty():
        yield PlainProgress()
        return
    # a quarter of the time that --help takes would go into these imports
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (
        TextColumn("training"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("step {task.completed}/{task.total}  loss {task.fields[loss]:.3f}"),
        TextColumn("{task.fields[rate]:,.0f} tokens/s  {task.fields[left]} left"),
    )
    with Progress(*columns, console=Console(stderr=True, soft_wrap=True), transient=True) as bar:
        task = bar.add_task("training", total=None, loss=float("nan"), rate=0.0, left="?")

        def show(step: Step) -> None:
            bar.update(
                task,
                completed=step.step,
                total=step.total_steps,
                loss=step.loss,
                rate=step.tokens_per_second,
                left=duration(step.eta_seconds),
            )

        yield show


class PlainProgress:
    """A line at most every ten seconds, and one for the last step."""

    def __init__(self) -> None:
        self._next = time.monotonic()

    def __call__(self, step: Step) -> None:
        now = time.monotonic()
        if now < self._next and step.step != step.total_steps:
            return
        self._next = now + PLAIN_SECONDS
        say(
            f"step {step.step}/{step.total_steps}  loss {step.loss:.3f}  "
            f"{step.tokens_per_second:,.0f} tokens/s  {duration(step.eta_seconds)} left"
        )


def duration(seconds: float) -> str:
    """Seconds as a person reads them: 42 s, 3 min 05 s, 2 h 10 min."""
    if not 0 <= seconds < 1e7:
        return "?"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
