"""Peak memory of every attribution method on a text that fills the model: does anything grow without bound?

    python benchmarks/attribution_memory.py [--tokens 512] [--limit 40] [--threads 1]

MiniLM with a random head, one window of 512 tokens, each method in a process of its own: the peak resident
memory of the process, the forward passes it asks for, and the seconds it took. A method is stopped after
`--limit` seconds, once its batches have shown their peak: a batch is `tokens_per_batch` tokens however many
there are. `grown_mb` is what the second half of the time added to the peak.

`ours` is the largest peak in MB, `peer` that of a process that passes the window forward once. Figures of
each run stand in benchmarks/results/attribution_memory.jsonl.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from contest import finish, peak_rss_mb


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--limit", type=float, default=40.0, help="seconds of one method")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--method", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.method:
        measure(options)
        return
    from glassbert.lens import methods

    rows = [child(method.name, options) for method in methods()]
    for row in rows:
        much = f"{row['peak_mb']:6.0f} MB, grown {row['grown_mb']:3.0f} MB"
        passes = f"{row['passes']:5d} of {row['asked']:5d} passes"
        print(f"{row['method']:22s} {much}  {passes}  {row['seconds']:6.1f} s")
    largest = max(row["peak_mb"] for row in rows)
    plain = max(row["plain_mb"] for row in rows)
    finish(
        "attribution_memory",
        {
            "ours": largest,
            "peer": plain,
            "ratio": largest / plain,
            "unit": "MB, peak of the process; peer: of one forward pass",
            "tokens": options.tokens,
            "threads": options.threads,
            "methods": rows,
        },
    )


def child(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """One method in a process of its own."""
    command = [sys.executable, __file__, "--method", name, "--limit", str(options.limit)]
    command += ["--tokens", str(options.tokens), "--threads", str(options.threads)]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    print(found, file=sys.stderr, flush=True)
    return dict(json.loads(found))


def measure(options: argparse.Namespace) -> None:
    import torch

    import glassbert as gb
    from glassbert.lens.attributing.methods import method_named
    from glassbert.lens.attributing.questions import ask
    from glassbert.model.config import HeadConfig
    from glassbert.model.network import Network
    from glassbert.runs.models import load

    torch.set_num_threads(options.threads)
    encoder = load("minilm")
    head = HeadConfig(kind="sequence-classification", labels=("one", "other"))
    network = Network(encoder.network.config, head, seed=0).eval()
    length = options.tokens
    model: Any = SimpleNamespace(
        name="minilm, random head",
        network=network,
        tokenizer=encoder.tokenizer,
        windows=lambda texts, offsets=False: encoder.tokenizer.windows(
            texts, max_length=length, offsets=offsets
        ),
    )
    text = "the film is warm , and the rest of it was not . " * (length // 12 + 1)
    look = gb.lens.AttributionOptions()
    subject = ask(model, text, pair=None, target=None, options=look).subject
    with torch.inference_mode():
        subject.run(subject.pack(subject.input_ids[None]))
    watch, method = Watch(options.limit), method_named(options.method)
    row = {"method": method.name, "tokens": subject.length, "asked": method.passes(subject.num_content, look)}
    try:
        method.run(replace(subject, passed=watch), look)
    except TimeoutError:
        pass
    print(json.dumps({**row, **watch.found()}))


class Watch:
    """Hears of every batch, and ends the work when its time is over."""

    def __init__(self, limit: float) -> None:
        self.limit, self.passes = limit, 0
        self.started = time.perf_counter()
        self.plain = peak_rss_mb()
        self.peaks: list[tuple[float, float]] = []

    def __call__(self, count: int) -> None:
        self.passes += count
        self.peaks.append((self.seconds, peak_rss_mb()))
        if self.seconds > self.limit:
            raise TimeoutError

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started

    def found(self) -> dict[str, Any]:
        half = [peak for seconds, peak in self.peaks if seconds <= self.seconds / 2] or [peak_rss_mb()]
        peak = peak_rss_mb()
        numbers = {"plain_mb": self.plain, "peak_mb": peak, "grown_mb": peak - half[-1]}
        return {**numbers, "passes": self.passes, "seconds": self.seconds}


if __name__ == "__main__":
    main()
