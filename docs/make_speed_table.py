"""Write the speed table of both READMEs from the last rows of benchmarks/results/*.jsonl.

    python docs/make_speed_table.py

Figures of a CPU are ratios within one contest, never absolute: a ratio survives another machine.
tests/test_speed_table.py fails while a README does not hold what this writes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from glassbert.runs.pretraining.settings import SIZES

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
BEGIN, END = "<!-- speed -->", "<!-- /speed -->"
PRETRAIN = "pretrain"
CONTESTS = ("finetune", "inference")
Row = dict[str, Any]

WORDS: dict[str, dict[str, str]] = {
    "README.md": {
        "none": "No contest has been recorded yet; `make bench` runs them.",
        "header": "| Work | Processor | transformers as it comes | transformers tuned | Peak memory |",
        "finetune": "Fine-tuning",
        "equal": "Fine-tuning, both without dropout on attention weights",
        "inference": "Classifying, fp32",
        "startup": "`glassbert --help` against `import torch`",
        "pretrain": "Pre-training, {blocks} x {hidden}",
        "pretrain_place": "Pre-training: `benchmarks/pretrain.py` against `BertForPreTraining` under its"
        " Trainer; {data}, {threads} threads of {machine}, {date}.",
        "ratio": "{0:.2f} times ({1:.2f} to {2:.2f})",
        "plain": "{0:.2f} times as fast",
        "memory": "{0:,} MB against {1:,} MB",
        "lead": "How many times as many real tokens a second glassbert gets through, in one contest against"
        " transformers {transformers} on the same data: median of {blocks} alternating blocks and its"
        " 95 % interval.",
        "bench": "`make bench` repeats them.",
        "place": "MiniLM on {data}, {threads} threads of {machine}, torch {torch}, {date}.",
        "tuned": "Tuned means: batches of similar length, flushed denormals and no logging for fine-tuning;"
        " the best of seven batch sizes ({best_batch_size}) for classifying.",
    },
    "README.zh.md": {
        "none": "尚无测试记录；运行 `make bench` 即可得到。",
        "header": "| 工作 | 处理器 | transformers 默认设置 | transformers 调优后 | 内存峰值 |",
        "finetune": "微调",
        "equal": "微调，双方都不对注意力权重做 dropout",
        "inference": "分类，fp32",
        "startup": "`glassbert --help` 与 `import torch` 相比",
        "pretrain": "预训练，{blocks} x {hidden}",
        "pretrain_place": "预训练：`benchmarks/pretrain.py`，对照 Trainer 下的 `BertForPreTraining`；"
        "数据 {data}，{threads} 线程，{machine}，{date}。",
        "ratio": "{0:.2f} 倍（{1:.2f} 至 {2:.2f}）",
        "plain": "{0:.2f} 倍",
        "memory": "{0:,} MB 对 {1:,} MB",
        "lead": "在同一场对比中、同样的数据上，glassbert 每秒处理的真实词元数是 transformers {transformers}"
        " 的多少倍：{blocks} 个交替区段的中位数，括号内为其 95% 区间。",
        "bench": "`make bench` 可以重做。",
        "place": "MiniLM，数据 {data}，{threads} 线程，{machine}，torch {torch}，{date}。",
        "tuned": "“调优后”指：微调时按长度分组、清除非规格化数、不写日志；分类时取七种批大小中"
        "最快的一种（{best_batch_size}）。",
    },
}


def main() -> None:
    for name in WORDS:
        page = ROOT / name
        page.write_text(renewed(page.read_text(encoding="utf-8"), name, last_rows(RESULTS)), encoding="utf-8")


def last_rows(results: Path) -> dict[str, Row]:
    """The newest row of each contest that has been recorded, on each processor where one was; of pre-training
    that of each size.
    """
    found: dict[str, Row] = {}
    for path in sorted(results.glob("*.jsonl")):
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            name = path.stem
            if name in CONTESTS:
                name = f"{name} {processor(row)}"
            elif name == PRETRAIN:
                name = f"{name} {row['size']}"
            found[name] = row
    return found


def processor(row: Row) -> str:
    """The processor's name without what its maker adds to it."""
    name = row["machine"].rpartition(", ")[0].replace("(R)", "").replace("Processor", "").replace("@", "")
    return " ".join(name.split())


def renewed(page: str, name: str, rows: dict[str, Row]) -> str:
    """The page with the part between the markers written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{section(WORDS[name], rows)}{END}{after}"


def section(words: dict[str, str], rows: dict[str, Row]) -> str:
    """Sentence, table and conditions; one plain sentence while nothing is recorded."""
    contests = [(kind, row) for kind in CONTESTS for name, row in rows.items() if name.split()[0] == kind]
    if not contests:
        return words["none"] + "\n"
    lines = [words["lead"].format(**facts(contests[0][1])), "", words["header"], "|---|---|---|---|---|"]
    for kind, row in contests:
        lines.append(contest(words, words[kind], row))
        if "ratio_equal_dropout" in row:
            equal = span(words, row, "ratio_equal_dropout")
            lines.append(line(words["equal"], processor(row), "", equal, ""))
    learnt = [(SIZES[size], rows[name]) for size in SIZES if (name := f"{PRETRAIN} {size}") in rows]
    for (blocks, hidden), row in learnt:
        lines.append(contest(words, words[PRETRAIN].format(blocks=blocks, hidden=hidden), row))
    if "startup" in rows:
        lines.append(line(words["startup"], "", words["plain"].format(rows["startup"]["ratio"]), "", ""))
    notes = [words["bench"], *(words["place"].format(**facts(row)) for _, row in contests)]
    notes += [words["tuned"].format(**row) for kind, row in contests if kind == "inference"]
    notes += [words["pretrain_place"].format(**facts(row)) for _, row in learnt]
    return "\n".join([*lines, "", *dict.fromkeys(notes)]) + "\n"


def contest(words: dict[str, str], work: str, row: Row) -> str:
    """A line of ratios and memory."""
    memory = words["memory"].format(row["peak_rss_mb"]["ours"], peer_memory(row))
    ratios = (span(words, row, "ratio"), span(words, row, "ratio_tuned"))
    return line(work, processor(row), *ratios, memory)


def facts(row: Row) -> dict[str, Any]:
    return {**row, **row["versions"], "date": row["date"][:10]}


def span(words: dict[str, str], row: Row, name: str) -> str:
    return words["ratio"].format(row[name], *row[f"{name}_spread"])


def peer_memory(row: Row) -> int:
    """Peak memory of the tuned peer: of classifying, that of its best batch size."""
    return int(row["peak_rss_mb"][str(row.get("best_batch_size", "tuned"))])


def line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
