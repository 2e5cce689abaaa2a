"""`glassbert look embeddings`: texts, tokens or words as a map that says how far it can be believed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli.console import emit, emit_json, hear, say
from glassbert.cli.embeddings_data import (
    Given,
    given_texts,
    given_word_table,
    predictions_of,
    read_file,
    write_csv,
)
from glassbert.cli.loading import load_aloud
from glassbert.cli.reading import Reading, reads_tables
from glassbert.cli.writing import refuse_out
from glassbert.errors import Problem, UsageError


@reads_tables
def embeddings(
    model: words.Model,
    data: words.Data = None,
    text: words.Texts = None,
    layer: Annotated[
        list[str] | None,
        typer.Option("--layer", help="0 (embeddings) to the last, -1 or all (may be repeated)."),
    ] = None,
    pooling: Annotated[
        str, typer.Option("--pooling", help="mean, cls, max, token (every token) or static (word table).")
    ] = "mean",
    map: Annotated[str, typer.Option("--map", help="pca, tsne or umap.")] = "pca",
    metric: Annotated[str, typer.Option("--metric", help="cosine or euclidean.")] = "cosine",
    neighbours: Annotated[int, typer.Option("--neighbours", help="Nearest points kept of each.")] = 10,
    sample: Annotated[int | None, typer.Option("--sample", help="Map so many points, not all.")] = None,
    step: Annotated[
        list[str] | None, typer.Option("--step", help="Another model to go on to (may be repeated).")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option("--column", help="A column to colour by (may be repeated).")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of t-SNE, UMAP and of --sample.")] = 0,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File to write: .html, .json, .gbr or .csv.")
    ] = Path("embeddings.html"),
    text_column: words.TextColumn = None,
    label_column: words.LabelColumn = None,
    device: words.Device = "cpu",
    threads: words.Threads = None,
    *,
    reading: Reading,
    overwrite: words.Overwrite = False,
    as_json: words.Json = False,
) -> None:
    """Map the hidden states of texts, judged by their true neighbours; no point is left out unasked."""
    if (data is None) == (not text) and pooling != "static":
        what, fix = "give either DATA or --text", "give a file, or --text TEXT"
        raise UsageError(Problem(code="nothing-to-map", what=what, fix=fix))
    from glassbert.lens.embedding.options import EmbeddingOptions, check  # torch and pandas load here

    refuse_out(out, data, overwrite=overwrite, formats=refuse_format)
    choices: Any = {"pooling": pooling, "map": map, "metric": metric}
    options = EmbeddingOptions(**choices, neighbours=neighbours, sample=sample, seed=seed, say=say)
    check(options)
    models = [load_aloud(name, device=device, threads=threads) for name in (model, *(step or []))]
    if data is not None:
        given = read_file(data, reading(), text=text_column, label=label_column, columns=column or [])
    else:
        given = given_texts(text) if text else given_word_table()
    for note in given.notes:
        hear(note)
    record = _look(models, given, options, layer)
    write_csv(out, record) if out.suffix.lower() == ".csv" else record.save(out)
    _tell(record, out, as_json=as_json)


def refuse_format(out: Path) -> str:
    """The suffix in lower case; raises UsageError for one that no map of points can be saved as."""
    from glassbert.lens.records import refuse_suffix  # numpy is loaded by now

    return refuse_suffix(out, more=(".csv",))


def _look(models: list[Any], given: Given, options: Any, layers: list[str] | None) -> Any:
    from dataclasses import replace

    from glassbert.lens.embedding.embeddings import embeddings as look

    depth = models[0].network.config.num_hidden_layers
    chosen = replace(options, layers=_layers(layers or ["-1"], depth))
    columns = dict(given.columns)
    if given.texts and options.pooling != "static":
        columns |= predictions_of(models[-1], given.texts)
    record = look(models, given.texts, columns=columns, rows=given.rows, options=chosen)
    return replace(record, source=given.source)


def _layers(written: list[str], depth: int) -> tuple[int, ...]:
    if "all" in written:
        return tuple(range(depth + 1))
    try:
        return tuple(int(each) for each in written)
    except ValueError as error:
        what = f"--layer is {' '.join(written)}"
        fix = f"give 0 to {depth}, -1 for the last, or all"
        raise UsageError(Problem(code="no-such-layer", what=what, fix=fix)) from error


def _tell(record: Any, out: Path, *, as_json: bool) -> None:
    from glassbert.lens.records import to_plain  # numpy is loaded by now

    count = len(record.text_of)
    if record.sample is not None:
        say(f"a sample: {count:,} of {record.total:,} points, seed {record.seed}")
    about = [
        {
            "model": each.model,
            "layer": each.layer,
            "trustworthiness": to_plain(each.trust),
            "continuity": to_plain(each.continuous),
        }
        for each in record.maps
    ]
    if as_json:
        sizes = {"points": count, "total": record.total, "sample": record.sample}
        emit_json({"embeddings": str(out), "bytes": out.stat().st_size, **sizes, "maps": about})
        return
    for made in record.maps:
        layer = "word table" if made.layer is None else f"layer {made.layer}"
        say(f"{made.model}, {layer}: {_judged(made)}")
    emit(f"{out}\n")


def _judged(made: Any) -> str:
    """How far a map can be believed, in numbers where there are any: three points are the fewest."""
    if math.isnan(made.trust):
        return "too few points to judge (at least 3)"
    return f"trustworthiness {made.trust:.3f}, continuity {made.continuous:.3f}"
