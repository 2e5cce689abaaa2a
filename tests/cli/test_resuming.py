"""Rows X5, X6 and X11 of failures.md: going on with a run, with what is recorded or with what is named."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from glassbert.train.checkpoint import Checkpoints
from glassbert.train.log import read_metrics
from tests.cli.process import Answer, begin, ended, glassbert, wait_for
from tests.runs.material import read_json

Inside = Callable[..., Answer]
# far more steps than any test waits for, and no reason to stop before
ENDLESS = ("--epochs", "5000", "--patience", "1000000", "--batch-size", "16", "--lr", "1e-4", "--no-report")


def run_id(out: Path) -> str:
    return str(read_json(out / "run.json")["run_id"])


def intact(out: Path) -> tuple[int, ...]:
    """The steps of the checkpoints of which every byte verifies."""
    return Checkpoints(out / "checkpoints", run_id=run_id(out)).list()


def steps_of(out: Path) -> list[int]:
    return [row["step"] for row in read_metrics(out / "metrics.jsonl") if "loss" in row]


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory, rows: Path, encoder: Path) -> tuple[Path, Answer]:
    """A process that got Ctrl-C once, after its first checkpoint."""
    place = tmp_path_factory.mktemp("interrupted")
    process = begin("finetune", rows, "--model", encoder, "--out", "run", *ENDLESS, cwd=place)
    wait_for(lambda: any(place.glob("run/checkpoints/step-*")), process)
    return place / "run", ended(process, by=signal.SIGINT)


@pytest.fixture
def stopped(interrupted: tuple[Path, Answer], tmp_path: Path) -> Iterator[Path]:
    yield Path(shutil.copytree(interrupted[0], tmp_path / "run"))


def test_the_first_ctrl_c_saves_and_says_how_to_go_on(interrupted: tuple[Path, Answer]) -> None:
    out, answer = interrupted
    assert (answer.code, answer.out) == (75, "")
    last = answer.err.splitlines()[-1]
    assert last == (
        f"stopped: stopped on request after step {steps_of(out)[-1]} of 30000; everything is saved — "
        "run the same command with --resume"
    )
    assert "Traceback" not in answer.err
    assert read_json(out / "run.json")["status"] == "stopped"
    assert max(intact(out)) == steps_of(out)[-1]
    assert not (out / "model").exists()


def test_the_second_ctrl_c_leaves_at_once_and_harms_nothing(
    inside: Inside, stopped: Path, rows: Path
) -> None:
    """Both signals are sent while the process sleeps, so that no machine is too fast or too slow for it."""
    before, size = intact(stopped), (stopped / "metrics.jsonl").stat().st_size
    process = begin("finetune", "--resume", "--out", "run", cwd=stopped.parent)
    wait_for(lambda: (stopped / "metrics.jsonl").stat().st_size > size + 500, process)
    for words in (("--resume",), (str(rows), "--overwrite")):  # nobody else may touch it meanwhile
        refused = inside("finetune", *words, "--out", stopped)
        assert refused.code == 73
        assert str(process.pid) in refused.err
    for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM):
        process.send_signal(number)
    answer = ended(process, by=signal.SIGCONT)
    assert answer.code in (128 + signal.SIGINT, 128 + signal.SIGTERM)
    assert "Traceback" not in answer.err
    after = intact(stopped)
    assert after and max(after) >= max(before)
    answer = glassbert(
        *("finetune", "--resume", "--out", "run", "--budget", "1s", "--resume-override", "budget"),
        *("--no-report", "--json"),
        cwd=stopped.parent,
    )
    assert answer.code == 0, answer.err
    assert answer.json["stopped_because"] == "budget"
    assert answer.json["total_steps"] >= max(after)


@pytest.mark.parametrize("verb", ["evaluate", "predict"])
def test_a_run_that_was_stopped_has_no_model_yet(
    inside: Inside, stopped: Path, other: Path, verb: str
) -> None:
    answer = inside(verb, stopped, other)
    assert answer.code == 66
    assert answer.err.startswith(f"{stopped}: run-unfinished: the run has not finished")
    assert answer.err.count("\n") == 1


def test_an_override_must_be_named(inside: Inside, stopped: Path) -> None:
    again = ("finetune", "--resume", "--out", stopped, "--no-report", "--budget", "1s")
    answer = inside(*again, "--learning-rate", "1e-3", "--resume-override", "budget")
    assert answer.code == 2
    assert answer.problems == [
        "changed-setting: learning_rate: recorded 0.0001, asked for 0.001 — leave the option out to go on "
        "with what is recorded, or add --resume-override learning_rate"
    ]
    keys = ("--resume-override", "budget", "--resume-override", "learning-rate")
    answer = inside(*again, "--learning-rate", "1e-3", *keys)
    assert answer.code == 0, answer.err
    config = read_json(stopped / "run.json")["config"]
    assert config["learning_rate"]["value"] == 1e-3
    assert config["learning_rate"]["reason"].endswith("it was 0.0001")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--resume --resume-override epochs --epochs 9", "epochs cannot change within a run"),
        ("--resume --resume-override patiance", "did you mean patience?"),
        ("--resume --resume-override patience", "patience is given no value"),
        ("--resume --overwrite", "--resume and --overwrite are both given"),
        ("--resume-override patience --patience 3", "add --resume"),
    ],
)
def test_an_override_without_sense_is_refused(
    inside: Inside, interrupted: tuple[Path, Answer], words: str, said: str
) -> None:
    out = interrupted[0]
    before = (out / "run.json").read_bytes()
    answer = inside("finetune", "--out", out, *words.split())
    assert answer.code == 2
    assert said in answer.err and answer.err.count("\n") == 1
    assert (out / "run.json").read_bytes() == before


def test_resume_auto_starts_fresh_and_says_so_then_goes_on(
    inside: Inside, rows: Path, encoder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    words = ("finetune", rows, "--model", encoder, "--out", out, "--epochs", "0.5", "--no-report")
    answer = inside(*words, "--resume=auto")
    assert answer.code == 0
    assert f"note: there is no run in {out} yet: starting fresh" in answer.err.splitlines()
    first = run_id(out)
    answer = inside(*words, "--resume=auto")
    assert answer.code == 0
    assert "starting fresh" not in answer.err and "this run is finished" in answer.err
    assert run_id(out) == first


def test_resume_auto_takes_no_directory_of_another(inside: Inside, rows: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").touch()
    answer = inside("finetune", rows, "--out", tmp_path, "--resume=auto")
    assert answer.code == 73
    assert "output-exists" in answer.err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_run_without_an_intact_checkpoint_is_missing_input(inside: Inside, stopped: Path) -> None:
    for state in stopped.glob("checkpoints/step-*/state.json"):
        state.write_text("{}")
    answer = inside("finetune", "--resume", "--out", stopped)
    assert answer.code == 66
    assert "no intact checkpoint" in answer.err
