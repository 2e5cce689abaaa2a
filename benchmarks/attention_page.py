"""The page of one text's attention beside BertViz's: bytes, seconds to write and to the first picture, nodes.

    pip install --no-deps bertviz && pip install ipython
    python benchmarks/attention_page.py [--threads 1]

A random model of 12 layers and 12 heads of 64 (BERT base), texts of 64 to 512 tokens. BertViz's model view is
written from the same weights and opened in the same Chromium, each in a process of its own (see
benchmarks/attention_peer.py) with a limit on time and memory; what it could not do is said in `unfinished`.
Its bytes leave out what it loads from the network (d3, jQuery, RequireJS); ours hold everything. `ratio` is
at 128 tokens.

Targets, at 512 tokens: written within 2 plain forwards + 0.5 s, at most 1.5 MB beside the bundle, first
picture within 1 s, at most 3,000 DOM nodes; at 128 tokens a hundredth of BertViz's bytes. Figures:
benchmarks/results/attention_page.jsonl.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attention_peer import peer
from contest import finish

from glassbert.lens.attention_capture import attention
from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.show import page as bundle
from glassbert.text.windows import Windows

LENGTHS = (64, 128, 256, 512)
ROUNDS = 5
FLAGS = ["--headless=new", "--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
PAINTED = """() => ({
  seconds: performance.getEntriesByName('first-contentful-paint')[0]?.startTime / 1000,
  nodes: document.querySelectorAll('*').length,
  done: window.glassbert?.probe('attention tiles')['attention tiles']?.every((m) => m.drawn.ready) ?? false,
})"""


@dataclass(frozen=True)
class RandomModel:
    """What the lens asks of a model, with tokens that mean nothing; its own tokenizer."""

    network: Network
    length: int
    name: str = "random"

    @property
    def tokenizer(self) -> RandomModel:
        return self

    def tokens(self, ids: Sequence[int]) -> list[str]:
        return ["[CLS]", *(f"word{each}" for each in ids[1:-1]), "[SEP]"]

    def windows(self, texts: Sequence[Any], *, offsets: bool = False) -> Windows:
        count = self.length
        sequence = np.array([-1, *[0] * (count - 2), -1], np.int8)
        begins = np.arange(count) * 2
        return Windows(
            input_ids=np.random.default_rng(count).integers(5, 999, count).astype(np.int32),
            token_type_ids=np.zeros(count, np.uint8),
            starts=np.array([0, count]),
            example=np.zeros(1, np.int32),
            scored=sequence >= 0,
            offsets=np.stack([begins, begins + 1], axis=1).astype(np.int32),
            sequence=sequence,
            num_examples=1,
        )

    def packed(self) -> Packed:
        windows = self.windows([])
        return Packed.of(windows.input_ids, windows.token_type_ids, windows.lengths)


def timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def written(model: RandomModel, path: Path) -> dict[str, float]:
    """Seconds of a plain forward and of capturing and writing the page, in turns; bytes beside the bundle."""
    packed, text = model.packed(), "a " * model.length

    def forward() -> None:
        with torch.inference_mode():
            model.network.encoder(packed)

    def look() -> None:
        attention(model, text).save(path)

    plain, looked = [], []
    for _ in range(ROUNDS + 1):
        plain.append(timed(forward))
        looked.append(timed(look))
    own = len(bundle.packed("page.js")) + len(bundle.static("page.css")) + len(bundle.static("opener.js"))
    return {
        "forward_seconds": statistics.median(plain[1:]),
        "write_seconds": statistics.median(looked[1:]),
        "bytes": path.stat().st_size,
        "bytes_beside_bundle": path.stat().st_size - own,
    }


def opened(path: Path) -> dict[str, float]:
    """Seconds to the first picture and to the last tile, and DOM nodes, in headless Chromium."""
    from playwright.sync_api import sync_playwright  # a peer's tool: only this measurement needs it

    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        page = browser.new_page()
        started = time.perf_counter()
        page.goto(path.as_uri())
        found = page.evaluate(PAINTED)
        while not (found["done"] and found["seconds"]):
            page.wait_for_timeout(20)
            found = page.evaluate(PAINTED)
        last = time.perf_counter() - started
        browser.close()
    return {"first_picture_seconds": found["seconds"], "all_tiles_seconds": last, "dom_nodes": found["nodes"]}


def measure(network: Network, length: int, folder: Path) -> dict[str, Any]:
    model, path = RandomModel(network, length), folder / f"{length}.html"
    row = written(model, path) | opened(path)
    return {"tokens": length, **row, "peer": peer(attention(model, "a " * length), folder)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    torch.set_num_threads(threads := parser.parse_args().threads)
    network = Network(EncoderConfig(vocab_size=1000), HeadConfig(), seed=0).eval()
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(network, length, Path(folder)) for length in LENGTHS]
    ours, peer = rows[1]["bytes"], rows[1]["peer"]["bytes"]
    finish(
        "attention_page",
        {
            "ours": ours,
            "peer": peer,
            "ratio": peer / ours,
            "peer_tuned": peer,
            "ratio_tuned": peer / rows[1]["bytes_beside_bundle"],
            "unit": "bytes at 128 tokens (ratio_tuned: without our bundle)",
            "lengths": rows,
            "threads": threads,
            "blocks": ROUNDS,
        },
    )


if __name__ == "__main__":
    main()
