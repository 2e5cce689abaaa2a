"""How a table is to be read: what the format is, and how strict to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from glassbert.text.schemes import Scheme
from glassbert.text.sources import MAX_EXPANDED_BYTES, MAX_LINE_BYTES

Format = Literal["csv", "tsv", "json", "jsonl", "parquet", "conll", "words", "text"]
BadRows = Literal["error", "skip", "quarantine"]
MAX_FIELD_BYTES = 16 << 20


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """Everything a person may say about a file; the defaults read what the file's name promises, strictly.

    `format` None: by suffix. `delimiter` None: comma for csv, tab for tsv (and a wrong one is refused with a
    suggestion, never switched). `header` False: the columns are named "0", "1", ... Sizes are in bytes.
    `on_bad_rows` is about single rows; a wrong encoding, an open quote or a wrong header always stops.
    `otherwise`: the format of a file whose name says nothing. Of tags: `scheme` None is detected; with
    `repair_bio` tags that break the scheme are read as conlleval reads them.
    """

    format: Format | None = None
    encoding: str = "utf-8"
    delimiter: str | None = None
    header: bool = True
    max_field_bytes: int = MAX_FIELD_BYTES
    max_line_bytes: int = MAX_LINE_BYTES
    max_expanded_bytes: int = MAX_EXPANDED_BYTES
    on_bad_rows: BadRows = "error"
    otherwise: Format | None = None
    scheme: Scheme | None = None
    repair_bio: bool = False
