"""Stopping on request: the first signal asks, the second one leaves."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STOPPING = (signal.SIGINT, signal.SIGTERM)
END = b"\0"  # no signal has the number 0


class Stop:
    """A flag that a signal, or a caller, raises and the loop reads between two steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def request(self) -> None:
        self._event.set()


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Within the block the first SIGINT or SIGTERM sets the flag, the second ends the process (130 or 143).

    Outside the main thread no handler can be installed, and the flag is set by `request` alone.
    A thread reads the signals from a pipe that the interpreter's C handler writes to: a Python handler would
    wait for the end of a long tensor operation, and two signals that arrive in it would be merged into one.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    watcher = threading.Thread(target=_watch, args=(reader, stop), name="glassbert-stop", daemon=True)
    # a signal that the parent chose to ignore (nohup) stays ignored
    heard = [number for number in STOPPING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _seen) or signal.SIG_DFL for number in heard}
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    watcher.start()
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.write(writer, END)
        watcher.join()
        os.close(writer)
        os.close(reader)


def _watch(reader: int, stop: Stop) -> None:
    while (received := os.read(reader, 1)) != END:
        number = received[0]
        if number not in STOPPING:
            continue
        if stop.requested:
            os._exit(128 + number)
        stop.request()


def _seen(number: int, frame: object) -> None:
    """The watcher has seen it: a handler has to be there only so that the default one is not."""
