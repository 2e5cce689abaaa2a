"""The evaluation rows of a run as points: where the model puts them, beside what it answered."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from glassbert.lens.embedding.columns import can_colour
from glassbert.lens.embedding.embeddings import embeddings
from glassbert.lens.embedding.options import EmbeddingOptions
from glassbert.lens.embeddings_sketch import EmbeddingsSketch, sketched
from glassbert.lens.records import Record
from glassbert.runs.models import Model, Text
from glassbert.runs.predictions import plain_cell
from glassbert.show.looks import Say, size_in_page, tried
from glassbert.text.tables import read_table

MOST_POINTS = 5_000
# 20 s or so of MiniLM on two cores
MOST_TOKENS = 100_000
FEWEST_POINTS = 3
SEED = 0


def rows_map(model: Model, predictions: Path, *, room: int, say: Say) -> Iterator[Record]:
    """The rows of a run's `predictions.csv`, mapped by what the head reads of them: the last [CLS] state.

    In at most about `room` bytes of a page. All rows, unless they are too many to be read in a report's time
    or to be held in its room: then a sample, which the map says and so does `say`. Nothing for fewer points
    than make a map.
    """
    cells = read_table(predictions).frame.to_dict("records")
    if len(cells) < FEWEST_POINTS or model.network.head_config.kind != "sequence-classification":
        return
    texts = [_text(each) for each in cells]
    tokens = int(model.windows(texts).lengths.sum())
    count = min(len(cells), MOST_POINTS, int(len(cells) * MOST_TOKENS / max(tokens, 1)))
    while count >= FEWEST_POINTS:
        found = list(tried(partial(_mapped, model, cells, texts, count, source=predictions.name), say))
        if not found:
            return
        if (size := size_in_page(found[0])) <= room:
            if count < len(cells):
                say(f"note: the report maps a sample: {count:,} of {len(cells):,} evaluation rows")
            yield found[0]
            return
        count = min(count // 2, int(count * room / size))
    say("note: the evaluation rows are not mapped: the report would be too large")


def _mapped(
    model: Model,
    cells: Sequence[Mapping[Hashable, str]],
    texts: Sequence[Text],
    count: int,
    *,
    source: str,
) -> EmbeddingsSketch:
    sample = None if count == len(cells) else count
    record = embeddings(
        model,
        texts,
        columns=_columns(cells),
        rows=[int(each["row"]) for each in cells],
        options=EmbeddingOptions(pooling="cls", sample=sample, seed=SEED),
    )
    return sketched(replace(record, source=source))


def _text(cell: Mapping[Hashable, str]) -> Text:
    text = plain_cell(cell["text"])
    return (text, plain_cell(cell["pair"])) if "pair" in cell else text


def _columns(cells: Sequence[Mapping[Hashable, str]]) -> dict[str, list[object]]:
    """The right answer, the model's, whether they agree (of labels), and how sure it is: what can colour."""
    named = [name for name in ("label", "prediction") if name in cells[0]]
    found: dict[str, list[object]] = {name: [plain_cell(each[name]) for each in cells] for name in named}
    if "confidence" in cells[0]:
        found["answer"] = ["right" if each["label"] == each["prediction"] else "wrong" for each in cells]
        found["confidence"] = [float(each["confidence"]) for each in cells]
    return {name: values for name, values in found.items() if can_colour(values)}
