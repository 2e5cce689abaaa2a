"""A record as one HTML file that needs nothing else: no network, no second file, no code but ours.

The file holds the page's bundle (built from `web/` into `static/`) and the record's container as base64. Its
Content-Security-Policy allows no request at all and no script or style but the two whose hashes it names; the
script turns the record into text nodes and pixels, never into markup.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from functools import cache
from importlib.resources import files
from pathlib import Path

from glassbert.durable import write_file
from glassbert.errors import Problem, UsageError
from glassbert.lens.attention_record import AttentionRecord
from glassbert.lens.attention_sketch import AttentionSketch, fitted
from glassbert.lens.attribution_record import AttributionRecord
from glassbert.lens.records import Record
from glassbert.lens.report_records import Report
from glassbert.lens.structure_record import StructureRecord

TITLE_CHARACTERS = 80
# Records that the bundle has no view for: a page of one would be empty.
UNDRAWN = (AttributionRecord,)
# What ends a script element, or starts the state in which its end is not seen (HTML standard, 13.1.5). In
# JavaScript they can only stand inside strings and patterns, where a backslash before "/" or "!" is nothing.
ENDS_SCRIPT = re.compile(r"<(?=/script|!--)", re.IGNORECASE)
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="glassbert">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<noscript>This page draws its record with JavaScript, which is switched off.</noscript>
<div id="page"></div>
<script type="application/octet-stream;base64" id="record">{record}</script>
<script>{script}</script>
</body>
</html>
"""


def render_page(record: Record, *, title: str | None = None) -> bytes:
    """The HTML file; the same record gives the same bytes. `title` is shown on the browser's tab.

    Raises UsageError for a record that the page cannot draw.
    """
    if isinstance(record, UNDRAWN):
        what = f"there is no page of an {type(record).__name__}"
        raise UsageError(Problem(code="no-page", what=what, fix="save it as .json or .gbr"))
    if isinstance(record, StructureRecord):  # a page of its own, which needs no script
        return record.to_html().encode("utf-8")
    script, style = bundle()
    page = PAGE.format(
        policy=policy(script, style),
        title=html.escape(title_of(record) if title is None else title),
        style=style,
        record=base64.b64encode(record.to_bytes()).decode("ascii"),
        script=script,
    )
    # A lone surrogate can only stand in the title (the record is base64): a reference shows it as unknown.
    return page.encode("utf-8", "xmlcharrefreplace")


def write_page(record: Record, path: str | Path, *, title: str | None = None, whole: bool = False) -> None:
    """Write `render_page` to a file, in full or not at all; raises OutputError or StorageError.

    A large attention record is sketched (see `glassbert.lens.attention_sketch`) unless `whole` is set.
    """
    drawn = fitted(record) if isinstance(record, AttentionRecord) and not whole else record
    write_file(Path(path), [render_page(drawn, title=title)])


def title_of(record: Record) -> str:
    """What names this record among many open tabs."""
    match record:
        case Report():
            paths = [file.path for file in record.facts.files if file.path]
            name = f"{Path(paths[0]).name} · {record.facts.run_id}" if paths else record.facts.run_id
        case AttentionRecord() | AttentionSketch():
            name = record.text
        case _:
            name = type(record).__name__
    return f"{name[:TITLE_CHARACTERS]} · glassbert"


@cache
def bundle() -> tuple[str, str]:
    """The page's script and style sheet, ready to stand inside their elements."""
    static = files("glassbert.show") / "static"
    script = (static / "page.js").read_text(encoding="utf-8")
    style = (static / "page.css").read_text(encoding="utf-8")
    return ENDS_SCRIPT.sub(r"<\\", script), style


def policy(script: str, style: str) -> str:
    """Nothing may load, be sent or be parsed as markup; one script may run and one style be applied."""
    return (
        f"default-src 'none'; script-src '{digest(script)}'; style-src '{digest(style)}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
