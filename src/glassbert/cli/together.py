"""A command that torchrun has started several times: one run, one report of it, one reason where it fails."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from glassbert.errors import GlassbertError

if TYPE_CHECKING:
    from glassbert.train.world import World

# how long a process that failed waits for the first one to say why, before it says so itself
PATIENCE_SECONDS = 3.0


@contextmanager
def together() -> Iterator[World]:
    """The world of this command, within the block.

    Where several processes fail the first prints the reason and all leave with its exit code. Whoever leaves
    first makes torchrun end the others, which are then about to leave with that code themselves: from there
    on they do not listen.
    """
    from glassbert.runs.world import world_of  # torch loads here, not for --help

    world = None
    try:
        with world_of(os.environ) as world:
            yield world
    except GlassbertError as error:
        if world is None or world.size == 1:
            raise
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        said = not world.is_first and world.said_by(0, seconds=PATIENCE_SECONDS) is not None
        world.leave(seconds=PATIENCE_SECONDS)
        if said:
            sys.exit(error.exit_code)
        raise
