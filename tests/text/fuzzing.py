"""The loop of a fuzzing campaign: inputs are pure functions of (number, seed); findings are written down."""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

TIMEOUT = 10
EXIT_CODES = {2, 65, 66, 74}
# (format, bytes, how bad rows are treated)
Made = tuple[str, bytes, str]
Make = Callable[[int, int], Made]
# how the reading ended, in a word; an exception is a finding
Outcome = Callable[[str, bytes, str, Path], str]


def mutated(data: bytes, draw: random.Random, pieces: tuple[bytes, ...]) -> bytes:
    """One of `pieces` put in, bytes taken out, doubled, changed, or the end cut off."""
    place = draw.randint(0, len(data))
    length = draw.choice((1, 1, 2, 8, 40))
    match draw.randint(0, 4):
        case 0:
            return data[:place] + draw.choice(pieces) * draw.choice((1, 1, 3, 200)) + data[place:]
        case 1:
            return data[:place] + data[place + length :]
        case 2:
            return data[:place] + data[place : place + length] * 2 + data[place + length :]
        case 3:
            return data[:place] + bytes([draw.randrange(256)]) + data[place + 1 :]
        case _:
            return data[:place]


def alarm(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"no end after {TIMEOUT} s")


def campaign(description: str | None, make: Make, outcome: Outcome) -> int:
    """Run it as the command line says; 1 if there was a finding."""
    wanted = argparse.ArgumentParser(description=description)
    wanted.add_argument("--inputs", type=int, default=1000)
    wanted.add_argument("--first", type=int, default=0)
    wanted.add_argument("--seed", type=int, default=0)
    wanted.add_argument("--only", type=int)
    wanted.add_argument("--log", type=Path)
    given = wanted.parse_args()
    os.nice(19)
    signal.signal(signal.SIGALRM, alarm)
    log = given.log.open("a", encoding="utf-8") if given.log else sys.stdout
    numbers = range(given.first, given.first + given.inputs) if given.only is None else [given.only]
    ends: Counter[str] = Counter()
    findings, started = 0, time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "input"
        for count, number in enumerate(numbers, start=1):
            kind, data, policy = make(number, given.seed)
            signal.alarm(TIMEOUT)
            try:
                ends[outcome(kind, data, policy, path)] += 1
            except Exception as error:
                findings += 1
                said = f"{type(error).__name__}: {error}"[:300]
                found = {"number": number, "format": kind, "policy": policy, "said": said}
                print(json.dumps(found), file=log, flush=True)
                if given.only is not None:
                    print(data, file=log)
            finally:
                signal.alarm(0)
            if count % 10_000 == 0:
                print(json.dumps({"inputs": count, "findings": findings}), file=log, flush=True)
    seconds = round(time.monotonic() - started, 1)
    last = {"inputs": len(numbers), "findings": findings, "seconds": seconds}
    print(json.dumps({**last, "ends": dict(ends.most_common())}), file=log, flush=True)
    return 1 if findings else 0
