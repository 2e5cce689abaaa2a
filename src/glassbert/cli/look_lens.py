"""`glassbert look lens`: what the masked-word head would say of every token, layer by layer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli.console import emit, emit_json, say
from glassbert.cli.loading import hear_window, load_aloud
from glassbert.cli.texts import texts_given
from glassbert.errors import on_one_line


def lens(
    model: words.Model,
    text: Annotated[str, typer.Option("--text", help="The text to look at.")],
    hide: Annotated[
        list[int] | None, typer.Option("--hide", help="Number of a token to mask (may be repeated).")
    ] = None,
    word: Annotated[
        list[str] | None, typer.Option("--word", help="A word whose rank is traced (may be repeated).")
    ] = None,
    tuned: Annotated[
        str | None, typer.Option("--tuned", help="A file of texts to train a tuned lens on.")
    ] = None,
    text_column: words.TextColumn = None,
    window: words.Window = 0,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write: .html, .json or .gbr.")
    ] = None,
    device: words.Device = "cpu",
    threads: words.Threads = None,
    overwrite: words.Overwrite = False,
    as_json: words.Json = False,
) -> None:
    """Read every layer with the model's own masked-word head: what would it say there?"""
    from glassbert.lens.reading.masked import masked as look  # torch loads here, not for --help
    from glassbert.lens.reading.tuned import tune
    from glassbert.lens.records import refuse_suffix
    from glassbert.runs.outputs import refuse_output

    if out is not None:
        refuse_suffix(out)
        refuse_output(out, tuned, overwrite=overwrite)
    given = texts_given(tuned, None, column=text_column).texts if tuned is not None else None
    loaded = load_aloud(model, device=device, threads=threads)
    maps = tune(loaded, given) if given is not None else None
    if maps is not None:
        pairs = zip(maps.before, maps.after, strict=True)
        said = ", ".join(f"{before:.3f} to {after:.3f}" for before, after in pairs)
        say(f"note: mean KL on the training texts, layer by layer: {said}")
    record = look(loaded, text, window=window, hide=tuple(hide or ()), words=tuple(word or ()), tuned=maps)
    hear_window(record)
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
        last = [record.words(-1, token)[0] for token in range(len(record.tokens))]
        emit_json({"lens": str(out), "bytes": out.stat().st_size, "guesses": last})


def table(record: Any) -> str:
    """One line per token: the best guess of every layer; then the ranks of the words asked for."""
    layers, tokens = record.kl.shape
    lines = ["token            " + " ".join(f"{layer:<12}" for layer in range(layers)).rstrip()]
    for token in range(tokens):
        guesses = [on_one_line(record.words(layer, token)[0])[:12] for layer in range(layers)]
        name = on_one_line(record.tokens[token])[:16]
        lines.append(f"{name:<16} " + " ".join(f"{guess:<12}" for guess in guesses).rstrip())
    for word, ranks in zip(record.asked, record.ranks.tolist(), strict=True):
        lines += ["", f"rank of {on_one_line(word)} by layer, for each token"]
        for token in range(tokens):
            trace = " ".join(f"{ranks[layer][token]:>6}" for layer in range(layers))
            lines.append(f"{on_one_line(record.tokens[token])[:16]:<16} {trace}")
    return "".join(f"{line}\n" for line in lines)
