"""How long a person waits before anything happens: `glassbert --help`, and what `import glassbert` adds to
torch.

    python benchmarks/startup.py [--rounds 9]

Targets: the help in under 0.4 s, the import at most 0.3 s over `import torch`. Figures:
benchmarks/results/startup.jsonl.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

from contest import finish

COMMANDS = {
    "help": [sys.executable, "-m", "glassbert", "--help"],
    "torch": [sys.executable, "-c", "import torch"],
    "torch and glassbert": [sys.executable, "-c", "import torch, glassbert"],
    "python": [sys.executable, "-c", "pass"],
}


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds + 1):
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
    middle = {name: statistics.median(found[1:]) for name, found in times.items()}
    added = statistics.median(
        both - alone for both, alone in zip(times["torch and glassbert"][1:], times["torch"][1:], strict=True)
    )
    finish(
        "startup",
        {
            "ours": middle["help"],
            "peer": middle["torch"],
            "ratio": middle["torch"] / middle["help"],
            "peer_tuned": middle["python"],
            "ratio_tuned": middle["python"] / middle["help"],
            "unit": "s",
            "import_glassbert_adds": added,
            "blocks": rounds,
        },
    )


if __name__ == "__main__":
    main()
