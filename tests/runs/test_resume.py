"""Stopping, dying and going on: the same weights as if nothing had happened, or a refusal that says why."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from glassbert.errors import DataError, Interrupted, MissingInputError, UsageError
from glassbert.runs.data import DataOptions
from glassbert.runs.finetune import Watchers, finetune
from glassbert.runs.options import FinetuneOptions
from glassbert.text.options import ReadOptions
from glassbert.train.log import read_metrics
from glassbert.train.plan import StepReport
from glassbert.train.stop import Stop
from tests.runs.material import options, read_json, said_by, write_rows

CAMPAIGN = Path(__file__).with_name("kill_campaign.py")
KILLS = int(os.environ.get("GLASSBERT_KILLS", "6"))


def stop_after(wanted: FinetuneOptions, step: int, *, of: int = 18) -> list[str]:
    """Run until a stop is asked for after so many steps; every sentence that was said."""
    stop, said = Stop(), []

    def on_step(report: StepReport) -> None:
        if report.step == step:
            stop.request()

    with pytest.raises(Interrupted, match=f"after step {step} of {of}") as caught:
        finetune(wanted, stop=stop, watchers=Watchers(say=said.append, on_step=on_step))
    assert "--resume" in str(caught.value)
    return said


@pytest.fixture
def stopped(tmp_path: Path, rows: Path, encoder: Path) -> Path:
    """A run that was stopped after 8 of 18 steps."""
    stop_after(options(rows, encoder, tmp_path / "run"), 8)
    return tmp_path / "run"


def silent(out: Path, **said: object) -> FinetuneOptions:
    """`--resume --out OUT` and nothing else, but for what is said."""
    return replace(FinetuneOptions(data=DataOptions(), out=out, resume=True), **said)


def same_bits(out: Path, finished: Path) -> bool:
    names = ("model/model.safetensors", "predictions.csv")
    return all((out / name).read_bytes() == (finished / name).read_bytes() for name in names)


def test_a_stopped_run_says_so_and_goes_on_to_the_same_bits(stopped: Path, finished: Path) -> None:
    before = read_json(stopped / "run.json")
    assert before["status"] == "stopped"
    assert not (stopped / "model").exists()
    done, said = said_by(silent(stopped))
    assert done.is_finished
    assert same_bits(stopped, finished)
    after = read_json(stopped / "run.json")
    for name in ("run_id", "created", "command", "config", "request", "data", "model", "labels"):
        assert after[name] == before[name], name
    assert not any("first step" in sentence for sentence in said)


def test_stopping_many_times_changes_nothing(
    tmp_path: Path, rows: Path, encoder: Path, finished: Path
) -> None:
    stop_after(options(rows, encoder, tmp_path / "run"), 1)
    for step in (2, 3, 11):
        stop_after(silent(tmp_path / "run"), step)
    said_by(silent(tmp_path / "run"))
    assert same_bits(tmp_path / "run", finished)
    steps = [row["step"] for row in read_metrics(tmp_path / "run" / "metrics.jsonl") if "loss" in row]
    assert steps == list(range(1, 19))


def test_what_a_file_said_of_labels_and_seed_survives_a_resume(
    tmp_path: Path, rows: Path, encoder: Path
) -> None:
    config = {"label_smoothing": 0.2, "class_weights": {"good": 3.0}, "seed": 3}
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    said_by(options(rows, encoder, whole, config=config))
    stop_after(options(rows, encoder, parts, config=config), 7)
    said_by(silent(parts))
    assert same_bits(parts, whole)


def test_a_damaged_checkpoint_is_passed_over_and_said(stopped: Path, finished: Path) -> None:
    steps = sorted(int(path.name.removeprefix("step-")) for path in (stopped / "checkpoints").iterdir())
    assert steps[-1] == 8 and len(steps) >= 2
    weights = stopped / "checkpoints" / "step-8" / "module.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    _, said = said_by(silent(stopped))
    assert any("does not match its SHA-256" in sentence for sentence in said), said
    assert same_bits(stopped, finished)


def test_without_any_intact_checkpoint_nothing_is_begun_in_silence(stopped: Path) -> None:
    for path in (stopped / "checkpoints").glob("step-*/state.json"):
        path.write_text("{}")
    with pytest.raises(MissingInputError, match="no intact checkpoint"):
        said_by(silent(stopped))


def test_a_run_that_died_before_its_first_checkpoint_says_that_it_starts_again(
    stopped: Path, finished: Path
) -> None:
    shutil.rmtree(stopped / "checkpoints")
    _, said = said_by(silent(stopped))
    assert "note: no checkpoint was written yet: the recorded run starts from its first step" in said
    assert same_bits(stopped, finished)


def test_a_checkpoint_that_stepped_aside_is_found_again(
    tmp_path: Path, rows: Path, encoder: Path, finished: Path
) -> None:
    """A kill between the two renames that replace a checkpoint leaves the old one under another name."""
    stop_after(options(rows, encoder, tmp_path / "run"), 2)
    checkpoints = tmp_path / "run" / "checkpoints"
    assert [path.name for path in checkpoints.iterdir()] == ["step-2"]
    (checkpoints / "step-2").rename(checkpoints / ".old-step-2")
    _, said = said_by(silent(tmp_path / "run"))
    assert not any("first step" in sentence for sentence in said)
    assert same_bits(tmp_path / "run", finished)


def test_a_lost_best_checkpoint_does_not_lose_the_run(tmp_path: Path, rows: Path, encoder: Path) -> None:
    """At this rate no weight moves: no loss is lower than the first, which thus stays the best."""
    out = tmp_path / "run"
    stop_after(options(rows, encoder, out, learning_rate=1e-30, metric="loss"), 8)
    checkpoints = out / "checkpoints"
    best = read_json(checkpoints / "step-8" / "state.json")["best_step"]
    assert best < 8
    shutil.rmtree(checkpoints / f"step-{best}")
    done, said = said_by(silent(out))
    assert any("the weights of the last step are used" in sentence for sentence in said), said
    assert any(f"there is no checkpoint of step {best} " in sentence for sentence in said), said
    assert done.is_finished
    assert done.document["result"]["best_step"] == done.document["result"]["total_steps"] == 18


def test_changed_settings_are_refused_with_a_line_each(stopped: Path, rows: Path) -> None:
    wanted = silent(
        stopped,
        settings={"epochs": 5, "learning_rate": 8e-3, "seed": 1},
        config={"hidden_dropout": 0.5},
        model="other",
        device="cuda:9",
        data=DataOptions(text_column="label", fail_on_leak=True, read=ReadOptions(encoding="utf-16")),
    )
    with pytest.raises(UsageError) as caught:
        finetune(replace(wanted, device=None), stop=Stop())
    lines = {problem.what.partition(":")[0]: problem.what for problem in caught.value.problems}
    assert set(lines) == {"epochs", "seed", "hidden_dropout", "model", "text_column", "fail_on_leak", "read"}
    assert lines["epochs"] == "epochs: recorded 3, asked for 5"
    assert lines["read"] == "read: recorded {}, asked for {'encoding': 'utf-16'}"
    assert {problem.code for problem in caught.value.problems} == {"changed-setting"}


def test_what_is_said_again_unchanged_is_fine(
    stopped: Path, rows: Path, encoder: Path, finished: Path
) -> None:
    said_by(replace(options(rows, encoder, stopped), resume=True))
    assert same_bits(stopped, finished)


def test_changed_data_are_refused(tmp_path: Path, encoder: Path) -> None:
    data, judged = write_rows(tmp_path / "rows.csv"), write_rows(tmp_path / "judged.csv", 30, seed=2)
    stop_after(options(data, encoder, tmp_path / "run", evaluation=judged), 2, of=21)
    content = judged.read_text()
    judged.write_text(content.replace("fine", "good"))
    with pytest.raises(DataError, match=r"the evaluation data is not what the run began with"):
        said_by(silent(tmp_path / "run"))
    judged.write_text(content)
    data.write_text(data.read_text() + "one more film is fine .,good\n")
    with pytest.raises(DataError, match="the train data is not what the run began with") as caught:
        said_by(silent(tmp_path / "run"))
    assert caught.value.problems[0].file == str(data)
    assert read_json(tmp_path / "run" / "run.json")["status"] == "stopped"


def test_data_that_moved_are_found_where_they_are_said_to_be(
    tmp_path: Path, encoder: Path, finished: Path
) -> None:
    data = write_rows(tmp_path / "rows.csv")
    stop_after(options(data, encoder, tmp_path / "run"), 4)
    data.rename(tmp_path / "elsewhere.csv")
    with pytest.raises(MissingInputError, match=r"rows\.csv"):
        said_by(silent(tmp_path / "run"))
    said_by(silent(tmp_path / "run", data=DataOptions(train=tmp_path / "elsewhere.csv")))
    assert same_bits(tmp_path / "run", finished)


def test_a_finished_run_has_nothing_left_to_do(tmp_path: Path, finished: Path, rows: Path) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "run"))
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.name != ".lock"}
    _, said = said_by(silent(out))
    assert said == ["this run is finished: nothing is left to do"]
    assert before == {path: path.stat().st_mtime_ns for path in before}
    with pytest.raises(UsageError, match="epochs: recorded 3, asked for 5"):
        said_by(silent(out, settings={"epochs": 5}))
    other = write_rows(tmp_path / "other.csv", 50)
    with pytest.raises(DataError, match="the train data is not"):
        said_by(silent(out, data=DataOptions(train=other)))


def test_no_run_is_missing_input(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="start one without --resume"):
        said_by(silent(tmp_path))


def test_a_run_json_that_does_not_say_what_was_asked_is_refused(stopped: Path) -> None:
    document = read_json(stopped / "run.json")
    del document["request"]["read"]
    (stopped / "run.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match="'read' is missing or wrong"):
        said_by(silent(stopped))


def test_other_surroundings_are_said(stopped: Path) -> None:
    document = read_json(stopped / "run.json")
    document["versions"]["torch"] = "2.11.0"
    document["hardware"]["threads"] = 77
    (stopped / "run.json").write_text(json.dumps(document))
    _, said = said_by(silent(stopped))
    assert sum("weights may differ in their last bits" in sentence for sentence in said) == 2


@pytest.mark.timeout(30 + 45 * KILLS)
def test_kills_at_any_moment_change_no_bit() -> None:
    """Six of them; GLASSBERT_KILLS=50 makes the campaign that docs/log.md reports."""
    command = [sys.executable, str(CAMPAIGN), "--kills", str(KILLS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=45 * KILLS)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["kills"] >= KILLS
    assert result["cut_short"].get("checkpoint", 0) >= 1
    assert result["differing"] == result["left_over"] == []
