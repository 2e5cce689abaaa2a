"""What a report looks into: the rows that tell most, in the room there is, and never at the report's cost."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import glassbert as gb
from glassbert.errors import DataError, Problem, UsageError
from glassbert.lens.attention_record import AttentionRecord
from glassbert.lens.attention_sketch import AttentionSketch
from glassbert.lens.records import Record
from glassbert.show import looks as room_of_looks
from glassbert.show.contents import OfRow
from glassbert.show.looks import Row, look_inside, refuse_looks, telling_rows
from glassbert.show.page import packed, render_page, static

SENTENCE = "a warm film that earns its quiet ending"
# number, text, label, prediction, confidence
ROWS = [
    (2, SENTENCE, "positive", "positive", 0.99),
    (3, SENTENCE, "negative", "positive", 0.70),
    (4, SENTENCE, "negative", "positive", 0.97),
    (5, "short", "negative", "positive", 0.999),
    (6, SENTENCE, "positive", "negative", 0.90),
    (7, SENTENCE, "positive", "negative", 0.80),
    (8, SENTENCE, "negative", "negative", 0.95),
]


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    path = tmp_path / "predictions.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "text", "label", "prediction", "confidence"])
        writer.writerows(ROWS)
    return path


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, [4]), (4, [4, 6, 7, 2]), (6, [4, 6, 7, 3, 2, 8]), (100, [4, 6, 7, 3, 2, 8])],
)
def test_surest_mistakes_come_first_and_then_right_answers(
    predictions: Path, count: int, expected: list[int]
) -> None:
    assert [row.number for row in telling_rows(predictions, count)] == expected


def test_texts_of_no_readable_length_are_better_than_none(predictions: Path) -> None:
    lines = predictions.read_text(encoding="utf-8").splitlines()
    predictions.write_text("\n".join([lines[0], *[each for each in lines if "short" in each], ""]))
    assert [row.number for row in telling_rows(predictions, 4)] == [5]


@pytest.mark.parametrize("looks", [-1, 101])
def test_number_of_looks_has_limits(looks: int) -> None:
    with pytest.raises(UsageError, match=f"bad-looks: --looks is {looks}"):
        refuse_looks(looks)


def rows(count: int) -> list[Row]:
    return [Row(number=n, text=SENTENCE, right=False, confidence=0.9) for n in range(2, 2 + count)]


def seen(model: object, wanted: list[Row], room: int) -> tuple[list[OfRow], list[str]]:
    said: list[str] = []
    return list(look_inside(model, wanted, room=room, say=said.append)), said  # type: ignore[arg-type]


@pytest.mark.weights
def test_looks_stay_within_their_room_and_say_what_they_leave_out(minilm: Path) -> None:
    model = gb.load(minilm)
    whole, _ = seen(model, rows(3), 3_000_000)
    attention = [each.record for each in whole]
    assert any(isinstance(each, AttentionRecord) for each in attention)
    bundle_bytes = len(packed("page.js")) + len(static("page.css"))
    small, said = seen(model, rows(3), 700_000)
    assert all("has no trained head" in each for each in said)  # an encoder predicts nothing to explain
    assert len(render_page(small)) < bundle_bytes + 705_000
    assert any(isinstance(each.record, AttentionSketch) for each in small)
    none, said = seen(model, rows(3), 0)
    assert none == []
    assert said[-1] == "note: 3 of 3 rows are not looked into: the report would be too large"


@pytest.mark.weights
def test_lens_that_fails_is_said_and_the_others_look(minilm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Record:
        raise DataError(Problem(code="no-memory", what="it needs 9 GB", fix="free some"))

    monkeypatch.setattr(room_of_looks, "attention", fail)
    found, said = seen(gb.load(minilm), rows(1), 3_000_000)
    assert "note: the report leaves out a look into the model: it needs 9 GB" in said
    assert not [each for each in found if isinstance(each.record, AttentionRecord)]
