"""The speed table of the READMEs is what the last contests say."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
MAKE = runpy.run_path(str(ROOT / "docs" / "make_speed_table.py"))
RATIOS = {"ratio": 2.5, "ratio_spread": [2.25, 2.75], "ratio_tuned": 1.5, "ratio_tuned_spread": [1.25, 1.75]}
CONDITIONS = {
    "date": "2026-11-21T20:00:00+00:00",
    "blocks": 7,
    "threads": 2,
    "machine": "a processor, 2 cores",
    "data": "train.tsv.gz",
    "versions": {"torch": "2.13.0", "transformers": "5.23.0", "tokenizers": "0.23.3"},
}
FINETUNE = {
    **RATIOS,
    **CONDITIONS,
    "ratio_equal_dropout": 1.25,
    "ratio_equal_dropout_spread": [1.0, 1.5],
    "peak_rss_mb": {"ours": 812, "peer": 1400, "tuned": 1312, "equal": 1300},
}
INFERENCE = {**RATIOS, **CONDITIONS, "best_batch_size": 8, "peak_rss_mb": {"ours": 500, "1": 700, "8": 1024}}
PRETRAIN = {**RATIOS, **CONDITIONS, "size": "mini", "peak_rss_mb": {"ours": 650, "peer": 2200, "tuned": 2100}}
ROWS = {"finetune a processor": FINETUNE, "inference a processor": INFERENCE, "startup": {"ratio": 6.25}}


@pytest.mark.parametrize("name", MAKE["WORDS"])
def test_readme_holds_the_last_rows(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    fix = "run python docs/make_speed_table.py"
    assert page == MAKE["renewed"](page, name, MAKE["last_rows"](MAKE["RESULTS"])), fix


def test_table_says_ratios_spreads_and_memory() -> None:
    text = MAKE["section"](MAKE["WORDS"]["README.md"], ROWS)
    memory = "812 MB against 1,312 MB"
    assert (
        f"| Fine-tuning | a processor | 2.50 times (2.25 to 2.75) | 1.50 times (1.25 to 1.75) | {memory} |"
        in text
    )
    assert "attention weights | a processor |  | 1.25 times (1.00 to 1.50) |  |" in text
    assert "500 MB against 1,024 MB" in text
    assert "| 6.25 times as fast |" in text
    assert "2 threads of a processor, 2 cores, torch 2.13.0, 2026-11-21" in text
    assert "seven batch sizes (8)" in text


def test_pretraining_has_a_line_for_each_size_from_small_to_large(tmp_path: Path) -> None:
    sizes = ("base", "mini", "tiny", "mini")
    rows = [json.dumps(PRETRAIN | {"size": size, "ratio": 3.5 + n}) for n, size in enumerate(sizes)]
    (tmp_path / "pretrain.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    text = MAKE["section"](MAKE["WORDS"]["README.md"], ROWS | MAKE["last_rows"](tmp_path))
    lines = [line for line in text.splitlines() if line.startswith("| Pre-training")]
    assert [line.split(" | ")[0] for line in lines] == [
        f"| Pre-training, {shape}" for shape in ("2 x 128", "4 x 256", "12 x 768")
    ]
    assert "| 6.50 times (2.25 to 2.75) | 1.50 times (1.25 to 1.75) | 650 MB against 2,100 MB |" in lines[1]
    assert text.count("`benchmarks/pretrain.py`") == 1


def test_table_without_results_says_so() -> None:
    assert "No contest has been recorded yet" in MAKE["section"](MAKE["WORDS"]["README.md"], {})


def test_the_last_row_of_each_file_and_processor_counts(tmp_path: Path) -> None:
    here, there = (
        {"machine": "Maker(R) Chip(R) Processor @ 2.50GHz, 2 cores"},
        {"machine": "a processor, 2 cores"},
    )
    rows: list[dict[str, Any]] = [{"ratio": 1.0, **here}, {"ratio": 2.0, **here}, {"ratio": 3.0, **there}]
    (tmp_path / "finetune.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
    )
    (tmp_path / "empty.jsonl").write_text("", encoding="utf-8")
    found = {"finetune Maker Chip 2.50GHz": rows[1], "finetune a processor": rows[2]}
    assert MAKE["last_rows"](tmp_path) == found


def test_renewing_a_page_keeps_what_is_around_the_table() -> None:
    page = "before\n<!-- speed -->\nold\n<!-- /speed -->\nafter\n"
    made = MAKE["renewed"](page, "README.md", {})
    assert made.startswith("before\n<!-- speed -->\nNo contest") and made.endswith("<!-- /speed -->\nafter\n")
    assert MAKE["renewed"](made, "README.md", {}) == made
