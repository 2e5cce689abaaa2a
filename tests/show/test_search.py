"""The search of a run as a record: equal to what the run notes, and refused where that is unsound."""

import copy
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glassbert.errors import DataError
from glassbert.lens.records import to_plain
from glassbert.lens.search_record import SearchRecord
from glassbert.show.report import report_records, write_report
from glassbert.show.run_file import Node
from glassbert.show.search import read_search
from tests.show.make_run import make_run
from tests.show.make_search import BEST, CLAIMS, make_search, tuning


def read(noted: dict[str, Any]) -> SearchRecord:
    found = read_search(Node(value={"run_id": "a", "tuning": noted}, file="run.json"))
    assert found is not None
    return found


def test_a_record_holds_every_trial_as_it_is_noted() -> None:
    noted = tuning()
    record = read(noted)
    assert record.names == ("learning_rate", "layer_decay", "epochs")
    for at, trial in enumerate(noted["trials"]):
        assert (record.number[at], record.state[at], record.seconds[at]) == (
            trial["number"],
            trial["state"],
            trial["seconds"],
        )
        assert record.settings[at].tolist() == list(trial["settings"].values())
        ends = trial["interval"] or [math.nan, math.nan]
        score = math.nan if trial["score"] is None else trial["score"]
        np.testing.assert_array_equal([record.score[at], record.low[at], record.high[at]], [score, *ends])
    assert (record.defaults, record.handed, record.outcome) == (0, BEST, "better")
    assert (record.claim, record.spent_seconds) == (noted["claim"]["text"], 1641.7)


@pytest.mark.parametrize("reason", CLAIMS)
def test_a_claim_comes_with_its_reason_and_evidence(reason: str) -> None:
    wanted, record = CLAIMS[reason], read(tuning(reason))
    assert (record.outcome, record.reason, record.claim) == (wanted.outcome, reason, wanted.text)
    if wanted.evidence is None:
        assert record.evidence is None
    else:
        assert record.evidence is not None
        assert to_plain(record.evidence) == {"record": "Evidence", **asdict(wanted.evidence)}


def test_a_claim_of_an_earlier_version_has_neither() -> None:
    noted = tuning()
    noted["claim"] = {name: noted["claim"][name] for name in ("outcome", "text")}
    record = read(noted)
    assert (record.outcome, record.reason, record.evidence) == ("better", None, None)


def test_what_should_be_small_is_shown_as_it_is() -> None:
    """A search keeps a loss with a minus, so that more is better."""
    noted = tuning(metric="loss", sign=-1.0)
    record = read(noted)
    assert record.lower_is_better and not read(tuning()).lower_is_better
    trial = noted["trials"][0]
    assert record.score[0] == -trial["score"] > 0
    assert [record.low[0], record.high[0]] == [-trial["interval"][1], -trial["interval"][0]]


def test_where_nothing_is_proved_the_defaults_are_handed_over() -> None:
    record = read({**tuning("none ahead"), "best": 4})
    assert record.handed == record.defaults == 0


def test_a_run_of_no_search_has_none(tmp_path: Path) -> None:
    assert [type(each).__name__ for each in report_records(make_run(tmp_path / "run"))] == ["Report"]
    run = make_search(tmp_path / "found", tuning())
    assert [type(each).__name__ for each in report_records(run)] == ["Report", "SearchRecord"]
    write_report(run, tmp_path / "report.html")
    assert 'data-record="SearchRecord"' in (tmp_path / "report.html").read_text(encoding="utf-8")


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    noted: Any = copy.deepcopy(tuning())
    inside = noted
    for name in path[:-1]:
        inside = inside[name]
    inside[path[-1]] = value
    return dict(noted)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("trials",), [], "there is no trial"),
        (("trials", 2, "score"), "high", "is not a number"),
        (("trials", 2, "interval"), [0.5], "an interval has two ends"),
        (("trials", 3, "settings"), {"learning_rate": 1e-4}, "it is missing"),
        (("best",), 99, "there is no trial 99"),
        (("claim", "text"), None, "it is missing"),
        (("claim", "evidence", "p_value"), "small", "is not a number"),
        (("claim", "evidence", "by_seed"), [None], "it is missing"),
        (("metric",), 3, "is not text"),
    ],
)
def test_what_is_unsound_is_refused_with_its_place(path: tuple[Any, ...], value: Any, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read(changed(path, value))
    assert str(caught.value).startswith("run.json: wrong-run-file: tuning")
