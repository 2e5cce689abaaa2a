"""Every attribution method against reasons that are known: marked by people, and planted.

    python benchmarks/attribution.py --data ../shared/data --models DIR [--texts 25] [--budget 80]

For each material (see rationales.py) MiniLM is fine-tuned for at most `--budget` seconds, once: the model
stays in `--models`. Of held-out texts that it classifies correctly `--texts` are explained by every method,
and the words' scores are compared with the marked words:

* area under the precision-recall curve (AP), with a bootstrap interval over texts
* P@k: precision among as many words as are marked
* IoU F1: spans that overlap by half, naming as large a share of the words as is marked on average
* believed: how often the lie detector called the method better than random, at least probably

A random order is the baseline; the marks themselves are the oracle. `ours` is the AP of integrated gradients,
the default, on toxic spans; `peer` is the random order's. Hardware, time and figures of each run stand in
benchmarks/results/attribution.jsonl; `python docs/make_attribution_table.py` writes them into
docs/attribution.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from contest import finish
from rationale_scores import Agreement, agreement, interval, span_f1
from rationales import Marked, Material, materials

import glassbert as gb
from glassbert.lens.attributing.attribution import DEFAULT
from glassbert.lens.seen import see

METHODS = [method.name for method in gb.lens.methods()]
BELIEVED = ("better", "unsure")
RANDOM_ORDERS = 100
SEED = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of toxic_spans and cose")
    parser.add_argument("--models", type=Path, required=True, help="where fine-tuned models are kept")
    parser.add_argument("--model", default="minilm", help="the encoder to fine-tune")
    parser.add_argument("--texts", type=int, default=25, help="texts explained of each material")
    parser.add_argument("--budget", type=float, default=80.0, help="seconds of fine-tuning of each model")
    parser.add_argument("--train", type=int, default=4500, help="rows to learn from, at most")
    parser.add_argument("--samples", type=int, default=200, help="passes of LIME and Shapley sampling")
    options = parser.parse_args()
    started = time.perf_counter()
    found = [scored(material, options) for material in materials(options.data, seed=SEED)]
    by_name = {each["material"]: each["rows"] for each in found}
    ours, peer = (by_name["toxic_spans"][name]["ap"] for name in (DEFAULT, "random order"))
    print_table(found)
    finish(
        "attribution",
        {
            "ours": ours,
            "peer": peer,
            "ratio": ours / peer,
            "unit": f"average precision of {DEFAULT} on toxic_spans; peer: a random order",
            "materials": found,
            "model": options.model,
            "samples": options.samples,
            "seconds": round(time.perf_counter() - started),
        },
    )


def scored(material: Material, options: argparse.Namespace) -> dict[str, Any]:
    """All methods on one material."""
    model = fine_tuned(material, options)
    test = material.test[:2000]
    right = correct(model, test)
    answers = competed(model, test) if test[0].group else right
    chosen = [one for one, good in zip(test, answers, strict=True) if good and one.marked]
    chosen = chosen[: options.texts]
    say(f"{material.name}: accuracy {right.mean():.3f}, explaining {len(chosen)} texts")
    gold = [words_of(model, one)[1] for one in chosen]
    share = float(np.mean([marks.mean() for marks in gold]))
    rows = {name: Tally(share) for name in (*METHODS, "random order", "oracle")}
    draw = np.random.default_rng(SEED)
    for number, (one, marks) in enumerate(zip(chosen, gold, strict=True)):
        for name, scores, outcome in explained(model, one, options):
            rows[name].add([agreement(scores, marks, share=share)], outcome)
        orders = [agreement(draw.random(len(marks)), marks, share=share) for _ in range(RANDOM_ORDERS)]
        rows["random order"].add(orders)
        rows["oracle"].add([agreement(marks + 0.0, marks, share=share)])
        say(f"{material.name}: text {number + 1} of {len(chosen)}")
    return {
        "material": material.name,
        "texts": len(chosen),
        "accuracy": float(right.mean()),
        "answered": float(answers[[bool(one.marked) for one in test]].mean()) if test[0].group else None,
        "words": float(np.mean([len(marks) for marks in gold])),
        "marked_share": share,
        "rows": {name: row.summary() for name, row in rows.items()},
    }


class Tally:
    """What one method got on the texts so far; the draws of a random order count as one text."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.texts: list[list[Agreement]] = []
        self.outcomes: list[str] = []

    def add(self, found: list[Agreement], outcome: str | None = None) -> None:
        self.texts.append(found)
        self.outcomes += [outcome] if outcome else []

    def summary(self) -> dict[str, Any]:
        values = np.array([np.mean([each.average_precision for each in text]) for text in self.texts])
        at_k = np.array([np.mean([each.precision for each in text]) for text in self.texts])
        believed = [outcome in BELIEVED for outcome in self.outcomes]
        return {
            "ap": float(values.mean()),
            "ap_interval": interval(values),
            "precision_at_k": float(at_k.mean()),
            "precision_interval": interval(at_k),
            "iou_f1": float(np.mean([span_f1(draw) for draw in zip(*self.texts, strict=True)])),
            "believed": float(np.mean(believed)) if believed else None,
        }


