"""`glassbert.pretrain`: an encoder from plain text, as the command trains it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glassbert.durable import write_file
from glassbert.errors import Problem, UsageError
from glassbert.runs.models import Model, load
from glassbert.runs.pretraining.options import PretrainOptions
from glassbert.runs.pretraining.pretrain import pretrain as run
from glassbert.text.documents import TextOptions
from glassbert.text.tokenizer_training import TrainingOptions
from glassbert.train.stop import Stop

OF_RUNS = ("model", "teacher", "size", "max_positions", "device", "resume", "overwrite")
PLACES = ("eval_text", "tokenizer", "chinese_words")
OF_READING = ("encoding", "text_column", "max_line_bytes")
OF_VOCABULARY = ("kind", "vocab_size", "lowercase")
IN_MEMORY = "documents.jsonl"
Texts = str | Path | Sequence[str | Path]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pretrained:
    """A finished run of pre-training: `document` is its run.json, `path` the directory that holds it."""

    path: Path
    document: Mapping[str, Any]

    @property
    def metrics(self) -> dict[str, float]:
        """The scores on held-out text: losses in nats, accuracies, bits per character, pseudo-perplexity."""
        return dict(self.document["result"]["metrics"])

    def load(self) -> Model:
        """The encoder with its head, ready for `fill_mask` or as `model` of an estimator."""
        return load(self.path)


def pretrain(
    texts: Texts = (),
    *,
    out: str | Path,
    documents: Iterable[str] | None = None,
    budget: float | None = None,
    steps: int | None = None,
    cache: str | Path | None = None,
    **given: Any,
) -> Pretrained:
    """Train an encoder on plain text for `steps` updates or `budget` seconds, and judge it on held-out text.

    `texts` are files, folders or patterns; in their place `documents` are strings in memory, one a document.
    `given` are options of `glassbert pretrain` by their names with underscores: what to begin with (`size`,
    `model`, `teacher`), the vocabulary (`tokenizer`, or `kind`, `vocab_size`, `lowercase` of one that is
    learnt), reading (`eval_text`, `encoding`, `text_column`), `device`, `resume`, `overwrite`, and settings
    (`recipe`, `objective`, `batch_size`, `learning_rate`, `seed`, ...).

    Raises what `glassbert pretrain` ends with: UsageError for a name that is none and for senseless values,
    DataError for bad text, OutputError where `out` holds something, MissingInputError.
    """
    own = {name: given.pop(name) for name in OF_RUNS if name in given}
    places: dict[str, Any] = {name: str(given.pop(name)) for name in PLACES if given.get(name) is not None}
    reading = TextOptions(**{name: given.pop(name) for name in OF_READING if name in given})
    learnt = {name: given.pop(name) for name in OF_VOCABULARY if name in given}
    with _as_files(texts, documents) as files:
        options = PretrainOptions(
            texts=files,
            out=Path(out),
            cache=None if cache is None else Path(cache),
            reading=reading,
            vocabulary=TrainingOptions(**learnt, reading=reading) if learnt else None,
            settings={"budget": budget, "steps": steps, **given},
            command=("glassbert.pretrain",),
            **places,
            **own,
        )
        finished = run(options, stop=Stop())
    return Pretrained(path=finished.path, document=finished.document)


@contextmanager
def _as_files(texts: Texts, documents: Iterable[str] | None) -> Iterator[tuple[str, ...]]:
    """The names of the files; documents lie in one of their own as long as the block lasts."""
    named = (texts,) if isinstance(texts, str | Path) else tuple(texts)
    if documents is None:
        yield tuple(map(str, named))
        return
    if named or isinstance(documents, str):
        what = "texts and documents are both given" if named else "documents is one string"
        fix = "name files, or give a list of strings, one a document"
        raise UsageError(Problem(code="contradiction", what=what, fix=fix))
    with tempfile.TemporaryDirectory(prefix="glassbert-") as place:
        file = Path(place) / IN_MEMORY
        write_file(file, (_row(number, each) for number, each in enumerate(documents)))
        yield (str(file),)


def _row(number: int, document: Any) -> bytes:
    if not isinstance(document, str):
        what = f"documents[{number}] is {type(document).__name__}"
        raise UsageError(Problem(code="not-a-text", what=what, fix="give strings, one a document"))
    return json.dumps({"text": document}).encode() + b"\n"
