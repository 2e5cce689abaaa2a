"""`glassbert look attribution`: which tokens speak for a prediction, and whether to believe it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli.attribution_table import PassProgress, table
from glassbert.cli.loading import hear_window, load_aloud
from glassbert.cli.writing import give, refuse_out


def attribution(
    model: words.Model,
    text: Annotated[str, typer.Option("--text", help="The text to explain.")],
    pair: words.Pair = None,
    method: Annotated[
        list[str] | None,
        typer.Option("--method", help="How to score (may be repeated); docs/attribution.md."),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="The label to explain; the predicted one if unsaid.")
    ] = None,
    token: Annotated[
        int | None, typer.Option("--token", help="Which token's prediction, for heads that tag or guess.")
    ] = None,
    window: words.Window = 0,
    samples: Annotated[int, typer.Option("--samples", help="Forward passes of a sampling method.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of everything that is drawn.")] = 0,
    out: words.Out = None,
    device: words.Device = "cpu",
    threads: words.Threads = None,
    overwrite: words.Overwrite = False,
    as_json: words.Json = False,
) -> None:
    """Score the tokens of a text for a prediction, and test the scores against random orders."""
    from glassbert.lens import AttributionOptions  # torch loads here, not for --help
    from glassbert.lens import attribution as look

    refuse_out(out, overwrite=overwrite)
    options = AttributionOptions(window=window, samples=samples, seed=seed, progress=PassProgress())
    loaded = load_aloud(model, device=device, threads=threads)
    wanted: Any = target if token is None else (token, target)
    chosen: Any = {"method": method} if method else {}
    record = look(loaded, text, pair=pair, target=wanted, options=options, **chosen)
    hear_window(record)
    give(record, out, kind="attribution", as_json=as_json, table=table, about=verdicts)


def verdicts(record: Any) -> dict[str, Any]:
    """What was explained, and what the lie detector says of each method."""
    said = {method.method: method.verdict for method in record.methods}
    return {"target": record.target, "prediction": record.prediction, "verdicts": said}
