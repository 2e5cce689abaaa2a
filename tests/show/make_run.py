"""A run directory as `runs` writes it, from a seeded simulation.

Scores, intervals, calibration and verdict are computed from the simulated predictions with the library's own
functions, so that the files agree with one another the way those of a real run do. To look at one:
`python -m tests.show.make_run DIRECTORY [KIND]`.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from glassbert.runs.predictions import table_line
from glassbert.tasks.calibration import Temperature, measure, softmax
from glassbert.tasks.intervals import bootstrap_intervals
from glassbert.tasks.metrics import Counts, confusion_matrix, log_loss, scores
from glassbert.tasks.verdict import compare
from tests.show.texts import CHINESE, ENGLISH, HOSTILE, make_text

TEMPERATURE = 1.7


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What is simulated: labels, rows, how much the model and the baseline know (in standard deviations)."""

    labels: tuple[str, ...] = ("negative", "positive")
    num_rows: int = 872
    skill: float = 1.9
    baseline_skill: float = 1.25
    texts: str = "english"
    steps: int = 640
    seed: int = 7
    columns: bool = False
    mislabelled: float = 0.0


TOPICS = (
    "activate card", "age limit", "balance", "bank transfer", "blocked pin", "card arrival", "card lost",
    "cash back", "change address", "currency fees", "declined card", "direct debit", "exchange rate",
    "extra charge", "identity check", "pending payment", "refund", "top up failed", "transfer fees",
    "wrong amount",
)  # fmt: skip
KINDS = {
    "english": Kind(columns=True),
    "chinese": Kind(labels=("负面", "中性", "正面"), texts="chinese", num_rows=600, seed=8, columns=True),
    "topics": Kind(labels=TOPICS, num_rows=1540, skill=3.6, baseline_skill=3.0, seed=9),
    "intents": Kind(
        labels=tuple(f"intent number {i:02}" for i in range(77)), num_rows=3080, skill=4.2, baseline_skill=3.6
    ),
    # a third of the attacks each as labels, since the matrix of a hundred labels names none of them
    **{
        name: Kind(
            labels=tuple(text for text in HOSTILE[part] if text.strip()),
            num_rows=200,
            skill=3.0,
            texts="hostile",
            columns=True,
        )
        for name, part in (
            ("hostile", slice(41)),
            ("hostile-2", slice(41, 76)),
            ("hostile-3", slice(76, None)),
        )
    },
    "mislabelled": Kind(num_rows=1200, skill=2.6, seed=11, mislabelled=0.05, columns=True),
    "tiny": Kind(num_rows=2, steps=12),
    "collapsed": Kind(skill=-40.0),
    "even": Kind(skill=1.6, baseline_skill=1.55, num_rows=300),
}


