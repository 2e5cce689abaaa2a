"""The tables of docs/attribution.md are what the last run of benchmarks/attribution.py says."""

import runpy
from pathlib import Path

from glassbert.lens import methods

ROOT = Path(__file__).parent.parent
MAKE = runpy.run_path(str(ROOT / "docs" / "make_attribution_table.py"))
FOUND = {"ap": 0.5, "ap_interval": [0.25, 0.75], "precision_at_k": 0.4, "believed": 0.6}
MATERIAL = {
    "material": "cose",
    "texts": 25,
    "words": 14.6,
    "marked_share": 0.25,
    "accuracy": 0.75,
    "answered": 0.5,
    "rows": {"lime": FOUND, "oracle": {**FOUND, "ap": 1.0, "believed": None}},
}
ROW = {"materials": [MATERIAL], "model": "minilm", "samples": 200, "machine": "a processor, 2 cores",
       "versions": {"torch": "2.13.0"}, "date": "2026-11-22T04:19:10+00:00"}  # fmt: skip


def test_the_page_holds_the_last_row() -> None:
    page = MAKE["PAGE"].read_text(encoding="utf-8")
    fix = "run python docs/make_attribution_table.py"
    assert page == MAKE["renewed"](page, MAKE["last_row"](MAKE["RESULTS"])), fix


def test_every_method_the_baseline_and_the_oracle_have_a_row() -> None:
    asked = {method.name for method in methods()} | {"random order", "oracle"}
    for material in MAKE["last_row"](MAKE["RESULTS"])["materials"]:
        assert set(material["rows"]) == asked


def test_table_says_intervals_and_conditions() -> None:
    lines = MAKE["section"](ROW).splitlines()
    assert lines[0] == "| Method | AP, CoS-E | P@k | believed |"
    assert lines[2:4] == [
        "| oracle | 1.00 [0.25, 0.75] | 0.40 |  |",
        "| `lime` | 0.50 [0.25, 0.75] | 0.40 | 60 % |",
    ]
    assert "25 texts of 15 words on average, 25 % of them marked; accuracy of the model 0.750" in lines[5]
    assert "right of three choices 0.500, by chance 0.333" in lines[5]
    assert lines[6] == "* minilm, 200 samples, torch 2.13.0, a processor, 2 cores, 2026-11-22"
