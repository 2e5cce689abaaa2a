"""Reading a table of examples from CSV, TSV, JSON, SQuAD, JSONL, Parquet, CoNLL, words beside tags, or a
DataFrame: exactly, or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glassbert.errors import DataError, Problem
from glassbert.text.conll import parse_conll
from glassbert.text.decoding import decode
from glassbert.text.delimited import Dialect, parse_delimited
from glassbert.text.formats import resolve_format
from glassbert.text.frames import fingerprint, parse_frame, parse_parquet
from glassbert.text.json_array import parse_json_array
from glassbert.text.jsonlines import parse_json_lines
from glassbert.text.options import Format, ReadOptions
from glassbert.text.parsed import Parsed
from glassbert.text.quoting import quoted
from glassbert.text.rejects import Rejects
from glassbert.text.sources import Contents, Limits, read_source
from glassbert.text.squad import parse_squad, squad_document
from glassbert.text.text_lines import parse_text_lines
from glassbert.text.word_lines import both_hashes, parse_word_lines, partner_of

__all__ = ["ReadOptions", "Table", "read_table"]

DATAFRAME = "DataFrame"
STRICT = ReadOptions()
WITHOUT_LINES = ("json", "parquet")


@dataclass(frozen=True, kw_only=True)
class Table:
    """The rows of one file, as read; nothing was converted, dropped or filled in.

    `frame`: CSV and TSV cells are all str ("NA", "null" and "007" are themselves); the other formats keep
    str, int, float, bool, list and dict, and None for null or absent. `rows` int64 [n]: the number of each
    row as a person counts it (the line where it begins in CSV, TSV and JSONL; otherwise from 1). `sha256`:
    of the file as it lies on disk. `rejected`: why rows were set aside; `rejected_text`: those rows.
    """

    frame: pd.DataFrame
    source: str
    rows: NDArray[np.int64]
    sha256: str
    rejected: tuple[Problem, ...] = ()
    rejected_text: tuple[str, ...] = ()


def read_table(source: str | Path | pd.DataFrame | Table, options: ReadOptions = STRICT) -> Table:
    """Read a table (one that is read already is taken); `.gz` and `.xz` are decompressed on the way.

    Errors: MissingInputError (66), DataError (65) with file, line and remedy, StorageError (74) when the file
    changes while it is read, UsageError (2) for options that make no sense.
    """
    if isinstance(source, Table):
        return source
    rejects = Rejects(options.on_bad_rows)
    if isinstance(source, pd.DataFrame):
        parsed = parse_frame(source, name=DATAFRAME)
        return _table(parsed, rejects, source=DATAFRAME, sha256=fingerprint(parsed))
    name = os.fspath(source)
    kind = resolve_format(name, options)
    lines = None if kind in WITHOUT_LINES else options.max_line_bytes
    limits = Limits(line_bytes=lines, expanded_bytes=options.max_expanded_bytes)
    contents = read_source(name, limits)
    if kind == "words":
        return _with_tags(contents, name=name, limits=limits, options=options, rejects=rejects)
    parsed = _parse(contents, kind, name=name, options=options, rejects=rejects)
    return _table(parsed, rejects, source=name, sha256=contents.sha256)


def _parse(contents: Contents, kind: Format, *, name: str, options: ReadOptions, rejects: Rejects) -> Parsed:
    data = contents.data
    if kind == "parquet":
        parsed = parse_parquet(data, name=name, max_expanded_bytes=options.max_expanded_bytes)
        return _within(options.max_field_bytes, parsed, name=name)
    text = decode(data, name=name, encoding=options.encoding)
    if kind == "json":
        document = squad_document(text, name=name)
        if document is None:
            parsed = parse_json_array(text, name=name, rejects=rejects)
        else:
            parsed = parse_squad(document, name=name, rejects=rejects)
        return _within(options.max_field_bytes, parsed, name=name)
    if kind == "jsonl":
        size = len(data) if options.encoding == "utf-8" else None
        parsed = parse_json_lines(text, name=name, rejects=rejects, size=size)
        return _within(options.max_field_bytes, parsed, name=name)
    if kind == "text":
        return _within(options.max_field_bytes, parse_text_lines(text, name=name), name=name)
    if kind == "conll":
        return parse_conll(text, name=name, rejects=rejects, delimiter=options.delimiter)
    dialect = Dialect(
        delimiter=options.delimiter or ("\t" if kind == "tsv" else ","),
        quoted=kind == "csv",
        header=options.header,
        delimiter_given=options.delimiter is not None,
        max_field_bytes=options.max_field_bytes,
    )
    return parse_delimited(text, name=name, dialect=dialect, rejects=rejects)


def _with_tags(
    words: Contents, *, name: str, limits: Limits, options: ReadOptions, rejects: Rejects
) -> Table:
    """Words, and their tags where a file of them lies beside."""
    beside = partner_of(name)
    tags = None if beside is None else read_source(beside, limits)
    text = decode(words.data, name=name, encoding=options.encoding)
    answers = None if tags is None else decode(tags.data, name=str(beside), encoding=options.encoding)
    parsed = parse_word_lines(text, answers, name=name, tags_name=str(beside), rejects=rejects)
    sha256 = both_hashes(words.sha256, None if tags is None else tags.sha256)
    return _table(parsed, rejects, source=name, sha256=sha256)


def _within(limit: int, parsed: Parsed, *, name: str) -> Parsed:
    for column_name, column in zip(parsed.names, parsed.columns, strict=True):
        sizes = [len(cell) * 4 if isinstance(cell, str) else 0 for cell in column]
        if max(sizes) <= limit:
            continue
        for cell, row in zip(column, parsed.rows.tolist(), strict=True):
            if isinstance(cell, str) and (size := len(cell.encode("utf-8", "surrogatepass"))) > limit:
                what = f"the value of {quoted(column_name)} has {size:,} bytes, more than {limit:,}"
                fix = "shorten it, or raise --max-field-bytes"
                raise DataError(Problem(code="field-too-long", what=what, fix=fix, file=name, line=row))
    return parsed


def _table(parsed: Parsed, rejects: Rejects, *, source: str, sha256: str) -> Table:
    frame = pd.DataFrame(
        {name: _series(column) for name, column in zip(parsed.names, parsed.columns, strict=True)}, copy=False
    )
    return Table(
        frame=frame,
        source=source,
        rows=parsed.rows,
        sha256=sha256,
        rejected=tuple(rejects.problems),
        rejected_text=tuple(rejects.raw),
    )


def _series(column: Sequence[object] | NDArray[np.generic]) -> pd.Series:
    """Plain Python objects stay what they are: neither NaN for None nor a pandas string type."""
    if isinstance(column, np.ndarray):
        return pd.Series(column)
    return pd.Series(np.fromiter(column, dtype=object, count=len(column)), dtype=object)
