"""Write the tables of docs/attribution.md from the last row of benchmarks/results/attribution.jsonl.

    python docs/make_attribution_table.py

tests/test_attribution_table.py fails while the page does not hold what this writes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "attribution.jsonl"
PAGE = ROOT / "docs" / "attribution.md"
BEGIN, END = "<!-- rationales -->", "<!-- /rationales -->"
Row = dict[str, Any]
NAMES = {"toxic_spans": "toxic spans", "cose": "CoS-E", "planted": "planted"}


def main() -> None:
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), last_row(RESULTS)), encoding="utf-8")


def last_row(results: Path) -> Row:
    """The newest run."""
    found: Row = json.loads(results.read_text(encoding="utf-8").splitlines()[-1])
    return found


def renewed(page: str, row: Row) -> str:
    """The page with the part between the markers written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{section(row)}{END}{after}"


def section(row: Row) -> str:
    """Average precision of every method on every material; then what was measured on what."""
    materials = row["materials"]
    titles = [NAMES[each["material"]] for each in materials]
    lines = ["| Method | " + " | ".join(f"AP, {title}" for title in titles) + " | P@k | believed |"]
    lines.append("|---|" + "---|" * (len(titles) + 2))
    first = materials[0]["rows"]
    for name in sorted(first, key=lambda name: -mean(row, name, "ap")):
        cells = [span(each["rows"][name]) for each in materials]
        at_k = " / ".join(f"{each['rows'][name]['precision_at_k']:.2f}" for each in materials)
        shares = [each["rows"][name]["believed"] for each in materials]
        believed = "" if None in shares else " / ".join(f"{share:.0%}".replace("%", " %") for share in shares)
        shown = name if name in ("random order", "oracle") else f"`{name}`"
        lines.append("| " + " | ".join([shown, *cells, at_k, believed]) + " |")
    return "\n".join([*lines, "", *map(condition, materials), place(row)]) + "\n"


def mean(row: Row, name: str, key: str) -> float:
    return float(sum(each["rows"][name][key] for each in row["materials"]))


def span(found: Row) -> str:
    low, high = found["ap_interval"]
    return f"{found['ap']:.2f} [{low:.2f}, {high:.2f}]"


def condition(each: Row) -> str:
    answered = each["answered"]
    choice = "" if answered is None else f"; right of three choices {answered:.3f}, by chance 0.333"
    return (
        f"* {NAMES[each['material']]}: {each['texts']} texts of {each['words']:.0f} words on average, "
        f"{each['marked_share']:.0%} of them marked; accuracy of the model {each['accuracy']:.3f}{choice}"
    ).replace("% of", " % of")


def place(row: Row) -> str:
    return (
        f"* {row['model']}, {row['samples']} samples, torch {row['versions']['torch']}, "
        f"{row['machine']}, {row['date'][:10]}"
    )


if __name__ == "__main__":
    main()
