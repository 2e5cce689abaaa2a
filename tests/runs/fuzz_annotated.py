"""A million generated and mutated files of tags and of questions: CoNLL columns, SQuAD, and both as JSONL.

`python -m tests.runs.fuzz_annotated --inputs 1000000 --log FILE`

As tests/text/fuzz_tables.py, one step further: rows that a task can use have to be what the task says of
them (a tag for every word, words and answers where the text has them), and rows in = rows used + rows
reported, counted here by code of its own where a mutation leaves something to be counted.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from glassbert.errors import GlassbertError, UsageError
from glassbert.runs.rows import Rows, read_rows
from glassbert.tasks.answering import QuestionAnswering
from glassbert.tasks.tagging import TokenClassification
from glassbert.text.cells import asking_of
from glassbert.text.options import ReadOptions
from glassbert.text.spans import spans_of
from glassbert.text.tagged import sentences_of
from tests.text.fuzzing import EXIT_CODES, campaign, mutated

WORDS = (
    "Ann", "Lee", "Oslo", "the", ",", "\u200b", "e\u0301", "好", "看", "😀", "\u05d0", "x" * 200, "#", "O",
    "-DOCSTART-", "\u00a0", "\ufeff", '"', "a\u2028b",
)  # fmt: skip
TAGS = (
    ("O", "B-PER", "I-PER", "B-LOC", "I-LOC"),
    ("O", "I-PER", "I-LOC", "B-PER"),
    ("O", "B-PER", "I-PER", "E-PER", "S-PER"),
    ("O", "B-PER", "I-PER", "L-PER", "U-PER"),
    ("O", "B-", "X-PER", "b-per", "ABC", "", "_"),
)
CONTEXTS = (
    "Ann lives in Oslo.",
    "她住在奥斯陆。",
    "😀 in Oslo, e\u0301te\u0301",
    "a\r\nb Oslo",
    "",
    " ",
    "x" * 300,
)
PIECES = (
    b"\x00", b"\xff", b"\xef\xbb\xbf", b'"', b",", b"\t", b"\n", b"\n\n", b"\r\n", b" ", b"  ", b"{", b"}",
    b"[", b"]", b"null", b"NaN", b"-1", b"1.5", b"true",
    b"\\ud800", b"answers", b"B-PER", b"O", b"-DOCSTART-",
    b"\xc2\xa0",
)  # fmt: skip
ODD = (None, True, 0, -1, 1.5, 10**30, "", "text", [], {}, ["a"], {"text": "a"}, "\ud800")


def conll(draw: random.Random) -> bytes:
    """Sentences of words with a tag, and with a middle column now and then."""
    tags, mark = draw.choice(TAGS), draw.choice((" ", "\t", "  "))
    middle = draw.choice(([], [], ["NN"]))
    lines = []
    for _ in range(draw.randint(0, 5)):
        for _ in range(draw.randint(0, 6)):
            line = [draw.choice(WORDS), *middle, draw.choice(tags)]
            lines.append(mark.join(line[: draw.choice((9, 9, 9, 9, 9, 9, 1))]))
        lines.append("")
    return draw.choice(("\n", "\n", "\r\n")).join(lines).encode("utf-8", "surrogatepass")


def tagged(draw: random.Random) -> bytes:
    """JSONL of words and tags, or of a text and its entities."""
    tags, listed = draw.choice(TAGS), draw.random() < 0.5
    rows = [_words(draw, tags) if listed else _entities(draw) for _ in range(draw.randint(0, 6))]
    return b"\n".join(json.dumps(_odd(row, draw)).encode() for row in rows)


def _words(draw: random.Random, tags: tuple[str, ...]) -> dict[str, Any]:
    words = [draw.choice(WORDS) for _ in range(draw.randint(0, 6))]
    count = len(words) if draw.random() < 0.9 else draw.randint(0, 6)
    return {"tokens": words, "tags": [draw.choice(tags) for _ in range(count)]}


def _entities(draw: random.Random) -> dict[str, Any]:
    text = draw.choice(CONTEXTS)
    found = []
    for _ in range(draw.randint(0, 2)):
        start, end = sorted((draw.randint(-1, len(text) + 1), draw.randint(0, len(text) + 1)))
        found.append({"start": start, "end": end, "label": draw.choice(("PER", "LOC", ""))})
    return {"text": text, "entities": found}


def squad(draw: random.Random) -> bytes:
    """The nested document."""
    articles = [
        {"title": "t", "paragraphs": [_paragraph(draw) for _ in range(draw.randint(0, 2))]}
        for _ in range(draw.randint(0, 3))
    ]
    document = {"version": draw.choice(("1.1", "v2.0")), "data": [_odd(each, draw) for each in articles]}
    return json.dumps(document, indent=draw.choice((None, 1))).encode()


def _paragraph(draw: random.Random) -> object:
    context = draw.choice(CONTEXTS)
    questions = [_odd(_question(draw, context), draw) for _ in range(draw.randint(0, 3))]
    return _odd({"context": context, "qas": questions}, draw)


def _question(draw: random.Random, context: str) -> dict[str, Any]:
    start = draw.randint(0, max(len(context) - 1, 0))
    answer = {
        "text": context[start : start + draw.randint(0, 6)],
        "answer_start": start + draw.choice((0, 0, 0, 1)),
    }
    found = {"question": draw.choice(("Where?", "哪里？", " ")), "answers": [answer] * draw.randint(0, 2)}
    if draw.random() < 0.7:
        found["id"] = str(draw.randint(0, 30))
    if draw.random() < 0.3:
        found["is_impossible"] = not found["answers"] if draw.random() < 0.8 else draw.choice(ODD)
    return found


def flat(draw: random.Random) -> bytes:
    """A question a line; answers as SQuAD has them, as Hugging Face has them, or as text and place."""
    lines = []
    for _ in range(draw.randint(0, 6)):
        context = draw.choice(CONTEXTS)
        row = {"context": context, **_question(draw, context)}
        if draw.random() < 0.3:
            answers = row.pop("answers")
            row["answers"] = {key: [each[key] for each in answers] for key in ("text", "answer_start")}
        lines.append(json.dumps(_odd(row, draw)).encode())
    return b"\n".join(lines)


def _odd(value: dict[str, Any], draw: random.Random) -> object:
    """Now and then something else in its place, or in the place of one of its values, or one less."""
    chance = draw.random()
    if chance < 0.02:
        return draw.choice(ODD)
    if chance < 0.06:
        return {**value, draw.choice(list(value)): draw.choice(ODD)}
    if chance < 0.08:
        return {key: each for key, each in value.items() if key != draw.choice(list(value))}
    return value


BUILT: dict[str, Callable[[random.Random], bytes]] = {
    "conll": conll, "tags.jsonl": tagged, "squad": squad, "flat.jsonl": flat,
}  # fmt: skip
FORMATS = {"conll": "conll", "tags.jsonl": "jsonl", "squad": "json", "flat.jsonl": "jsonl"}


def made(number: int, seed: int) -> tuple[str, bytes, str]:
    """(kind, bytes, how bad rows are treated) of an input."""
    draw = random.Random(seed * 1_000_003 + number)
    kind = draw.choice(list(BUILT))
    data = BUILT[kind](draw)
    for _ in range(draw.choice((0, 0, 0, 1, 1, 2, 5))):
        data = mutated(data, draw, PIECES)
    return kind, data, draw.choice(("error", "skip", "quarantine"))


def outcome(kind: str, data: bytes, policy: str, path: Path) -> str:
    """How the reading ended, in a word; AssertionError or another exception is a finding."""
    path.write_bytes(data)
    options = ReadOptions(format=FORMATS[kind], on_bad_rows=policy, repair_bio=len(data) % 2 == 0)  # type: ignore[arg-type]
    tags = kind in ("conll", "tags.jsonl")
    schema = TokenClassification.schema if tags else QuestionAnswering.schema
    try:
        found = read_rows(path, options, schema=schema)
        (words_are_words if tags else answers_are_answers)(found)
    except GlassbertError as error:
        assert error.exit_code in EXIT_CODES and error.problems, f"exit code {error.exit_code}"
        assert all(each.code and each.what and each.fix for each in error.problems), str(error)
        assert not isinstance(error, UsageError), str(error)
        assert policy == "error" or error.problems[0].code not in ROWS_OF_THEIR_OWN, str(error)
        return error.problems[0].code
    conserved(found, kind, data)
    return "read" if not found.rejected else "read in part"


# what is wrong with a row does not stop a reading that sets bad rows aside
ROWS_OF_THEIR_OWN = {"wrong-field-count", "mixed-separators", "empty-field", "not-squad"}


def words_are_words(found: Rows) -> None:
    """A tag for each word; each word where its text has it, one after another."""
    for sentence in sentences_of(found.table, found.columns):
        assert sentence.tags is not None and len(sentence.tags) == len(sentence.spans), (
            "words and tags differ"
        )
        end = 0
        for first, last in sentence.spans:
            assert end <= first < last <= len(sentence.text), "words overlap, or lie outside the text"
            end = last


def answers_are_answers(found: Rows) -> None:
    """Each answer stands in its context where it says."""
    asking = asking_of(found.columns)
    contexts = found.table.frame[asking.context]
    for context, answers in zip(contexts, spans_of(found.table, asking), strict=True):
        for answer in answers:
            assert answer.text and context[answer.start : answer.end] == answer.text, "an answer is elsewhere"


def conserved(found: Rows, kind: str, data: bytes) -> None:
    """No row twice, none both used and reported, none lost."""
    used = found.table.rows.tolist()
    assert len(found.table.frame) == len(used), "the table and its numbers differ"
    assert used == sorted(set(used)), "a row is there twice, or out of order"
    total = total_of(kind, data)
    if total is not None:
        assert len(used) + len(found.rejected) == total, (
            f"{len(used)} + {len(found.rejected)} of {total} rows"
        )


def total_of(kind: str, data: bytes) -> int | None:
    """How many rows the file has; None where that is not to be told without the reader's own rules."""
    text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    if kind == "squad":
        return _things(json.loads(text), ["data", "paragraphs", "qas"])
    if kind != "conll":
        return sum(bool(line.strip(" \t")) for line in text.split("\n"))
    if "#" in text or "-DOCSTART-" in text:
        return None
    lines = ["" if not line.strip(" \t") else "x" for line in text.split("\n")]
    return sum(bool(block) for block in "\n".join(lines).split("\n\n") if block.strip("\n"))


def _things(parent: dict[str, Any], keys: list[str]) -> int:
    """Questions, and each thing that stands where questions, or what holds them, should be."""
    if not keys:
        return 1
    children = parent.get(keys[0])
    if not isinstance(children, list):
        return 1
    return sum(_things(child, keys[1:]) if isinstance(child, dict) else 1 for child in children)


if __name__ == "__main__":
    sys.exit(campaign(__doc__, made, outcome))
