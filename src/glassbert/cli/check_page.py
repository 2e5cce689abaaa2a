"""A check of data as a page of 80 columns: facts first, then what to decide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from rich.cells import cell_len, chop_cells, set_cell_size

from glassbert.cli.console import duration
from glassbert.errors import on_one_line
from glassbert.runs.check.data_check import Check
from glassbert.tasks.wording import METRIC_NAMES, RIVAL_NAMES

WIDTH = 80
NAME = 12
SHOWN_LABELS = 12
BAR = 20
LEVELS = {"mistake": "MISTAKE", "warning": "warning", "note": "note"}


def page(check: Check) -> str:
    """Everything that a newcomer needs to know of the file, no line wider than 80 columns."""
    found = check.document
    lines = [on_one_line(str(found["source"])), ""]
    for name, texts in _sections(found):
        lines += _section(name, texts)
    lines += ["", *_decisions(check), ""]
    return "\n".join(line.rstrip() for line in lines)


def _sections(found: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    yield "file", _file(found["file"])
    yield "rows", _rows(found)
    yield "task", [f"{found['task']['name']}: {'; '.join(found['task']['reasons'])}"]
    yield "columns", list(found["columns"]["reasons"])
    yield "answers", _answers(found["answers"])
    yield "scripts", [_shares(found["languages"]["scripts"])]
    yield "languages", [_shares(found["languages"]["guessed"])]
    yield "length", _lengths(found["lengths"])
    yield "alike", _alike(found["near_duplicates"])
    if "baselines" in found:
        yield "to beat", [_baseline(name, each) for name, each in found["baselines"].items()]
    if "estimates" in found:
        yield "a run takes", _estimates(found["estimates"])


def _section(name: str, texts: list[str]) -> list[str]:
    lines: list[str] = []
    for text in texts:
        for line in wrapped(text, WIDTH - NAME):
            lines.append(f"{'' if lines else name:<{NAME}}{line}")
    return lines


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns of a terminal, where a Chinese character takes two."""
    if len(text) == cell_len(text):
        return textwrap.wrap(on_one_line(text), width, subsequent_indent="  ") or [""]
    lines: list[str] = []
    line = ""
    for word in on_one_line(text).split(" "):
        for part in chop_cells(word, width - 2) or [""]:
            if line and cell_len(line) + 1 + cell_len(part) > width:
                lines.append(line)
                line = "  " + part
            else:
                line = f"{line} {part}" if line else part
    return [*lines, line]


def fitted(text: str, width: int) -> str:
    """Cut or filled to exactly so many columns."""
    clean = on_one_line(text)
    return set_cell_size(
        clean if cell_len(clean) <= width else set_cell_size(clean, width - 3) + "...", width
    )


def _file(file: Mapping[str, Any] | None) -> list[str]:
    if file is None:
        return ["a table in memory"]
    parts = [*file["reasons"]]
    more = [f"{file['bytes_on_disk']:,} bytes"]
    more += [f"line ends {' and '.join(file['line_ends'])}"] if file["line_ends"] else []
    more += ["a byte-order mark, which is left out"] if file["mark"] else []
    more += [f"compressed ({file['compressed']})"] if file["compressed"] else []
    return [*parts, ", ".join(more)]


def _rows(found: Mapping[str, Any]) -> list[str]:
    rows, sizes = found["rows"], found["evaluation"]["sizes"]
    first = f"{rows['read']:,} read = {rows['used']:,} used + {rows['set_aside']:,} set aside"
    where = "of this file" if found["evaluation"]["from"] == "split" else f"of {found['evaluation']['path']}"
    split = f"a run would learn from {sizes['train']:,}, choose by {sizes['validation']:,}, and be judged by "
    return [first, f"{split}{sizes['evaluation']:,} {where}"]


def _answers(answers: Mapping[str, Any]) -> list[str]:
    if answers["kind"] == "number":
        low, first, middle, third, high = (f"{value:.4g}" for value in answers["quartiles"])
        text = f"numbers from {low} to {high}: a quarter below {first}, half below {middle}, "
        return [f"{text}three quarters below {third}; mean {answers['mean']:.4g}"]
    if answers["kind"] == "span":
        without = answers["without_answer"]
        asked = f"{answers['questions']:,} questions on {answers['contexts']:,} contexts: "
        return [f"{asked}{answers['questions'] - without:,} with an answer, {without:,} without one"]
    counts = answers["counts"]
    total, most = sum(counts.values()), max(counts.values())
    wide = min(30, max(cell_len(on_one_line(label)) for label in list(counts)[:SHOWN_LABELS]))
    bars = {label: "#" * max(1, round(BAR * count / most)) for label, count in counts.items()}
    lines = [
        f"{fitted(label, wide)}  {count:>9,}  {count / total:>5.1%}  {bars[label]}"
        for label, count in list(counts.items())[:SHOWN_LABELS]
    ]
    left = answers["labels"] - len(lines)
    lines += [f"and {left:,} labels more"] if left else []
    if answers["kind"] == "tags":
        lines.insert(0, f"{total:,} entities, by type:" if answers["of"] == "entities" else "words by tag:")
    missing = "an entity" if answers["kind"] == "tags" else "a label"
    bare = answers.get("rows_without")
    return lines + ([f"{bare:,} rows without {missing}"] if bare else [])


