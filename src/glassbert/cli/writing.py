"""Where a verb puts the record it made: into a file, as JSON, or as a table on the screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from glassbert.cli.console import emit, emit_json


def refuse_out(
    out: Path | None,
    data: str | None = None,
    *,
    overwrite: bool,
    formats: Callable[[Path], str] | None = None,
) -> None:
    """Refuse a file that could not be written at the end, before any work is done.

    `formats` refuses other endings than a plain record's. Raises UsageError or OutputError.
    """
    if out is None:
        return
    from glassbert.lens.records import refuse_suffix  # numpy loads here, not for --help
    from glassbert.runs.outputs import refuse_output

    (formats or refuse_suffix)(out)
    refuse_output(out, data, overwrite=overwrite)


def give(
    record: Any,
    out: Path | None,
    *,
    kind: str,
    as_json: bool,
    table: Callable[[Any], str],
    about: Callable[[Any], dict[str, Any]],
) -> None:
    """Save a record where a file is named, and print what was asked for.

    Without a file: its table, or the whole record as JSON. With one: the path, or JSON of the path under
    `kind`, its size, and what `about` says.
    """
    from glassbert.lens.records import to_plain  # numpy is loaded by now

    if out is not None:
        record.save(out)
    if not as_json:
        emit(table(record) if out is None else f"{out}\n")
    elif out is None:
        emit_json(to_plain(record))
    else:
        emit_json({kind: str(out), "bytes": out.stat().st_size, **about(record)})
