"""One of the processes that tests/runs/test_world.py starts: `together.py DIRECTORY RANK SIZE`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from glassbert.errors import GlassbertError
from glassbert.runs.finetune import Watchers, finetune
from glassbert.runs.pretraining.pretrain import PretrainOptions, pretrain
from glassbert.runs.world import world_of
from glassbert.train.stop import Stop
from glassbert.train.world import World
from tests.runs.material import options
from tests.runs.pretraining import material as pretraining


def differing(world: World, place: Path, rank: int) -> Any:
    """Each process with files, settings and a model of its own."""
    data, model = (("rows.csv", "encoder"), ("other.csv", "cased"))[rank]
    wanted = options(place / data, place / model, place / "differing", epochs=1 + rank)
    return finetune(wanted, stop=Stop(), world=world)


def whole(world: World, place: Path, rank: int) -> Any:
    heard: list[str] = []
    watchers = Watchers(on_step=lambda report: heard.append(str(report.step)))
    wanted = options(place / "rows.csv", place / "encoder", place / "whole", epochs=9)
    finetune(wanted, stop=Stop(), watchers=watchers, world=world)
    return {"heard": len(heard)}


def resumed(world: World, place: Path, rank: int) -> Any:
    """Go on with what one process has begun; only the first has the directory."""
    out = place / ("resumed" if rank == 0 else "nowhere")
    wanted = options(place / "rows.csv", place / "encoder", out, epochs=9, resume=True)
    finetune(wanted, stop=Stop(), world=world)
    return {"there": out.exists()}


def pretrained(world: World, place: Path, rank: int) -> Any:
    """Masked words and next sentences, of which the processes have unequal shares."""
    pretrain(from_text(place, "pretrained"), stop=Stop(), world=world)


def from_text(place: Path, out: str) -> PretrainOptions:
    return pretraining.options(place / "text.txt", place / out, steps=12, batch_size=7, learning_rate=1e-3)


def taken(world: World, place: Path, rank: int) -> Any:
    """The first process alone sees that there is a run already."""
    return finetune(options(place / "rows.csv", place / "encoder", place / "whole"), stop=Stop(), world=world)


WORK: tuple[Callable[[World, Path, int], Any], ...] = (differing, whole, resumed, pretrained, taken)

if __name__ == "__main__":
    place, rank = Path(sys.argv[1]), int(sys.argv[2])
    told: dict[str, Any] = {}
    try:
        with world_of(os.environ) as world:
            for work in WORK:
                try:
                    told[work.__name__] = work(world, place, rank)
                except GlassbertError as error:
                    told[work.__name__] = {"exit_code": error.exit_code, "text": str(error)}
                    if work is WORK[-1]:
                        raise
    except GlassbertError:
        pass
    (place / f"told-{rank}.json").write_text(json.dumps(told))
