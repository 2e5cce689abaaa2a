"""`glassbert look heads`: what every head does, over many texts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli.console import emit, emit_json
from glassbert.cli.loading import load_aloud
from glassbert.cli.texts import Texts, WindowProgress, texts_given


def heads(
    model: words.Model,
    data: Annotated[str | None, typer.Argument(help="A file of texts.")] = None,
    text: Annotated[list[str] | None, typer.Option("--text", help="A text (may be repeated).")] = None,
    treebank: Annotated[
        Path | None, typer.Option("--treebank", help="A CoNLL-U file, for dependency relations.")
    ] = None,
    text_column: words.TextColumn = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write: .html, .json or .gbr.")
    ] = None,
    device: words.Device = "cpu",
    threads: words.Threads = None,
    overwrite: words.Overwrite = False,
    as_json: words.Json = False,
) -> None:
    """Label every head by what it attends to; find heads that repeat others, and heads that know syntax.

    Without DATA and --text, the sentences of the treebank are the texts.
    """
    from glassbert.lens.atlas.heads import heads as look  # torch loads here, not for --help
    from glassbert.lens.records import refuse_suffix
    from glassbert.runs.outputs import refuse_output
    from glassbert.text.treebank import read_treebank

    if out is not None:
        refuse_suffix(out)
        refuse_output(out, data, overwrite=overwrite)
    sentences = read_treebank(treebank) if treebank is not None else None
    if sentences is not None and data is None and not text:
        given = Texts(texts=[sentence.text for sentence in sentences], rows=[])
    else:
        given = texts_given(data, text, column=text_column)
    loaded = load_aloud(model, device=device, threads=threads)
    record = look(loaded, given.texts, treebank=sentences, progress=WindowProgress())
    if out is not None:
        record.save(out)
    _print(record, out, as_json=as_json)


def _print(record: Any, out: Path | None, *, as_json: bool) -> None:
    from glassbert.lens.records import to_plain  # numpy is loaded by now

    if not as_json:
        emit(f"{out}\n" if out is not None else table(record))
    elif out is None:
        emit_json(to_plain(record))
    else:
        layers, heads = record.label.shape
        names = [[record.name(layer, head) for head in range(heads)] for layer in range(layers)]
        emit_json({"heads": str(out), "bytes": out.stat().st_size, "labels": names})


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
