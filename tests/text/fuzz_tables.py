"""A million generated and mutated tables: `python -m tests.text.fuzz_tables --inputs 1000000 --log FILE`.

Every input has to end in one of two ways, within TIMEOUT seconds: a table with rows read = rows used + rows
reported, or an error of ours with a code and an exit code of failures.md. Anything else is a finding: another
exception, a hang, a lost row. The input is a pure function of (seed, number), so that a finding is found
again: `--only NUMBER` runs just that one and shows it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from glassbert.errors import GlassbertError, UsageError
from glassbert.text.options import ReadOptions
from glassbert.text.tables import Table, read_table

TIMEOUT = 10
FORMATS = ("csv", "tsv", "jsonl", "json")
EXIT_CODES = {2, 65, 66, 74}
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
        data = mutated(data, draw)
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


def mutated(data: bytes, draw: random.Random) -> bytes:
    """A piece put in, taken out, doubled, changed, or the end cut off."""
    place = draw.randint(0, len(data))
    length = draw.choice((1, 1, 2, 8, 40))
    match draw.randint(0, 4):
        case 0:
            return data[:place] + draw.choice(PIECES) * draw.choice((1, 1, 3, 200)) + data[place:]
        case 1:
            return data[:place] + data[place + length :]
        case 2:
            return data[:place] + data[place : place + length] * 2 + data[place + length :]
        case 3:
            return data[:place] + bytes([draw.randrange(256)]) + data[place + 1 :]
        case _:
            return data[:place]


BUILT: dict[str, Callable[[random.Random], bytes]] = {
    "csv": delimited(",", True),
    "tsv": delimited("\t", False),
    "jsonl": json_lines,
    "json": json_array,
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
    if kind == "jsonl":
        lines = [line for line in text.split("\n") if line.strip(" \t")]
        assert total == len(lines), "rows used and rows reported are not all rows"


def alarm(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"no end after {TIMEOUT} s")


def main() -> int:
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--inputs", type=int, default=1000)
    wanted.add_argument("--seed", type=int, default=0)
    wanted.add_argument("--only", type=int)
    wanted.add_argument("--log", type=Path)
    given = wanted.parse_args()
    os.nice(19)
    signal.signal(signal.SIGALRM, alarm)
    log = given.log.open("a", encoding="utf-8") if given.log else sys.stdout
    numbers = range(given.inputs) if given.only is None else [given.only]
    ends: Counter[str] = Counter()
    findings, started = 0, time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "input"
        for number in numbers:
            kind, data, policy = made(number, given.seed)
            signal.alarm(TIMEOUT)
            try:
                ends[outcome(kind, data, policy, path)] += 1
            except Exception as error:
                findings += 1
                said = f"{type(error).__name__}: {error}"[:300]
                print(
                    json.dumps({"number": number, "format": kind, "policy": policy, "said": said}), file=log
                )
                if given.only is not None:
                    print(data, file=log)
            finally:
                signal.alarm(0)
            if number % 10_000 == 9_999:
                print(json.dumps({"inputs": number + 1, "findings": findings}), file=log, flush=True)
    seconds = round(time.monotonic() - started, 1)
    last = {
        "inputs": len(numbers),
        "findings": findings,
        "seconds": seconds,
        "ends": dict(ends.most_common()),
    }
    print(json.dumps(last), file=log, flush=True)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
