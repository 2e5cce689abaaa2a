"""`glassbert look lens`: what the masked-word head would say of every token, layer by layer."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli.console import say
from glassbert.cli.loading import hear_window, load_aloud
from glassbert.cli.reading import Reading, reads_tables
from glassbert.cli.texts import texts_given
from glassbert.cli.writing import give, refuse_out
from glassbert.errors import on_one_line


@reads_tables
def lens(
    model: words.Model,
    text: words.Text,
    pair: words.Pair = None,
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
    *,
    reading: Reading,
    window: words.Window = 0,
    out: words.Out = None,
    device: words.Device = "cpu",
    threads: words.Threads = None,
    overwrite: words.Overwrite = False,
    as_json: words.Json = False,
) -> None:
    """Read every layer with the model's own masked-word head: what would it say there?"""
    from glassbert.lens.reading.masked import masked as look  # torch loads here, not for --help
    from glassbert.lens.reading.tuned import tune

    refuse_out(out, tuned, overwrite=overwrite)
    given = texts_given(tuned, None, reading=reading, column=text_column).texts if tuned is not None else None
    loaded = load_aloud(model, device=device, threads=threads)
    maps = tune(loaded, given) if given is not None else None
    if maps is not None:
        pairs = zip(maps.before, maps.after, strict=True)
        said = ", ".join(f"{before:.3f} to {after:.3f}" for before, after in pairs)
        say(f"note: mean KL on the training texts, layer by layer: {said}")
    asked: Any = {"pair": pair, "hide": tuple(hide or ()), "words": tuple(word or ())}
    record = look(loaded, text, window=window, tuned=maps, **asked)
    hear_window(record)
    give(record, out, kind="lens", as_json=as_json, table=table, about=guesses)


def guesses(record: Any) -> dict[str, Any]:
    """What the last layer says of each token."""
    return {"guesses": [record.words(-1, token)[0] for token in range(len(record.tokens))]}


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
