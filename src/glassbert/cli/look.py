"""`glassbert look`: one verb for every view into a model, each in a file of its own."""

from __future__ import annotations

import typer

from glassbert.cli import (
    look_attention,
    look_attribution,
    look_diff,
    look_embeddings,
    look_heads,
    look_landscape,
    look_lens,
    look_structure,
)

app = typer.Typer(name="look", help="Look inside a model.", no_args_is_help=True, rich_markup_mode=None)
app.command("attention", short_help="Who looks at whom, in every layer and head.")(look_attention.attention)
app.command("attribution", short_help="Which tokens speak for a prediction.")(look_attribution.attribution)
app.command("diff", short_help="What changed from one checkpoint to another.")(look_diff.diff)
app.command("heads", short_help="What every head does, over many texts.")(look_heads.heads)
app.command("landscape", short_help="The loss around a run's model and on its way.")(look_landscape.landscape)
app.command("embeddings", short_help="Texts or tokens as a map you can check.")(look_embeddings.embeddings)
app.command("lens", short_help="What the masked-word head would say, by layer.")(look_lens.lens)
app.command("structure", short_help="What a model is made of, and what it costs.")(look_structure.structure)
