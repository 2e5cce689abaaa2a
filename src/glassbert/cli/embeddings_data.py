"""What `look embeddings` reads and writes: texts and what they can be coloured by, and a table of points."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glassbert.errors import SHOWN_PROBLEMS, Problem, UsageError

# columns that are shown unasked: more would be a list nobody reads
MOST_COLUMNS = 12


@dataclass(frozen=True, kw_only=True)
class Given:
    """Texts, the number of each in its source, and values to colour by; `notes` say what was chosen."""

    texts: list[Any]
    source: str
    rows: Any = None
    columns: dict[str, list[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def given_texts(texts: list[str]) -> Given:
    return Given(texts=list(texts), source="texts")


def given_word_table() -> Given:
    return Given(texts=[], source="word table")


def read_file(name: str, options: Any, *, text: str | None, label: str | None, columns: list[str]) -> Given:
    """The texts of a file (pairs where it holds pairs), and its columns: the label, those that are named, and
    others that can colour points.
    """
    from glassbert.runs.rows import Rows, rejected_warning  # pandas loads here, not for --help
    from glassbert.runs.running_text import read_texts
    from glassbert.text.cells import text_strings, usable_rows
    from glassbert.text.columns import choose_columns

    table, said = read_texts(name, options)
    chosen = choose_columns(table, text=text, label=label, need_label=False)
    if options.on_bad_rows != "error":
        table = usable_rows(table, chosen)
    texts: list[Any] = text_strings(table, chosen.text)
    if chosen.pair is not None:
        texts = list(zip(texts, text_strings(table, chosen.pair), strict=True))
    rows = Rows(table=table, columns=chosen)
    found = {chosen.label: rows.labels} if chosen.label is not None else {}
    used = {chosen.text, chosen.pair, chosen.label}
    values = {each: table.frame[each].tolist() for each in table.frame.columns if each not in used}
    asked, left_out = _colours(values, columns, name)
    notes = [*said, *chosen.reasons, *rejected_warning(rows.rejected, name, shown=SHOWN_PROBLEMS)]
    if left_out:
        notes.append(f"no colours from {', '.join(left_out)}: too many different values that are no numbers")
    return Given(
        texts=texts, source=Path(name).name, rows=table.rows, columns=found | asked, notes=tuple(notes)
    )


def _colours(
    values: dict[str, list[Any]], named: list[str], file: str
) -> tuple[dict[str, list[Any]], list[str]]:
    """The columns that are named, or else the first that can be colours; and those that cannot."""
    from glassbert.lens.embedding.columns import can_colour

    for name in named:
        if name not in values:
            what = f"there is no column {name!r} to colour by"
            fix = f"choose among {', '.join(values) or 'none'}"
            raise UsageError(Problem(code="missing-column", what=what, fix=fix, file=file))
    if named:
        return {name: values[name] for name in named}, []
    able = {name: each for name, each in values.items() if can_colour(each)}
    return dict(list(able.items())[:MOST_COLUMNS]), [name for name in values if name not in able]


def predictions_of(model: Any, texts: list[Any]) -> dict[str, list[Any]]:
    """The model's answers and how sure it is of them, where it has a trained head for such texts."""
    if model.untrained or model.network.head_config.kind != "sequence-classification":
        return {}
    found = model.predict(texts)
    said = {"prediction": model.task.words(found.answers)}
    if model.task.answer != "class":
        return said
    return {**said, "confidence": [float(each) for each in found.scores.max(axis=1)]}


def write_csv(path: Path, record: Any) -> None:
    """A line per point and map: where it lies, what it is, how far it is to be believed, its neighbours."""
    from glassbert.durable import write_file
    from glassbert.runs.predictions import plain_line, safe_cell

    head = ["model", "layer", "point", "row", "token", "text", "x", "y", "trustworthiness", "continuity"]
    lines = [plain_line([*head, "neighbours", *(safe_cell(column.name) for column in record.columns)])]
    for made in record.maps:
        for point in range(len(record.text_of)):
            named = map(safe_cell, _names(record, made, point))
            values = (safe_cell(_value(column, point)) for column in record.columns)
            lines.append(plain_line([*named, *_numbers(made, point), *values]))
    write_file(path, ["".join(lines).encode("utf-8", "backslashreplace")])


def _names(record: Any, made: Any, point: int) -> list[str]:
    text, token = int(record.text_of[point]), int(record.token_of[point])
    return [
        made.model,
        "" if made.layer is None else str(made.layer),
        str(point),
        "" if text < 0 else str(record.rows[text]),
        "" if token < 0 else record.tokens[token],
        "" if text < 0 else record.texts[text],
    ]


def _numbers(made: Any, point: int) -> list[str]:
    measures = (made.trustworthiness[point], made.continuity[point])
    near = " ".join(map(str, made.neighbours[point].tolist()))
    return [*(f"{each:.6g}" for each in made.coordinates[point]), *(f"{each:.6f}" for each in measures), near]


def _value(column: Any, point: int) -> str:
    if column.categories:
        code = int(column.code[point])
        return "" if code < 0 else column.categories[code]
    return f"{column.number[point]:g}"
