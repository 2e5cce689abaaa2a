"""What can be chosen when hidden states become a map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from glassbert.errors import Problem, UsageError
from glassbert.lens.embedding.distances import METRICS, Metric
from glassbert.lens.embedding.projection import Method, refuse_method

Pooling = Literal["mean", "cls", "max", "token", "static"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
NEIGHBOURS = 10
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class EmbeddingOptions:
    """Which vectors, which map, and how it is judged.

    layers: 0 is the embeddings, L or -1 the last block; several make a map each, to be morphed from one to
        the next.
    pooling: a text's vector is the "mean" of its tokens, their "max" element by element, or its first token
        ("cls"); "token" maps every token but the special ones, and "static" rows of the word table: those of
        the texts' tokens, or all where there are no texts.
    map: "pca", "tsne" or "umap". metric: "cosine" or "euclidean", for neighbours and map alike.
    neighbours: how many of each point are kept, and how many the map is judged by.
    sample: so many points, drawn by `seed`; None maps them all, however many there are.
    say: hears the cost before the work and how far it is.
    """

    layers: tuple[int, ...] = (-1,)
    pooling: Pooling = "mean"
    map: Method = "pca"
    metric: Metric = "cosine"
    neighbours: int = NEIGHBOURS
    sample: int | None = None
    seed: int = 0
    say: Say | None = None


def check(options: EmbeddingOptions) -> None:
    """Raise UsageError for what cannot be chosen, with the choices."""
    refuse_method(options.map)
    for name, value, choices in (
        ("pooling", options.pooling, POOLINGS),
        ("metric", options.metric, METRICS),
    ):
        if value not in choices:
            what, fix = f"{name} is {value!r}", f"choose {', '.join(choices)}"
            raise UsageError(Problem(code=f"unknown-{name}", what=what, fix=fix))
    for name, number in (("neighbours", options.neighbours), ("sample", options.sample)):
        if number is not None and number < 1:
            what = f"{name} is {number}"
            raise UsageError(Problem(code=f"bad-{name}", what=what, fix="give 1 or more"))
    if not options.layers:
        raise UsageError(Problem(code="no-layer", what="no layer is named", fix="name one, or -1"))


def places_of(layers: tuple[int, ...], depth: int) -> tuple[int, ...]:
    """The layers counted from 0, in order, each once. Raises UsageError for one that there is not."""
    for layer in layers:
        if not -depth - 1 <= layer <= depth:
            what = f"layer is {layer}, and the model has {depth}"
            fix = f"give 0 to {depth}, or -1 for the last"
            raise UsageError(Problem(code="no-such-layer", what=what, fix=fix))
    return tuple(sorted({layer % (depth + 1) for layer in layers}))
