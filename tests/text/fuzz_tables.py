"""A million generated and mutated tables: `python -m tests.text.fuzz_tables --inputs 1000000 --log FILE`.

Every input has to end in one of two ways, within seconds: a table with rows read = rows used + rows
reported, or an error of ours with a code and an exit code of failures.md. Anything else is a finding: another
exception, a hang, a lost row. The input is a pure function of (seed, number), so that a finding is found
again: `--only NUMBER` runs just that one and shows it.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path

from tests.text.fuzzing import EXIT_CODES, campaign, mutated

from glassbert.errors import GlassbertError, UsageError
from glassbert.text.options import ReadOptions
from glassbert.text.tables import Table, read_table

FORMATS = ("csv", "tsv", "jsonl", "json", "text")
CELLS = (
    "", " ", "a", "text", "label", "NA", "null", "007", "1e999", "a fine film", "dull, and long", 'say "no"',
    '"', '""', "a\tb", "line\nbreak", "\r", "\u2028", "\u0085", "\x0b", "\ufeff", "好看", "e\u0301",
    "=1+1", "a;b", "😀", "x" * 300, "[1, 2]", '{"a": 1}', "1_000", "-0", "nan",
)  # fmt: skip
PIECES = (
    b"\x00", b"\xff", b"\xe9", b"\xef\xbb\xbf", b"\xff\xfe", b'"', b",", b"\t", b"\n", b"\r", b"\r\n", b"{",
    b"}", b"[", b"]", b":", b"\\", b"\\ud800", b"null", b"NaN", b"1e999", b"\xed\xa0\x80", b";", b"|", b" ",
)  # fmt: skip
VALUES = (None, True, False, 0, -1, 1.5, 10**30, "text", "", [], ["a"], {}, {"a": 1}, "\ud800", "a\nb")


def made(number: int, seed: int) -> tuple[str, bytes, str]:
    """(format, bytes, how bad rows are treated) of an input."""
    draw = random.Random(seed * 1_000_003 + number)
    kind = draw.choice(FORMATS)
    data = BUILT[kind](draw)
    for _ in range(draw.choice((0, 0, 1, 1, 2, 5))):
        data = mutated(data, draw, PIECES)
    return kind, data, draw.choice(("error", "skip", "quarantine"))


def delimited(mark: str, quoted: bool) -> Callable[[random.Random], bytes]:
    def build(draw: random.Random) -> bytes:
        width = draw.randint(1, 4)
        rows = [["text", "label", "id", "x"][:width]] + [
            [draw.choice(CELLS) for _ in range(width if draw.random() < 0.95 else draw.randint(0, 5))]
            for _ in range(draw.randint(0, 12))
        ]
        end = draw.choice(("\n", "\r\n", "\r"))
        return end.join(mark.join(cell(each, draw) for each in row) for row in rows).encode(
            "utf-8", "surrogatepass"
        ) + end.encode() * draw.randint(0, 2)

    def cell(text: str, draw: random.Random) -> str:
        if not quoted:
            return text
        return '"' + text.replace('"', '""') + '"' if draw.random() < 0.7 else text

    return build


def json_lines(draw: random.Random) -> bytes:
    end = draw.choice((b"\n", b"\r\n", b"\n\n"))
    return end.join(json.dumps(row(draw)).encode() for _ in range(draw.randint(0, 12)))


def json_array(draw: random.Random) -> bytes:
    rows = [row(draw) for _ in range(draw.randint(0, 12))]
    return json.dumps(rows, indent=draw.choice((None, 1))).encode()


def row(draw: random.Random) -> object:
    if draw.random() < 0.03:
        return draw.choice(VALUES)
    names = draw.sample(("text", "label", "id", "", "note"), draw.randint(0, 4))
    return {name: draw.choice(VALUES if draw.random() < 0.3 else CELLS) for name in names}


BUILT: dict[str, Callable[[random.Random], bytes]] = {
    "csv": delimited(",", True),
    "tsv": delimited("\t", False),
    "jsonl": json_lines,
    "json": json_array,
    "text": delimited(" ", False),
}


def outcome(kind: str, data: bytes, policy: str, path: Path) -> str:
    """How the reading ended, in a word; AssertionError or another exception is a finding."""
    path.write_bytes(data)
    lenient = ReadOptions(format=kind, on_bad_rows=policy)  # type: ignore[arg-type]
    try:
        table = read_table(path, lenient)
    except GlassbertError as error:
        assert error.exit_code in EXIT_CODES and error.problems, f"exit code {error.exit_code}"
        assert all(each.code and each.what and each.fix for each in error.problems), str(error)
        assert not isinstance(error, UsageError), str(error)
        return error.problems[0].code
    conserved(table, kind, data)
    if policy == "error":
        assert not table.rejected, "rows were set aside although bad rows are errors"
    return "read" if not table.rejected else "read in part"


def conserved(table: Table, kind: str, data: bytes) -> None:
    """No row twice, none both used and reported; as many rows as the file has, where that can be counted."""
    used = table.rows.tolist()
    assert len(table.frame) == len(used), "the table and its numbers differ"
    assert used == sorted(set(used)), "a row is there twice, or out of order"
    assert len(table.rejected) == len(table.rejected_text), "a reason without its row"
    total = len(used) + len(table.rejected)
    text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    if kind == "json":
        assert total == len(json.loads(text)), "rows used and rows reported are not all rows"
        return
    assert not set(used) & {each.line for each in table.rejected}, "a row is used and reported"
    if kind in ("jsonl", "text"):
        lines = [line for line in text.split("\n") if line.strip(" \t" if kind == "jsonl" else None)]
        assert total == len(lines), "rows used and rows reported are not all rows"


if __name__ == "__main__":
    sys.exit(campaign(__doc__, made, outcome))
