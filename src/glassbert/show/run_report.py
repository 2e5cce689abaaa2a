"""The report of a run, with looks inside its model at some of its own evaluation rows."""

from __future__ import annotations

from pathlib import Path

from glassbert.runs.directory import RunDirectory
from glassbert.runs.models import load
from glassbert.show.contents import OfRow
from glassbert.show.looks import LOOKS, Say, look_inside, refuse_looks, telling_rows
from glassbert.show.page import render_page
from glassbert.show.report import MAX_PAGE_BYTES, build_report, write_report

# for what stands round the records
RESERVE = 50_000


def report_run(run: Path, out: Path, *, looks: int = LOOKS, say: Say = lambda _: None) -> Path:
    """Write the report of a run and return its path; an unfinished run shows what there is.

    `looks` is how many evaluation rows it looks into; what does not fit into 5 MB is left out, and said.
    """
    refuse_looks(looks)
    write_report(run, out, looks=looked(run, looks, say=say))
    return out


def looked(run: Path, looks: int, *, say: Say) -> list[OfRow]:
    """What is seen of the telling rows; nothing of a run without a model."""
    predictions = run / "predictions.csv"
    if looks == 0 or not RunDirectory.open(run).is_finished or not predictions.is_file():
        return []
    room = MAX_PAGE_BYTES - len(render_page(build_report(run))) - RESERVE
    return list(look_inside(load(run), telling_rows(predictions, looks), room=room, say=say))
