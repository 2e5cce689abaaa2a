"""The table of tasks in the READMEs: every task, with the last score of each public set."""

import inspect
import json
import re
import runpy
from pathlib import Path

import pytest

import glassbert as gb
from glassbert.tasks.names import TASKS

ROOT = Path(__file__).parent.parent
MAKE = runpy.run_path(str(ROOT / "docs" / "make_task_table.py"))
ROW = {"set": "sst2", "ours": 0.88761, "interval": [0.8670, 0.9091], "steps": 2105, "training_seconds": 615.0}


@pytest.mark.parametrize("name", [*MAKE["WORDS"], MAKE["QUALITY"]])
def test_a_page_holds_the_last_scores(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    fix = "run python docs/make_task_table.py"
    assert page == MAKE["renewed"](page, name, MAKE["last_rows"](MAKE["RESULTS"])), fix


def test_every_task_has_its_line_its_page_and_its_class() -> None:
    assert {line[0] for line in MAKE["TASKS"]} == {*TASKS, "fill-mask"}
    for _, page, _, python, _, dataset in MAKE["TASKS"]:
        assert (ROOT / "docs" / f"{page}.md").is_file()
        assert not dataset or dataset in MAKE["NAMES"]
        called = re.match(r"gb\.(\w+)\(", python)
        assert called is not None and callable(getattr(gb, called[1]))


def test_lines_of_python_fit_what_they_call() -> None:
    for _, _, _, python, _, dataset in MAKE["TASKS"]:
        if dataset:
            kind = getattr(gb, python.removeprefix("gb.").partition("(")[0])
            wanted = python.rpartition("(")[2].count(",") + 1
            parameters = [each for each in inspect.signature(kind.fit).parameters if each != "self"]
            assert len(parameters) >= wanted, python


def test_a_score_stands_with_its_interval_and_what_it_took(tmp_path: Path) -> None:
    file = tmp_path / "quality.jsonl"
    older = {**ROW, "ours": 0.5, "threads": 2}
    file.write_text(f"{json.dumps(older)}\n{json.dumps({**ROW, 'threads': 1})}\n", encoding="utf-8")
    text = MAKE["section"](MAKE["WORDS"]["README.md"], MAKE["last_rows"](file))
    assert "SST-2 dev, accuracy 0.888 [0.867, 0.909] | 10 min, 2,105 steps, 1 thread |" in text
    assert "STS-B test as numbers, Spearman: not measured yet" in text


def test_folds_stand_as_their_mean(tmp_path: Path) -> None:
    rows = [
        {
            "set": f"rte_fold_{number}", "metric": "accuracy",
            "ours": ours, "interval": [ours - 0.04, ours + 0.04],
            "baselines": {"majority": 0.5, "tfidf": 0.6 if number == 1 else 0.4}, "steps": 159,
            "peer": {"metrics": {"accuracy": ours + 0.02}}, "difference": -0.02, "training_seconds": 60.0,
        }
        for number, ours in enumerate((0.5, 0.6, 0.7, 0.8), start=1)
    ]  # fmt: skip
    file = tmp_path / "quality.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows[:3]), encoding="utf-8")
    assert "rte_folds" not in MAKE["last_rows"](file)
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    (line,) = MAKE["quality"](MAKE["last_rows"](file)).splitlines()[2:]
    assert line.endswith("| 0.650 [0.630, 0.670] | majority 0.500 | 0.670 | -0.020 | 159 | 4 min |")


def test_the_trainer_stands_beside_ours_with_the_difference() -> None:
    row = {
        **ROW, "metric": "accuracy", "baselines": {"majority": 0.5, "tfidf": 0.8125},
        "peer": {"metrics": {"accuracy": 0.8911}}, "difference": ROW["ours"] - 0.8911,
    }  # fmt: skip
    text = MAKE["quality"]({"sst2": row})
    line = "| SST-2 dev, accuracy | 0.888 [0.867, 0.909] | TF-IDF 0.812 | 0.891 | -0.003 | 2,105 | 10 min |"
    assert text.splitlines()[2:] == [line]


def test_every_set_and_every_baseline_has_a_name() -> None:
    rows = MAKE["last_rows"](MAKE["RESULTS"])
    assert set(rows) <= {*MAKE["NAMES"], *MAKE["FOLDS"]}
    assert {each for row in rows.values() for each in row["baselines"]} <= set(MAKE["PLAIN"])
