"""What `glassbert check` foretells of a run, beside what the run then takes.

    python benchmarks/estimate.py [--only sst2 imdb ...] [--data ../shared/data] [--wall]

MiniLM (for "base" a random model of BERT-base's sizes), one thread, one epoch without early stopping, in
processes of their own, in this order: foretold, run, foretold again. A row's error is that of the mean of
both foretellings. Seconds are those of the processor unless `--wall`: then others on the machine count too.
"training" is the loop with its validations and saves; memory is the peak of the whole process. Wanted:
within 25 %.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import itertools
import json
import lzma
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

LIMIT = 0.25


def table(path: Path, header: Iterable[str], rows: Iterable[Iterable[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def sst2(data: Path, place: Path) -> Path:
    lines = gzip.open(data / "sst2/train.tsv.gz", "rt", encoding="utf-8").read().split("\n")
    return table(place / "sst2.csv", ("label", "text"), (line.split("\t") for line in lines[1:2001]))


def sst2_short(data: Path, place: Path) -> Path:
    path = sst2(data, place)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:601]), encoding="utf-8")
    return path


def imdb(data: Path, place: Path) -> Path:
    with lzma.open(data / "imdb/train.tsv.xz", "rt", encoding="utf-8", newline="\n") as file:
        fields = [line.rstrip("\n").split("\t") for line in itertools.islice(file, 0, 25_000, 240)]
    return table(place / "imdb.csv", ("label", "text"), ((each[1], each[3]) for each in fields))


def conll2003(data: Path, place: Path) -> Path:
    text = gzip.open(data / "conll2003/eng.train.gz", "rt", encoding="utf-8").read()
    path = place / "train.conll"
    path.write_text("\n\n".join(text.split("\n\n")[:1501]) + "\n", encoding="utf-8")
    return path


def squad(data: Path, place: Path) -> Path:
    document = json.load(gzip.open(data / "squad_subset/train-v1.1.first_articles.json.gz"))
    path, left = place / "squad.json", 160
    articles = []
    for article in document["data"][:4]:
        paragraphs = []
        for paragraph in article["paragraphs"][:10]:
            taken = paragraph["qas"][: min(left, 4)]
            left -= len(taken)
            paragraphs += [{**paragraph, "qas": taken}] if taken else []
        articles.append({**article, "paragraphs": paragraphs})
    path.write_text(json.dumps({"version": "1.1", "data": articles}), encoding="utf-8")
    return path


def stsb(data: Path, place: Path) -> Path:
    lines = gzip.open(data / "stsb/sts-train.csv.gz", "rt", encoding="utf-8").read().split("\n")[:5000:5]
    rows = [line.split("\t") for line in lines]
    return table(place / "stsb.csv", ("sentence1", "sentence2", "score"), ((r[5], r[6], r[4]) for r in rows))


# name: (rows, task, settings besides one epoch, and what only this task can be told)
SETS: dict[str, tuple[Callable[[Path, Path], Path], str, dict[str, Any]]] = {
    "sst2": (sst2, "text-classification", {}),
    "imdb": (imdb, "text-classification", {}),
    "conll2003": (conll2003, "token-classification", {}),
    "conll2003, crf": (conll2003, "token-classification", {"crf": True}),
    "conll2003, lstm 128, crf": (conll2003, "token-classification", {"crf": True, "lstm_size": 128}),
    "squad": (squad, "question-answering", {}),
    "stsb": (stsb, "sentence-similarity", {}),
    "sst2, lora 8": (sst2, "text-classification", {"lora": 8}),
    "sst2, freeze 3": (sst2, "text-classification", {"freeze": 3}),
    "sst2, base": (sst2_short, "text-classification", {}),
}
BASE = "sst2, base"
OWN = {"crf", "lstm_size"}


def settings(name: str) -> dict[str, Any]:
    return {"epochs": 1, "patience": 1000} | {
        key: each for key, each in SETS[name][2].items() if key not in OWN
    }


def own(name: str) -> dict[str, Any]:
    """What only the task of the set can be told."""
    return {key: each for key, each in SETS[name][2].items() if key in OWN}


def foretell(name: str, path: Path, *, clock: Callable[[], float]) -> dict[str, float]:
    """What a check of the file says of the model, or for BASE of the base model, which is left out else."""
    from glassbert.runs.check import data_check, estimate, measure

    for module in (data_check, estimate, measure):
        module.time = SimpleNamespace(monotonic=clock)  # type: ignore[attr-defined]
    began = clock()
    if name != BASE:
        estimate._base = lambda ground, request: estimate._chosen(ground)  # type: ignore[assignment]
    made = data_check.check(path, task=SETS[name][1], settings=settings(name), **own(name)).document[
        "estimates"
    ]
    found = made[1 if name == BASE else 0]
    return {
        **found,
        "training": found["training_seconds"],
        "memory": found["memory_mb"],
        "took": clock() - began,
    }


def truth(name: str, path: Path, *, clock: Callable[[], float]) -> dict[str, float]:
    """The same of a run."""
    from glassbert.runs import finetune
    from glassbert.runs.data import DataOptions
    from glassbert.runs.finetune import FinetuneOptions
    from glassbert.train.stop import Stop

    loop: list[float] = []
    fit = finetune.fit

    def timed(*given: Any, **more: Any) -> Any:
        began = clock()
        outcome = fit(*given, **more)
        loop.append(clock() - began)
        return outcome

    finetune.fit = timed
    with tempfile.TemporaryDirectory() as place:
        chosen = {"model": base_model(Path(place) / "base")} if name == BASE else {}
        began = clock()
        options = FinetuneOptions(
            data=DataOptions(train=path, task=SETS[name][1], **own(name)),
            out=Path(place) / "run",
            settings=settings(name),
            **chosen,
        )
        result = finetune.finetune(options, stop=Stop()).document["result"]
        seconds = clock() - began
    return {
        "training": loop[0],
        "seconds": seconds,
        "memory": result["peak_rss_mb"],
        "steps": result["total_steps"],
        "tokens": result["tokens_seen"],
    }


def base_model(place: Path) -> str:
    """BERT-base's sizes with random weights and the vocabulary of the default model."""
    from glassbert.model.config import HeadConfig
    from glassbert.model.network import Network
    from glassbert.model.pretrained import save_pretrained
    from glassbert.runs.check.estimate import BASE_SIZES
    from glassbert.runs.resolve import DEFAULT_MODEL, resolve_model
    from glassbert.text.tokenizer import Tokenizer

    tokenizer = Tokenizer.load(resolve_model(DEFAULT_MODEL).directory)
    config = replace(BASE_SIZES, vocab_size=tokenizer.vocab_size)
    place.mkdir()
    save_pretrained(Network(config, HeadConfig(kind="pooling"), seed=0), place)
    tokenizer.save(place)
    return str(place)


