"""Several seeds on one split, folds that judge every row once, and runs that collapse."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from glassbert.errors import DataError, OutputError, UsageError
from glassbert.runs import several
from glassbert.runs.comparing.judged import JudgedRun, Row, judged_run
from glassbert.runs.finetune import Watchers
from glassbert.runs.several import collapsed, spread, train_folds, train_seeds
from glassbert.text.schemes import lenient_spans
from glassbert.train.stop import Stop
from tests.cli.process import Answer, inside
from tests.runs.material import options, read_json
from tests.runs.test_tagging import conll

__all__ = ["inside"]


def quick(rows: Path, encoder: Path, out: Path, **more: Any) -> Any:
    return options(rows, encoder, out, epochs=1, **more)


def test_seeds_differ_in_training_and_share_the_split(rows: Path, encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    found = train_seeds(quick(rows, encoder, out, seed=3), 2, stop=Stop(), watchers=Watchers())
    documents = [read_json(out / name / "run.json") for name in ("seed-3", "seed-4")]
    assert [each["config"]["seed"]["value"] for each in documents] == [3, 4]
    assert documents[0]["data"]["split"] == documents[1]["data"]["split"]
    assert documents[0]["result"]["metrics"]["loss"] != documents[1]["result"]["metrics"]["loss"]
    losses = [each["metrics"]["loss"] for each in found["runs"]]
    assert found["mean"]["loss"] == pytest.approx(np.mean(losses))
    assert found["std"]["loss"] == pytest.approx(np.std(losses, ddof=1))
    assert (found["min"]["loss"], found["max"]["loss"]) == (min(losses), max(losses))
    assert read_json(out / "seeds.json") == json.loads(json.dumps(found))


def test_folds_judge_every_row_exactly_once(rows: Path, encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    found = train_folds(quick(rows, encoder, out), 3, stop=Stop(), watchers=Watchers())
    judged = [
        read_json(out / f"fold-{i}" / "run.json")["data"]["split"]["evaluation_rows"] for i in (1, 2, 3)
    ]
    assert sorted(row for each in judged for row in each) == list(range(2, 122))
    assert [each["rows"] for each in found["runs"]] == [40, 40, 40]
    with (out / "predictions.csv").open(newline="") as file:
        pooled = list(csv.DictReader(file))
    assert [int(row["row"]) for row in pooled] == list(range(2, 122))
    truth, said = ([row[name] for row in pooled] for name in ("label", "prediction"))
    assert found["pooled"]["accuracy"] == pytest.approx(accuracy_score(truth, said))
    assert found["rows"] == 120


def pooled_rows(out: Path) -> list[dict[str, str]]:
    with (out / "predictions.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_folds_of_tagged_words_are_pooled_once(encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    wanted = quick(conll(tmp_path / "tags.conll", 60), encoder, out, task="token-classification")
    found = train_folds(wanted, 2, stop=Stop(), watchers=Watchers())
    rows = pooled_rows(out)
    assert len(rows) == len({row["row"] for row in rows}) == found["rows"] == 60
    true, said = (
        {(i, *span) for i, row in enumerate(rows) for span in lenient_spans(json.loads(row[name]))}
        for name in ("label", "prediction")
    )
    assert found["pooled"]["f1"] == pytest.approx(2 * len(true & said) / (len(true) + len(said)))
    assert "per_type" in found["runs"][0]["metrics"] and "per_type" not in found["mean"]
    assert found["mean"]["f1"] == pytest.approx(np.mean([each["metrics"]["f1"] for each in found["runs"]]))


def test_a_context_with_all_its_questions_stays_in_one_fold(encoder: Path, tmp_path: Path) -> None:
    contexts = [f"q{i} the film is {'warm' if i % 2 else 'cold'} ." for i in range(12)]
    lines = [
        {"id": f"{i}-{j}", "question": f"is it {j} ?", "context": context, "answers": spans(context)}
        for i, context in enumerate(contexts)
        for j in range(3)
    ]
    path = tmp_path / "asked.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    out = tmp_path / "runs"
    wanted = quick(path, encoder, out, task="question-answering")
    found = train_folds(wanted, 3, stop=Stop(), watchers=Watchers())
    judged = [judged_run(out / f"fold-{i}").rows for i in (1, 2, 3)]
    parts = [{row.texts[1] for row in each} for each in judged]
    assert sorted(context for part in parts for context in part) == sorted(contexts), "none is in two"
    assert [len(each) for each in judged] == [12, 12, 12]
    rows = pooled_rows(out)
    exact = [json.loads(row["label"]) == [row["prediction"]] for row in rows]
    assert len(rows) == 36 and found["pooled"]["exact_match"] == pytest.approx(100 * np.mean(exact))


def spans(context: str) -> dict[str, Any]:
    word = "warm" if "warm" in context else "cold"
    return {"text": [word], "answer_start": [context.index(word)]}


def test_a_collapsed_seed_is_named_and_restarted_once_with_a_longer_warmup(
    rows: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run of each seed is said to have collapsed; the second of seed 0 too."""
    verdicts = iter([True, True, True, False])
    monkeypatch.setattr(several, "collapsed", lambda run: next(verdicts))
    said: list[str] = []
    watchers = Watchers(say=said.append)
    found = train_seeds(quick(rows, encoder, tmp_path / "runs"), 2, stop=Stop(), watchers=watchers)
    assert [each["collapsed_again"] for each in found["runs"]] == [True, False]
    assert found["collapsed"] == 2
    warmups = [
        read_json(tmp_path / "runs" / name / "run.json")["config"]["warmup_ratio"]["value"]
        for name in ("seed-0", "seed-0-again", "seed-1-again")
    ]
    assert warmups == pytest.approx([0.1, 0.3, 0.3])
    again = read_json(tmp_path / "runs" / "seed-1-again" / "run.json")["result"]["metrics"]
    assert found["runs"][1]["metrics"] == again
    told = [each for each in said if each.startswith("warning: seed-")]
    assert "seed-0 has collapsed: it gives one answer for every row" in told[0]
    assert "a warm-up of 30% of the steps instead of 10%" in told[0]
    assert told[1] == "warning: seed-0 has collapsed again; it counts as it is"


