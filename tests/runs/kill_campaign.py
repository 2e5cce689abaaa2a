"""Kill `glassbert finetune` again and again, resume it each time, and compare with a run that nobody killed.

    python tests/runs/kill_campaign.py --kills 50 [--verb pretrain]

Every process is a fork of this script, which has torch loaded, and runs the command line's own `main` with
its own arguments: the same code as `python -m glassbert finetune ...` without ten seconds of imports, so that
kills fall into the work. Kills take turns: while the first run.json is being written, at a random moment,
while a checkpoint is being written (this script, not the library, sleeps a little in each sync), while the
result is being written, and, of pre-training, while the corpus is being prepared: before its first tokens,
between them, or at the manifest (text goes to the tokenizer in small runs, and this script sleeps in each of
them). When a run is finished, the next one begins in a new directory. The last line is one JSON object; the
exit status is 1 when a bit differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import torch

from glassbert import durable
from glassbert.cli.main import main as glassbert
from glassbert.text import corpus_writing
from glassbert.text.corpus_manifest import NAME as MANIFEST
from glassbert.train import checkpoint
from glassbert.train.log import read_metrics
from tests.runs.material import make_encoder, write_rows
from tests.runs.pretraining.material import write_text

SETTINGS = {"epochs": 6, "learning_rate": 5e-3, "batch_size": 16, "evaluations_per_epoch": 4, "patience": 99}
MODEL = ("model/model.safetensors", "model/config.json", "model/vocab.txt")
# a row of the log and its numbers that the clock does not make
LOGGED = ("step", "loss", "gradient_norm", "learning_rate", "mlm_accuracy", "validation_mlm_loss")


@dataclass(frozen=True)
class Verb:
    """What is run, and what has to be the same; glassbert.json holds the run's own id."""

    words: tuple[str, ...]
    own: tuple[str, ...]
    files: tuple[str, ...]
    results: tuple[str, ...]
    prepares: bool = False


FINETUNE = Verb(
    words=("finetune",),
    own=("rows.csv", "--model", "encoder", "--config", "settings.json"),
    files=(*MODEL, "predictions.csv"),
    results=("metrics", "confusion", "calibration", "best_step", "total_steps", "tokens_seen"),
)
LENGTH = ("--steps", "40", "--batch-size", "8", "--max-length", "24", "--evaluations", "9")
PRETRAIN = Verb(
    words=("pretrain",),
    own=("text.txt", "--size", "tiny", "--vocab-size", "80", *LENGTH),
    files=(*MODEL, "tokenizer/vocab.txt"),
    results=("metrics", "total_steps", "tokens_seen"),
    prepares=True,
)
VERBS = {"finetune": FINETUNE, "pretrain": PRETRAIN}
WATCHING = os.WEXITED | os.WNOHANG | os.WNOWAIT
MOMENTS = ("anywhere", "checkpoint", "result")
# the stages of a corpus, and how many characters go to the tokenizer at a time
STAGES, CHARACTERS = ("tokenising", "shards", "manifest"), 500
WRITTEN = ("beginning", "tokenizer", *STAGES, "checkpoint", "result")


def slow_down() -> None:
    """Make every write last long enough to be cut."""
    quick_sync, quick_write = checkpoint.sync, durable.write_flushed

    def slow_sync(path: Path) -> None:
        time.sleep(0.004)
        quick_sync(path)

    def slow_write(path: Path, chunks: object) -> None:
        quick_write(path, chunks)
        time.sleep(0.02)

    checkpoint.sync, durable.write_flushed = slow_sync, slow_write
    encode, manifest = corpus_writing._Segmenter._encode, corpus_writing.write_manifest

    def slow_encode(*given: object) -> None:
        time.sleep(0.01)
        encode(*given)

    def slow_manifest(*given: object) -> None:
        time.sleep(0.03)
        manifest(*given)
        time.sleep(0.03)

    corpus_writing.RUN_CHARACTERS = CHARACTERS
    corpus_writing._Segmenter._encode, corpus_writing.write_manifest = slow_encode, slow_manifest


