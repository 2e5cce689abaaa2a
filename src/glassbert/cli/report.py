"""`glassbert report`: the page of a run, one self-contained HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glassbert.cli.arguments import Json, Looks
from glassbert.cli.console import emit, emit_json, say


def report(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; RUN/report.html if unsaid.")
    ] = None,
    looks: Looks = None,
    as_json: Json = False,
) -> None:
    """Draw the report of a run; it opens in any browser without a network."""
    from glassbert.show.looks import LOOKS
    from glassbert.show.run_report import report_run  # torch and the page's bundle load here, not for --help

    page = report_run(run, out or run / "report.html", looks=LOOKS if looks is None else looks, say=say)
    if as_json:
        emit_json({"report": str(page), "bytes": page.stat().st_size})
    else:
        emit(f"{page}\n")
