"""What computes: CPU threads, or a CUDA device that is really there."""

from __future__ import annotations

import os
import re

import torch

from glassbert.errors import Problem, UsageError

DEVICE = re.compile(r"cpu|cuda(?::([0-9]{1,3}))?")


def refuse_device(device: str) -> None:
    """Raise UsageError for a device that this machine does not have."""
    match = DEVICE.fullmatch(device)
    if match is None:
        raise UsageError(
            Problem(code="unknown-device", what=f"--device is {device!r}", fix="use cpu or cuda")
        )
    if device == "cpu":
        return
    if not torch.cuda.is_available():
        raise UsageError(Problem(code="no-cuda", what="there is no CUDA device here", fix="use --device cpu"))
    if int(match[1] or 0) >= torch.cuda.device_count():
        what = f"--device is {device!r}, and there are {torch.cuda.device_count()} CUDA devices"
        raise UsageError(Problem(code="no-cuda", what=what, fix="count from cuda:0"))


def use_threads(threads: int | None) -> str | None:
    """Set how many threads the CPU kernels use; returns a sentence when fewer are used than were asked for.

    More threads than cores only take turns, which is several times slower. Denormals, which slow some
    kernels down eighteenfold, are flushed to zero.
    """
    torch.set_flush_denormal(True)
    if threads is None:
        return None
    cores = num_cores()
    torch.set_num_threads(min(threads, cores))
    if threads <= cores:
        return None
    return f"--threads is {threads}, and there are {cores} cores: {cores} threads are used"


def num_cores() -> int:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
