"""`glassbert fill-mask`: the words that a model would write where a text says [MASK]."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli.console import emit, emit_json
from glassbert.cli.loading import load_aloud
from glassbert.errors import on_one_line


def fill_mask(
    model: words.Model,
    text: Annotated[str, typer.Argument(help="A text with [MASK] (RoBERTa: <mask>) in it.")],
    top_k: Annotated[int, typer.Option("--top-k", help="Words for each mask.")] = 5,
    targets: Annotated[
        str | None, typer.Option("--targets", help="Only these words, with commas between.")
    ] = None,
    device: words.Device = "cpu",
    threads: words.Threads = None,
    *,
    as_json: words.Json = False,
) -> None:
    """The likeliest words for every mask of a text, by the model's own masked-word head."""
    from glassbert.runs.masked_words import fill_mask as fill  # torch loads here, not for --help

    wanted = None if targets is None else targets.split(",")
    found = fill(load_aloud(model, device=device, threads=threads), text, top_k=top_k, targets=wanted)
    if as_json:
        emit_json(found)
    else:
        emit(table(found))


def table(found: list[Any]) -> str:
    """A line per word: its probability, it, the text with it; a heading where there are several."""
    several = isinstance(found[0], list)
    lines = []
    for number, guesses in enumerate(found if several else [found], start=1):
        lines += [f"mask {number}"] if several else []
        for each in guesses:
            word, sequence = on_one_line(each["token_str"]), on_one_line(each["sequence"])
            lines.append(f"{each['score']:.4f}  {word:<16} {sequence}")
    return "".join(f"{line}\n" for line in lines)
