"""Damaged files of every format: either examples or an error of ours, never anything else."""

import gzip
import io
import lzma
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.errors import GlassbertError
from glassbert.text.cells import label_strings, text_strings, usable_rows
from glassbert.text.columns import choose_columns
from glassbert.text.tables import ReadOptions, read_table

CSV = b'text,label\n"a ""q"", b\nc",pos\nfoo,neg\n'
JSONL = b'{"text": "a", "label": "b", "n": [1, {"a": null}]}\n{"text": "\\ud83d\\ude00", "label": "c"}\n'


def parquet() -> bytes:
    file = io.BytesIO()
    pd.DataFrame({"text": ["a", "b"], "label": [0, 1]}).to_parquet(file)
    return file.getvalue()


SOUND = {
    "a.csv": CSV,
    "a.tsv": b"text\tlabel\nfoo bar\tpos\nx\tneg\n",
    "a.jsonl": JSONL,
    "a.json": b"[" + JSONL.strip().replace(b"\n", b",\n") + b"]",
    "a.parquet": parquet(),
    "a.csv.gz": gzip.compress(CSV, mtime=0),
    "a.csv.xz": lzma.compress(CSV),
}
PIECES = [
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\t",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\\ud800",
    b"\0",
    b"\xff",
    b"NaN",
    b"1e999",
    b";",
]
EDITS = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 6), st.sampled_from(PIECES) | st.binary(max_size=3)),
    max_size=4,
)


def damaged(content: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for position, removed, added in edits:
        place = position % (len(content) + 1)
        content = content[:place] + added + content[place + removed :]
    return content


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@given(
    name=st.sampled_from(sorted(SOUND)),
    edits=EDITS,
    header=st.booleans(),
    policy=st.sampled_from(["error", "skip"]),
    encoding=st.sampled_from(["utf-8", "latin-1", "utf-16"]),
)
def test_damaged_file_gives_examples_or_an_error_of_ours(
    folder: Path, name: str, edits: list[tuple[int, int, bytes]], header: bool, policy: str, encoding: str
) -> None:
    path = folder / name
    path.write_bytes(damaged(SOUND[name], edits))
    options = ReadOptions(header=header, on_bad_rows=policy, encoding=encoding)  # type: ignore[arg-type]
    try:
        table = read_table(path, options)
        assert len(table.frame) == len(table.rows) > 0
        columns = choose_columns(table)
        table = usable_rows(table, columns) if policy == "skip" else table
        assert columns.label is not None
        assert len(text_strings(table, columns.text)) == len(label_strings(table, columns.label))
    except GlassbertError as error:
        assert error.exit_code in (2, 65)
        for problem in error.problems:
            assert problem.what and problem.fix and len(str(problem).splitlines()) == 1
