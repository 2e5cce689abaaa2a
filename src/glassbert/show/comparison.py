"""What `glassbert.compare` found as a record for the page."""

from __future__ import annotations

from typing import Any

from glassbert.lens.comparison_record import ChangedRow, ComparisonRecord, PairedTest, ScoreChange
from glassbert.show.predictions import BETWEEN, MAX_CHARACTERS, MAX_EXAMPLES, MAX_TEXT

NOTHING = "–"


def comparison_record(found: dict[str, Any]) -> ComparisonRecord:
    """The record of a comparison's plain values (see docs/compare.md), with at most 1,000 rows that became
    right and as many that became wrong.
    """
    before, after = found["metrics"]
    first, second = found["runs"]
    changed = {kind: _rows(found[kind], better=kind == "better") for kind in ("better", "worse")}
    return ComparisonRecord(
        first=first,
        second=second,
        task=found["task"],
        num_rows=found["rows"],
        only_first=found["rows_only_in"][0],
        only_second=found["rows_only_in"][1],
        outcome=found["outcome"],
        verdict=found["verdict"],
        scores=tuple(
            ScoreChange(
                metric=name,
                first=before[name],
                second=after[name],
                difference=each["value"],
                low=each["low"],
                high=each["high"],
            )
            for name, each in found["differences"].items()
        ),
        tests=tuple(PairedTest(**each) for each in (found["test"], *found["more_tests"])),
        num_better=len(found["better"]),
        num_worse=len(found["worse"]),
        rows=(*changed["better"], *changed["worse"]),
    )


def _rows(changed: list[dict[str, Any]], *, better: bool) -> list[ChangedRow]:
    rows, room = [], MAX_CHARACTERS // 2
    for each in changed[: MAX_EXAMPLES // 2]:
        text = BETWEEN.join([each["text"], *([each["pair"]] if "pair" in each else [])])[:MAX_TEXT]
        label, before, after = (part[:MAX_TEXT] for part in _said(each, better=better))
        room -= len(text) + len(label) + len(before) + len(after)
        if room < 0:
            break
        other = each.get("row_b")
        rows.append(
            ChangedRow(
                better=better,
                row=each["row"],
                row_second=other,
                text=text,
                label=label,
                first=before,
                second=after,
            )
        )
    return rows


def _said(each: dict[str, Any], *, better: bool) -> tuple[str, str, str]:
    """(what is right, what A said, what B said); of tagged words the entities that changed."""
    if "mended" not in each:
        before, after = each["predictions"]
        return each["label"], before, after
    entities = each["mended" if better else "broken"]
    true, false = (
        "; ".join(f"{one['type']} {one['word']}".rstrip() for one in entities if one["true"] == kind)
        or NOTHING
        for kind in (True, False)
    )
    return (true, false, true) if better else (true, true, false)
