"""How a failure reaches a person: one line per problem on standard error, the right exit code, no
traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from glassbert.errors import GlassbertError

INTERNAL, INTERRUPTED = 70, 130


@contextmanager
def reported(*, debug: bool) -> Iterator[None]:
    """Run a command; leave the process with the exit code that failures.md gives to what happened.

    With `debug` nothing is caught, so that the traceback shows.
    """
    if debug:
        yield
        return
    try:
        yield
        sys.stdout.flush()
    except GlassbertError as error:
        leave(error.exit_code, str(error))
    except BrokenPipeError:
        # the reader of our output has gone (`| head`): nothing is wrong, and nothing more can be said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        leave(INTERRUPTED, "interrupted")
    except Exception as error:
        if is_usage_error(error):
            leave_usage(error)
        name = f"{type(error).__name__}: {error}".splitlines()[0]
        leave(INTERNAL, f"internal-error: {name} — this is our bug; run again with --debug and report it")


def is_usage_error(error: Any) -> bool:
    """Whether the command-line parser refused the words (typer carries its parser under changing names)."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def leave_usage(error: Any) -> NoReturn:
    """Say what the parser says, with the command's usage, and leave with 2."""
    context = getattr(error, "ctx", None)
    usage = f"{context.get_usage()}\n" if context is not None else ""
    leave(int(error.exit_code), f"{usage}usage: {error.format_message()}")


def leave(code: int, message: str) -> NoReturn:
    """Print to standard error, whatever the terminal's encoding, and exit."""
    sys.stdout.flush()
    sys.stderr.buffer.write((message + "\n").encode(sys.stderr.encoding or "ascii", "backslashreplace"))
    sys.stderr.flush()
    sys.exit(code)
