"""`glassbert demo`: the bundled data become a judged model and a report, offline, in its own directory."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from glassbert.runs.resolve import DEFAULT_MODEL
from tests.cli.process import Answer
from tests.runs.material import read_json

Inside = Callable[..., Answer]


def test_the_demo_with_a_small_model(
    inside: Inside, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory of the bundled model's name wins over it."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(encoder, DEFAULT_MODEL)
    answer = inside("demo", "--json")
    assert answer.code == 0, answer.err
    assert answer.out.count("\n") == 1
    assert answer.json["run"] == "glassbert-demo"
    assert set(answer.json["baselines"]) == {"majority", "tfidf"}
    assert answer.json["total_steps"] > 0
    assert "2,985 sentences" in answer.err and "No network is used." in answer.err
    document = read_json(Path("glassbert-demo/run.json"))
    assert sum(document["data"]["sizes"].values()) == 2985
    assert Path("glassbert-demo/report.html").stat().st_size > 100_000
    first = document["run_id"]
    answer = inside("demo", "--budget", "1s")  # an earlier demo is replaced
    assert answer.code == 0, answer.err
    assert read_json(Path("glassbert-demo/run.json"))["run_id"] != first
    assert "the budget left time for" in answer.err


def test_the_demo_replaces_nothing_but_a_demo(inside: Inside, finished: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "run"))
    before = (out / "run.json").read_bytes()
    answer = inside("demo", "--out", out)
    assert answer.code == 73
    assert "output-exists" in answer.err
    assert (out / "run.json").read_bytes() == before


def test_the_bundled_model_is_found_by_its_name(minilm: Path, inside: Inside) -> None:
    answer = inside("evaluate", "minilm", "absent.csv")
    assert (answer.code, len(answer.problems)) == (2, 1)
    assert "the model 'minilm' is an encoder" in answer.err
