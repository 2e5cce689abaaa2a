"""A model from the hub: fetched once, checked by hash, and nothing in it that could run.

A server of this machine plays the hub, and every download happens in a process of its own, because
`HF_ENDPOINT` and its like are read when huggingface_hub is imported.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runs.fake_hub import COMMIT, Hub, serve

NAME = "someone/tiny"
SCRIPT = """
import sys
from glassbert.errors import GlassbertError
from glassbert.runs.hub import download
try:
    print(download(sys.argv[1]))
except GlassbertError as error:
    print(error)
    sys.exit(error.exit_code)
"""


@pytest.fixture
def repository(encoder: Path, tmp_path: Path) -> Path:
    """The encoder as a repository that also offers what must not be fetched."""
    place = Path(shutil.copytree(encoder, tmp_path / "repository"))
    (place / "onnx").mkdir()
    for name in ("pytorch_model.bin", "modeling_tiny.py", "onnx/model.onnx", "onnx/config.json", "README.md"):
        (place / name).write_text("never fetched")
    return place


@pytest.fixture
def hub(repository: Path) -> Iterator[Hub]:
    with serve(Hub(NAME, repository)) as running:
        yield running


def fetch(hub: Hub, home: Path, *, name: str = NAME, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        **more,
    }
    for name_of_switch in ("HF_HUB_OFFLINE", "HF_HUB_CACHE"):
        if name_of_switch not in more:
            environment.pop(name_of_switch, None)
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, name], env=environment, capture_output=True, text=True, timeout=120
    )


def test_only_data_is_fetched_and_only_once(hub: Hub, tmp_path: Path, encoder: Path) -> None:
    first = fetch(hub, tmp_path / "home")
    assert first.returncode == 0, first.stdout + first.stderr
    directory = Path(first.stdout.strip())
    assert directory.name == COMMIT
    assert hub.fetched == {path.name for path in encoder.iterdir()}
    for path in encoder.iterdir():
        assert (directory / path.name).read_bytes() == path.read_bytes()
    hub.asked.clear()
    again = fetch(hub, tmp_path / "home")
    assert again.stdout == first.stdout
    assert hub.fetched == set()
    offline = fetch(hub, tmp_path / "home", HF_HUB_OFFLINE="1")
    assert offline.stdout == first.stdout


def test_offline_and_unknown_models_are_missing_input(hub: Hub, tmp_path: Path) -> None:
    offline = fetch(hub, tmp_path / "home", HF_HUB_OFFLINE="1")
    assert offline.returncode == 66
    assert "the hub cannot be reached (or HF_HUB_OFFLINE is set)" in offline.stdout
    assert hub.asked == []
    unknown = fetch(hub, tmp_path / "home", name="someone/else")
    assert unknown.returncode == 66
    assert unknown.stdout.startswith(
        "someone/else: no-such-model: it is no directory here, and the hub answers"
    )
    assert unknown.stdout.count("\n") == 1


def test_a_download_that_breaks_off_goes_on_next_time(hub: Hub, tmp_path: Path) -> None:
    hub.cut = 1000
    broken = fetch(hub, tmp_path / "home")
    assert broken.returncode == 66, broken.stdout + broken.stderr
    assert broken.stdout.count("\n") == 1
    hub.cut = None
    whole = fetch(hub, tmp_path / "home")
    assert whole.returncode == 0, whole.stdout + whole.stderr


def test_other_bytes_of_the_same_size_are_found_out_by_their_hash(hub: Hub, tmp_path: Path) -> None:
    hub.swapped = True
    swapped = fetch(hub, tmp_path / "home")
    assert swapped.returncode == 65
    assert "damaged-download: the cached model.safetensors is not what the hub listed" in swapped.stdout
    blob = swapped.stdout.partition(": ")[0]
    hub.swapped = False
    Path(blob).unlink()  # what the message says to do
    assert fetch(hub, tmp_path / "home").returncode == 0


def test_a_small_file_that_was_changed_in_the_cache_is_found_out(hub: Hub, tmp_path: Path) -> None:
    directory = Path(fetch(hub, tmp_path / "home").stdout.strip())
    path = directory / "vocab.txt"
    path.write_bytes(path.read_bytes().replace(b"film", b"flim"))
    changed = fetch(hub, tmp_path / "home", HF_HUB_OFFLINE="1")
    assert changed.returncode == 65
    assert "the cached vocab.txt" in changed.stdout


def test_a_repository_of_pickles_has_no_weights(hub: Hub, tmp_path: Path) -> None:
    (hub.directory / "model.safetensors").unlink()
    found = fetch(hub, tmp_path / "home")
    assert found.returncode == 66
    assert "no model.safetensors for it, and pickled weights are never fetched" in found.stdout
    assert "pytorch_model.bin" not in hub.fetched
