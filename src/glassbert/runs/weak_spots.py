"""Where a model is weak and which labels are suspect, from judged rows as `predictions.csv` holds them.

Scores are those of the file, with its six decimals, so that whoever reads the file finds the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from glassbert.runs.other_columns import OtherColumns
from glassbert.tasks.proportions import wilson
from glassbert.tasks.slices import LEVEL, Slice, Slices, measure
from glassbert.tasks.slicing import MIN_ROWS, LeftOut, Slicing, by_column, by_number, by_value
from glassbert.tasks.suspects import Silence, Suspects, find_suspects
from glassbert.tasks.task import Examples, Predictions
from glassbert.text.scripts import script_of
from glassbert.text.windows import Windows

# outcomes of the verdict that say: more often right than the baseline
BEATEN = ("better", "mixed")
DECIMALS = 6
# what the names of further columns begin with in predictions.csv
COLUMN = "column:"


@dataclass(frozen=True, kw_only=True, eq=False)
class JudgedRows:
    """Evaluation rows with what the model said; `labels` names its C answers, `rows` are their numbers in the
    file, a pair of texts is joined.

    `tokens` (content tokens of each text) and `scores` are None where they were not recorded.
    """

    labels: tuple[str, ...]
    rows: Int[np.ndarray, "N"]
    texts: Sequence[str]
    given: Int[np.ndarray, "N"]
    answer: Int[np.ndarray, "N"]
    confidence: Float[np.ndarray, "N"]
    scores: Float[np.ndarray, "N C"] | None
    tokens: Int[np.ndarray, "N"] | None
    columns: Mapping[str, list[str]] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()


def judged_rows(
    predictions: Predictions,
    examples: Examples,
    windows: Windows,
    labels: tuple[str, ...],
    *,
    others: OtherColumns,
) -> JudgedRows:
    """Rows whose labels are known, as they were just predicted."""
    assert examples.targets is not None
    scores = as_written(predictions.scores)
    owner = np.repeat(windows.example, windows.lengths)
    tokens = np.bincount(owner, weights=windows.scored, minlength=windows.num_examples)
    return JudgedRows(
        labels=labels,
        rows=examples.rows,
        texts=[text if isinstance(text, str) else "\n".join(text) for text in examples.texts],
        given=examples.targets,
        answer=predictions.classes,
        confidence=scores[np.arange(len(scores)), predictions.classes],
        scores=scores,
        tokens=tokens.astype(np.int64),
        columns=others.cells,
        left_out=others.left_out,
    )


def kept_columns(judged: JudgedRows) -> dict[str, list[str]]:
    """What `predictions.csv` keeps for whoever slices again: tokens, and every column that slices."""
    assert judged.tokens is not None
    tokens = {"tokens": [str(count) for count in judged.tokens.tolist()]}
    return {**tokens, **{f"{COLUMN}{name}": cells for name, cells in judged.columns.items()}}


def weak_spots(judged: JudgedRows, *, outcome: str | None, taught: bool = False) -> dict[str, Any]:
    """`slices` and `suspects` as run.json and `glassbert evaluate --json` hold them; `taught` says that the
    model learnt from these very rows.
    """
    suspects = suspects_of(judged, outcome=outcome, taught=taught)
    return {"slices": _slice_facts(find_slices(judged)), "suspects": _suspect_facts(suspects, judged)}


def as_written(scores: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Numbers as a reader of `predictions.csv` finds them."""
    wide = np.asarray(scores, dtype=np.float64)
    return np.array([float(f"{value:.{DECIMALS}f}") for value in wide.ravel()]).reshape(wide.shape)


def find_slices(judged: JudgedRows) -> Slices:
    """By length, label, confidence, script, and every other column that was kept."""
    return measure(
        [
            _by_tokens(judged),
            by_value("label", [judged.labels[i] for i in judged.given.tolist()]),
            by_number("confidence", judged.confidence),
            by_value("script", [script_of(text) for text in judged.texts]),
            *(by_column(name, cells) for name, cells in judged.columns.items()),
            *judged.left_out,
        ],
        judged.given == judged.answer,
    )


def suspects_of(judged: JudgedRows, *, outcome: str | None, taught: bool = False) -> Suspects:
    """Suspects, where the model is better than always the commonest label, and the verdict (if there is one)
    does not say that counting words does as well; none among rows that the model was taught.
    """
    right = judged.given == judged.answer
    if judged.scores is None or taught:
        silence: Silence = "training-rows" if taught else "no-scores"
        return Suspects(rows=len(right), mistakes=int((~right).sum()), silence=silence)
    commonest = np.bincount(judged.given).max() / len(right)
    low, _ = wilson(np.array(right.sum()), np.array(len(right)))
    worthy = bool(low > commonest) and (outcome is None or outcome in BEATEN)
    return find_suspects(judged.scores, judged.given, worthy=worthy)


def _by_tokens(judged: JudgedRows) -> Slicing | LeftOut:
    if judged.tokens is None:
        return LeftOut(kind="length", name="", reason="not-recorded")
    return by_number("length", judged.tokens.astype(np.float64))


def _slice_facts(found: Slices) -> dict[str, Any]:
    return {
        "rows": found.rows,
        "accuracy": found.right / found.rows,
        "tested": found.tested,
        "min_rows": MIN_ROWS,
        "level": LEVEL,
        "correction": "holm",
        "slices": [_slice(found.slicings[each.slicing], each) for each in found.slices],
        "left_out": [asdict(each) for each in found.left_out],
    }


def _slice(slicing: Slicing, each: Slice) -> dict[str, Any]:
    low, high = float(slicing.low[each.bin]), float(slicing.high[each.bin])
    return {
        "kind": slicing.kind,
        "name": slicing.name,
        **({"value": slicing.values[each.bin]} if math.isnan(low) else {"low": low, "high": high}),
        "rows": each.rows,
        "right": each.right,
        "accuracy": each.accuracy,
        "interval": [each.low, each.high],
        "difference": each.difference,
        "difference_interval": [each.difference_low, each.difference_high],
        "p": None if math.isnan(each.p) else each.p,
        "p_adjusted": None if math.isnan(each.adjusted) else each.adjusted,
        "verdict": each.verdict,
    }


def _suspect_facts(found: Suspects, judged: JudgedRows) -> dict[str, Any]:
    return {
        "silence": found.silence or None,
        "rows": found.rows,
        "mistakes": found.mistakes,
        "estimated": found.estimated,
        "interval": None if found.low is None else [found.low, found.high],
        "suspects": [
            {
                "row": int(judged.rows[each.index]),
                "label": judged.labels[each.given],
                "probable": judged.labels[each.probable],
                "share": each.given_share,
                "probable_share": each.probable_share,
                "margin": each.margin,
            }
            for each in found.suspects
        ],
    }
