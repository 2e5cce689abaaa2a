"""`glassbert.check`: what is in a file, and whether training on it would make sense."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glassbert.errors import Problem, UsageError
from glassbert.runs.check.answers import answers_of
from glassbert.runs.check.estimate import estimate
from glassbert.runs.check.finding import Finding, is_note, refuse_mistakes
from glassbert.runs.check.guess import Guess, guess_task
from glassbert.runs.check.lengths import token_lengths, unknown_finding
from glassbert.runs.check.near import near_duplicates, near_findings
from glassbert.runs.data import OWN, DataOptions, Dataset, Learning, read_dataset
from glassbert.runs.prepare import Request, prepare_model
from glassbert.runs.resolve import DEFAULT_MODEL
from glassbert.runs.rows import rejected_facts
from glassbert.runs.settings import check as check_settings
from glassbert.tasks.names import find_task
from glassbert.tasks.task import Examples
from glassbert.text.asked import Asked
from glassbert.text.file_facts import file_facts
from glassbert.text.function_words import language_of
from glassbert.text.options import ReadOptions
from glassbert.text.scripts import script_of
from glassbert.text.tables import Table, read_table

Source = str | Path | pd.DataFrame
SCRIPT_SAMPLE = 5000
SCRIPT_CHARACTERS = 1000


@dataclass(frozen=True, kw_only=True, eq=False)
class Check:
    """What was found: `document` is plain values with stable keys, `findings` what asks for a decision.

    `ok` is False where training on the data would be a mistake.
    """

    document: Mapping[str, Any]
    findings: tuple[Finding, ...]
    source: str

    @property
    def ok(self) -> bool:
        return not any(each.level == "mistake" for each in self.findings)

    def refuse(self) -> None:
        """Raise DataError (65) with every finding that makes training a mistake."""
        refuse_mistakes(self.findings, self.source)


@dataclass(frozen=True, kw_only=True)
class CheckOptions:
    """How to read, which task (None: guessed) and columns, which model's tokenizer and pace, and which
    `settings` the run shall have whose time and memory are estimated; `own` is what only some kinds of task
    can be told (`data.OWN`). `base` is that of an adapter of peft.
    """

    read: ReadOptions = ReadOptions()
    task: str | None = None
    asked: Asked = Asked()
    model: str = DEFAULT_MODEL
    base: str | None = None
    seed: int = 0
    measure: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)


def check(
    data: Source,
    *,
    eval_data: Source | None = None,
    task: str | None = None,
    model: str = DEFAULT_MODEL,
    measure: bool = True,
    settings: Mapping[str, Any] | None = None,
    **own: Any,
) -> Check:
    """Look at labelled texts as a run would read them. `measure` False leaves out the baseline and the time;
    `settings` are those of the run that is estimated, such as {"lora": 8}, and `own` what only some tasks can
    be told: `crf` and `lstm_size` of token-classification, `loss` and `pooling` of sentence-similarity.

    Raises what reading raises: DataError (65) for a file that cannot be read exactly, has no label, or too
    few rows; UsageError (2) for settings and choices that a run would refuse.
    """
    _refuse_unknown(own)
    options = CheckOptions(task=task, model=model, measure=measure, settings=settings or {}, own=own)
    return check_data(data, eval_data, options)


def check_data(data: Source, eval_data: Source | None, options: CheckOptions) -> Check:
    """The same with every choice."""
    settings = {"seed": options.seed, **options.settings}
    request = Request(model=options.model, settings=settings, config={}, base=options.base)
    check_settings(request.said())
    started = time.monotonic()
    table = read_table(data, options.read)
    guess = _task(table, options)
    asked = options.asked
    dataset = read_dataset(
        DataOptions(
            train=table,
            evaluation=eval_data,
            task=guess.task,
            text_column=asked.text,
            pair_column=asked.pair,
            label_column=asked.label,
            read=options.read,
            **options.own,
        ),
        Learning.of(request.said()),
    )
    reading = time.monotonic() - started
    near = near_duplicates(
        _joined(dataset),
        dataset.evaluation,
        one_file=eval_data is None,
        asked=dataset.task.answer == "span",
    )
    started = time.monotonic()
    prepared = prepare_model(request, dataset.task, num_rows=len(dataset.train))
    spent = reading + time.monotonic() - started
    everything = _joined(dataset, evaluation=eval_data is None)
    lengths = token_lengths(
        everything, dataset.task, prepared.model.tokenizer, max_length=prepared.model.max_length
    )
    findings = (
        *dataset.findings,
        *near_findings(near, rows=len(everything)),
        *unknown_finding(lengths, options.model),
    )
    document: dict[str, Any] = {
        "source": table.source,
        "file": None if isinstance(data, pd.DataFrame) else file_facts(data, options.read).as_dict(),
        "rows": _rows(table, everything),
        "evaluation": _evaluation(dataset, eval_data),
        "columns": {**dataset.facts["columns"], "all": list(map(str, table.frame.columns))},
        "task": {"name": guess.task, "reasons": list(guess.reasons), "told": guess.told},
        "answers": answers_of(dataset.task, everything),
        "languages": _scripts(everything),
        "lengths": {"model": str(prepared.model.name), **lengths.as_dict()},
        "near_duplicates": near.as_dict(),
        "rejected_rows": rejected_facts(dataset.rejected),
        "notes": [each for each in dataset.warnings if is_note(each)],
        "warnings": [each for each in dataset.warnings if not is_note(each)],
    }
    if options.measure:
        document |= _measured(dataset, request, prepared, spent=spent)
    document["findings"] = [each.as_dict() for each in findings]
    document["ok"] = not any(each.level == "mistake" for each in findings)
    return Check(document=document, findings=findings, source=table.source)


def _refuse_unknown(own: Mapping[str, Any]) -> None:
    unknown = [name for name in own if name not in OWN]
    if unknown:
        what = f"a check has no option {unknown[0]!r}"
        fix = f"its options beside the named ones are {', '.join(OWN)}; settings of a run go into settings"
        raise UsageError(Problem(code="unknown-option", what=what, fix=fix))


def _rows(table: Table, used: Examples) -> dict[str, int]:
    """How many rows the file has, how many are used, and how many were set aside: the first is the sum."""
    total = len(table.rows) + len(table.rejected)
    return {"read": total, "used": len(used), "set_aside": total - len(used)}


def _task(table: Table, options: CheckOptions) -> Guess:
    if options.task is None:
        return guess_task(table, options.asked)
    return Guess(task=find_task(options.task).name, reasons=("as told",), told=True)


def _joined(dataset: Dataset, *, evaluation: bool = False) -> Examples:
    """The rows to learn from and to choose by, and, where asked for, those of the score; by row number."""
    parts = [dataset.train, dataset.validation, *([dataset.evaluation] if evaluation else [])]
    rows = np.concatenate([part.rows for part in parts])
    targets = np.concatenate([part.targets for part in parts if part.targets is not None])
    texts = [text for part in parts for text in part.texts]
    return Examples(texts=texts, targets=targets, rows=rows).select(np.argsort(rows, kind="stable"))


def _evaluation(dataset: Dataset, eval_data: Source | None) -> dict[str, Any]:
    facts = dataset.facts["evaluation"]
    split = {name: dataset.facts["sizes"][name] for name in ("train", "validation", "evaluation")}
    return {"path": facts["path"], "from": "split" if eval_data is None else "file", "sizes": split}


def _scripts(examples: Examples) -> dict[str, Any]:
    """In which script and in which language how many texts are written, of some at equal distances."""
    step = max(1, len(examples) // SCRIPT_SAMPLE)
    some = examples.texts[::step]
    starts = [(text if isinstance(text, str) else " ".join(text))[:SCRIPT_CHARACTERS] for text in some]
    scripts, guessed = (Counter(map(told, starts)) for told in (script_of, language_of))
    return {
        "texts_counted": len(some),
        "scripts": dict(scripts.most_common()),
        "guessed": dict(guessed.most_common()),
    }


def _measured(dataset: Dataset, request: Request, prepared: Any, *, spent: float) -> dict[str, Any]:
    """The baselines' scores on the rows that a run would judge by, and what a run would take."""
    task, judged = dataset.task, dataset.evaluation
    started = time.monotonic()
    rivals = task.baselines(dataset.train, judged)
    fitting = time.monotonic() - started
    baselines = {}
    for name, rival in rivals.items():
        measured = task.measure(rival, judged)
        baselines[name] = {**measured.metrics, "intervals": measured.intervals, "notes": list(rival.notes)}
    estimates = estimate(dataset, request, prepared=prepared, spent=spent + fitting)
    return {"baselines": baselines, "estimates": [each.as_dict() for each in estimates]}
