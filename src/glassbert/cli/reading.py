"""How verbs read tables: options that several of them share, declared once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial, wraps
from typing import Annotated, Any, get_type_hints

import typer

DECLARED: dict[str, tuple[Any, Any]] = {
    "format": (
        Annotated[
            str | None,
            typer.Option(
                "--format",
                help="csv, tsv, json, jsonl, parquet, conll, words or text; by the file's name if unsaid.",
            ),
        ],
        None,
    ),
    "encoding": (Annotated[str, typer.Option(help="Encoding of the text files.")], "utf-8"),
    "delimiter": (Annotated[str | None, typer.Option(help="Field separator of CSV and TSV files.")], None),
    "header": (
        Annotated[
            bool, typer.Option("--header/--no-header", help="Whether the first line names the columns.")
        ],
        True,
    ),
    "on_bad_rows": (
        Annotated[str, typer.Option(help="error, skip or quarantine (both name the rejected rows).")],
        "error",
    ),
    "max_field_bytes": (Annotated[int | None, typer.Option(min=1, help="Longest field that is read.")], None),
    "max_line_bytes": (Annotated[int | None, typer.Option(min=1, help="Longest line that is read.")], None),
}

# Called when a table is about to be read, because pandas is loaded then and not for --help.
Reading = Callable[[], Any]


def reads_tables(verb: Callable[..., None]) -> Callable[..., None]:
    """A verb that takes `reading` (see `Reading`), as one that takes the options which say how to read."""

    @wraps(verb)
    def with_options(**given: Any) -> None:
        own = {name: given.pop(name) for name in DECLARED}
        verb(**given, reading=partial(read_options, **own))

    hints = get_type_hints(verb, include_extras=True)
    parameters = []
    for parameter in inspect.signature(verb).parameters.values():
        if parameter.name == "reading":
            parameters += [_declared(parameter, *each) for each in DECLARED.items()]
        else:
            parameters.append(parameter.replace(annotation=hints[parameter.name]))
    shown: Any = with_options
    shown.__signature__ = inspect.Signature(parameters)
    shown.__annotations__ = {each.name: each.annotation for each in parameters}
    return with_options


def _declared(like: inspect.Parameter, name: str, declared: tuple[Any, Any]) -> inspect.Parameter:
    annotation, default = declared
    return like.replace(name=name, annotation=annotation, default=default)


def read_options(
    *, format: str | None, encoding: str, delimiter: str | None, header: bool, on_bad_rows: str, **limits: Any
) -> Any:
    """How to read a table, with the library's own limits where none is given."""
    from glassbert.text.options import ReadOptions  # loads pandas: only when a verb reads data

    sizes = {name: value for name, value in limits.items() if value is not None}
    options: Any = {"format": format, "on_bad_rows": on_bad_rows, **sizes}
    mark = "\t" if delimiter in ("\\t", "tab") else delimiter
    return ReadOptions(encoding=encoding, delimiter=mark, header=header, **options)
