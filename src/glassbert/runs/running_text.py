"""Plain text among files: a text a line where no label is needed, unless its first line or the task speaks
against it. What could be two things is refused until the format is said.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd

from glassbert.errors import DataError, Problem, UsageError
from glassbert.text.conll import TAGS
from glassbert.text.formats import is_plain, says_format
from glassbert.text.names import is_usual_name
from glassbert.text.options import ReadOptions
from glassbert.text.quoting import quoted
from glassbert.text.tables import Table, read_table
from glassbert.text.text_lines import TEXT

PLAIN = "plain text, a text a line"
MARKS = re.compile(r"[,;\t|]")
HINT = "running text, a text a line, is read with --format text"
TAG = re.compile(r"O|[BIESULM]-.+")


def read_texts(source: str | Path | pd.DataFrame | Table, options: ReadOptions) -> tuple[Table, list[str]]:
    """A table of texts that need no label, and what is to be noted of it: `.txt` is read a text a line.

    Raises UsageError for such a file whose first line names columns: it is a table under another name.
    """
    if not isinstance(source, str | Path) or not is_plain(str(source), options):
        return read_table(source, options), []
    table = read_table(source, replace(options, format="text"))
    names = MARKS.split(table.frame[TEXT].iloc[0].replace('"', ""))
    if options.format is None and len(names) > 1 and all(map(is_usual_name, names)):
        what = f"the first line names columns: {', '.join(map(quoted, names))}"
        fix = "give the format with --format csv or tsv; a text a line is read with --format text"
        raise UsageError(Problem(code="unclear-format", what=what, fix=fix, file=table.source))
    return table, [PLAIN]


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
