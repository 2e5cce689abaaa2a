"""Write the table of tasks of both READMEs and that of docs/quality.md, with the last scores of
benchmarks/results/quality.jsonl.

    python docs/make_task_table.py

tests/test_task_table.py fails while a page does not hold what this writes.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "quality.jsonl"
BEGIN, END = "<!-- tasks -->", "<!-- /tasks -->"
Row = dict[str, Any]

TABLES = "CSV, TSV, JSON, JSONL, Parquet, DataFrame"
# task, page of docs/, what stands behind `glassbert`, a line of Python, formats, the set of its score
TASKS = (
    (
        "text-classification", "classification", "finetune reviews.csv --out run",
        "gb.TextClassifier().fit(texts, labels)", TABLES, "sst2",
    ),
    (
        "text-pair-classification", "pairs", "finetune pairs.csv --task text-pair-classification --out run",
        "gb.TextPairClassifier().fit(pairs, labels)", TABLES, "mrpc",
    ),
    (
        "text-regression", "regression", "finetune scores.csv --task text-regression --out run",
        "gb.TextRegressor().fit(texts, numbers)", TABLES, "stsb_numbers",
    ),
    (
        "multi-label-classification", "multi-label",
        "finetune tickets.csv --task multi-label-classification --out run",
        "gb.MultiLabelClassifier().fit(texts, label_sets)", TABLES, "presidio",
    ),
    (
        "token-classification", "tagging", "finetune train.conll --task token-classification --out run",
        "gb.TokenTagger().fit(words, tags)", "CoNLL, words beside tags, JSONL", "conll2003",
    ),
    (
        "question-answering", "question-answering", "finetune squad.json --task question-answering --out run",
        "gb.QuestionAnswerer().fit(questions, answers)", "SQuAD 1.1 and 2.0, CSV, JSONL", "squad",
    ),
    (
        "sentence-similarity", "similarity", "finetune pairs.csv --task sentence-similarity --out run",
        "gb.SentenceEncoder().fit(pairs, scores)", TABLES, "stsb",
    ),
    (
        "fill-mask", "fill-mask", 'fill-mask MODEL "The film is [MASK]."',
        'gb.pipeline("fill-mask", model)("The film is [MASK].")', "text", "",
    ),
)  # fmt: skip
NAMES = {
    "sst2": "SST-2 dev, accuracy",
    "sst2_sentences": "SST-2, 3,000 sentences held out of its training file, accuracy",
    "mrpc": "MRPC test, accuracy",
    "rte": "RTE dev, accuracy",
    "rte_folds": "RTE, its 2,490 training rows in four folds, accuracy",
    "ag_news": "AG News test, accuracy",
    "imdb": "IMDB in windows, accuracy",
    "imdb_cut": "IMDB cut to one window, accuracy",
    "stsb_numbers": "STS-B test as numbers, Spearman",
    "stsb": "STS-B test by cosine, Spearman",
    "presidio": "PII types of synthetic texts, micro-F1",
    "conll2003": "CoNLL-2003 testb, strict F1",
    "squad": "XQuAD English after 4,370 questions of SQuAD, F1 in percent",
    "chnsenticorp": "ChnSentiCorp test, accuracy",
    "msra_ner": "People's Daily dev, strict F1",
    "cmrc2018": "CMRC 2018 trial, F1 in percent",
}
FOLDS = tuple(f"rte_fold_{number}" for number in range(1, 5))
QUALITY = "docs/quality.md"
PLAIN = {
    "majority": "majority",
    "mean": "mean",
    "tfidf": "TF-IDF",
    "tfidf_ridge": "TF-IDF",
    "tfidf_sets": "TF-IDF",
    "tfidf_cosine": "TF-IDF",
    "untuned": "untuned vectors",
    "commonest_tags": "commonest tags",
    "remembered_entities": "remembered entities",
    "overlap": "overlap of words",
}
"""What the baselines of the rows are called."""
WORDS = {
    "README.md": {
        "header": "| Task | Command | Python | Data | Score on a public set | Training |",
        "score": "{name} {value} [{low}, {high}]",
        "time": "{minutes:.0f} min, {steps:,} steps, {threads}",
        "threads": ("1 thread", "{} threads"),
        "open": "not measured yet",
        "none": "none is learnt",
        "lead": "Every task, with a score on public data and its 95 % interval. All start from MiniLM"
        " (22.7 million parameters) with the settings of the recipe; `benchmarks/quality.py` repeats them,"
        " [docs/quality.md](docs/quality.md) has every set. Minutes of a shared machine.",
    },
    "README.zh.md": {
        "header": "| 任务 | 命令 | Python | 数据 | 公开数据上的得分 | 训练 |",
        "score": "{name} {value} [{low}, {high}]",
        "time": "{minutes:.0f} 分钟，{steps:,} 步，{threads}",
        "threads": ("1 线程", "{} 线程"),
        "open": "尚未测量",
        "none": "不需训练",
        "lead": "每个任务都给出公开数据上的得分及其 95% 区间。全部从 MiniLM（2270 万参数）以默认"
        "配方开始；`benchmarks/quality.py` 可以重做，全部数据集见 [docs/q"
        "uality.md](docs/quality.md)。时间取自同时执行其他工作的机器。",
    },
}


def main() -> None:
    rows = last_rows(RESULTS)
    for name in (*WORDS, QUALITY):
        page = ROOT / name
        page.write_text(renewed(page.read_text(encoding="utf-8"), name, rows), encoding="utf-8")


def last_rows(results: Path) -> dict[str, Row]:
    """The newest row of each set, of seed 0."""
    if not results.exists():
        return {}
    rows = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    found = {row["set"]: row for row in rows if row.get("seed", 0) == 0}
    folds = [found[name] for name in FOLDS if name in found]
    return found | ({"rte_folds": mean_of(folds)} if len(folds) == len(FOLDS) else {})


def mean_of(folds: list[Row]) -> Row:
    """One row for folds of equal size, each judged on rows of its own: means, the time of all, and the
    interval of a mean of independent scores.
    """
    ours = mean(fold["ours"] for fold in folds)
    half = sum(((high - low) / 2) ** 2 for low, high in (fold["interval"] for fold in folds)) ** 0.5 / len(
        folds
    )
    metric = folds[0]["metric"]
    peer = mean(fold["peer"]["metrics"][metric] for fold in folds)
    return {
        **folds[0],
        "ours": ours,
        "interval": [ours - half, ours + half],
        "baselines": {
            name: mean(fold["baselines"][name] for fold in folds) for name in folds[0]["baselines"]
        },
        "peer": {"metrics": {metric: peer}},
        "difference": ours - peer,
        "training_seconds": sum(fold["training_seconds"] for fold in folds),
    }


def renewed(page: str, name: str, rows: dict[str, Row]) -> str:
    """The page with the part between the markers written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    table = quality(rows) if name == QUALITY else section(WORDS[name], rows)
    return f"{before}{BEGIN}\n{table}{END}{after}"


