"""`glassbert tune`: better settings than the defaults within a budget, and only if they are proved better."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli.console import emit, emit_json, hear, progress, say
from glassbert.cli.reading import Reading, reads_tables
from glassbert.errors import Problem, UsageError

SHOWN = 8


@reads_tables
def tune(
    data: Annotated[str, typer.Argument(help="Labelled texts: CSV, TSV, JSON, JSONL, Parquet, CoNLL.")],
    out: Annotated[Path | None, typer.Option(help="Directory of the search.")] = None,
    budget: Annotated[str, typer.Option(help="Wall-clock time for all of it: 30m, 2h.")] = "30m",
    eval_data: Annotated[
        str | None, typer.Option(help="Rows for the score; split from DATA if unsaid.")
    ] = None,
    task: Annotated[str, typer.Option(help="What to learn.")] = "text-classification",
    text_column: words.FirstColumn = None,
    pair_column: words.PairColumn = None,
    label_column: words.LabelColumn = None,
    scheme: words.Scheme = None,
    repair_bio: words.RepairBio = False,
    model: Annotated[str | None, typer.Option(help="Run, model directory, bundled name or hub id.")] = None,
    metric: Annotated[
        str | None, typer.Option(help="The score to search by; the task's own if unsaid.")
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Most points to try; as many as fit if unsaid.")] = None,
    seeds: Annotated[int, typer.Option(help="Most seeds to train both recipes with.")] = 3,
    seed: Annotated[int | None, typer.Option(help="Seed of split, order, dropout and search.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML or JSON file of settings; these are not searched.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu (if unsaid) or cuda.")] = None,
    threads: words.Threads = None,
    *,
    reading: Reading,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the search in --out.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the search in --out.")] = False,
    as_json: words.Json = False,
) -> None:
    """Search learning rate, layer decay, epochs and length; claims an improvement only when it is proved."""
    total = words.seconds(budget)
    if out is None:
        raise UsageError(
            Problem(code="no-output", what="--out is missing", fix="name a directory: --out SEARCH")
        )
    # torch and pandas load here, not for --help
    from glassbert.runs.data import DataOptions
    from glassbert.runs.devices import use_threads
    from glassbert.runs.finetune import FinetuneOptions, Watchers
    from glassbert.runs.tuning.tune import TuneOptions
    from glassbert.runs.tuning.tune import tune as run_tune
    from glassbert.train.stop import stop_on_signals

    hear(use_threads(threads))
    source = DataOptions(
        train=data,
        evaluation=eval_data,
        task=task,
        text_column=text_column,
        pair_column=pair_column,
        label_column=label_column,
        read=words.tags_read(reading(), scheme, repair_bio),
    )
    request = FinetuneOptions(
        data=source,
        out=out,
        model=model,
        device=device,
        settings={"metric": metric, "seed": seed},
        config=words.settings_file(config),
        resume=resume,
        overwrite=overwrite,
        command=("glassbert", *sys.argv[1:]),
    )
    options = TuneOptions(finetune=request, budget=total or 0.0, trials=trials, seeds=seeds)
    with stop_on_signals() as stop, progress() as on_step:
        found = run_tune(options, stop=stop, watchers=Watchers(say=say, on_step=on_step))
    if as_json:
        emit_json({"out": str(out), **found})
    else:
        emit("\n".join(table(found, out)) + "\n")


def table(found: dict[str, Any], out: Path) -> Iterator[str]:
    """The best trials, both recipes in full, what is claimed, and where the model lies."""
    from glassbert.cli.check_page import WIDTH, wrapped
    from glassbert.tasks.wording import METRIC_NAMES

    trials, ending = found["trials"], found["ending"]
    names = list(trials[0]["settings"])
    header = "".join(f"{name.replace('_', ' '):>15}" for name in names)
    metric = METRIC_NAMES.get(found["metric"], found["metric"])
    yield from ["", f"{'trial':<6}{header}{metric:>12}  seconds"]
    order = sorted(
        trials, key=lambda each: (each["score"] is None, each["state"] != "complete", -(each["score"] or 0))
    )
    for each in [trials[0], *(one for one in order if one["number"])][:SHOWN]:
        cells = "".join(f"{each['settings'][name]:>15.4g}" for name in names)
        score = "-" if each["score"] is None else f"{abs(each['score']):.4f}"
        note = "" if each["state"] == "complete" else f"  {each['state']}"
        note = "  the defaults" if each["number"] == 0 and not note else note
        yield f"{each['number']:<6}{cells}{score:>12}{each['seconds']:>9.0f}{note}"
    counts = {state: sum(each["state"] == state for each in trials) for state in ("pruned", "failed", "cut")}
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    yield f"{len(trials)} trials" + (f", {told}" if told else "") + f"; {found['spent_seconds']:.0f} s in all"
    yield ""
    for name, run in ending["runs"].items():
        value = run["metrics"][found["metric"]]
        yield f"{name:<18}{value:>12.4f}" + ("  cut short" if run["stopped_because"] == "budget" else "")
    yield ""
    yield from wrapped(ending["claim"]["text"], WIDTH)
    yield from ["", f"model    {out / ending['winner'] / 'model'}"]
