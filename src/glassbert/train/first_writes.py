"""What only the first of several processes writes: checkpoints, whose fate all learn, and the log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from glassbert.errors import GlassbertError
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.log import MetricsLog
from glassbert.train.told import told, understood
from glassbert.train.world import World


class SharedCheckpoints(Checkpoints):
    """Checkpoints that the first process writes while the others wait; a save that fails, fails in all.

    The others need no directory: a run is loaded by the first process, too.
    """

    def __init__(
        self, directory: Path, *, world: World, run_id: str, milestones: Collection[int] = ()
    ) -> None:
        super().__init__(directory, run_id=run_id, milestones=milestones)
        self.world = world

    def save(
        self,
        step: int,
        *,
        module: Mapping[str, Tensor],
        optimizer: Mapping[str, Tensor],
        state: Mapping[str, Any],
        best_step: int | None = None,
    ) -> Path:
        failure: GlassbertError | None = None
        if self.world.is_first:
            try:
                super().save(step, module=module, optimizer=optimizer, state=state, best_step=best_step)
            except GlassbertError as error:
                failure = error
        said = self.world.share(None if failure is None else told(failure))
        if said is not None:
            raise failure or understood(said)
        return self.directory / f"step-{step}"


class NoLog(MetricsLog):
    """The log of a process that writes none; warnings are kept for whoever asks."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.warnings: list[str] = []

    @property
    def empty(self) -> bool:
        return True

    def write(self, row: Mapping[str, Any]) -> None:
        """The first process writes it."""

    def event(self, name: str, *, step: int, **details: Any) -> None:
        """The first process writes it."""

    def keep(self, name: str, content: bytes) -> None:
        """The first process writes it."""

    def sync(self) -> None:
        """Nothing was written."""

    def close(self) -> None:
        """Nothing was opened."""
