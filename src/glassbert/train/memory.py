"""How much memory the process has needed at most."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def current_rss_mb() -> float:
    """The resident set of this process now, in MiB; the peak where the system does not tell."""
    return _status("VmRSS:") or peak_rss_mb()


def peak_rss_mb() -> float:
    """The largest resident set of this process so far, in MiB.

    Linux's VmHWM is preferred: getrusage reports at least the size that the parent had when it forked.
    """
    if found := _status("VmHWM:"):
        return found
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def _status(name: str) -> float | None:
    if STATUS.exists():
        for line in STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
    return None
