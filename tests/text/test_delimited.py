"""CSV and TSV: what is written is what is read, and where a row is wrong is where it is said to be."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.errors import DataError
from glassbert.text.delimited import Dialect, parse_delimited
from glassbert.text.parsed import Parsed
from glassbert.text.rejects import Rejects

CELLS = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=20)
PLAIN_CELLS = CELLS.map(lambda cell: cell.replace("\n", " ").replace("\t", " "))


def parse(text: str, *, quoted: bool = True, header: bool = True, limit: int = 1 << 20) -> Parsed:
    delimiter = "," if quoted else "\t"
    dialect = Dialect(
        delimiter=delimiter, quoted=quoted, header=header, delimiter_given=True, max_field_bytes=limit
    )
    return parse_delimited(text, name="a", dialect=dialect, rejects=Rejects("error"))


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=20))
def test_csv_reads_what_the_csv_module_writes(rows: list[tuple[str, str, str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows([("id", "text", "label"), *rows])
    parsed = parse(file.getvalue())
    assert list(zip(*parsed.columns, strict=True)) == rows
    lines = file.getvalue().split("\n")
    firsts = [lines[line - 1] for line in parsed.rows.tolist()]
    written = [next(io.StringIO(row_text(row), newline="\n")).rstrip("\n") for row in rows]
    assert firsts == written


def row_text(row: tuple[str, str, str]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerow(row)
    return file.getvalue()


@given(st.lists(st.tuples(PLAIN_CELLS, PLAIN_CELLS), min_size=1, max_size=20))
def test_tsv_reads_every_line_as_a_row(rows: list[tuple[str, str]]) -> None:
    parsed = parse("text\tlabel\n" + "".join("\t".join(row) + "\n" for row in rows), quoted=False)
    assert list(zip(*parsed.columns, strict=True)) == rows
    assert parsed.rows.tolist() == list(range(2, len(rows) + 2))


@pytest.mark.parametrize(
    ("record", "line", "column"),
    [
        ('"open,1', 3, 1),
        ('a,"open', 3, 3),
        ('"closed","open', 3, 10),
        ('"say ""hi""","open', 3, 14),
        ('"closed"x,1', 3, 1),
        ('"two\nlines",b"c,"open', 4, 12),
    ],
)
def test_c6_place_of_the_quote_that_opens_is_named(record: str, line: int, column: int) -> None:
    with pytest.raises(DataError) as caught:
        parse(f"text,label\nfine,1\n{record}\n")
    problem = caught.value.problems[0]
    assert (problem.code, problem.line, problem.column) == ("unterminated-quote", line, column)


def test_quote_inside_an_unquoted_field_is_a_letter() -> None:
    assert parse('text,label\n5" disk,a\n').columns[0] == ['5" disk']


def test_blank_lines_of_a_single_column_are_empty_texts() -> None:
    for quoted in (True, False):
        parsed = parse("text\none\n\nthree\n\n", quoted=quoted)
        assert parsed.columns == [["one", "", "three", ""]]
        assert parsed.rows.tolist() == [2, 3, 4, 5]


def test_blank_first_line_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        parse("\ntext,label\na,b\n")
    assert (caught.value.problems[0].code, caught.value.problems[0].line) == ("blank-line", 1)


def test_c15_limit_counts_bytes_not_characters() -> None:
    content = "text,label\n" + "é" * 500 + ",a\n"
    assert parse(content, limit=1000).columns[0] == ["é" * 500]
    with pytest.raises(DataError, match="field 1 has 1,000 bytes, more than 999"):
        parse(content, limit=999)


def test_c15_limit_holds_for_fields_of_many_short_lines() -> None:
    with pytest.raises(DataError, match="field 1 has 1,000 bytes, more than 999"):
        parse('text,label\n"' + "x\n" * 500 + '",a\n', limit=999)


def test_c15_global_limit_of_the_csv_module_is_put_back() -> None:
    before = csv.field_size_limit()
    parse("text,label\n" + "x" * (before + 1) + ",a\n")
    with pytest.raises(DataError):
        parse('text,label\n"' + "x" * (before + 1))
    assert csv.field_size_limit() == before


def test_nameless_column_gets_a_name() -> None:
    assert parse(",text,label\n0,a,b\n").names == ["Unnamed: 0", "text", "label"]


def test_spaces_around_names_go() -> None:
    assert parse("text, label\na, b\n").names == ["text", "label"]
    assert parse("text, label\na, b\n").columns == [["a"], [" b"]]
