"""`glassbert demo`: two minutes on two cores, offline: a fine-tuned model on real reviews, and its report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glassbert.cli.arguments import Json, Threads, seconds
from glassbert.cli.console import say
from glassbert.cli.finetune import run_finetune

DEFAULT_OUT = Path("glassbert-demo")
ENCODERS = {"minilm": "MiniLM (22.7 M parameters)", "glassbert-l3": "glassbert-l3 (14.3 M parameters)"}


def demo(
    out: Annotated[
        Path, typer.Option(help="Directory of the run; an earlier demo there is replaced.")
    ] = DEFAULT_OUT,
    budget: Annotated[str, typer.Option(help="Wall-clock limit.")] = "2m",
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Fine-tune the bundled encoder on bundled product reviews and write report.html."""
    from glassbert.runs.demo_data import demo_file, is_demo
    from glassbert.runs.resolve import DEFAULT_MODEL
    from glassbert.text.options import ReadOptions  # pandas loads here, not for --help

    say(f"Fine-tuning {ENCODERS[DEFAULT_MODEL]} on 2,985 sentences of product reviews rated by people (MIT).")
    say("No network is used. The report will be " + str(out / "report.html"))
    data = {"train": str(demo_file()), "task": "text-classification", "read": ReadOptions(format="csv")}
    settings = {"budget": seconds(budget)}
    request = {"out": out, "settings": settings, "overwrite": is_demo(out)}
    run_finetune(data, request, threads=threads, report=True, as_json=as_json)
