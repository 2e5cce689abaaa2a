"""`glassbert compare`: what changed from one run to another, and whether it is more than chance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli.console import emit, emit_json
from glassbert.cli.writing import refuse_out

SHOWN = 5


def compare(
    run_a: Annotated[Path, typer.Argument(help="A finished run.")],
    run_b: Annotated[Path, typer.Argument(help="Another, judged on the same rows.")],
    shared: Annotated[
        bool, typer.Option("--shared", help="Compare the texts that both have where their rows differ.")
    ] = False,
    rows: Annotated[int, typer.Option(min=0, help="Changed rows to show of each kind.")] = SHOWN,
    out: words.Out = None,
    overwrite: words.Overwrite = False,
    as_json: words.Json = False,
) -> None:
    """Compare two runs on the same rows: what became right or wrong, and whether it is more than chance."""
    from glassbert.runs.comparing.comparison import compare as run_compare  # numpy loads here, not for --help

    refuse_out(out, overwrite=overwrite)
    found = run_compare(run_a, run_b, shared=shared)
    if out is not None:
        from glassbert.show.comparison import comparison_record

        comparison_record(found).save(out)
    if as_json:
        emit_json(found)
    else:
        emit("\n".join([*_page(found, rows), *([] if out is None else ["", str(out)])]) + "\n")


def _page(found: dict[str, Any], shown: int) -> Iterator[str]:
    from glassbert.cli.check_page import WIDTH, fitted, wrapped
    from glassbert.tasks.wording import METRIC_NAMES

    yield from (f"{name}   {run}" for name, run in zip("AB", found["runs"], strict=True))
    only = found["rows_only_in"]
    left = f"; {only[0]:,} rows only in A and {only[1]:,} only in B are left out" if any(only) else ""
    yield from ["", *wrapped(f"{found['task']}, {found['rows']:,} rows in both{left}", WIDTH), ""]
    yield f"{'':<18}{'A':>10}{'B':>10}{'B - A':>11}   95 % interval"
    for name, each in found["differences"].items():
        before, after = (scores[name] for scores in found["metrics"])
        interval = f"[{each['low']:+.4f}, {each['high']:+.4f}]"
        yield f"{METRIC_NAMES[name]:<18}{before:>10.4f}{after:>10.4f}{each['value']:>+11.4f}   {interval}"
    yield ""
    for test in (found["test"], *found["more_tests"]):
        about = f" ({METRIC_NAMES[test['about']]})" if found["more_tests"] else ""
        yield from wrapped(f"{test['name']}{about}: p = {test['p_value']:.3g}", WIDTH)
    yield from wrapped(found["verdict"], WIDTH)
    number = found["test"]["about"] == "rmse"
    for kind, title in (
        ("better", "B is nearer" if number else "became right"),
        ("worse", "B is farther" if number else "became wrong"),
    ):
        changed = found[kind]
        yield from ["", f"{title}: {len(changed):,} rows"]
        for each in changed[:shown]:
            yield from wrapped(f"  row {each['row']:,}: {_change(each, kind)}", WIDTH)
            text = " / ".join([each["text"], *([each["pair"]] if "pair" in each else [])])
            yield "    " + fitted(" ".join(text.split()), WIDTH - 4).rstrip()


def _change(each: dict[str, Any], kind: str) -> str:
    """What changed in a row: both answers, or the entities that became right or wrong."""
    if "mended" not in each:
        before, after = each["predictions"]
        return f"{before} -> {after}, labelled {each['label']}"
    said = {
        ("better", True): "found",
        ("better", False): "no longer invented",
        ("worse", True): "missed",
        ("worse", False): "invented",
    }
    entities = each["mended" if kind == "better" else "broken"]
    return "; ".join(f"{said[kind, one['true']]} {one['type']} {one['word']}".rstrip() for one in entities)
