"""`glassbert look structure`: what a model is made of, as a tree, a picture or numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli.console import emit, emit_json, say
from glassbert.cli.loading import hear_window, load_aloud
from glassbert.cli.writing import refuse_out


def structure(
    model: words.Model,
    text: Annotated[
        str | None, typer.Option("--text", help="The text that passes through; a sample if unsaid.")
    ] = None,
    window: words.Window = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="File to write: .html, .svg, .png, .dot, .mmd, .txt, .json, .gbr; a tree if unsaid.",
        ),
    ] = None,
    depth: Annotated[
        int | None,
        typer.Option("--depth", min=1, help="How many levels of modules are opened; all if unsaid."),
    ] = None,
    folded: Annotated[bool, typer.Option("--fold/--no-fold", help="Draw equal layers once.")] = True,
    heat: Annotated[
        str,
        typer.Option(
            "--heat", help="Colour: none, parameters, flops, bytes, seconds, activation or gradient."
        ),
    ] = "flops",
    gradients: Annotated[
        bool, typer.Option("--gradients", help="Statistics of gradients too (a second pass).")
    ] = False,
    device: words.Device = "cpu",
    threads: words.Threads = None,
    overwrite: words.Overwrite = False,
    as_json: words.Json = False,
) -> None:
    """Record one forward pass: every module and operation with its parameters, shapes, FLOPs and time."""
    from glassbert.lens.structure_record import refuse_format
    from glassbert.lens.structuring.capture import structure as look  # torch loads here, not for --help
    from glassbert.lens.structuring.drawing import Look

    drawn_as = Look(depth=depth, folded=folded, heat=heat)
    refuse_out(out, overwrite=overwrite, formats=refuse_format)
    loaded = load_aloud(model, device=device, threads=threads)
    record = look(loaded, text, gradients=gradients or heat == "gradient", window=window)
    hear_window(record)
    for note in (*loaded.warnings, *record.notes):
        say(f"note: {note}")
    if out is not None:
        record.save(out, look=drawn_as)
    if as_json:
        emit_json(_summary(record, out))
    else:
        emit(record.to_tree(drawn_as) if out is None else f"{out}\n")


def _summary(record: Any, out: Path | None) -> dict[str, Any]:
    """The sums, and the file where one was written."""
    written = {} if out is None else {"structure": str(out), "bytes": out.stat().st_size}
    return {
        **written,
        "parameters": record.num_parameters,
        "flops": record.flops,
        "activation_bytes": record.activation_bytes,
        "tokens": len(record.tokens),
        "window": record.window,
        "windows": record.num_windows,
        "nodes": len(record.graph.nodes),
    }