def measured(part: str, name: str, path: Path, wall: bool) -> dict[str, float]:
    words = [
        sys.executable,
        __file__,
        "--part",
        part,
        "--only",
        name,
        "--file",
        str(path),
        *["--wall"] * wall,
    ]
    answer = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found: dict[str, float] = json.loads(answer.splitlines()[-1])
    return found


def row(name: str, data: Path, *, wall: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        path = SETS[name][0](data, Path(place))
        first = measured("foretell", name, path, wall)
        run = measured("truth", name, path, wall)
        again = measured("foretell", name, path, wall)
    found: dict[str, Any] = {"name": name, "tokens": run["tokens"], "steps": run["steps"]}
    found["steps_foretold"], found["tokens_foretold"] = first["steps"], first["tokens"]
    for what in ("training", "seconds", "memory"):
        both = [first[what], again[what]]
        found[what] = run[what]
        found[f"{what}_foretold"] = both
        found[f"{what}_error"] = statistics.mean(both) / run[what] - 1
    return found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", nargs="*", default=list(SETS), choices=list(SETS))
    asked.add_argument("--data", type=Path, default=Path("../shared/data"))
    asked.add_argument("--wall", action="store_true")
    asked.add_argument("--part", choices=("foretell", "truth"))
    asked.add_argument("--file", type=Path)
    given = asked.parse_args()
    clock = time.monotonic if given.wall else time.process_time
    if given.part:
        import torch

        torch.set_num_threads(1)
        part = foretell if given.part == "foretell" else truth
        print(json.dumps(part(given.only[0], given.file, clock=clock), default=str))
        return
    rows = []
    for name in given.only:
        rows.append(row(name, given.data, wall=given.wall))
        print(json.dumps(rows[-1]), flush=True)
    errors = [abs(each[f"{what}_error"]) for each in rows for what in ("training", "seconds", "memory")]
    print(json.dumps({"rows": rows, "largest_error": max(errors), "wanted": LIMIT}))


if __name__ == "__main__":
    main()
