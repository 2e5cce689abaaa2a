"""`glassbert look landscape`: the loss around a run's model and along the way that training took."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli.console import hear, say
from glassbert.cli.landscape_table import LandscapeProgress, table
from glassbert.cli.writing import give, refuse_out
from glassbert.errors import Problem, UsageError

PLANES = ("trajectory", "random", "between")


def landscape(
    run: Annotated[Path, typer.Argument(help="A finished run.")],
    models: Annotated[
        list[str] | None,
        typer.Argument(
            help="For --plane between, two or three: pretrained, final, scratch, step-N, a run, a directory."
        ),
    ] = None,
    plane: Annotated[
        str, typer.Option("--plane", help="trajectory, random, or between (then name the models).")
    ] = "trajectory",
    rows: Annotated[
        int, typer.Option("--rows", min=1, help="Rows of each surface, training and held-out.")
    ] = 128,
    points: Annotated[int, typer.Option("--points", min=1, help="Evaluations at most.")] = 200,
    budget: Annotated[str, typer.Option("--budget", help="Wall-clock limit: 90s, 10m, 2h.")] = "3m",
    radius: Annotated[float, typer.Option("--radius", help="How far a random plane reaches.")] = 1.0,
    products: Annotated[
        int, typer.Option("--products", min=0, help="Hessian products for the curvature; 0 leaves it out.")
    ] = 20,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the rows and of random directions.")] = 0,
    data: Annotated[str | None, typer.Option("--data", help="The training file, if it was moved.")] = None,
    eval_data: Annotated[
        str | None, typer.Option("--eval-data", help="The evaluation file, if it was moved.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File to write: .html, .svg, .json or .gbr; a table if unsaid."),
    ] = None,
    device: words.Device = "cpu",
    threads: words.Threads = None,
    overwrite: words.Overwrite = False,
    as_json: words.Json = False,
) -> None:
    """Measure the loss on a line or plane through the weights of a run, on training and held-out rows."""
    from glassbert.lens.landscape_record import refuse_format  # torch loads here, not for --help
    from glassbert.lens.landscaping.options import LandscapeOptions
    from glassbert.runs.devices import use_threads
    from glassbert.runs.ground import open_ground
    from glassbert.train.stop import stop_on_signals

    models = list(models or [])
    _refuse(plane, models, radius)
    limit = words.seconds(budget)
    refuse_out(out, overwrite=overwrite, formats=refuse_format)
    hear(use_threads(threads))
    ground = open_ground(run, data=data, eval_data=eval_data, device=device)
    progress = LandscapeProgress()
    with stop_on_signals() as stop:
        options = LandscapeOptions(
            model=str(run),
            points=points,
            seconds=limit,
            iterations=products,
            seed=seed,
            told=progress.told,
            progress=progress.progress,
            stopped=lambda: stop.requested,
        )
        laid = {"kind": plane, "models": models, "radius": radius, "seed": seed}
        record = measure(ground, laid, rows=rows, options=options)
    give(record, out, kind="landscape", as_json=as_json, table=table, about=measured)
    if record.stopped == "interrupted":
        say(f"stopped: the picture holds the {len(record.points)} points that were measured")
        raise KeyboardInterrupt


def measure(ground: Any, laid: dict[str, Any], *, rows: int, options: Any) -> Any:
    """The record of a run's landscape: its rows, its plane, and the lens that knows neither."""
    from glassbert.lens.landscaping.landscape import landscape as look
    from glassbert.lens.landscaping.planes import Plane
    from glassbert.lens.landscaping.samples import Sample

    network = ground.model.network
    if laid["kind"] == "random":
        plane = Plane.random(network, seed=laid["seed"], radius=laid["radius"], name="final")
    elif laid["kind"] == "between":
        plane = Plane.between(network, {name: ground.weights(name) for name in laid["models"]})
    else:
        steps = ground.steps()
        centre = ground.best_step if ground.best_step in steps else None
        plane = Plane.trajectory(network, steps, centre=centre)
    samples = [Sample(**vars(each)) for each in ground.losses(rows=rows, seed=laid["seed"])]
    return look(network, samples, plane=plane, options=options)


def _refuse(plane: str, models: list[str], radius: float) -> None:
    """Raise UsageError for words that do not go together."""
    if plane not in PLANES:
        what, fix = f"--plane is {plane!r}", f"choose {', '.join(PLANES)}"
    elif plane == "between" and len(models) not in (2, 3):
        what = f"--plane between is given {len(models)} models"
        fix = "name two for a line or three for a plane, such as pretrained final scratch"
    elif plane == "between" and len(set(models)) < len(models):
        what, fix = "a model is named twice", "name models that differ"
    elif plane != "between" and models:
        what, fix = f"--plane {plane} takes no models, and {models[0]!r} is given", "leave it out"
    elif not radius > 0:
        what, fix = f"--radius is {radius}", "give a number above 0"
    else:
        return
    raise UsageError(Problem(code="bad-plane", what=what, fix=fix))


def measured(record: Any) -> dict[str, Any]:
    """What was laid, how far it came, and the losses of the models on it."""
    return {
        "kind": record.kind,
        "points": len(record.points),
        "stopped": record.stopped,
        "losses": {waypoint.name: waypoint.losses.tolist() for waypoint in record.waypoints},
        "largest_eigenvalue": None if record.curvature is None else record.curvature.top,
    }
