"""The report of a run, with looks inside its model: its structure, a map of its evaluation rows, and some of
them closely.
"""

from __future__ import annotations

from pathlib import Path

from glassbert.lens.records import Record
from glassbert.lens.structuring.capture import structure
from glassbert.runs.directory import RunDirectory
from glassbert.runs.models import load
from glassbert.show.contents import OfRow
from glassbert.show.looks import LOOKS, Say, look_inside, refuse_looks, size_in_page, telling_rows, tried
from glassbert.show.page import render_page
from glassbert.show.report import MAX_PAGE_BYTES, report_records, write_report
from glassbert.show.rows_map import rows_map

# for what stands round the records
RESERVE = 50_000


def report_run(run: Path, out: Path, *, looks: int = LOOKS, say: Say = lambda _: None) -> Path:
    """Write the report of a run and return its path; an unfinished run shows what there is.

    `looks` is how many evaluation rows it looks into, beside the structure of the model and a map of all
    rows; with 0 it looks at nothing of the model. What does not fit into 5 MB is left out, and said.
    """
    refuse_looks(looks)
    write_report(run, out, looks=looked(run, looks, say=say))
    return out


def looked(run: Path, looks: int, *, say: Say) -> list[Record | OfRow]:
    """The structure, the map, and what is seen of the telling rows; nothing of a run without a model."""
    if looks == 0 or not RunDirectory.open(run).is_finished:
        return []
    model, predictions = load(run), run / "predictions.csv"
    structures = list(tried(lambda: structure(model), say))
    room = MAX_PAGE_BYTES - len(render_page([*report_records(run), *structures])) - RESERVE
    if not predictions.is_file():
        return [*structures]
    maps = list(rows_map(model, predictions, room=room // 3, say=say))
    room -= sum(map(size_in_page, maps))
    rows = telling_rows(predictions, looks)
    return [*structures, *maps, *look_inside(model, rows, room=room, say=say)]
