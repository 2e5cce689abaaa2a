"""Settings that a resumed run is given anew: by name, recorded, and none that would belie what was done."""

import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from glassbert.errors import UsageError
from glassbert.runs.data import DataOptions
from glassbert.runs.finetune import finetune
from glassbert.runs.options import FinetuneOptions
from glassbert.runs.override import FREE, overridden
from glassbert.runs.settings import Settings
from glassbert.train.stop import Stop
from tests.runs.material import read_json, said_by
from tests.runs.test_resume import silent, stopped  # noqa: F401 - a fixture

OTHER: dict[str, Any] = {
    "learning_rate": 1e-3, "layer_decay": 0.8, "weight_decay": 0.1, "warmup_ratio": 0.3,
    "lr_scheduler_type": "constant", "max_grad_norm": 0.5, "hidden_dropout": 0.3, "attention_dropout": 0.2,
    "label_smoothing": 0.1, "evaluations_per_epoch": 1.0, "patience": 9, "budget": 600.0,
}  # fmt: skip
FIXED = sorted({field.name for field in fields(Settings)} - set(FREE))


def resumed_with(out: Path, settings: dict[str, Any], *keys: str) -> FinetuneOptions:
    return silent(out, settings=settings, resume_override=keys)


def test_every_free_setting_can_change_at_once_and_is_recorded(
    stopped: Path,  # noqa: F811
    finished: Path,
) -> None:
    assert set(OTHER) == set(FREE)
    before = read_json(stopped / "run.json")["config"]
    done, _ = said_by(resumed_with(stopped, OTHER, *FREE))
    config = read_json(stopped / "run.json")["config"]
    for name, value in OTHER.items():
        reason = f"changed on a resume with --resume-override; it was {before[name]['value']!r}"
        assert config[name] == {"value": value, "from": "option", "reason": reason}
    assert {name: config[name] for name in FIXED} == {name: before[name] for name in FIXED}
    assert done.document["result"]["total_steps"] == 18
    weights = "model/model.safetensors"
    assert (stopped / weights).read_bytes() != (finished / weights).read_bytes()


def test_what_was_overridden_is_recorded_for_the_next_resume(stopped: Path) -> None:  # noqa: F811
    said_by(resumed_with(stopped, {"patience": 9}, "patience"))
    with pytest.raises(UsageError, match="patience: recorded 9, asked for 20"):
        said_by(silent(stopped, settings={"patience": 20}))


def test_only_what_is_named_may_differ(stopped: Path) -> None:  # noqa: F811
    with pytest.raises(UsageError) as caught:
        said_by(resumed_with(stopped, {"patience": 9, "weight_decay": 0.5, "seed": 4}, "patience"))
    assert [str(problem) for problem in caught.value.problems] == [
        "changed-setting: weight_decay: recorded 0.01, asked for 0.5 — leave the option out to go on with "
        "what is recorded, or add --resume-override weight_decay",
        "changed-setting: seed: recorded 0, asked for 4 — leave the option out to go on with what is "
        "recorded, or start a new run",
    ]
    assert read_json(stopped / "run.json")["config"]["patience"]["value"] != 9


@pytest.mark.parametrize("name", FIXED)
def test_what_numbers_steps_or_compares_checkpoints_stays(name: str) -> None:
    with pytest.raises(UsageError, match=f"--resume-override {name} cannot change within a run"):
        overridden([name], {name: getattr(Settings(), name)})


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("learning_rate", "learning_rate"),
        ("--learning-rate", "learning_rate"),
        ("lr", "learning_rate"),
        ("lr-scheduler-type", "lr_scheduler_type"),
        ("early_stopping_patience", "patience"),
    ],
)
def test_a_key_is_understood_as_the_option_is(key: str, name: str) -> None:
    assert overridden([key], {name: 1, "seed": 0}) == {name: 1}


@pytest.mark.parametrize(
    ("key", "said"),
    [("patiance", "is no setting — did you mean patience?"), ("patience", "is given no value")],
)
def test_a_key_without_sense_is_refused(key: str, said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        overridden([key], {})


def test_a_finished_run_cannot_be_changed(finished: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "run"))
    with pytest.raises(UsageError, match="the run is finished: no step is left"):
        said_by(resumed_with(out, {"patience": 9}, "patience"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"resume": True, "overwrite": True}, "--resume and --overwrite are both given"),
        ({"resume_override": ("patience",)}, "changes a run that is continued — add --resume"),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, more: dict[str, Any], said: str) -> None:
    wanted = replace(FinetuneOptions(data=DataOptions(train="a.csv"), out=tmp_path / "run"), **more)
    with pytest.raises(UsageError, match=said):
        finetune(wanted, stop=Stop())
    assert not (tmp_path / "run").exists()
