"""`glassbert report`: the page of a run, one self-contained HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glassbert.cli.arguments import Json
from glassbert.cli.console import emit, emit_json


def report(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; RUN/report.html if unsaid.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Draw the report of a run; it opens in any browser without a network."""
    from glassbert.show.run_report import report_run  # torch and the page's bundle load here, not for --help

    page = report_run(run, out or run / "report.html")
    if as_json:
        emit_json({"report": str(page), "bytes": page.stat().st_size})
    else:
        emit(f"{page}\n")
