"""Whether a network fits into the memory that is free, asked before anything is allocated."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from glassbert.errors import DataError, Problem
from glassbert.model.config import EncoderConfig, HeadConfig

BYTES_PER_PARAMETER = 4
PROC, CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")
# file names of limit and usage, and the line of memory.stat that counts pages the kernel gives back on demand
_VERSION_2 = ("memory.max", "memory.current", "inactive_file")
_VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def check_memory(encoder: EncoderConfig, head: HeadConfig, *, file: str | None = None) -> None:
    """Raise DataError with both numbers when the parameters alone exceed the free memory."""
    needed = BYTES_PER_PARAMETER * (encoder.num_parameters + head.num_parameters(encoder))
    fix = "correct the sizes in config.json, or use a machine with more memory"
    refuse_beyond(free_memory(), needed, what="the parameters need", fix=fix, file=file)


def refuse_beyond(free: int | None, needed: int, *, what: str, fix: str, file: str | None = None) -> None:
    """Raise DataError with both numbers when `needed` bytes are more than are free; None is not known."""
    if free is not None and needed > free:
        what = f"{what} {needed / 1e9:,.2f} GB, and {free / 1e9:,.2f} GB of memory are free"
        raise DataError(Problem(code="too-large", what=what, fix=fix, file=file))


def free_memory(*, proc: Path = PROC, cgroups: Path = CGROUPS) -> int | None:
    """Bytes that the machine and every control group of this process still give out; None if nobody tells."""
    known = [*_available(proc), *_left_in_groups(proc, cgroups)]
    return min(known) if known else None


def _available(proc: Path) -> Iterator[int]:
    for line in _lines(proc / "meminfo"):
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) * 1024
            return
    if hasattr(os, "sysconf") and proc == PROC:  # no /proc: macOS; not even sysconf: Windows
        yield os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _left_in_groups(proc: Path, cgroups: Path) -> Iterator[int]:
    for line in _lines(proc / "self" / "cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root, names = (cgroups / "memory", _VERSION_1) if controllers else (cgroups, _VERSION_2)
        group = root / path.strip("/")
        # a container may see its own group mounted at the root; a limit of any ancestor holds too
        for place in (group, *group.parents):
            if place.is_relative_to(root):
                yield from _left(place, *names)


def _left(group: Path, limit: str, usage: str, reclaimable: str) -> Iterator[int]:
    most, used = _number(group / limit), _number(group / usage)
    if most is not None and used is not None:
        pages = [
            int(line.split()[1]) for line in _lines(group / "memory.stat") if line.split()[0] == reclaimable
        ]
        yield max(most - used + sum(pages), 0)


def _number(path: Path) -> int | None:
    """The file's number; None when it is not there or says "max"."""
    lines = _lines(path)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii", errors="strict").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