def simulate(kind: Kind, skill: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels [n] (the same for every skill) and logits [n, C]; neighbouring labels are easily confused."""
    truth = np.random.default_rng(kind.seed).integers(0, len(kind.labels), kind.num_rows)
    random = np.random.default_rng(seed)
    logits = random.normal(size=(kind.num_rows, len(kind.labels)))
    if skill < 0:
        logits[:, 0] -= skill
        return truth, logits
    rows = np.arange(kind.num_rows)
    logits[rows, truth] += skill
    logits[rows, (truth + 1) % len(kind.labels)] += skill * 0.55 * (len(kind.labels) > 2)
    # log p(label | logits) is skill times the logit: these scores are right after dividing by TEMPERATURE.
    return truth, logits * skill * TEMPERATURE


def other_columns(kind: Kind, right: np.ndarray) -> dict[str, list[str]]:
    """What `predictions.csv` keeps besides: tokens, a source whose forum rows are often wrong, a year."""
    if not kind.columns:
        return {}
    random = np.random.default_rng(kind.seed + 4)
    forum = np.where(right, random.random(len(right)) < 0.12, random.random(len(right)) < 0.4)
    plain = np.where(random.random(len(right)) < 0.5, "shop", "")
    sources = np.where(forum, "forum", plain).tolist()
    if kind.texts == "hostile":
        sources = [HOSTILE[i % 15] for i in range(len(right))]
    name = HOSTILE[0] if kind.texts == "hostile" else "source"
    return {
        "tokens": [str(len(text.split()) + 2) for text in example_texts(kind)],
        f"column:{name}": sources,
        "column:year": random.integers(1990, 2024, len(right)).astype(str).tolist(),
    }


def scored(kind: Kind, truth: np.ndarray, guess: np.ndarray) -> dict[str, Any]:
    matrix = confusion_matrix(truth, guess, num_classes=len(kind.labels))
    values = {name: float(value) for name, value in scores(Counts.of(matrix)).items()}
    ends = bootstrap_intervals(matrix, draws=500)
    return {**values, "intervals": {name: list(interval) for name, interval in ends.items()}}


def make_result(kind: Kind) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """`result` of run.json, with the true labels [n] and the scores after the temperature [n, C]."""
    truth, logits = simulate(kind, kind.skill, kind.seed + 1)
    flipped = np.random.default_rng(kind.seed + 5).random(len(truth)) < kind.mislabelled
    truth = np.where(flipped, (truth + 1) % len(kind.labels), truth)
    _, simple = simulate(kind, kind.baseline_skill, kind.seed + 2)
    guess, other = logits.argmax(1), simple.argmax(1)
    commonest = np.full_like(truth, np.bincount(truth).argmax())
    calibration = measure(Temperature(value=TEMPERATURE, reason="simulated"), logits, truth)
    verdict = compare(guess, other, truth=truth, labels=kind.labels, draws=500)
    ours = scored(kind, truth, guess)
    intervals = ours.pop("intervals")
    probabilities = softmax(logits, temperature=TEMPERATURE)
    result = {
        "metrics": {**ours, "loss": log_loss(probabilities, truth)},
        "intervals": intervals,
        "baselines": {"majority": scored(kind, truth, commonest), "tfidf": scored(kind, truth, other)},
        "verdict": {**asdict(verdict), "rival": "tfidf"},
        "calibration": {
            "temperature": calibration.temperature,
            "reason": calibration.reason,
            "ece_before": calibration.ece_before,
            "ece_after": calibration.ece_after,
            "bins": [vars(each) for each in calibration.bins],
        },
        "confusion": confusion_matrix(truth, guess, num_classes=len(kind.labels)).tolist(),
        "tokens_seen": 1_231_872,
        "windows_used": 6957,
        "long_texts": 12,
        "tokens_per_second": 6418.3,
        "seconds": 191.9,
        "peak_rss_mb": 1184.2,
        "best_step": kind.steps * 3 // 4,
        "total_steps": kind.steps,
        "stopped_because": "finished",
    }
    if kind.columns:
        left_out = {"kind": "column", "name": "id", "reason": "value-per-row", "number": kind.num_rows}
        result["slices"] = {"left_out": [left_out]}
    return result, truth, probabilities


def make_document(kind: Kind, result: dict[str, Any] | None, status: str) -> dict[str, Any]:
    """`run.json`."""
    option = {"value": "auto", "from": "default", "reason": "size-aware"}
    return {
        "format_version": 1,
        "run_id": "reviews-20251121-203342",
        "status": status,
        "task": "text-classification",
        "created": "2025-11-21T20:33:42+00:00",
        "command": ["glassbert", "finetune", "my reviews.csv", "--budget", "5m", "--seed", "20251121"],
        "config": {
            "learning_rate": {"value": 2e-4, "from": "recipe", "reason": "small encoders want 1e-4 to 3e-4"},
            "batch_tokens": {"value": 4096, "from": "recipe", "reason": "fills the cores without spilling"},
            "layer_decay": {"value": 0.9, "from": "recipe", "reason": "lower layers move less"},
            "warmup": {"value": 0.1, "from": "default", "reason": ""},
            "budget": {"value": "5m", "from": "option", "reason": ""},
            "patience": {"value": None, "from": "default", "reason": "the budget decides"},
            "max_length": option,
            "seed": {"value": 20251121, "from": "option", "reason": ""},
        },
        "data": {
            "train": {"path": "reviews.csv", "sha256": "9f2c41b7" * 8, "rows": 7792},
            "evaluation": {"path": "reviews-dev.csv", "sha256": "03be77d1" * 8, "rows": kind.num_rows},
            "columns": {
                "text": "review",
                "label": "stars",
                "reasons": ["review: longest text, 99 % distinct", "stars: 2 values in 7,792 rows"],
            },
            "split": {"validation_rows": [], "evaluation_rows": None},
            "rejected": 3,
            "sizes": {"train": 6920, "validation": 872, "evaluation": kind.num_rows},
        },
        "labels": list(kind.labels),
        "model": {
            "source": "sentence-transformers/all-MiniLM-L6-v2",
            "family": "bert",
            "num_parameters": 22_713_986,
            "hidden_size": 384,
            "num_hidden_layers": 6,
            "num_attention_heads": 12,
            "newly_initialised": ["classifier.weight", "classifier.bias"],
        },
        "versions": {"glassbert": "0.1.0", "torch": "2.13.0", "python": "3.11.7", "numpy": "2.4.6"},
        "hardware": {"processor": "2 cores", "memory": "8 GB", "accelerator": None},
        "seed": 20251121,
        **({} if result is None else {"result": result}),
    }


def log_lines(kind: Kind, num_steps: int) -> list[dict[str, Any]]:
    """`metrics.jsonl`: a noisy descent with one spike, and a resume after a stop in the middle."""
    random = np.random.default_rng(kind.seed)
    resume = num_steps // 2
    lines: list[dict[str, Any]] = []
    for step in [*range(1, resume + 4), "resume", *range(resume + 1, num_steps + 1)]:
        if step == "resume":
            lines.append({"event": "resume", "step": resume})
            continue
        done = step / kind.steps
        spike = 1.4 if step == kind.steps * 3 // 10 else 0.0
        lines.append(
            {
                "step": step,
                "time": step * 0.3,
                "epoch": done * 3,
                "loss": float(0.18 + 0.5 * np.exp(-6 * done) + spike + abs(random.normal(0, 0.05))),
                "learning_rate": 2e-4 * min(done / 0.1, (1 - done) / 0.9),
                "gradient_norm": float(random.lognormal(0.2 + spike, 0.35)),
                "tokens_per_second": float(random.normal(6400, 220)),
            }
        )
        if step % max(1, kind.steps // 16) == 0:
            worse = 0.35 * max(0.0, done - 0.75)
            loss = float(0.24 + 0.4 * np.exp(-5 * done) + worse + random.normal(0, 0.006))
            accuracy = float(0.9 - 0.36 * np.exp(-5 * done) - worse / 4 + random.normal(0, 0.004))
            lines.append({"step": step, "time": step * 0.3, "epoch": done * 3, "validation_loss": loss,
                          "validation_accuracy": accuracy})  # fmt: skip
    return lines


def example_texts(kind: Kind) -> list[str]:
    random = np.random.default_rng(kind.seed + 3)
    if kind.texts == "hostile":
        return [HOSTILE[i % len(HOSTILE)] for i in range(kind.num_rows)]
    parts = CHINESE if kind.texts == "chinese" else ENGLISH
    texts = [make_text(random, parts) for _ in range(kind.num_rows)]
    if kind.num_rows > 50:
        texts[11] = " ".join(texts[:40])
    return texts


def write_predictions(path: Path, kind: Kind, truth: np.ndarray, probabilities: np.ndarray) -> None:
    guess = probabilities.argmax(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        names = [f"score:{label}" for label in kind.labels]
        others = other_columns(kind, guess == truth)
        file.write(
            table_line(["row", "text", "label", "prediction", "confidence", *names, "windows", *others])
        )
        for i, text in enumerate(example_texts(kind)):
            numbers = [f"{value:.6f}" for value in probabilities[i]]
            sure = f"{probabilities[i].max():.6f}"
            found = [kind.labels[truth[i]], kind.labels[guess[i]], sure, *numbers]
            windows = str(1 + (len(text) > 900))
            more = [column[i] for column in others.values()]
            file.write(table_line([str(i + 2), text, *found, windows, *more]))


def make_run(directory: Path, kind: str | Kind = "english", *, status: str = "finished") -> Path:
    """Write the run directory and return it; one that is not finished has half its log and no result."""
    kind = KINDS[kind] if isinstance(kind, str) else kind
    directory.mkdir(parents=True, exist_ok=True)
    finished = status == "finished"
    result, truth, probabilities = make_result(kind)
    document = make_document(kind, result if finished else None, status)
    (directory / "run.json").write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    log = log_lines(kind, kind.steps if finished else kind.steps // 2)
    (directory / "metrics.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in log), encoding="utf-8"
    )
    if finished:
        write_predictions(directory / "predictions.csv", kind, truth, probabilities)
    return directory


if __name__ == "__main__":
    make_run(Path(sys.argv[1]), *sys.argv[2:3])