def judged(answer: Any, pairs: list[tuple[str, str]]) -> JudgedRun:
    rows = tuple(Row(i, (f"t{i}",), label, said) for i, (label, said) in enumerate(pairs))
    return JudgedRun(path=Path("run"), task="any", answer=answer, labels=(), rows=rows)


def test_a_constant_predictor_has_collapsed() -> None:
    assert collapsed(judged("class", [("a", "a"), ("b", "a")]))
    assert not collapsed(judged("class", [("a", "a"), ("a", "a")])), "the labels are constant too"
    assert not collapsed(judged("class", [("a", "a"), ("b", "a"), ("b", "b")]))
    assert collapsed(judged("number", [("1", "2"), ("3", "2.00001")]))
    assert not collapsed(judged("number", [("1", "1.9"), ("3", "2.1")]))
    assert collapsed(judged("tags", [('["B-X", "O"]', '["O", "O"]'), ('["O"]', '["O"]')]))
    assert not collapsed(judged("tags", [('["B-X", "O"]', '["O", "B-X"]'), ('["O"]', '["O"]')]))


def test_the_spread_of_one_is_unknown() -> None:
    found = spread([{"accuracy": 0.5}])
    assert (found["mean"], found["std"]) == ({"accuracy": 0.5}, {"accuracy": None})


