"""The report of a pre-training run from its `run.json` and its log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from glassbert.lens.pretraining_records import PretrainingReport, PretrainingScore, PretrainingText, TextPart
from glassbert.show.curves import read_curves
from glassbert.show.facts import read_facts
from glassbert.show.run_file import Node

PARTS = ("train", "evaluation")


def build_pretraining_report(run: Node, log: Path) -> PretrainingReport:
    """What the page shows of it; raises DataError where a file holds something of the wrong type."""
    result = run.child("result")
    return PretrainingReport(
        facts=replace(read_facts(run), files=()),  # its files are texts
        objective=run.child("config").child("objective").child("value").text(),
        text=_text(run),
        score=None if result.value is None else _score(result),
        curves=read_curves(log, best_step=None, total_steps=result.child("total_steps").integer())
        if log.is_file()
        else None,
    )


def _text(run: Node) -> PretrainingText:
    data = run.child("data")
    tokenizer = data.child("tokenizer")
    return PretrainingText(
        parts=tuple(_part(role, data.child(role)) for role in PARTS if data.child(role).value is not None),
        split=run.child("request").child("eval_text").value is None,
        tokenizer=tokenizer.child("source").text(),
        vocab_size=tokenizer.child("vocab_size").integer(),
        samples=data.child("samples").integer(),
        masks=data.child("evaluated_masks").integer(),
    )


def _part(role: str, node: Node) -> TextPart:
    return TextPart(
        role=role,
        texts=node.child("texts").texts(),
        documents=node.child("documents").integer(),
        tokens=node.child("tokens").integer(),
        corpus=node.child("corpus").text(),
    )


def _score(result: Node) -> PretrainingScore:
    metrics = result.child("metrics")
    return PretrainingScore(
        mlm_loss=metrics.child("mlm_loss").number(),
        mlm_accuracy=metrics.child("mlm_accuracy").number(),
        nsp_loss=metrics.child("nsp_loss").number(),
        nsp_accuracy=metrics.child("nsp_accuracy").number(),
        bits_per_character=metrics.child("bits_per_character").number(),
        pseudo_perplexity=metrics.child("pseudo_perplexity").number(),
        total_steps=result.child("total_steps").integer(),
        tokens_seen=result.child("tokens_seen").integer(),
        tokens_per_second=result.child("tokens_per_second").number(),
        seconds=result.child("seconds").number(),
        peak_rss_mb=result.child("peak_rss_mb").number(),
        stopped_because=result.child("stopped_because").text(),
    )
