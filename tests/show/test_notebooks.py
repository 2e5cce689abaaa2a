"""The notebooks of examples/ in a real Jupyter kernel, and their frames in a browser without a network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbconvert
import pytest
from playwright.sync_api import Browser, Frame

from tests.browser.reading import wait_until
from tests.stand_ins import make_stand_ins

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted(path.name for path in EXAMPLES.glob("*.ipynb"))
# what each of them draws: a view of the page, or nothing but text
DRAWN = {"attention.ipynb": "attention matrix", "look_inside.ipynb": "attention matrix"}


def cells(name: str) -> list[dict]:
    return json.loads((EXAMPLES / name).read_text(encoding="utf-8"))["cells"]


def execute(name: str, directory: Path) -> str:
    """The notebook after Jupyter has run it, as bare HTML: a cell that fails fails here."""
    make_stand_ins(directory)
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR"):
        env[variable] = str(directory / ".jupyter")
    words = ["--to", "html", "--execute", "--template", "basic", "--ExecutePreprocessor.timeout=240"]
    # where its templates are, also when its environment is a layer below this one
    env["JUPYTER_PATH"] = str(Path(nbconvert.__file__).parents[4] / "share" / "jupyter")
    (directory / name).write_bytes((EXAMPLES / name).read_bytes())
    command = [sys.executable, "-m", "nbconvert", *words, str(directory / name), "--output", "run.html"]
    done = subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    return (directory / "run.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_kept_without_outputs_and_headed_in_both_languages(name: str) -> None:
    for cell in cells(name):
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None
            compile("".join(cell["source"]), name, "exec")
        else:
            heading = cell["source"][0]
            assert re.match(r"##? [A-Z].* · .*[\u4e00-\u9fff]", heading), heading


def test_every_notebook_is_in_the_table() -> None:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert NOTEBOOKS == sorted(set(re.findall(r"\]\((\w+\.ipynb)\)", page)))


@pytest.mark.browser
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_and_its_frame_shows_what_the_lens_found(
    name: str,
    tmp_path: Path,
    chromium: Browser,
) -> None:
    html = execute(name, tmp_path)
    assert ("srcdoc=" in html) == (name != "attribution.ipynb")
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><meta charset=utf-8><body>{html}", encoding="utf-8")
    page = chromium.new_page(offline=True)
    requests: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(file.as_uri())
    if name in DRAWN:
        read_frame(page.frames[1], DRAWN[name])
    elif name == "structure.ipynb":
        wait_until(page.frames[1], "document.querySelectorAll('#structure svg .box').length > 10")
    assert {url for url in requests if not url.startswith("about:")} == {file.as_uri()}
    assert errors == []
    page.close()


def read_frame(frame: Frame, view: str) -> None:
    """The page in the frame has drawn the view, and can touch nothing outside."""
    wait_until(frame, "document.documentElement.dataset.ready === 'true'")
    frame.locator("#attention .map").scroll_into_view_if_needed()
    # views below the first are laid out one task after another
    wait_until(frame, f"glassbert.probe({view!r})[{view!r}]?.[0]?.drawn.width > 0")
    (mark,) = frame.evaluate("(view) => glassbert.probe(view)[view]", view)
    rows, columns = mark["value"]
    assert rows == columns > 5
    box = frame.locator("#attention .map canvas").bounding_box()
    assert box["width"] == pytest.approx(mark["drawn"]["width"], abs=1)
    reach = "() => { try { return parent.document.title !== null; } catch { return false; } }"
    assert frame.evaluate(reach) is False
