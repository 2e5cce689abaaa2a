"""`glassbert look attribution`: which tokens speak for a prediction, and whether to believe it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli.attribution_table import PassProgress, coloured, table
from glassbert.cli.console import emit, emit_json
from glassbert.cli.loading import hear_window, load_aloud


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
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write: .html, .json or .gbr.")
    ] = None,
    device: words.Device = "cpu",
    threads: words.Threads = None,
    overwrite: words.Overwrite = False,
    as_json: words.Json = False,
) -> None:
    """Score the tokens of a text for a prediction, and test the scores against random orders."""
    from glassbert.lens import AttributionOptions  # torch loads here, not for --help
    from glassbert.lens import attribution as look
    from glassbert.lens.records import refuse_suffix
    from glassbert.runs.outputs import refuse_output

    if out is not None:
        refuse_suffix(out)
        refuse_output(out, overwrite=overwrite)
    options = AttributionOptions(window=window, samples=samples, seed=seed, progress=PassProgress())
    loaded = load_aloud(model, device=device, threads=threads)
    wanted: Any = target if token is None else (token, target)
    chosen: Any = {"method": method} if method else {}
    record = look(loaded, text, pair=pair, target=wanted, options=options, **chosen)
    hear_window(record)
    if out is not None:
        record.save(out)
    _print(record, out, as_json=as_json)


def _print(record: Any, out: Path | None, *, as_json: bool) -> None:
    from glassbert.lens.records import to_plain  # numpy is loaded by now

    if not as_json:
        emit(f"{out}\n" if out is not None else table(record, colour=coloured()))
    elif out is None:
        emit_json(to_plain(record))
    else:
        verdicts = {method.method: method.verdict for method in record.methods}
        about = {"target": record.target, "prediction": record.prediction, "verdicts": verdicts}
        emit_json({"attribution": str(out), "bytes": out.stat().st_size, **about})