def explained(model: Any, one: Marked, options: argparse.Namespace) -> Iterator[tuple[str, np.ndarray, str]]:
    """Name, scores of the words of the first text, and the lie detector's outcome of every method."""
    record = gb.lens.attribution(
        model,
        one.text,
        pair=one.pair,
        method=METHODS,
        target=one.label,
        options=gb.lens.AttributionOptions(
            samples=options.samples, random_orders=19, steps=10, randomise=False, seed=SEED
        ),
    )
    first, _ = words_of(model, one)
    for method in record.methods:
        yield method.method, record.word_scores(method.method)[first], method.outcome


def words_of(model: Any, one: Marked) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the words of the first text, and which of them hold marked characters."""
    seen = see(model, one.text, pair=one.pair)
    assert seen.windows.offsets is not None
    first = seen.windows.sequence == 0
    numbers, offsets = seen.word[first], seen.windows.offsets[first]
    marked = [any(start < end and begin < stop for start, stop in one.marked) for begin, end in offsets]
    return np.unique(numbers), np.bincount(numbers, weights=marked) > 0


def fine_tuned(material: Material, options: argparse.Namespace) -> Any:
    """The model of this material, from the folder if it is there."""
    place = options.models / material.name
    if not place.exists():
        train = material.train[: options.train]
        say(f"{material.name}: fine-tuning on {len(train)} texts")
        classifier = gb.TextClassifier(model=options.model, budget=options.budget, epochs=2)
        classifier.fit([one.read for one in train], [one.label for one in train]).save(place)
    return gb.TextClassifier.load(place)


def correct(model: Any, test: Sequence[Marked]) -> np.ndarray:
    return np.asarray(model.predict([one.read for one in test]) == [one.label for one in test])


def competed(model: Any, test: Sequence[Marked]) -> np.ndarray:
    """Whether the text is the right answer of its group, and scored higher than the wrong ones."""
    column = list(model.classes_).index("right")
    chances = model.predict_proba([one.read for one in test])[:, column]
    best: dict[str, float] = {}
    for one, chance in zip(test, chances.tolist(), strict=True):
        best[one.group] = max(best.get(one.group, 0.0), chance)
    return np.array(
        [
            one.label == "right" and chance == best[one.group]
            for one, chance in zip(test, chances, strict=True)
        ]
    )


def print_table(found: Sequence[dict[str, Any]]) -> None:
    for each in found:
        print(
            f"\n{each['material']}: {each['texts']} texts of {each['words']:.0f} words, "
            f"{each['marked_share']:.0%} marked; accuracy {each['accuracy']:.3f}"
        )
        for name, row in sorted(each["rows"].items(), key=lambda item: -item[1]["ap"]):
            believed = "" if row["believed"] is None else f"{row['believed']:.0%}"
            low, high = row["ap_interval"]
            numbers = (
                f"{row['ap']:.3f} [{low:.3f}, {high:.3f}]  {row['precision_at_k']:.3f}  {row['iou_f1']:.3f}"
            )
            print(f"  {name:22s} {numbers}  {believed}")


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
