"""Kill a training run again and again, resume it each time, and compare with a run that nobody killed.

    python tests/train/kill_campaign.py --kills 50

Every other kill waits until a checkpoint is being written; to make that last, this script (and not the
library) sleeps a little in each sync. The last line is one JSON object; the exit status is 1 when a bit
differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import torch
from small_job import RUN_ID, small_run

from glassbert.train import checkpoint as checkpoint_module
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.lock import RunLock
from glassbert.train.log import read_metrics
from glassbert.train.manifest import tensor_digest

STEPS_PER_KILL = 40


def sleep_in_every_sync(seconds: float) -> None:
    sync = checkpoint_module.sync

    def slow_sync(path: Path) -> None:
        time.sleep(seconds)
        sync(path)

    checkpoint_module.sync = slow_sync


def work(directory: Path, *, total_steps: int, slow: bool) -> None:
    """Train in this process, from the newest checkpoint if there is one."""
    run = small_run(directory, announced=True)
    if slow:
        sleep_in_every_sync(0.004)
        quick = run.job.loss
        run.job.loss = lambda *batch: (time.sleep(0.001), quick(*batch))[1]
    plan = {"total_steps": total_steps, "eval_every": 25, "save_every_seconds": 0.05 if slow else 1e9}
    with RunLock(directory):
        run.go(plan, resume=bool(run.checkpoints.list()))


def start(directory: Path, *, total_steps: int, slow: bool) -> int:
    """Fork: the child is there in a millisecond, with torch loaded."""
    child = os.fork()
    if child:
        return child
    try:
        work(directory, total_steps=total_steps, slow=slow)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        os._exit(1)
    os._exit(0)


def kill_once(directory: Path, child: int, *, in_save: bool, draw: random.Random) -> bool:
    """Kill the child at a random moment, or in its second save; say whether a save was cut short."""
    time.sleep(draw.uniform(0.0, 0.2))
    before = listed(directory)
    while in_save and os.waitid(os.P_PID, child, WATCHING) is None:
        if listed(directory) != before and being_written(directory):
            break
        time.sleep(0.0005)
    time.sleep(draw.uniform(0.0, 0.02))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return bool(being_written(directory))


WATCHING = os.WEXITED | os.WNOHANG | os.WNOWAIT


def listed(directory: Path) -> tuple[int, ...]:
    return Checkpoints(directory / "checkpoints", run_id=RUN_ID).steps()


def being_written(directory: Path) -> list[Path]:
    return list((directory / "checkpoints").glob(".tmp-step-*"))


def digests(directory: Path, step: int) -> dict[str, str]:
    """The hashes of everything that the last step left."""
    final = Checkpoints(directory / "checkpoints", run_id=RUN_ID).load(step)
    tensors = final.module | final.optimizer
    state = {key: final.state[key] for key in ("history", "best_step", "best_metric", "tokens")}
    return {name: tensor_digest(tensor) for name, tensor in tensors.items()} | {"state": json.dumps(state)}


def finish(directory: Path, *, total_steps: int, slow: bool) -> None:
    _, status = os.waitpid(start(directory, total_steps=total_steps, slow=slow), 0)
    if status:
        sys.exit(f"the run in {directory} ended with status {status}")


def campaign(directory: Path, kills: int, seed: int) -> dict[str, object]:
    total_steps = 100 + STEPS_PER_KILL * kills
    finish(directory / "reference", total_steps=total_steps, slow=False)
    run, draw, in_save, resumed_at = directory / "run", random.Random(seed), 0, []
    for kill in range(kills):
        child = start(run, total_steps=total_steps, slow=True)
        in_save += kill_once(run, child, in_save=kill % 2 == 1, draw=draw)
        resumed_at.append(max(listed(run), default=0))
    finish(run, total_steps=total_steps, slow=False)
    differing = [
        name
        for name, digest in digests(directory / "reference", total_steps).items()
        if digests(run, total_steps).get(name) != digest
    ]
    steps = [row["step"] for row in read_metrics(run / "metrics.jsonl") if "loss" in row]
    return {
        "kills": kills,
        "in_a_save": in_save,
        "distinct_resumes": len(set(resumed_at)),
        "total_steps": total_steps,
        "differing": differing,
        "log_is_whole": steps == list(range(1, total_steps + 1)),
        "left_over": [path.name for path in being_written(run)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as directory:
        result = campaign(Path(directory), options.kills, options.seed)
    print(json.dumps(result))
    sys.exit(bool(result["differing"] or result["left_over"] or not result["log_is_whole"]))


if __name__ == "__main__":
    main()
