"""Under a budget an update takes fewer sequences than the recipe's where there would be too few updates."""

from pathlib import Path
from typing import Any

import pytest

from glassbert.runs.pretraining import pretrain as home
from glassbert.runs.pretraining.batch_fit import ENOUGH, SMALLEST, fitted, probing
from glassbert.runs.pretraining.pretrain import Watchers
from glassbert.runs.pretraining.settings import settled
from glassbert.train.stop import Stop
from tests.runs.material import read_json
from tests.runs.pretraining.material import options, rows_of, run
from tests.runs.pretraining.test_resume import Killed, killed_at, same

PAPER, MODERN = settled({"budget": 60.0}), settled({"budget": 60.0, "recipe": "modern"})
SECONDS = 60.0


@pytest.mark.parametrize(
    ("updates_of_paper", "size"), [(0, 8), (31, 8), (63, 16), (250, 64), (999, 128), (1000, 256), (1e6, 256)]
)
def test_batches_shrink_until_there_are_enough_updates(updates_of_paper: float, size: int) -> None:
    found = fitted(PAPER, sequences=256 * updates_of_paper + 1)
    assert found.batch_size == size
    assert size in (SMALLEST, 256) or 256 * updates_of_paper / size >= ENOUGH > 256 * updates_of_paper / (
        2 * size
    )


def test_a_batch_that_shrinks_does_not_grow_and_the_recipes_does() -> None:
    few, many = (fitted(MODERN, sequences=64 * updates) for updates in (300, 2000))
    assert (few.batch_size, few.batch_ramp) == (16, 1)
    assert many == MODERN and (many.batch_size, many.batch_ramp) == (64, 4)
    small = settled({"budget": 60.0, "batch_size": 4})
    assert fitted(small, sequences=10) == small and probing(small).batch_size == 4


def unsaid(text: Path, out: Path, **changes: Any) -> Any:
    """A run with a budget and no word on its batches."""
    asked = options(text, out, steps=None, budget=SECONDS, **changes)
    del asked.settings["batch_size"], asked.settings["steps"]
    return asked


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that takes 16,000 sequences and five steps in whatever time there is."""
    monkeypatch.setattr(home, "sequences_per_second", lambda job: 17_000 / SECONDS)
    monkeypatch.setattr(home, "planned_steps", lambda job, seconds: 5)


@pytest.mark.usefixtures("slow")
def test_a_run_notes_its_batch_and_a_continued_one_keeps_it(text: Path, tmp_path: Path) -> None:
    said: list[str] = []
    whole = run(unsaid(text, tmp_path / "whole"), Watchers(say=said.append))
    entry = read_json(whole.path / "run.json")["config"]["batch_size"]
    assert (entry["value"], entry["from"]) == (16, "measured")
    assert entry["reason"].startswith("the recipe's 256 would leave some 6")
    assert any(each.startswith("note: updates of 16 sequences: the recipe's 256") for each in said)
    with pytest.raises(Killed):
        run(unsaid(text, tmp_path / "cut"), Watchers(on_step=killed_at(3)))
    run(options(text, tmp_path / "cut", resume=True))
    assert read_json(tmp_path / "cut" / "run.json")["config"]["batch_size"] == entry
    same(whole.path, tmp_path / "cut")


@pytest.mark.usefixtures("slow")
def test_what_is_said_stays(text: Path, tmp_path: Path) -> None:
    asked = options(text, tmp_path / "run", steps=None, budget=SECONDS)
    del asked.settings["steps"]
    found = home.pretrain(asked, stop=Stop())
    assert found.document["config"]["batch_size"] == {"value": 6, "from": "option", "reason": ""}
    assert len([row for row in rows_of(found.path) if "loss" in row]) == 5
