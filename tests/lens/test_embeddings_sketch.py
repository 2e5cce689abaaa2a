"""What the page holds of a record: within the stated error, and 100,000 points in 5 MB beside the texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from glassbert.lens import embeddings_sketch as rooms
from glassbert.lens.embeddings_sketch import EmbeddingsSketch, sketched
from glassbert.show.page import render_page
from tests.show.make_embeddings import large_embeddings, make_embeddings


def test_coordinates_are_within_half_a_step() -> None:
    record = make_embeddings(200)
    for made, drawn in zip(record.maps, sketched(record).maps, strict=True):
        read = drawn.low + drawn.coordinates / 65_535 * (drawn.high - drawn.low)
        step = (made.coordinates.max(axis=0) - made.coordinates.min(axis=0)) / 65_535
        assert (np.abs(read - made.coordinates) <= 0.51 * step).all()


def test_measures_and_distances_are_within_half_of_256_levels() -> None:
    record = make_embeddings(200)
    for made, drawn in zip(record.maps, sketched(record).maps, strict=True):
        for name in ("trustworthiness", "continuity"):
            kept = np.clip(getattr(made, name), 0, 1)
            np.testing.assert_allclose(getattr(drawn, name) / 255, kept, atol=0.5001 / 255)
        distances = drawn.distances / 255 * drawn.farthest
        np.testing.assert_allclose(distances, made.distances, atol=0.5001 / 255 * drawn.farthest)
        assert (drawn.trust, drawn.continuous) == (made.trust, made.continuous)


def test_neighbours_of_many_points_are_exact_and_fewer() -> None:
    record = large_embeddings(100_000)
    drawn = sketched(record)
    (made,), (kept,) = record.maps, drawn.maps
    held = kept.neighbour_low.shape[1]
    assert rooms.FEWEST_NEIGHBOURS <= held < drawn.neighbours == 10
    read = kept.neighbour_low + 65_536 * kept.neighbour_high.astype(np.int64)
    np.testing.assert_array_equal(read, made.neighbours[:, :held])


def test_a_hundred_thousand_points_are_a_page_below_five_megabytes_beside_the_texts() -> None:
    record = large_embeddings(100_000)
    texts = sum(len(text.encode()) + 3 for text in record.texts)
    assert len(render_page(record)) - texts * 4 / 3 < 5e6


def test_long_texts_are_cut_and_their_length_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "TEXT_CHARACTERS", 100)
    record = make_embeddings(30)
    long = replace(record, texts=("x" * 500, *record.texts[1:]))
    drawn = sketched(long)
    assert drawn.texts[0] == "x" * rooms.FEWEST_CHARACTERS and drawn.lengths[0] == 500
    assert drawn.texts[1:] == record.texts[1:]


def test_rows_that_are_not_consecutive_are_all_there() -> None:
    record = make_embeddings(30)
    assert sketched(record).rows is None and sketched(record).first_row == 2
    rows = np.arange(30, dtype=np.int32) * 3 + 2
    assert sketched(replace(record, rows=rows)).rows.tolist() == rows.tolist()


def test_points_without_a_category_are_marked() -> None:
    record = make_embeddings(30)
    code = record.columns[0].code.copy()
    code[4] = -1
    spoilt = replace(record, columns=(replace(record.columns[0], code=code),))
    assert sketched(spoilt).columns[0].code[3:6].tolist() == [0, 255, 2]


def test_a_sketch_is_a_record() -> None:
    drawn = sketched(make_embeddings(30, maps=1))
    assert EmbeddingsSketch.from_bytes(drawn.to_bytes()).to_bytes() == drawn.to_bytes()
    one = sketched(make_embeddings(30, sample=True))
    assert (one.sample, one.total) == (30, 60)
