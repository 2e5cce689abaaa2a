"""Row X14 of failures.md through the command itself: a download that was cut off, a cached file cut short."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.process import Answer, glassbert
from tests.runs.fake_hub import Hub, serve

NAME = "someone/tiny"


@pytest.fixture
def hub(finished: Path) -> Iterator[Hub]:
    with serve(Hub(NAME, finished / "model")) as running:
        yield running


def predict(hub: Hub, home: Path, **more: str) -> Answer:
    place = {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    return glassbert("predict", NAME, "--text", "a fine film", "--json", env={**place, **more})


def test_a_download_cut_off_is_no_model_and_the_next_command_finishes_it(
    hub: Hub, tmp_path: Path, finished: Path
) -> None:
    hub.cut = 1000
    broken = predict(hub, tmp_path)
    assert broken.code == 66, broken.err
    assert (broken.out, len(broken.problems)) == ("", 1), broken.err
    assert broken.problems[0].startswith(f"{NAME}: download-failed: ")
    offline = predict(hub, tmp_path, HF_HUB_OFFLINE="1")  # half a model in the cache is not taken for a model
    assert offline.code in (65, 66), offline.err
    assert (offline.out, len(offline.problems)) == ("", 1)
    hub.cut = None
    whole = predict(hub, tmp_path)
    assert whole.code == 0, whole.err
    assert whole.json == glassbert("predict", finished / "model", "--text", "a fine film", "--json").json


def test_a_cached_file_that_was_cut_short_is_named_with_its_remedy(hub: Hub, tmp_path: Path) -> None:
    assert predict(hub, tmp_path).code == 0
    (weights,) = tmp_path.rglob("model.safetensors")
    blob = weights.resolve()
    blob.write_bytes(blob.read_bytes()[:-100])
    cut = predict(hub, tmp_path, HF_HUB_OFFLINE="1")
    assert (cut.code, cut.out) == (65, "")
    (problem,) = cut.problems
    assert "damaged-download: the cached model.safetensors is not what the hub listed" in problem
    assert problem.endswith("delete that file and run again")
    blob.unlink()
    assert predict(hub, tmp_path).code == 0