def quality(rows: dict[str, Row]) -> str:
    """A line for each set: ours, the best of the simple baselines, the Trainer at as many steps."""
    lines = [
        "| Set | glassbert | Best simple baseline | Trainer, equal steps | Difference | Steps | Training |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, says in NAMES.items():
        if name in rows:
            row = rows[name]
            value, low, high = (shown(each, row) for each in (row["ours"], *row["interval"]))
            best = max(row["baselines"], key=lambda each: row["baselines"][each])
            peer, apart = "", ""
            if "peer" in row:
                peer = shown(row["peer"]["metrics"][row["metric"]], row)
                apart = shown(row["difference"], row, sign="+")
            least = f"{PLAIN[best]} {shown(row['baselines'][best], row)}"
            minutes = f"{row['training_seconds'] / 60:.0f} min"
            cells = (says, f"{value} [{low}, {high}]", least, peer, apart, f"{row['steps']:,}", minutes)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def shown(value: float, row: Row, *, sign: str = "") -> str:
    """Three decimals, of a score in percent one."""
    return f"{value:{sign}.{1 if row['ours'] > 1 else 3}f}"


def section(words: Any, rows: dict[str, Row]) -> str:
    lines = [words["lead"], "", words["header"], "|---|---|---|---|---|---|"]
    for task, page, command, python, formats, dataset in TASKS:
        score, time = measured(words, rows, dataset)
        cells = (f"[{task}](docs/{page}.md)", f"`glassbert {command}`", f"`{python}`", formats, score, time)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def measured(words: Any, rows: dict[str, Row], dataset: str) -> tuple[str, str]:
    """Score with interval, and what it took."""
    if not dataset:
        return "", words["none"]
    if dataset not in rows:
        return f"{NAMES[dataset]}: {words['open']}", ""
    row = rows[dataset]
    value, low, high = (shown(each, row) for each in (row["ours"], *row["interval"]))
    score = words["score"].format(name=NAMES[dataset], value=value, low=low, high=high)
    one, many = words["threads"]
    threads = one if row["threads"] == 1 else many.format(row["threads"])
    minutes = row["training_seconds"] / 60
    return score, words["time"].format(minutes=minutes, steps=row["steps"], threads=threads)


if __name__ == "__main__":
    main()
