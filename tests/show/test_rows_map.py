"""The map of a run's evaluation rows: every row, or a sample that is said; what the head read of each."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import glassbert as gb
from glassbert.lens.embeddings_sketch import EmbeddingsSketch
from glassbert.lens.report_records import Report
from glassbert.show import rows_map as under_test
from glassbert.show.rows_map import rows_map
from glassbert.show.run_report import looked
from tests.runs.material import make_encoder, run, write_rows

ROOM = 1_000_000


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("rows_map")
    return run(write_rows(place / "rows.csv"), make_encoder(place / "model"), place / "run", epochs=1).path


def table(run: Path) -> list[dict[str, str]]:
    with (run / "predictions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def mapped(run: Path, room: int = ROOM) -> tuple[list[EmbeddingsSketch], list[str]]:
    said: list[str] = []
    found = list(rows_map(gb.load(run), run / "predictions.csv", room=room, say=said.append))
    return found, said  # type: ignore[return-value]


def test_every_row_is_a_point_under_its_own_number(finished: Path) -> None:
    (sketch,), said = mapped(finished)
    rows = table(finished)
    assert said == [] and sketch.sample is None
    assert sketch.texts == tuple(row["text"] for row in rows)
    numbers = sketch.rows if sketch.rows is not None else sketch.first_row + np.arange(len(rows))
    assert numbers.tolist() == [int(row["row"]) for row in rows]


def test_points_lie_where_the_head_reads(finished: Path) -> None:
    (sketch,), _ = mapped(finished)
    states = gb.load(finished).embed([row["text"] for row in table(finished)], pooling="cls")
    states /= np.linalg.norm(states, axis=1, keepdims=True)  # the metric is the cosine
    centred = states - states.mean(axis=0)
    plane = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    made = sketch.maps[0]
    found = made.low + made.coordinates / 65_535 * (made.high - made.low)
    for axis in range(2):
        sign = np.sign(found[:, axis] @ plane[:, axis])
        np.testing.assert_allclose(sign * found[:, axis], plane[:, axis], atol=np.ptp(plane[:, axis]) * 1e-3)


def test_columns_say_label_answer_and_confidence(finished: Path) -> None:
    (sketch,), _ = mapped(finished)
    rows = table(finished)
    columns = {column.name: column for column in sketch.columns}
    assert {"label", "confidence"} <= set(columns)
    label = columns["label"]
    assert [label.categories[code] for code in label.code] == [row["label"] for row in rows]
    expected = [float(row["confidence"]) for row in rows]
    np.testing.assert_allclose(columns["confidence"].number, expected, rtol=1e-6)
    if len({row["label"] == row["prediction"] for row in rows}) > 1:
        answer = columns["answer"]
        right = [row["label"] == row["prediction"] for row in rows]
        assert [answer.categories[code] == "right" for code in answer.code] == right


def test_a_sample_is_said_by_the_map_and_aloud(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "MOST_POINTS", 9)
    (sketch,), said = mapped(finished)
    total = len(table(finished))
    assert (sketch.sample, sketch.total, len(sketch.texts)) == (9, total, 9)
    assert said == [f"note: the report maps a sample: 9 of {total} evaluation rows"]


def test_rows_that_take_too_long_to_read_are_sampled(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "MOST_TOKENS", 100)
    (sketch,), said = mapped(finished)
    tokens = gb.load(finished).windows([row["text"] for row in table(finished)]).lengths
    assert sketch.sample == int(len(tokens) * 100 / tokens.sum()) and len(said) == 1


def test_a_map_stays_in_its_room_or_is_left_out_aloud(finished: Path) -> None:
    whole, _ = mapped(finished)
    size = under_test.size_in_page(whole[0])
    (small,), said = mapped(finished, room=size - 1)
    assert under_test.size_in_page(small) < size and small.sample is not None and len(said) == 1
    assert mapped(finished, room=100) == (
        [],
        ["note: the evaluation rows are not mapped: the report would be too large"],
    )


def test_report_looks_at_structure_map_and_rows_in_this_order(finished: Path) -> None:
    found = [type(getattr(each, "record", each)).__name__ for each in looked(finished, 1, say=lambda _: None)]
    assert found[:2] == ["StructureRecord", "EmbeddingsSketch"]
    assert set(found[2:]) == {"AttributionRecord", "AttentionRecord"}
    assert looked(finished, 0, say=lambda _: None) == [] and Report.__name__ not in found
