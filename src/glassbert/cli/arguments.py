"""Words of the command line turned into values: durations, columns of readers, options shared by several
verbs.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from glassbert.errors import MissingInputError, Problem, UsageError

UNIT_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|)")

Model = Annotated[str, typer.Argument(help="Run, model directory, bundled name or hub id.")]
Pair = Annotated[str | None, typer.Option("--pair", help="A second text, for a pair.")]
Window = Annotated[
    int, typer.Option("--window", help="Which window of a text longer than the model, from 0.")
]
Looks = Annotated[
    int | None,
    typer.Option("--looks", help="Evaluation rows that the report looks into: 4 if unsaid, 0 for none."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the output file.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as one line of JSON.")]
Device = Annotated[str, typer.Option(help="cpu or cuda.")]
TextColumn = Annotated[
    str | None, typer.Option("--text-column", help="Column of the text; found by itself if unsaid.")
]
LabelColumn = Annotated[str | None, typer.Option("--label-column", help="Column of the label.")]
Threads = Annotated[int | None, typer.Option(min=1, help="CPU threads; all cores if unsaid.")]
Format = Annotated[
    str | None,
    typer.Option("--format", help="csv, tsv, json, jsonl or parquet; by the file's name if unsaid."),
]
Encoding = Annotated[str, typer.Option(help="Encoding of the text files.")]
Delimiter = Annotated[str | None, typer.Option(help="Field separator of CSV and TSV files.")]
Header = Annotated[
    bool, typer.Option("--header/--no-header", help="Whether the first line names the columns.")
]
OnBadRows = Annotated[str, typer.Option(help="error, skip or quarantine (both write the rejected rows).")]
MaxFieldBytes = Annotated[int | None, typer.Option(min=1, help="Longest field that is read.")]
MaxLineBytes = Annotated[int | None, typer.Option(min=1, help="Longest line that is read.")]


def seconds(text: str | None) -> float | None:
    """ "90", "90s", "10m" or "2h" in seconds; raises UsageError for anything else."""
    if text is None:
        return None
    match = DURATION.fullmatch(text.strip().lower())
    if match is None or float(match[1]) == 0:
        raise UsageError(
            Problem(code="bad-duration", what=f"--budget is {text!r}", fix="write 90s, 10m or 2h")
        )
    return float(match[1]) * UNIT_SECONDS[match[2]]


def read_options(
    *,
    format: str | None,
    encoding: str,
    delimiter: str | None,
    header: bool,
    on_bad_rows: str,
    limits: tuple[int | None, int | None] = (None, None),
) -> Any:
    """How to read a table, with the library's own limits where none is given."""
    from glassbert.text.options import ReadOptions  # loads pandas: only when a verb reads data

    given = {"max_field_bytes": limits[0], "max_line_bytes": limits[1]}
    sizes: Any = {name: value for name, value in given.items() if value is not None}
    options: Any = {"format": format, "on_bad_rows": on_bad_rows}
    mark = "\t" if delimiter in ("\\t", "tab") else delimiter
    return ReadOptions(encoding=encoding, delimiter=mark, header=header, **options, **sizes)


def settings_file(path: Path | None) -> dict[str, Any]:
    """The settings in a TOML or JSON file. Raises MissingInputError or UsageError."""
    if path is None:
        return {}
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(code="cannot-read", what=str(error), fix="check --config", file=str(path))
        raise MissingInputError(problem) from error
    try:
        found = tomllib.loads(content) if path.suffix == ".toml" else json.loads(content)
    except ValueError as error:
        fix = "write name = value lines (.toml) or one JSON object (.json)"
        raise UsageError(Problem(code="bad-config", what=str(error), fix=fix, file=str(path))) from error
    if not isinstance(found, dict):
        fix = "write one object"
        raise UsageError(Problem(code="bad-config", what="it is not an object", fix=fix, file=str(path)))
    return found
