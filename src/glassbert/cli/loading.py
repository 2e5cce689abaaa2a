"""What verbs that read a model do first, and say while they do it."""

from __future__ import annotations

from typing import Any

from glassbert.cli.console import hear, say


def load_aloud(
    model: str, *, device: str, threads: int | None, base: str | None = None, scheme: Any = None
) -> Any:
    """The model, on the device and with the threads asked for; what is odd about it is said."""
    from glassbert.runs.devices import use_threads  # torch loads here, not for --help
    from glassbert.runs.models import load

    hear(use_threads(threads))
    loaded = load(model, device=device, base=base, scheme=scheme)
    for warning in loaded.warnings:
        say(f"note: {warning}")
    return loaded


def hear_window(record: Any) -> None:
    """Say which window a record shows, where its text has several."""
    if record.num_windows > 1:
        last = record.num_windows - 1
        hear(f"the text is longer than the model: this is window {record.window} of 0 to {last}")
