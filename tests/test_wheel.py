"""The wheel holds what the package needs when the repository is not there."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling")
ROOT = Path(__file__).parent.parent
DATA = (
    "glassbert/py.typed",
    "glassbert/show/static/page.js",
    "glassbert/show/static/page.css",
    "glassbert/show/static/opener.js",
    "glassbert/show/static/graphviz.js",
    "glassbert/show/static/graphviz.wasm",
    "glassbert/runs/demo/reviews.csv",
    "glassbert/runs/demo/LICENSE",
    "glassbert/runs/demo/README.md",
    "glassbert/encoder/1_Pooling/config.json",
    "glassbert/encoder/LICENSE",
    "glassbert/encoder/README.md",
    "glassbert/encoder/config.json",
    "glassbert/encoder/model.safetensors",
    "glassbert/encoder/modules.json",
    "glassbert/encoder/sentence_bert_config.json",
    "glassbert/encoder/special_tokens_map.json",
    "glassbert/encoder/tokenizer.json",
    "glassbert/encoder/tokenizer_config.json",
    "glassbert/encoder/vocab.txt",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Built by the backend that is installed: no network, nothing written to the repository."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    command += ["--quiet", "--disable-pip-version-check", "--wheel-dir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = out.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.mark.slow
def test_wheel_holds_every_module_and_data_file(wheel: zipfile.ZipFile) -> None:
    held = set(wheel.namelist())
    source = ROOT / "src"
    modules = {path.relative_to(source).as_posix() for path in source.rglob("*.py")}
    assert modules | set(DATA) <= held
    assert [name for name in held if name.endswith("licenses/LICENSE")]


@pytest.mark.slow
def test_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    others = {name for name in wheel.namelist() if not name.endswith(".py")} - set(DATA)
    assert all(".dist-info/" in name for name in others), others
    assert {name.split("/")[0] for name in wheel.namelist()} == {
        "glassbert",
        next(name for name in wheel.namelist() if ".dist-info/" in name).split("/")[0],
    }


@pytest.mark.slow
def test_wheel_offers_the_command_and_the_readme(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert b"glassbert = glassbert.cli.main:main" in wheel.read(entry_points)
    (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    text = wheel.read(metadata).decode()
    assert "Requires-Python: >=3.11" in text and "# glassbert" in text
