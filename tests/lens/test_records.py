"""Records: checked when made, the same after a round trip, refused when damaged; their types are current."""

import importlib.util
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import Float32, Int32

from glassbert.errors import DataError, OutputError, UsageError
from glassbert.lens.container import pack
from glassbert.lens.records import LARGEST_INT, Record

GENERATOR = Path(__file__).parents[2] / "web" / "generate_types.py"


@dataclass(frozen=True, kw_only=True, eq=False)
class Point(Record):
    name: str
    weight: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Cloud(Record):
    title: str
    count: int
    ready: bool
    note: str | None
    centre: Point | None
    points: tuple[Point, ...]
    values: Float32[np.ndarray, "n d"]
    step: Int32[np.ndarray, " n"]


CLOUD = Cloud(
    title="情感 </script>",
    count=3,
    ready=True,
    note=None,
    centre=Point(name="c", weight=float("nan")),
    points=(Point(name="a", weight=1.0), Point(name="b", weight=-float("inf"))),
    values=np.array([[1, np.nan], [3, 4]], np.float32),
    step=np.array([1, 2], np.int32),
)


def test_record_survives_its_bytes() -> None:
    read = Cloud.from_bytes(CLOUD.to_bytes())
    assert read.to_bytes() == CLOUD.to_bytes()
    assert (read.title, read.count, read.ready, read.note) == ("情感 </script>", 3, True, None)
    assert read.points[1].weight == -np.inf and np.isnan(read.centre.weight)
    np.testing.assert_array_equal(read.values, CLOUD.values)


@pytest.mark.parametrize(
    "change",
    [
        {"title": 3},
        {"count": True},
        {"count": LARGEST_INT + 1},
        {"count": 2.0},
        {"ready": 1},
        {"note": b"x"},
        {"centre": "c"},
        {"points": [Point(name="a", weight=1.0)]},
        {"points": ("a",)},
        {"values": np.zeros((2, 2))},
        {"values": np.zeros(2, np.float32)},
        {"step": np.zeros(2, np.int64)},
        {"step": [1, 2]},
    ],
    ids=str,
)
def test_record_refuses_a_field_that_breaks_its_annotation(change: dict[str, object]) -> None:
    with pytest.raises(TypeError, match=rf"Cloud\.{next(iter(change))} is "):
        replace(CLOUD, **change)


def tree(**changes: object) -> dict[str, object]:
    good = {
        "title": "t",
        "count": 1,
        "ready": False,
        "note": None,
        "centre": None,
        "points": [],
        "values": {"$array": 0},
        "step": {"$array": 1},
    }
    return {**good, **changes}


DAMAGED = {
    "a field missing": {key: value for key, value in tree().items() if key != "note"},
    "a field too many": tree(extra=1),
    "not an object": [1],
    "array used twice": tree(step={"$array": 0}),
    "array out of range": tree(step={"$array": 2}),
    "array index true": tree(step={"$array": True}),
    "arrays swapped": tree(values={"$array": 1}, step={"$array": 0}),
    "array a list": tree(step=[1, 2]),
    "tuple an object": tree(points={}),
    "wrong scalar": tree(count="1"),
    "nested record broken": tree(points=[{"name": "a"}]),
    "float nonsense": tree(points=[{"name": "a", "weight": {"$float": "x"}}]),
    "float key wrong": tree(points=[{"name": "a", "weight": {"$f": "nan"}}]),
}
ARRAYS = [np.zeros((2, 1), np.float32), np.zeros(2, np.int32)]


def test_record_reads_the_undamaged_tree() -> None:
    assert Cloud.from_bytes(pack("Cloud", tree(), ARRAYS)).count == 1


@pytest.mark.parametrize("damaged", DAMAGED.values(), ids=DAMAGED.keys())
def test_record_refuses_a_damaged_tree(damaged: object) -> None:
    with pytest.raises(DataError, match="bad-record"):
        Cloud.from_bytes(pack("Cloud", damaged, ARRAYS))


def test_record_refuses_an_array_of_no_field() -> None:
    with pytest.raises(DataError, match="belong to no field"):
        Cloud.from_bytes(pack("Cloud", tree(), [*ARRAYS, ARRAYS[0]]))


def test_record_refuses_another_record() -> None:
    with pytest.raises(DataError, match="it holds a Cloud, not a Point"):
        Point.from_bytes(CLOUD.to_bytes())


def test_record_saves_its_container(tmp_path: Path) -> None:
    CLOUD.save(tmp_path / "cloud.gbr")
    assert (tmp_path / "cloud.gbr").read_bytes() == CLOUD.to_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["cloud.gbr"]


def test_record_saves_json_for_machines(tmp_path: Path) -> None:
    CLOUD.save(tmp_path / "cloud.json")
    read = json.loads((tmp_path / "cloud.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert read["record"] == "Cloud" and read["title"] == CLOUD.title
    assert read["values"] == [[1, None], [3, 4]] and read["step"] == [1, 2]
    assert read["points"] == [
        {"record": "Point", "name": "a", "weight": 1},
        {"record": "Point", "name": "b", "weight": None},
    ]


def test_record_refuses_an_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be saved as \.pkl — use \.gbr, \.json, \.html"):
        CLOUD.save(tmp_path / "cloud.pkl")


def test_record_in_a_missing_directory_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot-create"):
        CLOUD.save(tmp_path / "missing" / "cloud.gbr")


def test_typescript_types_are_current() -> None:
    spec = importlib.util.spec_from_file_location("generate_types", GENERATOR)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = module.TARGET.read_text(encoding="utf-8")
    assert written == module.generate(), "stale: run python web/generate_types.py and npm run build"
