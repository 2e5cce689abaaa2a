"""`glassbert.lens.embeddings`: hidden states of texts, tokens or words as maps that say how far to believe
them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from glassbert.errors import Problem, UsageError
from glassbert.lens.embedding.columns import column_of
from glassbert.lens.embedding.cost import estimate, free, refuse_beyond_memory
from glassbert.lens.embedding.faithfulness import judge, judged_neighbours
from glassbert.lens.embedding.options import EmbeddingOptions, Say, check, places_of
from glassbert.lens.embedding.points import Points, choose_points, reread
from glassbert.lens.embedding.procrustes import procrustes
from glassbert.lens.embedding.projection import project
from glassbert.lens.embedding.states import Vectors, read_vectors
from glassbert.lens.embeddings_record import EmbeddingMap, EmbeddingsRecord
from glassbert.lens.seen import Inspectable, Text

SECONDS_BETWEEN = 10.0
KINDS = {"token": "tokens", "static": "words"}


def embeddings(
    model: Inspectable | Sequence[Inspectable],
    texts: Sequence[Text] = (),
    *,
    columns: Mapping[str, Sequence[object]] | None = None,
    rows: Sequence[int] | None = None,
    options: EmbeddingOptions = EmbeddingOptions(),  # noqa: B008
) -> EmbeddingsRecord:
    """Map the hidden states of texts (or of their tokens, or the word table) to the plane.

    Several layers, or several models (steps of one training, say), give a map each; every map is laid upon
    the one before by Procrustes. `columns` hold a value per text to colour by, `rows` the number of each text
    in its file. All points are mapped unless `options.sample` says how many. Raises UsageError for unknown
    choices, for no text, and for more points than memory holds; DataError for states that are not finite.
    """
    models = list(model) if isinstance(model, Sequence) else [model]
    check(options)
    given = _given(texts, columns or {}, rows)
    points = choose_points(models[0], list(texts), given, options=options)
    kept = [texts[i] for i in points.kept.tolist()]
    maps: list[EmbeddingMap] = []
    for each in models:
        own = points if each is models[0] else reread(points, each, kept, first=models[0])
        for layer, vectors in _vectors(each, own, options):
            maps.append(_map(each.name, layer, vectors, options, before=maps[-1] if maps else None))
    count = len(points)
    return EmbeddingsRecord(
        model=models[0].name,
        source="texts",
        kind=KINDS.get(options.pooling, "texts"),
        pooling=options.pooling,
        method=options.map,
        metric=options.metric,
        judged_by=judged_neighbours(count, options.neighbours),
        total=points.total,
        sample=None if count == points.total else options.sample,
        seed=options.seed,
        texts=points.texts,
        rows=points.rows,
        text_of=points.text_of,
        token_of=points.token_of,
        position=points.position,
        tokens=points.tokens,
        columns=tuple(
            column_of(name, [values[i] for i in points.kept.tolist()], points.text_of)
            for name, values in (columns or {}).items()
            if points.texts
        ),
        maps=tuple(maps),
    )


def _given(
    texts: Sequence[Text], columns: Mapping[str, Sequence[object]], rows: Sequence[int] | None
) -> np.ndarray:
    """The rows' numbers, from 1 where none are given; UsageError when something is not one per text."""
    if isinstance(texts, str):
        fix = "give a list of texts: [text]"
        raise UsageError(Problem(code="not-a-list", what="texts is one string", fix=fix))
    for name, values in {**columns, **({} if rows is None else {"rows": rows})}.items():
        if len(values) != len(texts):
            what = f"{len(texts)} texts and {len(values)} values of {name!r}"
            raise UsageError(Problem(code="length-mismatch", what=what, fix="give one per text"))
    return np.arange(1, len(texts) + 1) if rows is None else np.asarray(rows)


def _vectors(
    model: Inspectable, points: Points, options: EmbeddingOptions
) -> Iterator[tuple[int | None, Vectors]]:
    """The vectors of each layer, read in one pass after the cost was said."""
    network = model.network
    static = points.windows is None
    layers = () if static else places_of(options.layers, network.config.num_hidden_layers)
    say = options.say or (lambda _: None)
    cost = estimate(network, points, layers, options)
    refuse_beyond_memory(cost, total=points.total, free=free())
    say(f"{model.name}: {cost}")
    found = read_vectors(network, points, layers, pooling=options.pooling, passed=_Share(cost.tokens, say))
    places: Sequence[int | None] = [None] if static else layers
    for place in places:
        yield place, found.pop(0)


def _map(
    name: str, layer: int | None, vectors: Vectors, options: EmbeddingOptions, *, before: EmbeddingMap | None
) -> EmbeddingMap:
    plane = project(vectors, options.map, metric=options.metric, seed=options.seed)
    share = None if options.say is None else _Share(1.0, options.say, of="the neighbours").at
    judged = judge(vectors, plane.coordinates, k=options.neighbours, metric=options.metric, progress=share)
    coordinates = plane.coordinates
    laid = None if before is None else procrustes(coordinates, before.coordinates)
    return EmbeddingMap(
        model=name,
        layer=layer,
        settings=plane.settings,
        coordinates=coordinates if laid is None else laid.apply(coordinates).astype(np.float32),
        explained=plane.explained,
        neighbours=judged.near.neighbours,
        distances=judged.near.distances,
        trustworthiness=judged.trustworthiness,
        continuity=judged.continuity,
        rotation=np.eye(2) if laid is None else laid.rotation,
        scale=1.0 if laid is None else laid.scale,
        shift=np.zeros(2) if laid is None else laid.shift,
        disparity=None if laid is None else laid.disparity,
    )


class _Share:
    """Says how far the work is, now and then."""

    def __init__(self, total: float, say: Say, *, of: str = "the texts") -> None:
        self.total, self.say, self.of, self.done = total, say, of, 0.0
        self.next = time.monotonic() + SECONDS_BETWEEN

    def __call__(self, amount: float) -> None:
        self.at(self.done + amount)

    def at(self, done: float) -> None:
        self.done = done
        if time.monotonic() >= self.next and done < self.total:
            self.next = time.monotonic() + SECONDS_BETWEEN
            self.say(f"{100 * done / self.total:.0f} % of {self.of}")
