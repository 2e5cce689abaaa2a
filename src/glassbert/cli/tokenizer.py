"""`glassbert tokenizer`: what is done with tokenizers, each verb in a file of its own."""

from __future__ import annotations

import typer

from glassbert.cli import tokenizer_train

app = typer.Typer(
    name="tokenizer", help="Learn a tokenizer from text.", no_args_is_help=True, rich_markup_mode=None
)
app.command("train", short_help="A vocabulary from files of plain text.")(tokenizer_train.train)


@app.callback()
def _group() -> None:
    """Learn a tokenizer from text."""  # with a single verb, typer would take the group for that verb
