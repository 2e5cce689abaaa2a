"""Parquet and DataFrames: types kept, nothing turned into NaN."""

import builtins
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glassbert.errors import DataError, UsageError
from glassbert.text.cells import label_strings, text_strings
from glassbert.text.frames import fingerprint, parse_frame, parse_parquet
from glassbert.text.tables import ReadOptions, read_table

TEXTS = ["good film", "NA", "", "007"]


def parquet(**columns: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_parquet_strings_stay_strings(kind: pa.DataType, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(parquet(text=pa.array(TEXTS, kind), label=pa.array([1, 0, 1, 0], pa.int8())))
    table = read_table(path)
    assert text_strings(table, "text") == TEXTS
    assert label_strings(table, "label") == ["1", "0", "1", "0"]
    assert table.rows.tolist() == [1, 2, 3, 4]


def test_parquet_integers_with_null_stay_integers() -> None:
    parsed = parse_parquet(
        parquet(text=TEXTS, label=[2**60 + 1, None, 1, 0]), name="a", max_expanded_bytes=1 << 20
    )
    assert parsed.columns[1] == [2**60 + 1, None, 1, 0]


def test_j12_parquet_booleans_are_labels_by_schema(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(parquet(text=TEXTS, label=[True, False, True, True]))
    assert label_strings(read_table(path), "label") == ["true", "false", "true", "true"]


def test_j9_null_text_in_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(parquet(text=["a", None], label=["x", "y"]))
    with pytest.raises(DataError, match="a.parquet:2: missing-text"):
        text_strings(read_table(path), "text")


def test_parquet_lists_stay_lists() -> None:
    parsed = parse_parquet(parquet(tokens=[["a", "b"], []]), name="a", max_expanded_bytes=1 << 20)
    assert parsed.columns == [[["a", "b"], []]]


def test_damaged_parquet_is_refused_at_every_truncation() -> None:
    whole = parquet(text=TEXTS)
    for length in range(0, len(whole), 7):
        with pytest.raises(DataError, match="damaged-parquet"):
            parse_parquet(whole[:length], name="a.parquet", max_expanded_bytes=1 << 20)


def test_parquet_bomb_meets_the_limit() -> None:
    bomb = parquet(text=["x" * 10_000] * 20_000)
    assert len(bomb) < 1 << 20
    with pytest.raises(DataError, match="expanded size limit"):
        parse_parquet(bomb, name="a.parquet", max_expanded_bytes=32 << 20)


def test_dictionary_of_parquet_is_not_multiplied() -> None:
    values = pa.array(["x" * 100_000, "y"]).dictionary_encode()
    many = pa.concat_arrays([values] * 5000)
    cells = parse_parquet(parquet(text=many), name="a", max_expanded_bytes=256 << 20).columns[0]
    assert len(cells) == 10_000
    assert len({id(cell) for cell in cells}) <= 2 * 10  # one pair of objects for each batch of 1,024 rows


def test_parquet_without_rows_or_with_twice_a_name_is_refused() -> None:
    with pytest.raises(DataError, match="0 examples"):
        parse_parquet(parquet(text=pa.array([], pa.string())), name="a", max_expanded_bytes=1 << 20)
    file = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array(["a"])] * 2, names=["text", "text"]), file)
    with pytest.raises(DataError, match="duplicate-column"):
        parse_parquet(file.getvalue(), name="a", max_expanded_bytes=1 << 20)


def test_compressed_parquet_and_oversized_cells_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read_table(tmp_path / "a.parquet.gz")
    (tmp_path / "a.parquet").write_bytes(parquet(text=["x" * 1001]))
    with pytest.raises(DataError, match="field-too-long"):
        read_table(tmp_path / "a.parquet", ReadOptions(max_field_bytes=1000))


def test_parquet_without_pyarrow_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, real_import = parquet(text=TEXTS), builtins.__import__

    def no_pyarrow(name: str, *rest: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", no_pyarrow)
    with pytest.raises(UsageError) as caught:
        parse_parquet(whole, name="a.parquet", max_expanded_bytes=1 << 20)
    assert 'pip install "glassbert[parquet]"' in str(caught.value)


@pytest.mark.parametrize("dtype", [object, "str", "string", "category"])
def test_frame_strings_stay_strings_whatever_their_dtype(dtype: Any) -> None:
    frame = pd.DataFrame(
        {"text": pd.Series(TEXTS, dtype=dtype), "label": pd.Series(["a", "b"] * 2, dtype=dtype)}
    )
    table = read_table(frame)
    assert text_strings(table, "text") == TEXTS
    assert label_strings(table, "label") == ["a", "b", "a", "b"]
    assert table.source == "DataFrame" and table.rows.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
@pytest.mark.parametrize("dtype", [object, "string", "category"])
def test_j9_missing_text_of_a_frame_is_none_and_refused(missing: Any, dtype: Any) -> None:
    table = read_table(pd.DataFrame({"text": pd.Series(["a", missing], dtype=dtype)}))
    assert table.frame["text"].tolist() == ["a", None]
    with pytest.raises(DataError, match="DataFrame:2: missing-text"):
        text_strings(table, "text")


@pytest.mark.parametrize("dtype", ["int64", "uint8", "Int64", object])
def test_frame_integers_are_labels(dtype: Any) -> None:
    frame = pd.DataFrame({"label": pd.Series([0, 10], dtype=dtype)})
    assert label_strings(read_table(frame), "label") == ["0", "10"]


def test_j9_integers_that_pandas_made_floats_for_a_gap_are_refused() -> None:
    with pytest.raises(DataError) as caught:
        label_strings(read_table(pd.DataFrame({"label": [0, None, 1]})), "label")
    assert [problem.code for problem in caught.value.problems] == ["bad-label", "missing-label", "bad-label"]


def test_j12_frame_booleans_are_labels_by_dtype() -> None:
    assert label_strings(read_table(pd.DataFrame({"label": [True, False]})), "label") == ["true", "false"]


def test_frame_is_read_by_position_not_by_index_and_left_alone() -> None:
    frame = pd.DataFrame({0: ["a", "b"], 1: ["x", "y"]}, index=[7, 7])
    table = read_table(frame)
    assert table.frame.columns.tolist() == ["0", "1"]
    assert table.rows.tolist() == [1, 2]
    assert frame.columns.tolist() == [0, 1] and frame.index.tolist() == [7, 7]


def test_frame_without_rows_or_with_twice_a_name_is_refused() -> None:
    with pytest.raises(DataError, match="0 examples"):
        read_table(pd.DataFrame({"text": []}))
    with pytest.raises(DataError, match="duplicate-column"):
        read_table(pd.DataFrame([["a", "b"]], columns=["text", "text"]))


def test_fingerprint_follows_names_types_and_values() -> None:
    frames = [
        pd.DataFrame({"a": ["1", "2"]}),
        pd.DataFrame({"a": ["1", "3"]}),
        pd.DataFrame({"b": ["1", "2"]}),
        pd.DataFrame({"a": [1, 2]}),
        pd.DataFrame({"a": [1.0, 2.0]}),
        pd.DataFrame({"a": ["1\0'2"]}),
        pd.DataFrame({"a": ["1", "2"], "b": ["1", "2"]}),
    ]
    prints = [fingerprint(parse_frame(frame, name="x")) for frame in frames]
    assert len(set(prints)) == len(frames)
    assert prints == [fingerprint(parse_frame(frame.copy(), name="x")) for frame in frames]
