"""Rows X1 to X6 and X10 of failures.md: what the command line refuses, with which words and which code."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.cli.process import Answer, glassbert
from tests.runs.material import read_json

Inside = Callable[..., Answer]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("finetune a.csv --epoch 3", "No such option: --epoch (Possible options: --epochs, --report)"),
        ("finetune a.csv --learning-rte 3", "No such option: --learning-rte"),
        ("predict m --txt a", "No such option: --txt"),
        ("evaluate", "Missing argument"),
        ("finetune --epochs", "Option '--epochs' requires an argument."),
        ("finetune a.csv --epochs three", "Invalid value for '--epochs'"),
        ("finetune a.csv --batch-size 2.5", "Invalid value for '--batch-size'"),
        ("finetune a.csv --threads 0", "Invalid value for '--threads'"),
        ("fintune a.csv", "No such command 'fintune'. Did you mean 'finetune', 'tune'?"),
        ("--bogus", "No such option: --bogus"),
    ],
)
def test_words_that_are_unknown_are_refused_in_one_line(inside: Inside, words: str, said: str) -> None:
    answer = inside(*words.split())
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert answer.err.startswith(f"usage: {said}")
    assert "--help'" in answer.err


def test_the_process_itself_says_the_same_and_leaves_with_2() -> None:
    answer = glassbert("finetune", "a.csv", "--learning-rte", "3")
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert "--learning-rate" in answer.err


def test_the_nearest_option_is_suggested(inside: Inside) -> None:
    assert "--learning-rate" in inside("finetune", "a.csv", "--learning-rte", "3").err
    assert "--text-column" in inside("finetune", "a.csv", "--text-colum", "x").err


def test_a_bare_command_shows_its_help(inside: Inside) -> None:
    answer = inside()
    assert answer.code == 2
    for verb in ("demo", "finetune", "evaluate", "predict", "report"):
        assert verb in answer.out + answer.err


@pytest.mark.parametrize("words", ["--help", "-h", "finetune --help", "predict -h", "--version"])
def test_help_and_version_are_no_failure(inside: Inside, words: str) -> None:
    answer = inside(*words.split())
    assert (answer.code, answer.err) == (0, "")
    assert answer.out


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--lr", "1e400"),
        ("--lr", "nan"),
        ("--lr", "-1"),
        ("--learning_rate", "0"),
        ("--epochs", "0"),
        ("--num_train_epochs", "-2"),
        ("--epochs", "inf"),
        ("--batch-size", "0"),
        ("--per_device_train_batch_size", "-8"),
        ("--max-length", "2"),
        ("--seed", "-1"),
        ("--patience", "0"),
        ("--weight-decay", "nan"),
        ("--layer-decay", "1.5"),
        ("--gradient-accumulation-steps", "0"),
        ("--optimizer", "adam"),
        ("--lr-scheduler-type", "cubic"),
        ("--metric", "f2"),
        ("--class-weights", "heavy"),
    ],
)
def test_values_without_sense_are_refused_before_anything_happens(
    inside: Inside, tmp_path: Path, option: str, value: str
) -> None:
    answer = inside("finetune", tmp_path / "absent.csv", "--out", tmp_path / "run", option, value)
    assert answer.code == 2
    assert answer.err.startswith("bad-setting: --") and answer.err.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("value", ["", "0", "10 minutes", "-5s", "nan", "1e400", "5d"])
def test_a_budget_without_sense_is_refused(inside: Inside, tmp_path: Path, value: str) -> None:
    answer = inside("finetune", "a.csv", "--out", tmp_path / "run", "--budget", value)
    assert (answer.code, answer.err) == (
        2,
        f"bad-duration: --budget is {value!r} — write 90s, 10m or 2h\n",
    )


def test_more_tokens_than_positions_are_refused(
    inside: Inside, rows: Path, encoder: Path, tmp_path: Path
) -> None:
    answer = inside("finetune", rows, "--model", encoder, "--out", tmp_path / "run", "--max-len", "1024")
    assert answer.code == 2
    assert answer.problems == [
        "too-long: --max-length 1024: the model has positions for 19 tokens — give at most 19"
    ]


def test_a_full_directory_is_refused_and_a_run_can_be_replaced(
    inside: Inside, rows: Path, encoder: Path, finished: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "run"))
    words = ("finetune", rows, "--model", encoder, "--out", out, "--epochs", "0.5", "--no-report")
    answer = inside(*words)
    assert answer.code == 73
    assert answer.problems == [
        f"{out}: output-exists: the output directory is not empty (checkpoints, metrics.jsonl, model, ...) — "
        "choose another --out, continue it with --resume, or replace it with --overwrite"
    ]
    assert inside(*words, "--overwrite").code == 0
    assert read_json(out / "run.json")["run_id"] != read_json(finished / "run.json")["run_id"]
    (out / "thesis.docx").touch()
    answer = inside(*words, "--overwrite")
    assert answer.code == 73
    assert (
        "not-a-run: the directory is not a run of glassbert, and is not removed (it holds thesis.docx)"
        in answer.err
    )


def test_resuming_with_other_settings_shows_what_differs(
    inside: Inside, finished: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "run"))
    answer = inside(
        "finetune", "--resume", "--out", out, "--epochs", "5", "--seed", "3", "--encoding", "utf-16"
    )
    assert answer.code == 2
    assert [line.partition(" — ")[0] for line in answer.err.splitlines()] == [
        "changed-setting: read: recorded {}, asked for {'encoding': 'utf-16'}",
        "changed-setting: epochs: recorded 3, asked for 5.0",
        "changed-setting: seed: recorded 0, asked for 3",
    ]


def test_a_configuration_file_on_a_resume_is_compared_too(
    inside: Inside, finished: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "run"))
    (tmp_path / "c.toml").write_text("hidden_dropout = 0.4\n")
    answer = inside("finetune", "--resume", "--out", out, "--config", tmp_path / "c.toml")
    assert answer.code == 2
    assert "hidden_dropout: recorded 0.1, asked for 0.4" in answer.err


def test_resuming_where_no_run_is_is_missing_input(inside: Inside, tmp_path: Path) -> None:
    answer = inside("finetune", "--resume", "--out", tmp_path / "nowhere")
    assert answer.code == 66
    assert answer.err.count("\n") == 1
    assert "no-run: there is no run here to resume or read (no run.json)" in answer.err
    assert not (tmp_path / "nowhere").exists()


def test_resuming_a_finished_run_says_so(inside: Inside, finished: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "run"))
    answer = inside("finetune", "--resume", "--out", out, "--no-report", "--json")
    assert answer.code == 0
    assert "this run is finished: nothing is left to do" in answer.err
    assert answer.json["metrics"] == read_json(finished / "run.json")["result"]["metrics"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
@pytest.mark.parametrize("verb", ["finetune", "evaluate", "predict"])
def test_a_gpu_that_is_not_there_is_refused(inside: Inside, finished: Path, rows: Path, verb: str) -> None:
    words = {
        "finetune": ("finetune", rows, "--out", "never"),
        "evaluate": ("evaluate", finished, rows),
        "predict": ("predict", finished, "--text", "a"),
    }[verb]
    answer = inside(*words, "--device", "cuda")
    assert (answer.code, answer.problems) == (
        2,
        ["no-cuda: there is no CUDA device here — use --device cpu"],
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("finetune", "a.csv"), 2, "no-output: --out is missing — name a directory: --out RUN"),
        (("finetune", "--out", "run"), 2, "no-data: TRAIN is missing — name a file of labelled texts"),
        (("predict", "m"), 2, "nothing-to-predict: give either DATA or --text — give a file, or --text TEXT"),
        (("predict", "m", "a.csv", "--text", "b"), 2, "nothing-to-predict: give either DATA or --text"),
        (("finetune", "a.csv", "--out", "run", "--config", "c.toml"), 66, "c.toml: cannot-read: "),
        (("finetune", "a.csv", "--out", "run", "--task", "sentiment"), 2, "unknown-task: there is no task"),
    ],
)
def test_what_is_missing_is_said(
    inside: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple, code: int, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = inside(*words)
    assert answer.code == code
    assert answer.err.startswith(said) and answer.err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "content", "code", "said"),
    [
        ("c.toml", "epochs = ", 2, "bad-config"),
        ("c.json", "[1]", 2, "it is not an object"),
        ("c.json", "{", 2, "bad-config"),
        ("c.json", '{"epochs": NaN}', 2, "--epochs is nan"),
        ("c.toml", "epoch = 3", 2, "--epoch is no setting — did you mean epochs?"),
        ("c.toml", "epochs = 0", 2, "--epochs is 0"),
        ("c.toml", "epochs = 1\nnum_train_epochs = 2", 2, "given twice"),
        ("c.toml", "class_weights = 3", 2, "--class-weights is 3"),
    ],
)
def test_a_configuration_without_sense_is_refused(
    inside: Inside, tmp_path: Path, name: str, content: str, code: int, said: str
) -> None:
    (tmp_path / name).write_text(content)
    answer = inside("finetune", "a.csv", "--out", tmp_path / "run", "--config", tmp_path / name)
    assert answer.code == code
    assert said in answer.err and answer.err.count("\n") == 1


def test_the_names_of_transformers_reach_the_run(
    inside: Inside, rows: Path, encoder: Path, tmp_path: Path
) -> None:
    words = (
        "--num_train_epochs 0.5 --per_device_train_batch_size 8 --learning_rate 1e-3 --max_seq_length 12 "
        "--weight_decay 0.02 --lr_scheduler_type cosine --gradient_accumulation_steps 2 "
        "--metric_for_best_model mcc"
    ).split()
    answer = inside("finetune", rows, "--model", encoder, "--out", tmp_path / "run", "--no-report", *words)
    assert answer.code == 0, answer.err
    config = {
        name: entry["value"] for name, entry in read_json(tmp_path / "run" / "run.json")["config"].items()
    }
    assert config["epochs"] == 0.5
    assert config["batch_size"] == 8
    assert config["learning_rate"] == 1e-3
    assert config["max_length"] == 12
    assert config["weight_decay"] == 0.02
    assert config["lr_scheduler_type"] == "cosine"
    assert config["gradient_accumulation_steps"] == 2
    assert config["metric"] == "mcc"
