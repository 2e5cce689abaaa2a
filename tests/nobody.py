"""Tests of closed directories run as root too, which may write everywhere: for a moment they are nobody."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def as_nobody(inside: Path) -> Iterator[None]:
    """Run the block without root's rights, with all directories above ``inside`` open."""
    if os.geteuid() != 0:
        yield
        return
    for parent in inside.absolute().parents:
        mode = parent.stat().st_mode
        if mode & 0o055 != 0o055:
            parent.chmod(mode | 0o055)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
