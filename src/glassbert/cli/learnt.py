"""Words of the command line for what of a model learns."""

from __future__ import annotations

from typing import Annotated

import typer

Freeze = Annotated[
    str | None, typer.Option("--freeze", help="embeddings, encoder, or so many blocks from below.")
]
Lora = Annotated[int | None, typer.Option("--lora", help="Rank of adapters, which learn in its place.")]
LoraAlpha = Annotated[float | None, typer.Option("--lora-alpha", help="Their weight; twice the rank.")]
LoraTargets = Annotated[
    str | None, typer.Option("--lora-targets", help="query,value (if unsaid), others, all-linear.")
]
LoraDropout = Annotated[float | None, typer.Option("--lora-dropout", help="Of what adapters see.")]

Base = Annotated[str | None, typer.Option("--base", help="Base model, where MODEL is an adapter of peft.")]


def frozen(text: str | None) -> int | str | None:
    """A number of blocks as a number."""
    return int(text) if text is not None and text.isdecimal() else text
