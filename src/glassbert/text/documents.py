"""Plain text as lines of documents, streaming: .txt, .jsonl and .parquet, each bounded in memory.

A document is what lies between blank lines of a text file, the text of one JSON object, or one cell of a
Parquet column. What this yields is a stream of lines in which "" ends a document and stands for nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glassbert.errors import DataError, Problem, UsageError
from glassbert.text.json_values import KINDS, Refused
from glassbert.text.jsonlines import json_object
from glassbert.text.sources import MAX_LINE_BYTES, Limits, stream_source
from glassbert.text.text_files import kind_of
from glassbert.text.text_stream import stream_lines

PARQUET_ROWS = 256


@dataclass(frozen=True, kw_only=True)
class TextOptions:
    """How plain text is read: the encoding of text files, the column of tables, the longest line in bytes."""

    encoding: str = "utf-8"
    text_column: str = "text"
    max_line_bytes: int = MAX_LINE_BYTES


DEFAULTS = TextOptions()


def stream_documents(
    path: Path, options: TextOptions = DEFAULTS, *, digest: Any = None
) -> Iterator[list[str]]:
    """The lines of a file in runs, "" after the last line of each document.

    `digest` (of hashlib) takes in the bytes of the file. Errors: those of `stream_lines`; DataError with the
    line for an object or a cell that holds no text.
    """
    kind = kind_of(path)
    if kind == "parquet":
        runs = _parquet(path, options, hashlib.sha256() if digest is None else digest)
    elif kind == "jsonl":
        runs = _json_lines(path, options, digest)
    else:
        runs = _text(path, options, digest)
    open_document = False
    for run in runs:
        lines: list[str] = []
        for line in run:
            if line or open_document:
                lines.append(line)
            open_document = bool(line)
        yield lines
    if open_document:
        yield [""]


def _text(path: Path, options: TextOptions, digest: Any) -> Iterator[list[str]]:
    for run in stream_lines(
        path, encoding=options.encoding, max_line_bytes=options.max_line_bytes, digest=digest
    ):
        yield ["" if line.isspace() else line for line in run]


def _json_lines(path: Path, options: TextOptions, digest: Any) -> Iterator[list[str]]:
    number = 0
    for run in stream_lines(path, max_line_bytes=options.max_line_bytes, digest=digest):
        lines: list[str] = []
        for line in run:
            number += 1
            if line.strip(" \t"):
                lines += _document(_json_text(line, number, path, options.text_column))
        yield lines


def _json_text(line: str, number: int, path: Path, column: str) -> str:
    try:
        found = json_object(line)
    except Refused as error:
        raise _bad(error.code, error.what, error.fix, path, number) from error
    except json.JSONDecodeError as error:
        if line.lstrip().startswith("["):
            what, fix = "this is a JSON array, not one JSON object per line", "write one object per line"
            raise _bad("json-array", what, fix, path, number) from error
        what = f"this line is not a JSON object ({error.msg} at character {error.pos + 1})"
        raise _bad("not-json", what, "write each object on one line of its own", path, number) from error
    if column not in found:
        what = f"there is no '{column}'; there is {', '.join(map(repr, list(found)[:8])) or 'nothing'}"
        raise _bad("no-text-column", what, "name the key of the text with --text-column", path, number)
    value = found[column]
    if not isinstance(value, str):
        what = f"'{column}' is {KINDS[type(value)]}, not a string"
        raise _bad("not-a-text", what, "write the text as a string", path, number)
    return value


def _parquet(path: Path, options: TextOptions, digest: Any) -> Iterator[list[str]]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        fix = 'pip install "glassbert[parquet]"'
        problem = Problem(code="needs-pyarrow", what="reading Parquet needs pyarrow", fix=fix, file=str(path))
        raise UsageError(problem) from error
    for _ in stream_source(path, Limits(line_bytes=None, expanded_bytes=None), digest=digest):
        pass
    column, row = options.text_column, 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            if column not in names:
                what = f"there is no column '{column}'; there are {', '.join(map(repr, names[:8]))}"
                raise _bad("no-text-column", what, "name the column of the text with --text-column", path)
            for batch in file.iter_batches(batch_size=PARQUET_ROWS, columns=[column]):
                yield _cells(batch.column(0).to_pylist(), row, path, column)
                row += batch.num_rows
    except (pyarrow.ArrowException, OSError) as error:
        what = f"this is not a readable Parquet file ({str(error).splitlines()[0]})"
        raise _bad("damaged-parquet", what, "fetch or write it again", path) from error


def _cells(cells: Iterable[Any], row: int, path: Path, column: str) -> list[str]:
    lines: list[str] = []
    for number, cell in enumerate(cells, row + 1):
        if not isinstance(cell, str):
            kind = KINDS.get(type(cell), f"of type {type(cell).__name__}")
            what = f"'{column}' is {kind}, not a string"
            raise _bad("not-a-text", what, "write the text as a string", path, number)
        lines += _document(cell)
    return lines


def _document(text: str) -> list[str]:
    """The lines of one document; blank ones inside it end nothing, a NUL is left to the tokenizer."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [*(line for line in lines if line and not line.isspace()), ""]


def _bad(code: str, what: str, fix: str, path: Path, line: int | None = None) -> DataError:
    return DataError(Problem(code=code, what=what, fix=fix, file=str(path), line=line))
