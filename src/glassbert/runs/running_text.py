"""Files of words whose name says nothing: CoNLL, unless it could be running text, which has to be said."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd

from glassbert.errors import DataError, Problem, UsageError
from glassbert.text.conll import TAGS
from glassbert.text.formats import says_format
from glassbert.text.options import ReadOptions
from glassbert.text.tables import Table, read_table

HINT = "running text, a text a line, is read with --format text"
TAG = re.compile(r"O|[BIESULM]-.+")


def read_words(source: str | Path | pd.DataFrame | Table, options: ReadOptions, *, need_label: bool) -> Table:
    """A table of words, in the format that the name, `options.format` or `options.otherwise` says.

    Without a need for tags such a file may be running text: what cannot be CoNLL is refused with that hint,
    and so is what would be one sentence of several columns without a tag in the last (UsageError).
    """
    told = not isinstance(source, str | Path) or says_format(str(source), options)
    if told or need_label:
        return read_table(source, options)
    try:
        table = read_table(source, options)
    except DataError as error:
        *first, last = error.problems
        raise DataError(*first, replace(last, fix=f"{last.fix}; {HINT}"), total=error.total) from error
    tags = table.frame[TAGS].iloc[0] if TAGS in table.frame and len(table.rows) == 1 else ["O"]
    if not any(map(TAG.fullmatch, tags)):
        what = "every line has as many words as the others, and the last ones are no tags"
        fix = f"{HINT}; words with columns behind them with --format conll"
        raise UsageError(Problem(code="unclear-format", what=what, fix=fix, file=table.source))
    return table