def start(verb: Verb, out: Path, *, resume: bool, slow: bool) -> int:
    """The process id of a command line at work beside `out`."""
    child = os.fork()
    if child:
        return child
    os.chdir(out.parent)
    log = os.open(f"{out.name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    words = ["--resume"] if resume else verb.own
    report = ["--no-report"] if verb is FINETUNE else []
    sys.argv = ["glassbert", *verb.words, *words, "--out", out.name, *report]
    if slow:
        slow_down()
    code = 70
    try:
        glassbert()
        code = 0
    except SystemExit as error:
        code = int(error.code or 0)
    finally:
        sys.stdout.flush()
        os._exit(code)


def wait(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def half_written(out: Path, moment: str) -> bool:
    """Whether run.json, a checkpoint, the model and the result, a tokenizer, or a stage of the corpus is
    written.
    """
    if moment == "beginning":
        return not (out / "run.json").exists() and any(out.glob(".tmp-*"))
    if moment == "checkpoint":
        return any((out / "checkpoints").glob(".tmp-step-*"))
    if moment in STAGES:
        return stage_of(out) == moment
    if moment == "tokenizer":
        return not (out / "tokenizer").exists() and any(out.glob(".tmp-*"))
    return any([*out.glob(".tmp-*"), *out.glob("model/**/.tmp-*")])


def stage_of(out: Path) -> str | None:
    """How far a corpus has come that is being written."""
    staged = [place for place in out.glob("corpus/.tmp-*") if place.is_dir()]
    if not staged:
        return None
    names = {file.name for place in staged for file in place.glob("*")}
    if MANIFEST in names:
        return "manifest"
    return "shards" if any(name.startswith("tokens") for name in names) else "tokenising"


def aim(verb: Verb, out: Path, number: int, draw: random.Random) -> str:
    """What the kill is aimed at; of a corpus that is there already nothing can be cut."""
    if not (out / "run.json").exists() and draw.random() < 0.3:
        return "beginning"
    if verb.prepares and not any(out.glob(f"corpus/*/{MANIFEST}")):
        return draw.choice([*STAGES, "anywhere"])
    return MOMENTS[number % len(MOMENTS)]


def kill_once(out: Path, child: int, moment: str, draw: random.Random) -> str | None:
    """Kill the child at such a moment; says what was cut short, "nothing", or None when it had ended."""
    if moment not in ("beginning", *STAGES):
        time.sleep(draw.uniform(0.02, 0.6) if moment == "anywhere" else draw.uniform(0.0, 0.3))
    in_model = moment == "result" and draw.random() < 0.8
    while moment != "anywhere" and os.waitid(os.P_PID, child, WATCHING) is None:
        if half_written(out, moment) and (not in_model or (out / "model").exists()):
            break
        time.sleep(0.0005)
    time.sleep(0.0 if moment == "beginning" else draw.uniform(0.0, 0.02))
    os.kill(child, signal.SIGKILL)
    code = wait(child)
    if code == 0:
        return None
    if code != -signal.SIGKILL:
        sys.exit(f"{out}: exit {code} before the kill\n{log_of(out)}")
    cut = [name for name in WRITTEN if half_written(out, name)]
    return cut[0] if cut else "nothing"


def finish(verb: Verb, out: Path, *, resume: bool) -> None:
    code = wait(start(verb, out, resume=resume, slow=False))
    if code:
        sys.exit(f"{out}: exit {code}\n{log_of(out)}")


def log_of(out: Path) -> str:
    """The end of what the processes of a run have said."""
    return out.with_name(f"{out.name}.log").read_text()[-2000:]


def differing(verb: Verb, reference: Path, out: Path) -> list[str]:
    names = [name for name in verb.files if (out / name).read_bytes() != (reference / name).read_bytes()]
    results = [json.loads((run / "run.json").read_text())["result"] for run in (reference, out)]
    logs = [
        [[row.get(name) for name in LOGGED] for row in read_metrics(run / "metrics.jsonl")]
        for run in (reference, out)
    ]
    names += ["metrics.jsonl"] if logs[0] != logs[1] else []
    return names + [name for name in verb.results if results[0][name] != results[1][name]]


def leftovers(out: Path) -> list[str]:
    return [str(path.relative_to(out)) for path in out.rglob(".tmp-*")]


def runs(place: Path) -> Iterator[Path]:
    number = 0
    while True:
        yield place / f"run-{number}"
        number += 1


def campaign(verb: Verb, place: Path, kills: int, seed: int) -> dict[str, object]:
    make_encoder(place / "encoder")
    write_rows(place / "rows.csv", 150)
    write_text(place / "text.txt")
    (place / "settings.json").write_text(json.dumps(SETTINGS))
    reference = place / "reference"
    finish(verb, reference, resume=False)
    draw, done, wrong, left = random.Random(seed), 0, [], []
    cut: dict[str, int] = {}
    names, finished_runs = runs(place), 0
    while done < kills:
        out = next(names)
        for _ in range(min(draw.randint(3, 7), kills - done)):
            resume = (out / "run.json").exists()
            child = start(verb, out, resume=resume, slow=True)
            found = kill_once(out, child, aim(verb, out, done, draw), draw)
            if found is None:
                break
            done += 1
            cut[found] = cut.get(found, 0) + 1
        finish(verb, out, resume=(out / "run.json").exists())
        wrong += [f"{out.name}: {name}" for name in differing(verb, reference, out)]
        left += [f"{out.name}: {name}" for name in leftovers(out)]
        finished_runs += 1
        shutil.rmtree(out)
    return {
        "kills": done,
        "cut_short": cut,
        "runs": finished_runs,
        "differing": wrong,
        "left_over": left,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--verb", choices=list(VERBS), default="finetune")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        result = campaign(VERBS[options.verb], Path(place), options.kills, options.seed)
    print(json.dumps(result))
    sys.exit(bool(result["differing"] or result["left_over"]))


if __name__ == "__main__":
    main()
