"""Which format a file is in, by option or by its name, and whether the other options go with it."""

from __future__ import annotations

import os
from typing import get_args

from glassbert.errors import Problem, UsageError
from glassbert.text.options import BadRows, Format, ReadOptions
from glassbert.text.sources import compression, open_regular

FORMAT_OF_SUFFIX: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".conll": "conll",
    ".iob": "conll",
    ".bio": "conll",
    ".words": "words",
    ".in": "words",
}


def resolve_format(name: str, options: ReadOptions) -> Format:
    """The format of the file `name`; a name without a known suffix needs `options.format`, or is that of
    `options.otherwise`.

    Errors: UsageError (2) for options that make no sense; those of `open_regular` for a name without suffix.
    """
    _check(options)
    compressed, suffix = _suffix(name)
    kind = options.format or FORMAT_OF_SUFFIX.get(suffix, options.otherwise)
    if kind is None:
        os.close(
            open_regular(name)
        )  # "no such file" and "a directory" are better answers than "no such format"
        what = f"the name does not say what format this is ('{suffix}')"
        raise UsageError(
            Problem(code="unknown-format", what=what, fix=_one_of("--format", Format), file=name)
        )
    if kind == "parquet" and compressed:
        what = "Parquet inside another compression is not read"
        raise UsageError(Problem(code="bad-option", what=what, fix="decompress the file first", file=name))
    return kind


def says_format(name: str, options: ReadOptions) -> bool:
    """Whether an option or the name of a file says its format."""
    return options.format is not None or _suffix(name)[1] in FORMAT_OF_SUFFIX


def is_plain(name: str, options: ReadOptions) -> bool:
    """Whether a file is plain text for all that an option or its name says."""
    return options.format == "text" or (options.format is None and _suffix(name)[1] == ".txt")


def _suffix(name: str) -> tuple[bool, str]:
    """(whether a file is compressed, the suffix that says its format in small letters)."""
    compressed = compression(name) is not None
    return compressed, os.path.splitext(os.path.splitext(name)[0] if compressed else name)[1].casefold()


def _check(options: ReadOptions) -> None:
    delimiter = options.delimiter
    if options.format is not None and options.format not in get_args(Format):
        problem = Problem(
            code="bad-option", what=f"no format '{options.format}'", fix=_one_of("--format", Format)
        )
    elif options.on_bad_rows not in get_args(BadRows):
        what = f"no policy '{options.on_bad_rows}' for bad rows"
        problem = Problem(code="bad-option", what=what, fix=_one_of("--on-bad-rows", BadRows))
    elif delimiter is not None and (len(delimiter) != 1 or delimiter in '"\n\r'):
        what = f"{delimiter!r} is not one character that can separate fields"
        problem = Problem(code="bad-option", what=what, fix="use --delimiter ';', for example")
    else:
        return
    raise UsageError(problem)


def _one_of(option: str, choices: object) -> str:
    return f"use {option} with one of {', '.join(get_args(choices))}"
