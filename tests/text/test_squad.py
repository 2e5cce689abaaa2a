"""SQuAD's rows of failures.md, each with its one message; nested and flat files, and what they hold."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from glassbert.errors import DataError
from glassbert.runs.rows import read_rows
from glassbert.text.asked import Asked, Schema
from glassbert.text.cells import asking_of
from glassbert.text.options import ReadOptions
from glassbert.text.spans import Span, spans_of

SCHEMA = Schema(texts="pair", label="spans")
CONTEXT = "Normandy is a region in France 🙂 and café means coffee in France."
Q: dict[str, Any] = {
    "id": "a",
    "question": "Where is Normandy?",
    "answers": [{"text": "France", "answer_start": 24}],
}
LOST = {key: Q[key] for key in ("id", "question")}


def nested(*questions: Any, context: Any = CONTEXT, **more: Any) -> dict[str, Any]:
    return {"data": [{"title": "t", "paragraphs": [{"context": context, "qas": list(questions)}]}], **more}


def write(path: Path, content: object, *, mark: bytes = b"") -> Path:
    data = mark + json.dumps(content, ensure_ascii=False).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def read(source: Path | pd.DataFrame, **options: Any) -> list[tuple[Span, ...]]:
    rows = read_rows(source, ReadOptions(**options), schema=SCHEMA)
    return spans_of(rows.table, asking_of(rows.columns))


def answered(text: str, start: Any, **more: Any) -> dict[str, Any]:
    return {**Q, "answers": [{"text": text, "answer_start": start}], **more}


BAD: list[tuple[str, object, str]] = [
    ("q1_offset_is_off_by_one", nested(answered("France", 25)),
     "1: wrong-offset: data[0].paragraphs[0].qas[0]: answer_start 25 points at 'rance ', and the answer"
     " 'France' begins at 24 — correct answer_start, perhaps to 24"),
    ("q1_offset_is_negative", nested(answered("France", -1)),
     "1: wrong-offset: data[0].paragraphs[0].qas[0]: answer_start -1 points at nothing, and the answer"
     " 'France' begins at 24 — correct answer_start, perhaps to 24"),
    ("q2_offset_counts_utf_16_units", nested(answered("café", 38)),
     "1: offset-unit: data[0].paragraphs[0].qas[0]: answer_start 38 of 'café': offsets look like UTF-16"
     " units; in characters 37 — count characters (Unicode code points)"),
    ("q2_offset_counts_bytes", nested(answered("café", 40)),
     "1: offset-unit: data[0].paragraphs[0].qas[0]: answer_start 40 of 'café': offsets look like bytes of"
     " UTF-8; in characters 37 — count characters (Unicode code points)"),
    ("q3_answer_is_not_in_the_context", nested(answered("Spain", 24)),
     "1: answer-not-in-context: data[0].paragraphs[0].qas[0]: the answer 'Spain' is not in the context"
     " — copy the answer from the context, letter by letter"),
    ("q4_impossible_with_answers", nested({**Q, "is_impossible": True}),
     "1: impossible-with-answers: data[0].paragraphs[0].qas[0]: is_impossible is true, and there is an"
     " answer: 'France' — remove the answers, or write false"),
    ("q4_possible_without_answers", nested({**Q, "answers": [], "is_impossible": False}),
     "1: no-answer: data[0].paragraphs[0].qas[0]: is_impossible is false, and there is no answer"
     " — give one, or mark the question is_impossible: true (SQuAD 2.0)"),
    ("q4_no_answers_in_1_1", nested(Q, {**Q, "id": "b", "answers": []}),
     "2: no-answer: data[0].paragraphs[0].qas[1]: there is no answer"
     " — give one, or mark the question is_impossible: true (SQuAD 2.0)"),
    ("q4_answers_key_is_missing", nested(LOST),
     "1: no-answer: data[0].paragraphs[0].qas[0]: there is no answer"
     " — give one, or mark the question is_impossible: true (SQuAD 2.0)"),
    ("q5_empty_question", nested({**Q, "question": " "}),
     "1: empty-question: data[0].paragraphs[0].qas[0]: the question is empty"
     " — fill in the question, or leave the row out"),
    ("q5_empty_context", nested({**Q, "answers": [], "is_impossible": True}, context=""),
     "1: empty-context: data[0].paragraphs[0].qas[0]: the context is empty"
     " — fill in the context, or leave the row out"),
    ("q6_repeated_id", nested(Q, Q),
     "2: duplicate-id: data[0].paragraphs[0].qas[1]: the id 'a' is also that of row 1"
     " — give every question an id of its own, or leave one out"),
    ("q10_answer_in_another_unicode_form", nested(answered("cafe\u0301", 37)),
     "1: answer-normalised: data[0].paragraphs[0].qas[0]: the answer 'cafe\u0301' is in the context only"
     " after normalisation of both (NFC) — normalise both alike, and count answer_start again"),
    ("q10_offset_of_other_line_ends", nested(answered("b", 2), context="a\r\nb"),
     "1: answer-normalised: data[0].paragraphs[0].qas[0]: the answer 'b' is in the context only"
     " after normalisation of both (line ends) — normalise both alike, and count answer_start again"),
    ("q11_data_is_missing", {"version": "1.1", "paragraphs": []},
     "1:1: not-an-array: this is a single JSON value, not an array of objects"
     " — write [{\"text\": \"...\", ...}, ...]; questions may be in SQuAD's {\"data\": [...]}"),
    ("q11_data_is_no_list", {"data": {}},
     "1: not-squad: data is an object, not a list"
     ' — write {"data": [{"paragraphs": [{"context": ..., "qas": [{"question": ..., "answers": ...}]}]}]}'),
    ("paragraphs_are_missing", {"data": [{"title": "t"}]},
     "1: not-squad: data[0].paragraphs is missing"
     ' — write {"data": [{"paragraphs": [{"context": ..., "qas": [{"question": ..., "answers": ...}]}]}]}'),
    ("question_is_no_object", nested(Q, "what?"),
     "2: not-squad: data[0].paragraphs[0].qas[1] is a string, not an object"
     ' — write {"data": [{"paragraphs": [{"context": ..., "qas": [{"question": ..., "answers": ...}]}]}]}'
     "; `--on-bad-rows quarantine` sets such rows aside"),
    ("answer_has_no_start", nested({**Q, "answers": [{"text": "France"}]}),
     "1: missing-key: data[0].paragraphs[0].qas[0]: the answer {'text': 'France'} has no answer_start"
     ' — write {"text": ["..."], "answer_start": [0]}'),
    ("answer_has_no_text", nested({**Q, "answers": [{"answer_start": 3}]}),
     "1: missing-key: data[0].paragraphs[0].qas[0]: the answer {'answer_start': 3} has no text"
     ' — write {"text": ["..."], "answer_start": [0]}'),
    ("answer_is_empty", nested(answered("", 0)),
     "1: empty-answer: data[0].paragraphs[0].qas[0]: an answer is empty"
     " — leave it out, or mark the question is_impossible"),
    ("answer_is_a_number", nested(answered(42, 0)),  # type: ignore[arg-type]
     "1: bad-answers: data[0].paragraphs[0].qas[0]: the answer 42 is no string"
     " — write it as it stands in the context"),
    ("offset_is_a_truth_value", nested(answered("France", True)),
     "1: bad-offset: data[0].paragraphs[0].qas[0]: answer_start is True"
     " — write the number of the first character, from 0"),
    ("is_impossible_is_a_word", nested({**Q, "is_impossible": "maybe"}),
     "1: bad-is-impossible: data[0].paragraphs[0].qas[0]: is_impossible is 'maybe' — write true or false"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), [each[1:] for each in BAD], ids=[each[0] for each in BAD])
def test_bad_questions_get_one_message(tmp_path: Path, content: object, message: str) -> None:
    path = write(tmp_path / "a.json", content)
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value) == f"{path}:{message}"
    assert caught.value.exit_code == 65


def test_question_that_is_missing_is_refused_as_every_missing_text_is(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", nested({key: Q[key] for key in ("id", "answers")}))
    from glassbert.tasks.sequences import texts_of

    rows = read_rows(path, ReadOptions(), schema=SCHEMA)
    with pytest.raises(DataError, match="missing-text: 'question' is null or absent"):
        texts_of(rows.table, rows.columns)


@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_nested_file_is_read_row_by_row(tmp_path: Path, name: str, mark: bytes) -> None:
    none = {
        "id": "b",
        "question": "Who?",
        "answers": [],
        "plausible_answers": [{"text": "x", "answer_start": 0}],
    }
    content = nested({**Q, "is_impossible": False}, {**none, "is_impossible": True}, version="v2.0")
    content["data"].append(
        content["data"][0] | {"paragraphs": [{"context": "x y", "qas": [answered("y", 2, id="c")]}]}
    )
    path = write(tmp_path / name, content, mark=mark)
    rows = read_rows(path, ReadOptions(), schema=SCHEMA)
    assert rows.table.frame["place"].tolist() == [
        "data[0].paragraphs[0].qas[0]", "data[0].paragraphs[0].qas[1]", "data[1].paragraphs[0].qas[0]",
    ]  # fmt: skip
    assert rows.table.rows.tolist() == [1, 2, 3]
    assert (rows.columns.text, rows.columns.pair, rows.columns.label) == ("question", "context", "answers")
    assert read(path) == [(Span("France", 24),), (), (Span("y", 2),)]


FLAT: Mapping[str, list[dict[str, Any]]] = {
    "hub": [{"answers": {"text": ["France"], "answer_start": [24]}}],
    "single_values": [{"answers": {"text": "France", "answer_start": 24}}],
    "list_of_objects": [{"answers": [{"text": "France", "answer_start": 24}]}],
    "two_columns": [{"answer": "France", "answer_start": 24}],
    "two_columns_of_lists": [{"answer": ["France"], "answer_start": [24]}],
}


@pytest.mark.parametrize("form", FLAT)
@pytest.mark.parametrize("suffix", ["json", "jsonl", "csv"])
def test_flat_files_give_the_same_answers(tmp_path: Path, form: str, suffix: str) -> None:
    rows = [{"question": "Where?", "context": CONTEXT, **each} for each in FLAT[form]]
    path = tmp_path / f"a.{suffix}"
    if suffix == "json":
        path.write_text(json.dumps(rows))
    elif suffix == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        cells = [
            {k: v if isinstance(v, str | int) else json.dumps(v) for k, v in row.items()} for row in rows
        ]
        pd.DataFrame(cells).to_csv(path, index=False)
    assert read(path) == [(Span("France", 24),)]


def test_hub_form_of_no_answer_is_none(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"question": ["Who?"], "context": [CONTEXT], "answers": [{"text": [], "answer_start": []}]}
    )
    assert read(frame) == [()]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("France", "which-occurrence"),
        ("Spain", "answer-not-in-context"),
        ("", "no-answer"),
        (None, "no-answer"),
    ],
)
def test_answer_without_offset_must_occur_once(answer: str | None, code: str) -> None:
    frame = pd.DataFrame({"question": ["Where?"], "context": [CONTEXT], "answer": [answer]}, dtype=object)
    with pytest.raises(DataError, match=f"1: {code}: "):
        read(frame)


def test_answer_without_offset_is_found_where_it_stands() -> None:
    frame = pd.DataFrame({"question": ["What?"], "context": [CONTEXT], "answer": ["café"]})
    assert read(frame) == [(Span("café", 37),)]


def test_bad_rows_are_set_aside_and_counted(tmp_path: Path) -> None:
    content = nested(
        Q, "what?", answered("France", 25, id="b"), answered("café", 37, id="c"), answered("café", 37)
    )
    path = write(tmp_path / "a.json", content)
    rows = read_rows(path, ReadOptions(on_bad_rows="quarantine"), schema=SCHEMA)
    assert rows.table.rows.tolist() == [1, 4]
    assert [each.problem.code for each in rows.rejected] == ["not-squad", "wrong-offset", "duplicate-id"]
    assert [each.problem.line for each in rows.rejected] == [2, 3, 5]
    assert spans_of(rows.table, asking_of(rows.columns)) == [(Span("France", 24),), (Span("café", 37),)]


def test_columns_may_be_named_and_missing_ones_are_asked_for() -> None:
    frame = pd.DataFrame({"ask": ["What?"], "story": [CONTEXT], "reply": ["café"]})
    asked = Asked(text="ask", pair="story", label="reply")
    rows = read_rows(frame, ReadOptions(), asked=asked, schema=SCHEMA)
    assert spans_of(rows.table, asking_of(rows.columns)) == [(Span("café", 37),)]
    with pytest.raises(
        DataError, match=r"missing-context-column: .*'ask', 'story', 'reply' — .*--context-column"
    ):
        read_rows(frame, ReadOptions(), asked=Asked(text="ask", label="reply"), schema=SCHEMA)


def test_broken_json_and_repeated_keys_name_the_place(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"data": [{"paragraphs": [}]}')
    with pytest.raises(DataError, match=r"a\.json:1:27: not-json: "):
        read(path)
    path.write_text('{"data": [{"title": "a", "title": "b"}]}')
    with pytest.raises(DataError, match=r"a\.json:1:1: duplicate-key: the key 'title' occurs twice"):
        read(path)


@pytest.mark.data
def test_real_files_are_read_and_their_flaws_found(shared_data: Path) -> None:
    squad = shared_data / "squad_subset"
    assert sum(map(bool, read(squad / "train-v1.1.first_articles.json.gz"))) == 4370
    second = read(squad / "dev-v2.0.5articles.json.gz")
    assert (len(second), sum(not each for each in second)) == (1407, 702)
    assert len(read(shared_data / "xquad" / "xquad.zh.json.gz")) == 1190
    path = shared_data / "cmrc2018" / "cmrc2018_dev.json.gz"
    with pytest.raises(DataError) as caught:
        read(path)
    kept = read_rows(path, ReadOptions(on_bad_rows="skip"), schema=SCHEMA)
    assert len(kept.table.rows) + len(kept.rejected) == 3219
    assert caught.value.total == len(kept.rejected) == 176
    codes = [each.problem.code for each in kept.rejected]
    assert (codes.count("answer-not-in-context"), codes.count("offset-unit")) == (173, 3)