def test_a_second_start_is_refused_and_a_resume_goes_on(rows: Path, encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    first = train_folds(quick(rows, encoder, out), 2, stop=Stop(), watchers=Watchers())
    with pytest.raises(OutputError, match="output-exists"):
        train_folds(quick(rows, encoder, out), 2, stop=Stop(), watchers=Watchers())
    said: list[str] = []
    again = quick(rows, encoder, out, resume=True)
    assert train_folds(again, 2, stop=Stop(), watchers=Watchers(say=said.append)) == first
    assert said.count("this run is finished: nothing is left to do") == 2
    (out / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="notes.txt"):
        train_folds(quick(rows, encoder, out, overwrite=True), 2, stop=Stop(), watchers=Watchers())


def test_what_is_replaced_goes_whole_and_not_before_the_new_runs_stand(
    rows: Path, encoder: Path, tmp_path: Path
) -> None:
    def train(verb: Any, count: int, data: Path = rows, **more: Any) -> None:
        verb(quick(data, encoder, out, **more), count, stop=Stop(), watchers=Watchers())

    def held() -> list[str]:
        return sorted({path.name.removesuffix("-again") for path in out.iterdir()})

    out = tmp_path / "runs"
    train(train_seeds, 3)
    before = held()
    assert before == ["seed-0", "seed-1", "seed-2", "seeds.json"]
    (tmp_path / "bad.csv").write_text("text,label\nonly one,row\n")
    with pytest.raises(DataError):
        train(train_folds, 2, tmp_path / "bad.csv", overwrite=True)
    assert set(before) <= set(held())
    with pytest.raises(OutputError, match=r"of another kind \(seed-0, "):
        train(train_folds, 2, resume=True)
    (out / "seed-2" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="not-a-run: .*notes.txt"):
        train(train_seeds, 2, overwrite=True)
    (out / "seed-2" / "notes.txt").unlink()
    train(train_seeds, 2, overwrite=True)
    assert held() == ["seed-0", "seed-1", "seeds.json"]
    train(train_folds, 2, overwrite=True)
    assert held() == ["fold-1", "fold-2", "folds.json", "predictions.csv"]


def test_the_budget_is_shared(rows: Path, encoder: Path, tmp_path: Path) -> None:
    train_seeds(quick(rows, encoder, tmp_path / "runs", budget=60.0), 2, stop=Stop(), watchers=Watchers())
    assert read_json(tmp_path / "runs" / "seed-0" / "run.json")["config"]["budget"]["value"] == 30


@pytest.mark.parametrize("count", [-1, 0, 1, 101])
def test_senseless_counts_are_refused(rows: Path, encoder: Path, tmp_path: Path, count: int) -> None:
    for train in (train_seeds, train_folds):
        with pytest.raises(UsageError, match="bad-setting"):
            train(quick(rows, encoder, tmp_path / "runs"), count, stop=Stop(), watchers=Watchers())
    assert not (tmp_path / "runs").exists()


def test_folds_refuse_an_evaluation_file(rows: Path, other: Path, encoder: Path, tmp_path: Path) -> None:
    wanted = quick(rows, encoder, tmp_path / "runs", evaluation=other)
    with pytest.raises(UsageError, match="folds-and-file"):
        train_folds(wanted, 2, stop=Stop(), watchers=Watchers())


def test_the_command_prints_a_table(
    rows: Path, encoder: Path, tmp_path: Path, inside: Callable[..., Answer]
) -> None:
    words = ("finetune", rows, "--model", encoder, "--epochs", "1", "--out", tmp_path / "runs")
    assert inside(*words, "--seeds", "2", "--folds", "2").code == 2
    answer = inside(*words, "--seeds", "2")
    assert answer.code == 0
    lines = [line.split() for line in answer.out.splitlines() if line]
    assert [line[0] for line in lines] == ["seed", "0", "1", "mean", "std", "min", "max"]
    assert max(map(len, answer.out.splitlines())) <= 80


def test_folds_that_are_refused_leave_no_directory(rows: Path, encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    asked = quick(rows, encoder, out, evaluation=rows)
    with pytest.raises(UsageError, match="folds-and-file"):
        train_folds(asked, 2, stop=Stop(), watchers=Watchers())
    assert not out.exists()
