"""`glassbert look`: one verb for every view into a model, each in a file of its own."""

from __future__ import annotations

import typer

from glassbert.cli import look_attention

app = typer.Typer(name="look", help="Look inside a model.", no_args_is_help=True)
app.command("attention")(look_attention.attention)
