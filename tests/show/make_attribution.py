"""An attribution record with curves, verdicts and words of its own, for drawing; no two numbers are equal."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from glassbert.lens.attributing.curves import RandomOrders, points, rank_correlation
from glassbert.lens.attributing.verdict import Evidence
from glassbert.lens.attribution_record import AttributionRecord, MethodScores

ENGLISH = "The unusually quiet film earns its ending, I think. Warm!"
CHINESE = "酒店的位置很方便，但是早餐的品种不算多，服务员的态度也不够热情。"
METHODS = ("occlusion", "saliency", "lime", "attention_rollout")
UNSIGNED = {"saliency", "attention_rollout", "attention_flow", "chefer", "value_zeroing"}
RANDOM = 20
# long words are cut into pieces of four letters, as a tokenizer might
PIECE = re.compile(r"\w{1,4}|[^\w\s]")
IDEOGRAPH = re.compile(r"[\u4e00-\u9fff]")


def cut(text: str, first_word: int) -> list[tuple[str, int, int, int]]:
    """(token, word, start, end): Chinese characters and punctuation are words of their own."""
    found: list[tuple[str, int, int, int]] = []
    word, end = first_word - 1, -1
    for piece in re.finditer(r"[\u4e00-\u9fff]|" + PIECE.pattern, text):
        joins = piece.start() == end and piece.group().isalnum() and text[end - 1].isalnum()
        joins = joins and not IDEOGRAPH.match(piece.group()) and not IDEOGRAPH.match(text[end - 1])
        word, end = word + (not joins), piece.end()
        found.append(("##" * joins + piece.group().lower(), word, piece.start(), end))
    return found


def make_record(
    text: str = ENGLISH,
    *,
    pair: str | None = None,
    methods: tuple[str, ...] = METHODS,
    guessed: int | None = None,
    unit: str = "probability",
    **changes: Any,
) -> AttributionRecord:
    """A record of the text; `guessed` is the number of a token that is masked and to be guessed."""
    first = cut(text, 0)
    second = cut(pair, first[-1][1] + 1 if first else 0) if pair is not None else []
    special = ("", -1, 0, 0)
    rows = [("[CLS]", *special[1:], -1), *((*row, 0) for row in first), ("[SEP]", *special[1:], -1)]
    rows += [*((*row, 1) for row in second), ("[SEP]", *special[1:], -1)] if pair is not None else []
    if guessed is not None:
        rows[guessed] = ("[MASK]", -1, *rows[guessed][2:4], -1)
    draw = np.random.default_rng(len(text))
    content = np.array([row[4] >= 0 for row in rows])
    count = int(content.sum())
    counts = points(count, 20)
    ends = (0.93, 0.31) if unit == "probability" else (4.2, -1.7)
    random = RandomOrders(deletion=curves(draw, RANDOM, len(counts), ends),
                          insertion=curves(draw, RANDOM, len(counts), ends[::-1]))  # fmt: skip
    made = tuple(method_of(name, draw, content, random, unit=unit, ends=ends) for name in methods)
    given: dict[str, Any] = {
        "model": "/somebody/home/model",
        "text": text,
        "pair": pair,
        "window": 0,
        "num_windows": 1,
        "tokens": tuple(row[0] for row in rows),
        "sequence": np.array([row[4] for row in rows], np.int8),
        "word": np.array([row[1] for row in rows], np.int32),
        "offsets": np.array([row[2:4] for row in rows], np.int32).reshape(-1, 2),
        "target": "warm",
        "position": guessed,
        "kind": "log-odds" if unit == "probability" else "value",
        "unit": unit,
        "replaced_by": "[MASK]",
        "explained": 2.5867,
        "masked": -0.8001,
        "prediction": ends[0],
        "seed": 0,
        "counts": counts.astype(np.int32),
        "random_deletion": random.deletion,
        "random_insertion": random.insertion,
        "methods": made,
        "agreement": np.array(
            [[rank_correlation(a.scores[content], b.scores[content]) for a in made] for b in made]
        ),
    }
    return AttributionRecord(**(given | changes))


def curves(draw: np.random.Generator, count: int, size: int, ends: tuple[float, float]) -> np.ndarray:
    """Random ways from one end to the other, [count, size]."""
    straight = np.linspace(ends[0], ends[1], size)
    bumps = draw.uniform(-0.2, 0.2, (count, size)) * abs(ends[1] - ends[0])
    bumps[:, [0, -1]] = 0
    low, high = sorted(ends)
    return np.clip(straight + bumps, low, high)


def path(draw: np.random.Generator, ends: tuple[float, float], middle: float, size: int) -> np.ndarray:
    """From one end at once to the middle value, and at last to the other end, [size]."""
    between = middle + draw.normal(size=max(size - 2, 0)) / 50
    return np.r_[ends[0], between, ends[1]][:size]


def method_of(
    name: str,
    draw: np.random.Generator,
    content: np.ndarray,
    random: RandomOrders,
    *,
    unit: str,
    ends: tuple[float, float],
) -> MethodScores:
    """Scores and curves that the lie detector judges as it would any others."""
    signed = name not in UNSIGNED
    scores = draw.normal(size=len(content)) if signed else draw.exponential(size=len(content))
    scores[~content] *= 0 if signed else 4
    size = random.deletion.shape[1]
    good = draw.random() < 0.7
    middle = ends[1] if good else ends[0]
    middles = (middle, ends[0] + ends[1] - middle)
    own = [path(draw, way, at, size) for way, at in zip((ends, ends[::-1]), middles, strict=True)]
    evidence = Evidence(
        method=name,
        label="warm",
        unit=unit,
        num_tokens=int(content.sum()),
        deletion=own[0],
        insertion=own[1],
        random=random,
        residual=0.25 if name == "lime" else None,
        randomised={"occlusion": -0.125, "saliency": 0.875, "lime": float("nan")}.get(name),
    )
    return MethodScores(
        method=name,
        signed=signed,
        targeted=name != "attention_rollout",
        scores=scores,
        deletion=evidence.deletion,
        insertion=evidence.insertion,
        comprehensiveness=evidence.comprehensiveness,
        sufficiency=evidence.sufficiency,
        beaten_by_deletion=evidence.beaten_by_deletion,
        beaten_by_insertion=evidence.beaten_by_insertion,
        residual=evidence.residual,
        randomised=evidence.randomised,
        outcome=evidence.outcome,
        warnings=evidence.warnings,
        verdict=evidence.sentence,
    )