def _shares(counts: Mapping[str, int]) -> str:
    total = max(sum(counts.values()), 1)
    shown = [f"{name} {count / total:.1%}" for name, count in list(counts.items())[:SHOWN_LABELS]]
    return ", ".join(shown) + (f", {len(counts) - len(shown):,} more" if len(counts) > len(shown) else "")


def _lengths(lengths: Mapping[str, Any]) -> list[str]:
    p = lengths["percentiles"]
    counted = (
        "" if lengths["texts_counted"] == lengths["texts"] else f" (of {lengths['texts_counted']:,} texts)"
    )
    first = f"tokens of {lengths['model']}{counted}: half of the texts up to {p['p50']:,}, 90 % up to "
    first += f"{p['p90']:,}, 99 % up to {p['p99']:,}, the longest {p['p100']:,}"
    unknown = lengths["unknown_token_share"]
    lines = [
        first,
        *([f"{unknown:.1%} of the tokens are unknown to this tokenizer"] if unknown >= 0.005 else []),
    ]
    for each in lengths["windows"]:
        if each["texts_in_several"]:
            several = each["texts_in_several"]
            need = "1 text needs several" if several == 1 else f"{several:,} texts need several"
            lines.append(
                f"windows of {each['max_length']:>3}: {need}; "
                f"{each['windows']:,} windows, {each['tokens']:,} tokens ({each['tokens_again']:.0%} again)"
            )
    return lines


def _alike(near: Mapping[str, Any]) -> list[str]:
    if not near["groups"]:
        return ["no texts that are nearly the same"]
    groups = "1 group" if near["groups"] == 1 else f"{near['groups']:,} groups"
    lines = [f"{near['rows']:,} rows in {groups} of texts that are nearly the same"]
    for pair in near["first"][:1]:
        rows = " and ".join(f"{each['file']} row {each['row']:,}" for each in pair["rows"])
        lines.append(f"{pair['similarity']:.0%} alike: {rows}")
        lines += ["  " + fitted(text, WIDTH - NAME - 2) for text in pair["texts"]]
    if near["unverified_pairs"]:
        lines.append(f"{near['unverified_pairs']:,} pairs more may be alike: too many to count")
    return lines


def _baseline(name: str, scores: Mapping[str, Any]) -> str:
    figures = (
        f"{METRIC_NAMES[metric]} {scores[metric]:.3f} [{low:.3f}, {high:.3f}]"
        for metric, (low, high) in list(scores["intervals"].items())[:2]
    )
    return f"{RIVAL_NAMES[name]}: {', '.join(figures)}"


def _estimates(estimates: list[Mapping[str, Any]]) -> list[str]:
    return [
        f"{each['model']} ({each['num_parameters'] / 1e6:,.0f} M parameters{_learning(each)}): about "
        f"{duration(each['seconds'])}, {each['memory_mb'] / 1024:,.1f} GB of memory, {each['steps']:,} steps"
        for each in estimates
    ]


def _learning(estimate: Mapping[str, Any]) -> str:
    """How many numbers learn, where not all do."""
    learning = estimate["num_learning"]
    return "" if learning == estimate["num_parameters"] else f", {learning:,} of them learn"


def _decisions(check: Check) -> list[str]:
    """The warnings of the reading, and every finding with what to do."""
    told = {each.what for each in check.findings}
    above = check.document["columns"]["reasons"]
    lines = [line for note in check.document["notes"] if note not in above for line in _item("note", note)]
    for warning in check.document["warnings"]:
        if warning not in told:
            lines += _item("warning" if not warning.startswith("row") else "", warning)
    for each in sorted(check.findings, key=lambda each: list(LEVELS).index(each.level)):
        lines += _item(LEVELS[each.level], each.what) + _item("", f"-> {each.fix}")
    if check.ok and (check.document["warnings"] or any(each.level == "warning" for each in check.findings)):
        return [*lines, *_item("ok", "no mistake that forbids training; the warnings above ask for a look")]
    if check.ok:
        return [*lines, *_item("ok", "nothing here speaks against training")]
    return [*lines, *_item("", "Training on this would be a mistake.")]


def _item(name: str, text: str) -> list[str]:
    lines = wrapped(text, WIDTH - NAME)
    return [f"{name if number == 0 else '':<{NAME}}{line}" for number, line in enumerate(lines)]
