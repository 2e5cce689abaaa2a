"""What computes: CPU threads, or a CUDA device that is really there."""

from __future__ import annotations

import ctypes
import os
import platform
import re
from pathlib import Path

import torch

from glassbert.errors import Problem, UsageError

# glibc's malloc.h; blocks below the first threshold come from the heap, which shrinks above the second
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 1 << 30
KEPT_BYTES_OF_ONE_BLOCK = 8 << 20
HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
DEVICE = re.compile(r"cpu|cuda(?::([0-9]{1,3}))?")


def refuse_device(device: str) -> None:
    """Raise UsageError for a device that this machine does not have."""
    match = DEVICE.fullmatch(device) if isinstance(device, str) else None
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
    keep_freed_memory()
    if threads is None:
        return None
    cores = num_cores()
    torch.set_num_threads(min(threads, cores))
    if threads <= cores:
        return None
    return f"--threads is {threads}, and there are {cores} cores: {cores} threads are used"


def keep_freed_memory() -> None:
    """Let the C library keep blocks below 8 MB that tensors give back, and take larger ones in huge pages.

    A training step frees and takes the same tens of megabytes again; without this each step pays for some two
    thousand page faults (measured: 2,200 a step before, 4 after). Blocks of all sizes in one heap leave holes
    that no later block fits: 220 steps of MiniLM's pre-training ended at 5.0 GB. Larger blocks go back to the
    system at once, which leaves 1.4 GB and costs no more time where a page fault brings 2 MB instead of 4 kB:
    Linux with transparent huge pages for whoever asks. Where there are none, everything is kept. glibc only.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    largest = KEPT_BYTES
    if has_huge_pages(HUGE_PAGES):
        # read by torch at its first tensor
        os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
        largest = KEPT_BYTES_OF_ONE_BLOCK
    library = ctypes.CDLL(None)
    library.mallopt(M_MMAP_THRESHOLD, largest)
    library.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


def has_huge_pages(setting: Path) -> bool:
    """Whether Linux gives huge pages to whoever asks for them, by what its file says."""
    try:
        return "[never]" not in setting.read_text(encoding="ascii")
    except OSError:
        return False


def num_cores() -> int:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
