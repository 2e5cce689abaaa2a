"""The output directory, held by one process: empty for a new run, or with the run that is resumed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from glassbert.runs.directory import RunDirectory, is_half, refuse_foreign, refuse_full
from glassbert.train.lock import NAME as LOCK
from glassbert.train.lock import RunLock


@contextmanager
def claimed(path: Path, *, resume: bool, overwrite: bool) -> Iterator[RunDirectory | None]:
    """Hold `path` within the block, and yield the recorded run with `resume`, else None.

    Nothing is written here, and nothing removed but what a process left that died while it wrote: a run that
    is to be overwritten is there until the new one begins, and a directory made for a run that never began is
    removed again. Raises MissingInputError when there is
    nothing to resume, OutputError when the place is taken or held by another process.
    """
    if resume:
        RunDirectory.open(path)
        with RunLock(path):
            tidy(path)
            yield RunDirectory.open(path)  # again: whoever held it until now may have finished it
        return
    refuse = refuse_foreign if overwrite else refuse_full
    refuse(path)
    was_there = path.is_dir()
    with RunLock(path):
        try:
            refuse(path)
            for half in filter(is_half, list(path.iterdir())):
                with suppress(OSError):
                    half.unlink()
            yield None
        except BaseException:
            if not was_there:
                _remove_if_unused(path)
            raise


def _remove_if_unused(path: Path) -> None:
    if [held.name for held in path.iterdir()] == [LOCK]:
        with suppress(OSError):
            (path / LOCK).unlink()
            path.rmdir()


def tidy(path: Path) -> None:
    """Remove what a dead process left half-written; call it only while the run is held."""
    for folder in (path, path / "model", path / "model" / "1_Pooling"):
        for half in folder.glob(".tmp-*"):
            with suppress(OSError):
                shutil.rmtree(half) if half.is_dir() else half.unlink()
