"""The report of a run: what its directory holds, as one record and as one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from glassbert.durable import write_file
from glassbert.errors import DataError, MissingInputError, Problem, UsageError
from glassbert.lens.pretraining_records import PretrainingReport
from glassbert.lens.records import Record
from glassbert.lens.report_records import Confusion, Examples, Report
from glassbert.runs.pretrained_only import TASK
from glassbert.show.answer_rows import read_answers
from glassbert.show.contents import OfRow
from glassbert.show.curves import read_curves
from glassbert.show.facts import read_facts
from glassbert.show.number_rows import read_numbers
from glassbert.show.page import render_page
from glassbert.show.predictions import Predictions, examples_of, read_predictions
from glassbert.show.pretraining_report import build_pretraining_report
from glassbert.show.run_file import Node
from glassbert.show.score import read_score
from glassbert.show.search import read_search
from glassbert.show.set_rows import read_sets
from glassbert.show.tag_rows import read_tags
from glassbert.show.weak_spots import read_slices, read_suspects
from glassbert.strict_json import read_json
from glassbert.tasks.names import TASKS

MAX_PAGE_BYTES = 5_000_000


def build_report(run_directory: Path) -> Report | PretrainingReport:
    """Everything the page shows about a run; a run that is still going, or was stopped, gives what there is.

    Reads `run.json`, `metrics.jsonl` and `predictions.csv`. Raises MissingInputError without a `run.json`,
    DataError when a file is not what a run writes or two of them contradict each other.
    """
    return _report(_run_file(run_directory))


def report_records(run_directory: Path) -> list[Record]:
    """The report, and the search that found the run's settings where one has handed it over.

    Raises what `build_report` raises.
    """
    run = _run_file(run_directory)
    search = read_search(run)
    return [_report(run), *([] if search is None else [search])]


def _run_file(run_directory: Path) -> Node:
    path = Path(run_directory) / "run.json"
    if not path.is_file():
        fix = "name the directory that a training run wrote"
        raise MissingInputError(
            Problem(code="not-a-run", what="there is no run.json", fix=fix, file=str(path))
        )
    run = Node(value=read_json(path), file=str(path))
    if run.child("format_version").integer() != 1:
        run.child("format_version").refuse(f"{run.child('format_version').plain()}, but this version reads 1")
    return run


def _report(run: Node) -> Report | PretrainingReport:
    log = Path(run.file).with_name("metrics.jsonl")
    if run.child("task").value == TASK:
        return build_pretraining_report(run, log)
    return _of_task(run, log)


def _of_task(run: Node, log: Path) -> Report:
    result, facts = run.child("result"), read_facts(run)
    table = log.with_name("predictions.csv")
    answer = TASKS[facts.task].answer if facts.task in TASKS else "class"
    predictions = _predictions(table, facts.labels) if answer == "class" else None
    best, total = result.child("best_step").integer(), result.child("total_steps").integer()
    return Report(
        facts=facts,
        score=read_score(result, predictions),
        curves=read_curves(log, best_step=best, total_steps=total) if log.is_file() else None,
        confusion=_confusion(result.child("confusion"), facts.labels, predictions),
        numbers=read_numbers(table, facts.labels[0] if facts.labels else "similarity", result)
        if answer == "number" and table.is_file()
        else None,
        sets=read_sets(table, facts.labels, result) if answer == "set" and table.is_file() else None,
        slices=None if predictions is None else read_slices(predictions, facts.labels, result),
        tags=read_tags(table, facts.labels, result) if answer == "tags" and table.is_file() else None,
        answers=read_answers(table, result) if answer == "span" and table.is_file() else None,
        suspects=None if predictions is None else read_suspects(predictions, facts.labels, run),
    )


def write_report(
    run_directory: Path,
    out: Path,
    *,
    looks: Sequence[Record | OfRow] = (),
    max_bytes: int | None = MAX_PAGE_BYTES,
) -> None:
    """Write the report of a run, and what was seen inside its model, as one HTML file.

    Raises what `build_report` raises, UsageError when the page would exceed `max_bytes` (which only `looks`
    can bring about), OutputError or StorageError.
    """
    page = render_page([*report_records(run_directory), *looks])
    if max_bytes is not None and len(page) > max_bytes:
        what = f"the report would have {len(page) / 1e6:.1f} MB, with {len(looks)} looks into the model in it"
        fix = f"look at fewer or shorter texts, or allow more than {max_bytes / 1e6:.1f} MB"
        raise UsageError(Problem(code="report-too-large", what=what, fix=fix, file=str(out)))
    write_file(Path(out), [page])


def _predictions(path: Path, labels: tuple[str, ...]) -> Predictions | None:
    return read_predictions(path, labels) if labels and path.is_file() else None


def _confusion(node: Node, labels: tuple[str, ...], predictions: Predictions | None) -> Confusion | None:
    """The matrix of `run.json` and the rows of `predictions.csv`: both may be missing, but not disagree."""
    recorded = None if node.value is None else _matrix(node, len(labels))
    if predictions is None:
        return (
            None if recorded is None else Confusion(labels=labels, matrix=recorded, examples=_none(recorded))
        )
    counted = predictions.confusion(len(labels))
    if recorded is not None and not np.array_equal(recorded, counted):
        what = "run.json and predictions.csv count different predictions"
        fix = "evaluate the run again, so that both are of one evaluation"
        raise DataError(Problem(code="run-contradicts-itself", what=what, fix=fix, file=node.file))
    return Confusion(labels=labels, matrix=counted, examples=examples_of(predictions))


def _matrix(node: Node, size: int) -> np.ndarray:
    rows = [[cell.required(cell.integer()) for cell in row.items()] for row in node.items()]
    if len(rows) != size or any(len(row) != size for row in rows):
        node.refuse(f"it is not {size} rows of {size} counts")
    return np.array(rows, np.int32).reshape(size, size)


def _none(matrix: np.ndarray) -> Examples:
    empty = np.zeros(0, np.int32)
    return Examples(
        row=empty,
        text=(),
        length=empty,
        true=empty,
        predicted=empty,
        confidence=np.zeros(0, np.float32),
        total=int(matrix.sum()),
    )
