"""Records as one HTML file that needs nothing else: no network, no second file, no code but ours.

The file holds the page's bundle (built from `web/` into `static/`), compressed, with a short script that
opens it, and each record's container as base64, in an element of its own that is read when its view is drawn;
where a graph is to be laid out, Graphviz stands in two more. Its Content-Security-Policy allows no request at
all and no script or style but those whose hashes it names, the compressed ones included; the script turns
records into text nodes and pixels, never into markup.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from glassbert.durable import write_file
from glassbert.lens.attention_record import AttentionRecord
from glassbert.lens.attention_sketch import AttentionSketch
from glassbert.lens.attribution_record import AttributionRecord
from glassbert.lens.comparison_record import ComparisonRecord
from glassbert.lens.diff_record import DiffRecord
from glassbert.lens.embeddings_sketch import EmbeddingsSketch
from glassbert.lens.heads_record import HeadsRecord
from glassbert.lens.landscape_record import LandscapeRecord
from glassbert.lens.masked_record import MaskedRecord
from glassbert.lens.pretraining_records import PretrainingReport
from glassbert.lens.records import Record
from glassbert.lens.report_records import Report
from glassbert.lens.search_record import SearchRecord
from glassbert.lens.structure_sketch import StructureSketch
from glassbert.show.contents import Content, Held, contents, fitting

TITLE_CHARACTERS = 80
SUFFIX = " · glassbert"
BINARY = "application/octet-stream;base64"
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
<noscript>This page draws its record with JavaScript, which is switched off.
本页用 JavaScript 绘制记录，而它已被关闭。</noscript>
<div id="page"></div>
{records}
{scripts}
<script>{opener}</script>
</body>
</html>
"""


def render_page(content: Content, *, title: str | None = None) -> bytes:
    """The HTML file of one record or several; the same records give the same bytes.

    Records of one view are shown one at a time, and chosen on the page. `title` is shown on the browser's
    tab; unsaid, it names the first record. Raises UsageError where there is no record.
    """
    held = contents(content)
    first = held[0].record
    style, opener = static("page.css").decode(), static("opener.js").decode()
    scripts, records = ["page.js"], [element(each) for each in held]
    graphs = any(isinstance(each.record, StructureSketch) for each in held)
    if graphs:
        scripts.insert(0, "graphviz.js")
        records.append(f'<script type="{BINARY}" data-graphviz>{packed("graphviz.wasm")}</script>')
    page = PAGE.format(
        policy=policy([opener.encode(), *map(static, scripts)], style, compiles=graphs),
        title=html.escape(title_of(first) if title is None else title),
        style=style,
        records="\n".join(records),
        scripts="\n".join(f'<script type="{BINARY}" data-packed>{packed(name)}</script>' for name in scripts),
        opener=opener,
    )
    # A lone surrogate can only stand in a title (records are base64): a reference shows it as unknown.
    return page.encode("utf-8", "xmlcharrefreplace")


def write_page(content: Content, path: str | Path, *, title: str | None = None, whole: bool = False) -> None:
    """Write `render_page` to a file, in full or not at all; raises OutputError or StorageError.

    A large attention record is sketched (see `glassbert.lens.attention_sketch`) unless `whole` is set.
    """
    drawn = content if whole else fitting(contents(content))
    write_file(Path(path), [render_page(drawn, title=title)])


def element(held: Held) -> str:
    """The element that carries a record: its kind, the row it is about, what to call it among its like."""
    row = "" if held.row is None else f' data-row="{held.row}"'
    name = html.escape(title_of(held.record).removesuffix(SUFFIX))
    data = base64.b64encode(held.record.to_bytes()).decode("ascii")
    kind = f'data-record="{type(held.record).__name__}"{row} data-title="{name}"'
    return f'<script type="{BINARY}" {kind}>{data}</script>'


def title_of(record: Record) -> str:
    """What names this record among many open tabs."""
    match record:
        case Report():
            paths = [file.path for file in record.facts.files if file.path]
            name = f"{Path(paths[0]).name} · {record.facts.run_id}" if paths else record.facts.run_id
        case PretrainingReport():
            names = [Path(text).name for part in record.text.parts for text in part.texts][:1]
            name = " · ".join([*names, record.facts.run_id])
        case AttentionRecord() | AttentionSketch() | AttributionRecord() | MaskedRecord():
            name = record.text
        case DiffRecord():
            name = f"{Path(record.model_a).name} → {Path(record.model_b).name}"
        case ComparisonRecord():
            name = f"{Path(record.first).name} → {Path(record.second).name}"
        case EmbeddingsSketch():
            name = f"{record.source} · {Path(record.model).name}"
        case HeadsRecord():
            name = f"Heads of {Path(record.model).name}"
        case LandscapeRecord():
            name = f"{Path(record.model).name}, loss landscape"
        case SearchRecord():
            name = f"Search of {record.model}"
        case StructureSketch():
            name = f"Structure of {Path(record.model).name}"
        case _:
            name = type(record).__name__
    return f"{name[:TITLE_CHARACTERS]}{SUFFIX}"


@cache
def static(name: str) -> bytes:
    """A file of the page's bundle, as `web/` built it."""
    return (files("glassbert.show") / "static" / name).read_bytes()


@cache
def packed(name: str) -> str:
    """A file of the bundle compressed and in base64; the same file gives the same text."""
    return base64.b64encode(gzip.compress(static(name), mtime=0)).decode("ascii")


def policy(scripts: Sequence[bytes], style: str, *, compiles: bool = False) -> str:
    """Nothing may load, be sent or be parsed as markup; these scripts may run and one style be applied.

    `compiles` allows WebAssembly to be compiled from bytes of the page, and no other code from text. The
    opener takes the one name under which text may become a script, and only text named here is run.
    """
    allowed = [f"'{digest(script)}'" for script in scripts] + ["'wasm-unsafe-eval'"] * compiles
    return (
        f"default-src 'none'; script-src {' '.join(allowed)}; style-src '{digest(style.encode())}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types glassbert"
    )


def digest(data: bytes) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(data).digest()).decode("ascii")
