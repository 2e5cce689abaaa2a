"""Parquet files and pandas DataFrames: tables that already know the type of each column."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glassbert.errors import DataError, Problem, UsageError
from glassbert.text.header import check_unique
from glassbert.text.parsed import Parsed, no_examples

BATCH_ROWS = 1024


def parse_parquet(data: bytes | bytearray, *, name: str, max_expanded_bytes: int) -> Parsed:
    """Columns of a Parquet file; `rows` count from 1. Needs the extra `parquet` (UsageError (2) without it).

    Errors: DataError (65) for a damaged file, or one that expands to more than `max_expanded_bytes`.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        fix = 'pip install "glassbert[parquet]"'
        raise UsageError(
            Problem(code="needs-pyarrow", what="reading Parquet needs pyarrow", fix=fix, file=name)
        ) from error
    batches, size = [], 0
    try:
        with pyarrow.parquet.ParquetFile(pyarrow.BufferReader(pyarrow.py_buffer(data))) as file:
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                batches.append(batch)
                size += batch.nbytes
                if size > max_expanded_bytes:
                    raise DataError(_too_large(name, max_expanded_bytes))
            table = pyarrow.Table.from_batches(batches, schema=file.schema_arrow)
    except (pyarrow.ArrowException, OSError) as error:
        what = f"this is not a readable Parquet file ({str(error).splitlines()[0]})"
        raise DataError(
            Problem(code="damaged-parquet", what=what, fix="fetch or write it again", file=name)
        ) from error
    check_unique(table.column_names, name)
    if not table.num_rows:
        raise no_examples(name)
    columns = [_from_arrow(column, pyarrow.types) for column in table.columns]
    return Parsed(names=table.column_names, columns=columns, rows=_counted(table.num_rows))


def parse_frame(frame: pd.DataFrame, *, name: str) -> Parsed:
    """Columns of a DataFrame in plain types (str, int, float, bool; missing is None); `rows` count from 1."""
    names = [str(label) for label in frame.columns]
    check_unique(names, name)
    if not len(frame):
        raise no_examples(name)
    columns = [_from_series(frame.iloc[:, index]) for index in range(len(names))]
    return Parsed(names=names, columns=columns, rows=_counted(len(frame)))


def fingerprint(parsed: Parsed) -> str:
    """SHA-256 over names, types and values: equal tables have equal fingerprints."""
    digest = hashlib.sha256()
    for name, column in zip(parsed.names, parsed.columns, strict=True):
        values = np.asarray(column) if isinstance(column, np.ndarray) else np.array(column, dtype=object)
        digest.update(f"{name}\0{values.dtype}\0".encode("utf-8", "surrogatepass"))
        if values.dtype == object:
            digest.update("\0".join(map(repr, values)).encode("utf-8", "surrogatepass"))
        else:
            digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _from_arrow(column: Any, types: Any) -> list[object] | NDArray[np.generic]:
    if types.is_dictionary(column.type):
        return [cell for chunk in column.chunks for cell in _from_dictionary(chunk)]
    simple = types.is_integer(column.type) or types.is_floating(column.type) or types.is_boolean(column.type)
    if simple and not column.null_count:
        values: NDArray[np.generic] = column.to_numpy()
        return values
    cells: list[object] = column.to_pylist()
    return cells


def _from_dictionary(chunk: Any) -> list[object]:
    """Equal cells share one object, so that a column does not grow by being decoded."""
    values = chunk.dictionary.to_pylist()
    return [None if code is None else values[code] for code in chunk.indices.to_pylist()]


def _from_series(series: pd.Series[Any]) -> list[object] | NDArray[np.generic]:
    if series.dtype.kind in "iufb" and isinstance(series.dtype, np.dtype):
        return series.to_numpy()
    missing = series.isna().tolist()
    return [None if absent else _plain(value) for value, absent in zip(series.tolist(), missing, strict=True)]


def _plain(value: object) -> object:
    """A NumPy scalar in a column of objects, as the Python value it stands for."""
    return value.item() if isinstance(value, np.generic) else value


def _counted(count: int) -> NDArray[np.int64]:
    return np.arange(1, count + 1, dtype=np.int64)


def _too_large(name: str, limit: int) -> Problem:
    what = f"expanded size limit: the table expands to more than {limit:,} bytes"
    return Problem(code="expanded-size-limit", what=what, fix="split it into smaller files", file=name)
