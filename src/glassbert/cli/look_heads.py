"""`glassbert look heads`: what every head does, over many texts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli.loading import load_aloud
from glassbert.cli.reading import Reading, reads_tables
from glassbert.cli.texts import Texts, WindowProgress, texts_given
from glassbert.cli.writing import give, refuse_out


@reads_tables
def heads(
    model: words.Model,
    data: words.Data = None,
    text: words.Texts = None,
    treebank: Annotated[
        Path | None, typer.Option("--treebank", help="A CoNLL-U file, for dependency relations.")
    ] = None,
    text_column: words.TextColumn = None,
    *,
    reading: Reading,
    out: words.Out = None,
    device: words.Device = "cpu",
    threads: words.Threads = None,
    overwrite: words.Overwrite = False,
    as_json: words.Json = False,
) -> None:
    """Label every head by what it attends to; find heads that repeat others, and heads that know syntax.

    Without DATA and --text, the sentences of the treebank are the texts.
    """
    from glassbert.lens.atlas.heads import heads as look  # torch loads here, not for --help
    from glassbert.text.treebank import read_treebank

    refuse_out(out, data, overwrite=overwrite)
    sentences = read_treebank(treebank) if treebank is not None else None
    if sentences is not None and data is None and not text:
        given = Texts(texts=[sentence.text for sentence in sentences], rows=[])
    else:
        given = texts_given(data, text, reading=reading, column=text_column)
    loaded = load_aloud(model, device=device, threads=threads)
    record = look(loaded, given.texts, treebank=sentences, progress=WindowProgress())
    give(record, out, kind="heads", as_json=as_json, table=table, about=labels)


def labels(record: Any) -> dict[str, Any]:
    """The name of every head, layer by layer."""
    layers, heads = record.label.shape
    return {"labels": [[record.name(layer, head) for head in range(heads)] for layer in range(layers)]}


def table(record: Any) -> str:
    """One line per head: layer.head, label, score, margin; then the relations."""
    layers, heads = record.label.shape
    lines = ["head   label            score   margin"]
    for layer in range(layers):
        for head in range(heads):
            number = f"{layer}.{head}"
            score, margin = record.score[layer, head], record.margin[layer, head]
            lines.append(f"{number:<6} {record.name(layer, head):<14} {score:7.3f} {margin:+8.3f}")
    if record.relations:
        lines += ["", "relation         pairs  best head  held out  fixed offset"]
    for each in record.relations:
        best = f"{each.layer}.{each.head}"
        lines.append(
            f"{each.name:<15} {each.count:6,}  {best:<9} {each.held_out:9.3f} "
            f"{each.baseline:9.3f} ({each.offset:+d})"
        )
    return "".join(f"{line}\n" for line in lines)
