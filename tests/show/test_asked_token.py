"""Which word of a row a report asks about, and which token that is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import glassbert as gb
from glassbert.lens.attribution_record import AttributionRecord
from glassbert.model.config import HeadConfig
from glassbert.show.asked_token import character_of, token_at
from glassbert.show.looks import Row, look_inside
from tests.runs.speakers import make_speaker

TAGS = ("O", "B-PER", "I-PER")


def tagged(text: str, label: list[str], prediction: list[str]) -> dict[str, str]:
    cells = {"text": text, "label": json.dumps(label), "prediction": json.dumps(prediction)}
    return {**cells, "entities": "[]"}


@pytest.mark.parametrize(
    ("text", "label", "prediction", "character"),
    [
        ("the film is warm", ["O", "B-PER", "O", "O"], ["O", "O", "O", "B-PER"], 4),
        ("the film is warm", ["O"] * 4, ["O", "O", "O", "B-PER"], 12),
        ("U.S. film", ["O", "B-PER"], ["O", "B-PER"], 5),
        ("the film", ["O", "O"], ["O", "O"], 0),
        ("好看 film", ["O", "B-PER", "O"], ["O", "O", "O"], 1),
        ("two  spaces", ["O"], ["O"], None),
        ("", [], [], None),
    ],
)
def test_first_wrong_word_is_asked_about_else_the_first_that_is_tagged(
    text: str, label: list[str], prediction: list[str], character: int | None
) -> None:
    assert character_of(tagged(text, label, prediction)) == character


def test_an_answer_is_asked_about_where_it_begins() -> None:
    cell = {"text": "q", "pair": "c", "null_score": "0.1", "start": "7", "prediction": "found"}
    assert character_of(cell) == 7
    assert character_of({**cell, "prediction": ""}) is None
    assert character_of({"text": "a", "label": "x", "prediction": "y"}) is None


def test_the_token_is_the_one_that_holds_the_character(tmp_path: Path) -> None:
    model = gb.load(make_speaker(tmp_path, "bert", HeadConfig(kind="token-classification", labels=TAGS)))
    text = "the finest film"
    windows = model.windows([text], offsets=True)
    assert windows.offsets is not None
    for character in range(len(text)):
        token = token_at(model, text, character)
        if text[character] == " ":
            assert token is None
        else:
            assert token is not None
            begin, end = windows.offsets[token].tolist()
            assert begin <= character < end and windows.sequence[token] == 0
    paired = token_at(model, ("the film", text), 4)
    assert paired is not None and model.windows([("the film", text)]).sequence[paired] == 1


TAGGED = Row(number=2, text="the warm film", right=False, confidence=0.9, character=4)
ANSWERED = Row(number=2, text="is it ?", pair="a warm film", right=False, confidence=0.9, character=2)


@pytest.mark.parametrize(
    ("kind", "labels", "row", "target"),
    [("token-classification", TAGS, TAGGED, None), ("span", (), ANSWERED, "start")],
)
def test_a_row_of_words_is_looked_into_at_its_word(
    tmp_path: Path, kind: Any, labels: tuple[str, ...], row: Row, target: str | None
) -> None:
    model = gb.load(make_speaker(tmp_path, "bert", HeadConfig(kind=kind, labels=labels)))
    said: list[str] = []
    found = [each.record for each in look_inside(model, [row], room=3_000_000, say=said.append)]
    (record,) = [each for each in found if isinstance(each, AttributionRecord)]
    assert said == [] and record.target == (target or record.target) and record.position is not None
    assert record.tokens[record.position] == "warm"
