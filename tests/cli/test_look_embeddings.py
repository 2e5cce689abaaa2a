"""`glassbert look embeddings`: what it reads, writes and says, and what it refuses."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances

from glassbert.lens.embeddings_record import EmbeddingsRecord
from glassbert.runs.models import load
from tests.cli.process import Answer

Inside = Callable[..., Answer]
TEXTS = ["the film is warm", "a dull film", "it is not warm !", "the film is cold", "fine", "=the film"]
LABELS = ["pos", "neg", "neg", "neg", "pos", "pos"]


def look(inside: Inside, model: Path, *words: str | Path) -> Answer:
    return inside("look", "embeddings", model, *words)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    lines = [f"{text},{label},{1990 + i}" for i, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))]
    path.write_text("\n".join(["text,label,year", *lines]) + "\n", encoding="utf-8")
    return path


def read(path: Path) -> EmbeddingsRecord:
    return EmbeddingsRecord.from_bytes(path.read_bytes())


def test_the_texts_of_a_file_are_points_with_their_rows_and_columns(
    inside: Inside, encoder: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "look.gbr"
    answer = look(inside, encoder, data, "-o", out)
    assert (answer.code, answer.out) == (0, f"{out}\n")
    record = read(out)
    assert (record.texts, record.source) == (tuple(TEXTS), "reviews.csv")
    assert record.rows.tolist() == [2, 3, 4, 5, 6, 7]
    label, year = record.columns
    assert [label.categories[code] for code in label.code] == LABELS
    assert [year.categories[code] for code in year.code] == [str(1990 + i) for i in range(6)]
    apart = pairwise_distances(load(encoder).embed(TEXTS), metric="cosine") + 9 * np.eye(6)
    np.testing.assert_allclose(record.maps[0].distances, np.sort(apart)[:, :5], atol=1e-5)


def test_plain_text_is_a_text_a_line(inside: Inside, encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("\n".join(["", *TEXTS]) + "\n", encoding="utf-8")
    assert look(inside, encoder, tmp_path / "texts.txt", "-o", tmp_path / "look.gbr").code == 0
    record = read(tmp_path / "look.gbr")
    assert record.texts == tuple(TEXTS) and record.rows.tolist() == [2, 3, 4, 5, 6, 7]


def test_the_cost_and_the_measures_are_said(
    inside: Inside, encoder: Path, data: Path, tmp_path: Path
) -> None:
    answer = look(inside, encoder, data, "-o", tmp_path / "look.gbr", "--layer", "all")
    said = answer.err.splitlines()
    cost = next(i for i, line in enumerate(said) if "6 points" in line)
    assert "3 maps and all 36 pairs for the neighbours" in said[cost]
    assert [line.split(": ")[0].split(", ")[1] for line in said[cost + 1 :]] == [
        "layer 0",
        "layer 1",
        "layer 2",
    ]
    assert all("trustworthiness" in line and "continuity" in line for line in said[cost + 1 :])


def test_json_holds_the_measures_of_every_map(
    inside: Inside, encoder: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "look.json"
    said = look(inside, encoder, data, "-o", out, "--layer", "0", "--layer", "-1", "--json").json
    assert (said["points"], said["total"], said["sample"]) == (6, 6, None)
    assert [each["layer"] for each in said["maps"]] == [0, 2]
    written = json.loads(out.read_text(encoding="utf-8"))
    trust = np.mean(written["maps"][1]["trustworthiness"])
    assert said["maps"][1]["trustworthiness"] == pytest.approx(trust, abs=1e-6)


def test_a_table_has_a_line_per_point_that_a_spreadsheet_may_open(
    inside: Inside, encoder: Path, data: Path, tmp_path: Path
) -> None:
    out, same = tmp_path / "look.csv", tmp_path / "look.gbr"
    assert look(inside, encoder, data, "-o", out).code == 0
    assert look(inside, encoder, data, "-o", same).code == 0
    with out.open(encoding="utf-8", newline="") as file:
        lines, record = list(csv.DictReader(file)), read(same)
    assert [line["row"] for line in lines] == ["2", "3", "4", "5", "6", "7"]
    assert [line["label"] for line in lines] == LABELS
    assert lines[5]["text"] == "'=the film"
    found = np.array([[float(line["x"]), float(line["y"])] for line in lines])
    np.testing.assert_allclose(found, record.maps[0].coordinates, rtol=1e-4, atol=1e-6)
    neighbours = [[int(each) for each in line["neighbours"].split()] for line in lines]
    assert neighbours == record.maps[0].neighbours.tolist()


def test_the_page_is_one_file_that_names_its_source(
    inside: Inside, encoder: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "look.html"
    assert look(inside, encoder, data, "-o", out).code == 0
    page = out.read_text(encoding="utf-8")
    assert 'data-record="EmbeddingsSketch"' in page and "<title>reviews.csv · " in page


def test_a_sample_has_to_be_asked_for_and_is_said(
    inside: Inside, encoder: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "look.gbr"
    answer = look(inside, encoder, data, "-o", out, "--sample", "4", "--seed", "3")
    assert "a sample: 4 of 6 points, seed 3" in answer.err
    record = read(out)
    assert (len(record.text_of), record.total, record.sample) == (4, 6, 4)
    assert all(TEXTS[row - 2] == text for row, text in zip(record.rows.tolist(), record.texts, strict=True))
    assert [record.columns[0].categories[code] for code in record.columns[0].code] == [
        LABELS[row - 2] for row in record.rows.tolist()
    ]


def test_tokens_of_texts_at_hand(inside: Inside, encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "look.gbr"
    words = ("--text", "the film is warm", "--text", "the dull film", "--pooling", "token")
    assert look(inside, encoder, *words, "-o", out).code == 0
    record = read(out)
    names = [record.name_of(point) for point in range(len(record.text_of))]
    assert names[:4] == ["the", "film", "is", "warm"] and record.kind == "tokens"


def test_the_word_table_needs_no_text(inside: Inside, encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "look.gbr"
    assert look(inside, encoder, "--pooling", "static", "-o", out).code == 0
    record = read(out)
    assert (record.kind, record.source, record.maps[0].layer) == ("words", "word table", None)
    assert len(record.tokens) == record.total == load(encoder).tokenizer.vocab_size


def test_a_classifier_colours_by_what_it_predicts(
    inside: Inside, finished: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "look.gbr"
    assert look(inside, finished, data, "-o", out).code == 0
    record, predictions = read(out), load(finished).predict(TEXTS)
    columns = {column.name: column for column in record.columns}
    found = [columns["prediction"].categories[code] for code in columns["prediction"].code]
    assert found == [load(finished).labels[each] for each in predictions.classes]
    np.testing.assert_allclose(columns["confidence"].number, predictions.scores.max(axis=1), atol=1e-6)


def test_another_step_is_another_map(inside: Inside, encoder: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "look.gbr"
    assert look(inside, encoder, data, "-o", out, "--step", encoder).code == 0
    first, second = read(out).maps
    np.testing.assert_allclose(first.coordinates, second.coordinates, atol=1e-5)
    assert second.disparity == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "nothing-to-map: give either DATA or --text"),
        (("--text", "a", "--map", "som"), "unknown-map: "),
        (("--text", "a", "--pooling", "median"), "unknown-pooling: "),
        (("--text", "a", "--layer", "9"), "no-such-layer: layer is 9, and the model has 2"),
        (
            ("--text", "a", "--layer", "last"),
            "no-such-layer: --layer is last — give 0 to 2, -1 for the last, or all",
        ),
        (("--text", "a", "--map", "tsne"), "too-few-points: tsne needs 5 points, and there are 1"),
        (("--text", "a", "--sample", "0"), "bad-sample: "),
        (("--text", "", "--pooling", "token"), "no-tokens: "),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    inside: Inside, encoder: Path, tmp_path: Path, words: tuple[str, ...], problem: str
) -> None:
    answer = look(inside, encoder, *words, "-o", tmp_path / "look.gbr")
    assert answer.code == 2 and answer.problems[-1].startswith(problem)
    assert not (tmp_path / "look.gbr").exists()


def test_a_column_that_is_not_there_is_refused_with_those_that_are(
    inside: Inside, encoder: Path, data: Path, tmp_path: Path
) -> None:
    answer = look(inside, encoder, data, "--column", "yeer", "-o", tmp_path / "look.gbr")
    assert answer.code == 2
    assert "there is no column 'yeer' to colour by — choose among year" in answer.problems[-1]


def test_an_unknown_suffix_and_an_old_file_are_refused(
    inside: Inside, encoder: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "look.csv"
    out.write_text("mine")
    assert look(inside, encoder, data, "-o", out).code == 73 and out.read_text() == "mine"
    assert look(inside, encoder, data, "-o", data, "--overwrite").code == 73
    assert look(inside, encoder, data, "-o", tmp_path / "look.png").code == 2


def test_too_few_points_are_said_and_not_a_number(inside: Inside, encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "look.json"
    answer = look(inside, encoder, "--text", "", "-o", out)
    assert answer.code == 0 and "layer 2: too few points to judge (at least 3)" in answer.err
    assert not re.search(r"\bnan\b", answer.err)
    assert json.loads(out.read_text(encoding="utf-8"))["maps"][0]["trustworthiness"] == [None]
    said = look(inside, encoder, "--text", "", "-o", out, "--overwrite", "--json").json
    assert said["maps"][0]["trustworthiness"] is None
    words = ("--text", "warm", "--text", "cold", "--text", "fine", "-o", out, "--overwrite")
    assert "trustworthiness " in look(inside, encoder, *words).err
