"""`glassbert tune` with real, tiny runs: what lies on disk, resume after a stop, bad input."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from glassbert.errors import DataError, Interrupted, OutputError, UsageError
from glassbert.runs.finetune import Watchers
from glassbert.runs.tuning import tune as module
from glassbert.runs.tuning.space import refuse_missing
from glassbert.runs.tuning.tune import TuneOptions, tune
from glassbert.train.stop import Stop
from tests.cli.process import Answer, inside
from tests.runs.material import options, read_json

__all__ = ["inside"]
FIXED = {"batch_size": 16, "epochs": 1}


def wanted(rows: Path, encoder: Path, out: Path, **changes: Any) -> TuneOptions:
    own = {name: changes.pop(name) for name in ("trials", "seeds", "budget") if name in changes}
    request = replace(options(rows, encoder, out, **changes), settings={}, config=FIXED)
    return TuneOptions(finetune=request, **{"budget": 600.0, "trials": 3, "seeds": 1, **own})


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, rows: Path, encoder: Path) -> Path:
    """Stopped within its second trial, then continued to its end."""
    out = tmp_path_factory.mktemp("tuned") / "search"
    stop, said = Stop(), []

    def hear(sentence: str) -> None:
        said.append(sentence)
        if sentence.startswith("trial-001"):
            stop.request()

    with pytest.raises(Interrupted):
        tune(wanted(rows, encoder, out), stop=stop, watchers=Watchers(say=hear))
    assert read_json(out / "tune.json")["status"] == "stopped"
    tune(wanted(rows, encoder, out, resume=True), stop=Stop())
    return out


def test_a_stopped_search_is_finished_and_hands_over_a_run(searched: Path) -> None:
    found = read_json(searched / "tune.json")
    assert found["status"] == "finished" and [each["number"] for each in found["trials"]] == [0, 1, 2]
    assert set(found["trials"][0]["settings"]) == {"learning_rate", "layer_decay"}, "epochs are fixed"
    assert found["defaults"]["epochs"] == 1
    winner = read_json(searched / found["ending"]["winner"] / "run.json")
    assert winner["status"] == "finished"
    assert (searched / found["ending"]["winner"] / "model" / "model.safetensors").is_file()
    assert winner["config"]["batch_size"]["value"] == 16
    assert found["ending"]["claim"]["outcome"] in ("better", "no better")
    assert not list(searched.glob("trials/*/checkpoints")) and not list(searched.glob("trials/*/model"))


def test_the_rows_of_the_score_take_no_part_in_the_search(searched: Path) -> None:
    judged = set(read_json(searched / "default-seed-0" / "run.json")["data"]["split"]["evaluation_rows"])
    assert len(judged) == 24
    for trial in sorted(searched.glob("trials/*/run.json")):
        data = read_json(trial)["data"]
        chosen = {*data["split"]["evaluation_rows"], *data["split"]["validation_rows"]}
        assert not chosen & judged
        assert sum(data["sizes"].values()) == 120 - len(judged)


def test_a_finished_search_has_nothing_left_to_do(
    searched: Path, rows: Path, other: Path, encoder: Path
) -> None:
    before = (searched / "tune.json").read_bytes()
    said: list[str] = []
    found = tune(
        wanted(rows, encoder, searched, resume=True), stop=Stop(), watchers=Watchers(say=said.append)
    )
    assert found["status"] == "finished" and "nothing is left to do" in said[-1]
    assert (searched / "tune.json").read_bytes() == before
    with pytest.raises(OutputError, match="output-exists"):
        tune(wanted(rows, encoder, searched), stop=Stop())
    with pytest.raises(DataError, match="changed-data"):
        tune(wanted(other, encoder, searched, resume=True), stop=Stop())
    with pytest.raises(UsageError, match="most trials is not what"):
        tune(wanted(rows, encoder, searched, resume=True, trials=5), stop=Stop())


def test_senseless_requests_are_refused_and_leave_nothing(
    rows: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "search"
    for changes in ({"trials": 1}, {"seeds": 0}, {"budget": -1.0}, {"resume": True, "overwrite": True}):
        with pytest.raises(UsageError):
            tune(wanted(rows, encoder, out, **changes), stop=Stop())
    every = dict.fromkeys(module.SEARCHED, 1) | {"max_length": 16}
    request = wanted(rows, encoder, out)
    with pytest.raises(UsageError, match="nothing-to-search"):
        tune(replace(request, finetune=replace(request.finetune, config=every)), stop=Stop())
    with pytest.raises(UsageError, match="two-budgets"):
        tune(replace(request, finetune=replace(request.finetune, config={"budget": 9})), stop=Stop())
    assert not out.exists()
    monkeypatch.setattr("glassbert.runs.tuning.space.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"optuna-missing.*glassbert\[tune\]"):
        refuse_missing()


def test_the_command_prints_a_table_and_one_object(
    searched: Path, rows: Path, encoder: Path, tmp_path: Path, inside: Callable[..., Answer]
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("batch_size = 16\nepochs = 1\n")
    words = (
        "tune", rows, "--model", encoder, "--out", searched, "--budget", "10m", "--trials", "3",
        "--seeds", "1", "--config", config, "--resume",
    )  # fmt: skip
    answer = inside(*words)
    assert answer.code == 0 and "the defaults" in answer.out
    assert max(map(len, answer.out.splitlines())) <= 90
    assert inside(*words, "--json").json["ending"] == read_json(searched / "tune.json")["ending"]
    assert inside("tune", rows, "--out", tmp_path / "x", "--budget", "soon").code == 2
    assert inside("tune", rows).code == 2
    assert inside("tune", tmp_path / "none.csv", "--out", tmp_path / "x").code == 66
    assert inside("tune", rows, "--out", tmp_path / "x", "--resume").code == 66
