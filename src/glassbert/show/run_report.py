"""The report of a run, with a look inside its model on one of its own evaluation rows."""

from __future__ import annotations

from pathlib import Path

from glassbert.lens.attention_capture import attention
from glassbert.runs.directory import RunDirectory
from glassbert.runs.models import load
from glassbert.runs.predictions import plain_cell
from glassbert.show.contents import OfRow
from glassbert.show.page import write_page
from glassbert.show.report import build_report
from glassbert.text.tables import read_table

# long enough to show something, short enough to be read in one look
WORDS = (6, 30)


def report_run(run: Path, out: Path) -> Path:
    """Write the report of a run and return its path; an unfinished run shows what there is."""
    looked = look_inside(run)
    write_page([build_report(run), *([looked] if looked else [])], out)
    return out


def look_inside(run: Path) -> OfRow | None:
    """The attention on the most confident mistake of readable length, or on the surest right answer if there
    is none.
    """
    if not RunDirectory.open(run).is_finished or not (run / "predictions.csv").is_file():
        return None
    model = load(run)
    if model.network.config.attention_type != "scaled_dot_product":
        return None
    chosen = chosen_row(run / "predictions.csv")
    return None if chosen is None else OfRow(record=attention(model, chosen[1]), row=chosen[0])


def chosen_row(predictions: Path) -> tuple[int, str] | None:
    """Number and text of the evaluation row that the page looks into first."""
    rows = read_table(predictions).frame.to_dict("records")
    readable = [row for row in rows if WORDS[0] <= len(row["text"].split()) <= WORDS[1]] or rows
    readable.sort(key=lambda row: (row["label"] == row["prediction"], -float(row["confidence"])))
    return (int(readable[0]["row"]), plain_cell(readable[0]["text"])) if readable else None
