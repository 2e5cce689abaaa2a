"""What a run ran with: versions and hardware, as run.json holds them."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from glassbert import __version__
from glassbert.runs.devices import num_cores

VERSIONED = ("torch", "numpy", "tokenizers", "safetensors", "pandas", "scikit-learn")


def versions() -> dict[str, str]:
    """The versions of everything that enters into the numbers."""
    ours = {"glassbert": __version__, "python": platform.python_version()}
    return ours | {name: version(name) for name in VERSIONED}


def hardware(*, processes: int = 1) -> dict[str, Any]:
    """What the run ran on, and in how many processes if in several; no host name and no path, so that a run
    can be shown to anybody.
    """
    found: dict[str, Any] = {
        "processor": _processor(),
        "cores": num_cores(),
        "threads": torch.get_num_threads(),
        "system": sys.platform,
    }
    if processes > 1:
        found["processes"] = processes
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="strict").splitlines()
    except (OSError, UnicodeDecodeError):
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
