"""Words of the command line: those that several verbs share, and durations and settings as values."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from glassbert.errors import MissingInputError, Problem, UsageError

UNIT_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|)")

Model = Annotated[str, typer.Argument(help="Run, model directory, bundled name or hub id.")]
Data = Annotated[str | None, typer.Argument(help="A file of texts.")]
Text = Annotated[str, typer.Option("--text", help="The text to look at.")]
Texts = Annotated[list[str] | None, typer.Option("--text", help="A text (may be repeated).")]
Pair = Annotated[str | None, typer.Option("--pair", help="A second text, for a pair.")]
Window = Annotated[
    int, typer.Option("--window", help="Which window of a text longer than the model, from 0.")
]
Looks = Annotated[
    int | None,
    typer.Option("--looks", help="Evaluation rows that the report looks into: 4 if unsaid, 0 for none."),
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="File to write: .html, .json or .gbr.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the output file.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as one line of JSON.")]
Device = Annotated[str, typer.Option(help="cpu or cuda.")]
TextColumn = Annotated[
    str | None, typer.Option("--text-column", help="Column of the text; found by itself if unsaid.")
]
FirstColumn = Annotated[
    str | None,
    typer.Option(
        "--text-column",
        "--question-column",
        help="Column of the text or question; found by itself if unsaid.",
    ),
]
PairColumn = Annotated[
    str | None,
    typer.Option("--pair-column", "--context-column", help="Column of the second text, or of the context."),
]
LabelColumn = Annotated[str | None, typer.Option("--label-column", help="Column of the label.")]
Scheme = Annotated[
    str | None,
    typer.Option("--scheme", help="Of tags: iob1, iob2, iobes, bilou or none; detected if unsaid."),
]
ModelScheme = Annotated[
    str | None,
    typer.Option("--model-scheme", help="Of the model's own tags, such as iob1."),
]
RepairBio = Annotated[
    bool, typer.Option("--repair-bio", help="Read tags that break their scheme as conlleval does.")
]
Loss = Annotated[
    str | None,
    typer.Option(
        "--loss",
        help="cosine, multiple-negatives or triplet, for sentence-similarity; by the rows if unsaid.",
    ),
]
Pooling = Annotated[
    str | None,
    typer.Option("--pooling", help="mean, cls or max: how tokens become one vector; mean if unsaid."),
]
Crf = Annotated[bool, typer.Option("--crf", help="Learn the tags of a text as one chain.")]
LstmSize = Annotated[
    int | None, typer.Option("--lstm-size", help="Units of an LSTM each way before the tags.")
]
SyncEvery = Annotated[
    int | None, typer.Option(min=1, help="Of several processes: own steps between meetings.")
]
Threads = Annotated[int | None, typer.Option(min=1, help="CPU threads; all cores if unsaid.")]


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


def tags_read(options: Any, scheme: str | None, repair: bool) -> Any:
    """How to read a table, with what is said of its tags."""
    return replace(options, scheme=scheme, repair_bio=repair)


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
