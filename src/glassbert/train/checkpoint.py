"""Checkpoints of a run: staged, synced, sealed, then renamed, so that one that is listed always loads.

checkpoints/step-N/ holds module.safetensors, optimizer.safetensors, state.json and manifest.json. A directory
whose name begins with a dot is one that is being written, replaced or removed; `collect` tidies what a dead
process left.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from glassbert.durable import storage_errors, sync, write_flushed
from glassbert.errors import DataError, MissingInputError, Problem, StorageError
from glassbert.train.manifest import HASHING_THREADS, build_manifest, damaged, describe, read_manifest, verify
from glassbert.train.manifest import NAME as MANIFEST

MODULE, OPTIMIZER, STATE = "module.safetensors", "optimizer.safetensors", "state.json"
STAGED, REPLACED = ".tmp-", ".old-"
STEP = re.compile(r"step-(0|[1-9][0-9]*)")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What one checkpoint holds, verified."""

    step: int
    directory: Path
    module: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    state: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Latest:
    """The newest intact checkpoint, if there is one, and why newer ones were passed over."""

    checkpoint: Checkpoint | None
    skipped: tuple[Problem, ...]


class Checkpoints:
    """The checkpoints of one run in `directory`: the newest `keep`, the best and `milestones` stay.

    `milestones` are steps that the loop saves for whoever looks back on the way; the rest is removed.
    """

    def __init__(
        self, directory: Path, *, run_id: str, keep: int = 2, milestones: Collection[int] = ()
    ) -> None:
        self.directory = directory
        self.run_id = run_id
        self.keep = keep
        self.milestones = frozenset(milestones)

    def save(
        self,
        step: int,
        *,
        module: Mapping[str, Tensor],
        optimizer: Mapping[str, Tensor],
        state: Mapping[str, Any],
        best_step: int | None = None,
    ) -> Path:
        """Write step-`step` and return its directory once it would survive a power cut.

        A checkpoint of that step is replaced; those of later steps belong to a future that the run has left
        and are removed. Errors: OutputError, StorageError; whatever was there before is then still there.
        """
        staged = self.directory / f"{STAGED}step-{step}-{os.getpid()}"
        target = self._path(step)
        contents = {MODULE: _on_host(module), OPTIMIZER: _on_host(optimizer)}
        with storage_errors(target):
            self._make_directory()
            try:
                tensors = _fill(staged, contents, state)
                manifest = build_manifest(staged, tensors, run_id=self.run_id, step=step)
                write_flushed(staged / MANIFEST, [manifest])
                sync(staged)
                self._put(staged, target)
            finally:
                shutil.rmtree(staged, ignore_errors=True)
        self._retain(step, best_step)
        return target

    def _make_directory(self) -> None:
        """The run directory must be there: one that was moved away is not begun again under its old name."""
        if not self.directory.is_dir():
            self.directory.mkdir()
            sync(self.directory.parent)

    def _put(self, staged: Path, target: Path) -> None:
        """Rename into place; a directory cannot replace a full one, so the old one steps aside first."""
        aside = target.with_name(f"{REPLACED}{target.name}")
        if target.exists():
            target.rename(aside)
        try:
            staged.rename(target)
        except OSError:
            self.collect()
            raise
        sync(self.directory)
        shutil.rmtree(aside, ignore_errors=True)

    def _retain(self, step: int, best_step: int | None) -> None:
        past = [kept for kept in self.steps() if kept <= step]
        milestones = self.milestones.intersection(past)
        keep = {*past[-self.keep :], *milestones, best_step, step}
        for other in self._all_steps():
            if other not in keep:
                self._remove(self._path(other))

    def _remove(self, path: Path) -> None:
        """Under a name that is not listed first, so that no half-removed checkpoint is ever seen."""
        doomed = path.with_name(f"{STAGED}removed-{path.name}")
        try:
            path.rename(doomed)
        except OSError:
            return  # what cannot be removed costs room and nothing else; the next save tries again
        shutil.rmtree(doomed, ignore_errors=True)

    def collect(self) -> None:
        """Tidy what a dead process left half-way; call it only while holding the run's lock."""
        if not self.directory.is_dir():
            return
        for path in sorted(self.directory.iterdir()):
            original = path.with_name(path.name.removeprefix(REPLACED))
            if path.name.startswith(REPLACED) and not original.exists():
                path.rename(original)
            elif path.name.startswith((STAGED, REPLACED)):
                shutil.rmtree(path, ignore_errors=True)

    def steps(self) -> tuple[int, ...]:
        """The steps whose manifest is sound and whose files have the right sizes; reads no tensor."""
        return tuple(step for step in self._all_steps() if self._is_sound(step, read_manifest))

    def list(self) -> tuple[int, ...]:
        """The steps whose every byte verifies, in ascending order."""
        return tuple(step for step in self._all_steps() if self._is_sound(step, verify))

    def latest(self) -> Latest:
        """The intact checkpoint of the highest step, passing over damaged ones.

        Errors: DataError for a checkpoint of another run or of a newer format, which is nothing to pass over.
        """
        skipped: list[Problem] = []
        for step in reversed(self._all_steps()):
            try:
                return Latest(checkpoint=self.load(step), skipped=tuple(skipped))
            except DataError as error:
                if error.problems[0].code != "checkpoint-damaged":
                    raise
                skipped += error.problems
        return Latest(checkpoint=None, skipped=tuple(skipped))

    def load(self, step: int) -> Checkpoint:
        """The checkpoint of `step`, after its hashes are verified.

        Errors: MissingInputError; DataError for damage, another run's checkpoint, a newer format.
        """
        path = self._path(step)
        if not path.is_dir():
            fix = f"choose one of {', '.join(map(str, self._all_steps())) or '(none)'}"
            raise MissingInputError(
                Problem(
                    code="no-checkpoint",
                    what=f"there is no checkpoint of step {step}",
                    fix=fix,
                    file=str(path),
                )
            )
        manifest = verify(path)
        if manifest["step"] != step:
            raise damaged(path, f"it was written as step {manifest['step']}")
        if manifest["run_id"] != self.run_id:
            what = f"the checkpoint belongs to run {manifest['run_id']}, this is run {self.run_id}"
            fix = "resume the run that wrote it, or start a new one in another directory"
            raise DataError(Problem(code="checkpoint-of-another-run", what=what, fix=fix, file=str(path)))
        return Checkpoint(
            step=step,
            directory=path,
            module=load_file(path / MODULE),
            optimizer=load_file(path / OPTIMIZER),
            state=json.loads((path / STATE).read_bytes()),
        )

    def _path(self, step: int) -> Path:
        return self.directory / f"step-{step}"

    def _all_steps(self) -> tuple[int, ...]:
        """By number: neither the clock nor a file's time says which checkpoint is newer."""
        found = (STEP.fullmatch(path.name) for path in self.directory.glob("step-*"))
        return tuple(sorted(int(match[1]) for match in found if match))

    def _is_sound(self, step: int, check: Callable[[Path], object]) -> bool:
        try:
            check(self._path(step))
        except DataError:
            return False
        return True


def _on_host(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def _fill(
    staged: Path, contents: Mapping[str, Mapping[str, Tensor]], state: Mapping[str, Any]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Write and sync the files, and describe their tensors in other threads meanwhile."""
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    with ThreadPoolExecutor(HASHING_THREADS) as pool:
        described = {file: pool.map(describe, tensors.values()) for file, tensors in contents.items()}
        for file, tensors in contents.items():
            _save_tensors(staged / file, tensors)
        write_flushed(staged / STATE, [json.dumps(state, allow_nan=False).encode()])
        return {file: dict(zip(contents[file], described[file], strict=True)) for file in contents}


def _save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    try:
        save_file(dict(tensors), path)
    except SafetensorError as error:
        fix = "make room or mend the disk, then resume: the checkpoints before this one are intact"
        raise StorageError(Problem(code="write-failed", what=str(error), fix=fix, file=str(path))) from error
    sync(path)
