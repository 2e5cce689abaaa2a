"""The committed bundle is what `web/` builds, and builds the same every time, from any host's registry."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import skip_or_fail

WEB = Path(__file__).parents[2] / "web"
STATIC = Path(__file__).parents[2] / "src" / "glassbert" / "show" / "static"


def build(target: Path) -> dict[str, bytes]:
    """What `npm run build` writes: the page, Graphviz apart from it, and what opens both."""
    vite = WEB / "node_modules" / ".bin" / "vite"
    for config in ("vite.config.ts", "vite.graphviz.config.ts", "vite.opener.config.ts"):
        command = [vite, "build", "--config", config, "--outDir", target, "--logLevel", "error"]
        subprocess.run(command, cwd=WEB, check=True, timeout=240)
    return {path.name: path.read_bytes() for path in target.iterdir()}


@pytest.mark.slow
def test_bundle_is_current_and_builds_the_same_twice(tmp_path: Path) -> None:
    if not (WEB / "node_modules").is_dir() or shutil.which("node") is None:
        skip_or_fail("run npm ci in web/", "GLASSBERT_REQUIRE_NODE")
    first = build(tmp_path / "first")
    assert first == build(tmp_path / "second")
    committed = {path.name: path.read_bytes() for path in STATIC.iterdir()}
    assert set(committed) == {"graphviz.js", "graphviz.wasm", "opener.js", "page.css", "page.js"}
    assert committed == first, "stale: run npm run build in web/"


def test_page_itself_holds_no_webassembly() -> None:
    script = (STATIC / "page.js").read_text(encoding="utf-8")
    assert "WebAssembly" not in script and "DecompressionStream" not in script
    assert (STATIC / "graphviz.wasm").read_bytes().startswith(b"\0asm\1\0\0\0")
    assert len((STATIC / "graphviz.js").read_bytes()) < 60_000


def test_lock_file_names_no_host() -> None:
    lock = (WEB / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(lock)["packages"]
    assert len(packages) > 30 and not [name for name, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for name, package in packages.items() if name)


def test_every_dependency_is_pinned_and_serves_the_build_only() -> None:
    package = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    assert "dependencies" not in package
    assert all(version[0].isdigit() for version in package["devDependencies"].values())
