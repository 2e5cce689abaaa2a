"""BertViz's model view of given attention maps: bytes, seconds to write and to the first picture, DOM nodes.

    python benchmarks/attention_peer.py write MAPS.npz OUT.html   # a part of benchmarks/attention_page.py

The page asks the network for RequireJS, d3 and jQuery; here they are fetched once from the npm registry
(`npm pack`, at the versions of LIBRARIES) and given to the browser from disk, so that no time of a network is
counted. The first picture is the first thumbnail in the drawing, seen from a timer in the page; the browser's
first contentful paint would be the text above it. Each part runs in a process of its own that may take
WRITE_SECONDS or OPEN_SECONDS and MEMORY_GB of address space (writing) or what Chromium takes (opening).
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import numpy as np

# jQuery 2.0.0, which the page names, was never published to npm; 2.1.4 is its successor there.
LIBRARIES = {"require": ("requirejs@2.3.6", "package/require.js"),
             "d3": ("d3@5.7.0", "package/dist/d3.min.js"),
             "jquery": ("jquery@2.1.4", "package/dist/jquery.min.js")}  # fmt: skip
WRITE_SECONDS, OPEN_SECONDS, MEMORY_GB = 90, 75, 10
FLAGS = ["--headless=new", "--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
# The clock starts with the navigation, as for the first contentful paint of our page.
WATCH = """() => { const look = () => {
  const drawn = document.querySelector('svg .attn_background, svg line');
  if (!drawn) return setTimeout(look, 10);
  requestAnimationFrame(() => setTimeout(() => { window.first = performance.now() / 1000; }));
}; look(); }"""
FOUND = "() => ({ seconds: window.first ?? null, nodes: document.querySelectorAll('*').length })"


def peer(record: Any, folder: Path) -> dict[str, Any]:
    """What BertViz needs for a record's maps; `unfinished` says what it could not do within the limits."""
    maps, page = folder / "maps.npz", folder / "peer.html"
    layers, heads, _, _ = record.query.shape
    weights = [[record.weights(layer, head) for head in range(heads)] for layer in range(layers)]
    np.savez(maps, weights=np.array(weights, np.float32), tokens=np.array(record.tokens))
    found = part("write", maps, page, WRITE_SECONDS)
    if "unfinished" not in found:
        found |= part("open", maps, page, OPEN_SECONDS)
    page.unlink(missing_ok=True)
    return found


def part(name: str, maps: Path, page: Path, seconds: float) -> dict[str, Any]:
    """Run one part in a process of its own; its figures, or why there are none."""
    command = [sys.executable, __file__, name, str(maps), str(page)]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return {"unfinished": f"{name}: did not finish in {seconds} s"}
    if ran.returncode != 0:
        lines = ran.stderr.strip().splitlines() or [f"exit status {ran.returncode}"]
        return {"unfinished": f"{name}: {lines[-1][:200]}"}
    figures: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return figures


def write(maps: Path, page: Path) -> dict[str, Any]:
    import torch
    from bertviz import model_view  # the peer; asked for only here

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_GB << 30, MEMORY_GB << 30))
    held = np.load(maps)
    weights = [torch.tensor(layer[None]) for layer in held["weights"]]
    started = time.perf_counter()
    made = model_view(weights, held["tokens"].tolist(), html_action="return")
    page.write_text(made.data, encoding="utf-8")
    return {
        "bytes": page.stat().st_size,
        "write_seconds": time.perf_counter() - started,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def open_page(page: Path) -> dict[str, Any]:
    from playwright.sync_api import Error, Route, sync_playwright

    files = libraries(page.parent)

    def answer(route: Route) -> None:
        name = next((name for name in files if name in route.request.url.rpartition("/")[2]), None)
        if name is None:
            route.abort()
        else:
            route.fulfill(body=files[name], content_type="text/javascript")

    failed: list[str] = []
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        tab = browser.new_page()
        tab.on("crash", lambda _: failed.append("the browser's tab crashed"))
        tab.on("pageerror", lambda error: failed.append(f"the page's script failed: {error}"))
        tab.route(re.compile("^https:"), answer)
        tab.add_init_script(f"({WATCH})()")
        found: dict[str, Any] = {"seconds": None}
        try:
            tab.goto(page.as_uri(), timeout=OPEN_SECONDS * 1000)
            while found["seconds"] is None and not failed:
                tab.wait_for_timeout(20)
                found = tab.evaluate(FOUND)
        except Error as error:
            failed.append(str(error).splitlines()[0])
        if failed:
            raise SystemExit(failed[0])
        browser.close()
    return {"first_picture_seconds": found["seconds"], "dom_nodes": found["nodes"]}


def libraries(folder: Path) -> dict[str, bytes]:
    """What the page loads, from the npm registry; kept in `folder`."""
    files = {}
    for name, (package, inside) in LIBRARIES.items():
        archive = folder / f"{package.replace('@', '-')}.tgz"
        if not archive.exists():
            subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True)
        with tarfile.open(archive) as packed:
            held = packed.extractfile(inside)
            assert held is not None
            files[name] = held.read()
    return files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("part", choices=("write", "open"))
    parser.add_argument("maps", type=Path)
    parser.add_argument("page", type=Path)
    given = parser.parse_args()
    print(json.dumps(write(given.maps, given.page) if given.part == "write" else open_page(given.page)))


if __name__ == "__main__":
    main()
