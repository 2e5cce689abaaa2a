"""A finished run in a few lines for the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from glassbert.tasks.wording import METRIC_NAMES, RIVAL_NAMES


def summary(document: dict[str, Any], *, run: Path, page: Path | None) -> str:
    """Scores with intervals beside the baselines, the verdict, and where everything lies."""
    result, sizes = document["result"], document["data"]["sizes"]
    rows = _scores(result["metrics"], result["intervals"])
    for name, baseline in reversed(result["baselines"].items()):
        rows.append((RIVAL_NAMES[name], *_cells(baseline, baseline["intervals"])))
    lines = [
        "",
        f"{sizes['evaluation']:,} evaluation rows, 95 % bootstrap intervals",
        *_table(rows),
        "",
        result["verdict"]["text"],
        *_settled(result),
        f"{result['tokens_seen']:,} tokens at {result['tokens_per_second']:,.0f} a second; "
        f"{result['seconds']:.0f} s in all; peak memory {result['peak_rss_mb']:,.0f} MB",
        "",
        f"model    {run / 'model'}",
        *([f"report   {page}"] if page else []),
        f"next     glassbert predict {run} {_asking(document)}",
    ]
    return "\n".join(lines) + "\n"


def _asking(document: dict[str, Any]) -> str:
    return '--question "..." --context "..."' if document["task"] == "question-answering" else '--text "..."'


def scores_table(metrics: dict[str, float], intervals: dict[str, list[float]]) -> str:
    """One model's scores for the terminal."""
    return "\n".join(_table(_scores(metrics, intervals))) + "\n"


def _scores(metrics: dict[str, Any], intervals: dict[str, list[float]]) -> list[tuple[str, ...]]:
    return [("", *(METRIC_NAMES[name] for name in intervals)), ("this model", *_cells(metrics, intervals))]


def _cells(metrics: dict[str, Any], intervals: dict[str, list[float]]) -> list[str]:
    return [f"{metrics[name]:.3f} [{low:.3f}, {high:.3f}]" for name, (low, high) in intervals.items()]


def _settled(result: dict[str, Any]) -> list[str]:
    """What the validation rows decided."""
    if "calibration" not in result:
        return []
    line = "Calibration error {ece_before:.3f} -> {ece_after:.3f} (temperature {temperature:.2f})"
    return [line.format(**result["calibration"])]


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
