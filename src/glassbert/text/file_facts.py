"""What kind of file a table came from: format, encoding, delimiter, line ends, compression, size."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from glassbert.text.formats import resolve_format
from glassbert.text.options import ReadOptions
from glassbert.text.sources import Limits, compression, read_source

UTF_8_MARK = b"\xef\xbb\xbf"
DELIMITED = {"csv": ",", "tsv": "\t"}


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """`line_ends` names each kind that occurs; `mark`: a byte-order mark; `reasons`: why it is read so."""

    format: str
    encoding: str
    mark: bool
    delimiter: str | None
    line_ends: tuple[str, ...]
    compressed: str | None
    bytes_on_disk: int
    reasons: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "line_ends": list(self.line_ends), "reasons": list(self.reasons)}


def file_facts(path: str | Path, options: ReadOptions = ReadOptions()) -> FileFacts:  # noqa: B008 - frozen
    """Look at a file that `read_table` accepts. Raises what reading raises."""
    name = os.fspath(path)
    kind = resolve_format(name, options)
    data = read_source(name, Limits(line_bytes=None, expanded_bytes=options.max_expanded_bytes)).data
    text = kind != "parquet"
    delimiter = (options.delimiter or DELIMITED[kind]) if kind in DELIMITED else None
    return FileFacts(
        format=kind,
        encoding=options.encoding if text else "binary",
        mark=text and data.startswith(UTF_8_MARK),
        delimiter=delimiter,
        line_ends=_line_ends(data) if text else (),
        compressed=compression(name),
        bytes_on_disk=os.stat(name).st_size,
        reasons=tuple(_reasons(kind, name, options)),
    )


def _line_ends(data: bytearray) -> tuple[str, ...]:
    windows = data.count(b"\r\n")
    counts = {"\\n": data.count(b"\n") - windows, "\\r\\n": windows, "\\r": data.count(b"\r") - windows}
    return tuple(name for name, count in counts.items() if count)


def _reasons(kind: str, name: str, options: ReadOptions) -> list[str]:
    """Why this format, this encoding, this delimiter."""
    of_format = "as told" if options.format else f"by the name '{os.path.basename(name)}'"
    reasons = [f"format: {kind}, {of_format}"]
    if kind != "parquet":
        usual = "every byte is valid" if options.encoding == "utf-8" else "as told, and every byte is valid"
        reasons.append(f"encoding: {options.encoding}, {usual}")
    if kind in DELIMITED:
        why = (
            "as told"
            if options.delimiter
            else f"what {kind} means; no other separates the first lines better"
        )
        reasons.append(f"delimiter: {options.delimiter or DELIMITED[kind]!r}, {why}")
    return reasons
