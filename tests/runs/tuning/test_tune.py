"""`glassbert tune` with real, tiny runs: what lies on disk, resume after a stop, bad input."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassbert as gb
from glassbert.errors import DataError, Interrupted, OutputError, UsageError
from glassbert.lens.search_record import SearchRecord
from glassbert.runs.finetune import Watchers
from glassbert.runs.tuning import tune as module
from glassbert.runs.tuning.space import refuse_missing
from glassbert.runs.tuning.tune import TuneOptions, tune
from glassbert.runs.tuning.tuned import Tuned
from glassbert.show.report import report_records
from glassbert.train.stop import Stop
from tests.cli.process import Answer, inside
from tests.runs.material import options, read_json, texts_and_labels, write_rows

__all__ = ["inside"]
# a shuffling of the labels with which the trial comes out ahead
SHUFFLED = 1
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
    assert not list(searched.glob("trials/*/checkpoints")) and not list(searched.glob("trials/*/model"))


def test_the_report_of_the_winner_draws_the_search(searched: Path) -> None:
    found = read_json(searched / "tune.json")
    _, record = report_records(searched / found["ending"]["winner"])
    assert isinstance(record, SearchRecord)
    assert record.claim == found["ending"]["claim"]["text"] and record.metric == found["metric"]
    assert record.reason == found["ending"]["claim"]["reason"]
    assert record.score.tolist() == [each["score"] for each in found["trials"]]
    assert record.settings.tolist() == [list(each["settings"].values()) for each in found["trials"]]
    assert record.settings[record.defaults].tolist() == [found["defaults"][name] for name in record.names]


@pytest.fixture
def search_of(encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Tuned]:
    """Planted are the recipe's rate and the one that is tried; trainings and judging are real."""

    def search(rows: Path, *, recipe: float, tried: float, **given: Any) -> Tuned:
        point = {"learning_rate": tried, "layer_decay": 1.0}
        monkeypatch.setattr("glassbert.runs.recipe._rate", lambda millions, optimizer: (recipe, "planted"))
        monkeypatch.setattr("glassbert.runs.tuning.search.propose", lambda space, tried, seed: point)
        given = {"budget": 600, "trials": 2, "seeds": 1, "batch_size": 16, **given}
        found: Tuned = gb.tune(rows, tmp_path / "search", model=str(encoder), **given)
        return found

    return search


def test_a_default_that_learns_nothing_is_beaten_and_that_is_claimed(
    search_of: Callable[..., Tuned], tmp_path: Path
) -> None:
    found = search_of(write_rows(tmp_path / "rows.csv", 200), recipe=1e-6, tried=8e-3, epochs=3)
    assert found.better and found.settings == {"learning_rate": 8e-3, "layer_decay": 1.0}
    assert found.claim.startswith("Better than the defaults. accuracy 0.")
    assert found.winner == tmp_path / "search" / "tuned-seed-0"
    trial = found.document["trials"][1]
    assert trial["interval"][0] <= trial["score"] <= trial["interval"][1]
    run = read_json(found.winner / "run.json")
    assert run["tuning"]["trials"] == found.document["trials"]
    assert run["tuning"]["claim"]["outcome"] == "better"
    assert run["config"]["learning_rate"]["reason"] == "found by glassbert tune: trial 1 of 2"
    assert run["config"]["batch_size"]["reason"] != run["config"]["learning_rate"]["reason"]
    model = found.load()
    assert model.labels[int(model.predict(["the film is warm ."]).classes[0])] == "good"


def test_where_nothing_can_be_learnt_a_trial_that_is_ahead_by_luck_is_not_claimed(
    search_of: Callable[..., Tuned], tmp_path: Path
) -> None:
    texts, labels = texts_and_labels(200)
    np.random.default_rng(SHUFFLED).shuffle(labels)
    rows = tmp_path / "noise.csv"
    rows.write_text("text,label\n" + "".join(f"{a},{b}\n" for a, b in zip(texts, labels, strict=True)))
    found = search_of(rows, recipe=8e-3, tried=1e-6, epochs=1)
    trials, ending = found.document["trials"], found.document["ending"]
    assert ending["best"] == 1 and trials[1]["score"] > trials[0]["score"]
    assert not found.better and found.claim.startswith("No better than the defaults. accuracy ")
    assert found.winner.name == "default-seed-0" and found.settings == trials[0]["settings"]
    run = read_json(found.winner / "run.json")
    assert run["tuning"]["claim"] == ending["claim"]
    assert run["config"]["learning_rate"]["from"] == "recipe"


def test_the_python_line_refuses_what_is_no_option(rows: Path, encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="learning-rat is no setting — did you mean learning_rate"):
        gb.tune(rows, tmp_path / "x", learning_rat=1)
    with pytest.raises(UsageError, match="--crf is given, and text-classification has none"):
        gb.tune(rows, tmp_path / "x", model=str(encoder), crf=True)
    assert not (tmp_path / "x").exists()


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
    searched: Path,
    rows: Path,
    encoder: Path,
    tmp_path: Path,
    inside: Callable[..., Answer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reported: list[Path] = []
    monkeypatch.setattr("glassbert.show.run_report.report_run", lambda run, out, *, say: reported.append(run))
    config = tmp_path / "config.toml"
    config.write_text("batch_size = 16\n")
    words = (
        "tune", rows, "--model", encoder, "--out", searched, "--budget", "10m", "--trials", "3",
        "--seeds", "1", "--config", config, "--epochs", "1", "--resume",
    )  # fmt: skip
    answer = inside(*words)
    assert answer.code == 0 and "the defaults" in answer.out
    assert max(map(len, answer.out.splitlines()[:-3])) <= 100, "but for the paths"
    trial = next(line for line in answer.out.splitlines() if line.endswith("the defaults"))
    assert re.search(r" 0\.\d{4} \[0\.\d{3}, [01]\.\d{3}\] ", trial), "the score with its interval"
    assert reported == [searched / "default-seed-0"]
    assert (
        inside(*words, "--json", "--no-report").json["ending"] == read_json(searched / "tune.json")["ending"]
    )
    assert inside("tune", rows, "--out", tmp_path / "x", "--budget", "soon").code == 2
    assert inside("tune", rows).code == 2
    assert inside("tune", tmp_path / "none.csv", "--out", tmp_path / "x").code == 66
    assert inside("tune", rows, "--out", tmp_path / "x", "--resume").code == 66
