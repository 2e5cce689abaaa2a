"""How a failure reaches a person: one line per problem on standard error, the right exit code, no
traceback.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from glassbert.errors import GlassbertError, on_one_line

INTERNAL, IO_ERROR, INTERRUPTED = 70, 74, 130


@contextmanager
def reported(*, debug: bool) -> Iterator[None]:
    """Run a command; leave the process with the exit code that failures.md gives to what happened.

    With `debug` the traceback comes first; the exit code is the same.
    """
    try:
        yield
        sys.stdout.flush()
    except GlassbertError as error:
        leave(error.exit_code, str(error), debug=debug)
    except BrokenPipeError:
        leave_quietly()
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # what rich makes of it, which prints the help
            leave_quietly()
        raise
    except KeyboardInterrupt:
        leave(INTERRUPTED, "interrupted", debug=debug)
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        what = f"{where}io-error: {error.strerror or error} — check the disk and the path"
        leave(IO_ERROR, on_one_line(what), debug=debug)
    except Exception as error:
        if is_usage_error(error):
            leave_usage(error)
        name = f"{type(error).__name__}: {error}".splitlines()[0]
        what = f"internal-error: {name} — this is our bug; run again with --debug and report it"
        leave(INTERNAL, what, debug=debug)


def is_usage_error(error: Any) -> bool:
    """Whether the command-line parser refused the words (typer carries its parser under changing names)."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def leave_usage(error: Any) -> NoReturn:
    """Say what the parser says and where to read more, and leave with 2; a bare command showed its help."""
    said = error.format_message()
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "glassbert"
    leave(int(error.exit_code), on_one_line(f"usage: {said} — see '{path} --help'") if said else "")


def leave_quietly() -> NoReturn:
    """The reader of our output has gone (`| head`): nothing is wrong, and nothing more can be said."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(0)


def leave(code: int, message: str, *, debug: bool = False) -> NoReturn:
    """Print to standard error, whatever the terminal's encoding, and exit."""
    with suppress(OSError):
        sys.stdout.flush()
    if debug:
        traceback.print_exc()
    if message:
        with suppress(OSError):
            sys.stderr.buffer.write(
                (message + "\n").encode(sys.stderr.encoding or "ascii", "backslashreplace")
            )
            sys.stderr.flush()
    sys.exit(code)


def open_streams() -> None:
    """A closed standard stream (`>&-`) becomes one that swallows what is written."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
