"""A trained model ready for use: `glassbert.load`, with logits, predictions and embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np
from jaxtyping import Float

from glassbert.errors import DataError, Problem, UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.pretrained import load_pretrained
from glassbert.runs import inference
from glassbert.runs.bases import open_adapter, own_head, unread
from glassbert.runs.devices import refuse_device, use_threads
from glassbert.runs.model_scheme import refuse_scheme, scheme_notes
from glassbert.runs.notes import ModelNotes, read_notes
from glassbert.runs.pooling_files import read_pooling
from glassbert.runs.pretrained_only import verbs_that_fit
from glassbert.runs.resolve import resolve_model
from glassbert.tasks.binding import bound
from glassbert.tasks.names import task_of_head
from glassbert.tasks.pretraining import HEADS
from glassbert.tasks.similarity import SentenceSimilarity
from glassbert.tasks.task import Examples, Predictions, Task
from glassbert.text.asked import Asked, Schema
from glassbert.text.schemes import Scheme
from glassbert.text.shortening import Truncation
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows

__all__ = ["Model", "load", "use_threads"]

Pooling = Literal["cls", "mean", "max", "none"]
Text = str | tuple[str, str]


@dataclass(frozen=True, eq=False)
class Model:
    """A network with its tokenizer and its notes; `warnings` say what was noticed while loading it."""

    network: Network
    tokenizer: Tokenizer
    name: str
    notes: ModelNotes = ModelNotes()
    untrained: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def max_length(self) -> int:
        """The longest window in tokens: what training used, else all that the model has positions for."""
        return min(self.notes.max_length or self.network.config.max_length, self.network.config.max_length)

    @property
    def labels(self) -> tuple[str, ...]:
        return self.network.head_config.labels

    @cached_property
    def task(self) -> Task:
        """What the head was trained for; raises UsageError when it has none or was never trained."""
        if self.untrained:
            what = (
                f"the model '{self.name}' has no trained head ({', '.join(self.untrained)} would be random)"
            )
            raise UsageError(Problem(code="no-head", what=what, fix="train one with `glassbert finetune`"))
        if self.network.head_config.kind in ("none", "pooling"):
            what = f"the model '{self.name}' is an encoder without a sequence-classification head"
            raise UsageError(Problem(code="no-head", what=what, fix="train one with `glassbert finetune`"))
        if self.network.head_config.kind in HEADS.values():
            what = f"the model '{self.name}' is a pre-trained encoder: its head guesses hidden words"
            raise UsageError(Problem(code="no-head", what=what, fix=verbs_that_fit(self.name)))
        made = task_of_head(self.network.head_config, name=self.notes.task, tuned=self.notes.tuned)
        return bound(made, self.network)

    def schema(self, asked: Asked) -> Schema:
        """What to read of a row: what the task says; where nothing says which task it was, pairs if asked."""
        if self.notes.task is not None:
            return replace(self.task.schema, instead="model")
        texts = self.task.schema.texts if asked.pair is None else "either"
        return replace(self.task.schema, texts=texts, instead="columns")

    def windows(self, texts: Sequence[Text], *, offsets: bool = False) -> Windows:
        """The texts as token windows; a text longer than `max_length` becomes several.

        Raises DataError for a tokenizer that knows more segments than the model has.
        """
        return self._known(self.tokenizer.windows(list(texts), max_length=self.max_length, offsets=offsets))

    def _known(self, windows: Windows) -> Windows:
        segments = self.network.config.type_vocab_size
        if segments and windows.token_type_ids.max(initial=0) >= segments:
            what = (
                f"the tokenizer of '{self.name}' numbers second texts, and the model has {segments} segment"
            )
            fix = "take tokenizer and model from one place"
            raise DataError(Problem(code="no-such-segment", what=what, fix=fix))
        return windows

    def predict(self, texts: Sequence[Text]) -> Predictions:
        """Logits, calibrated scores and class of every text (a string, or a pair of strings), [B, C]."""
        return self.answer(
            Examples(texts=list(texts), targets=None, rows=np.arange(1, len(texts) + 1, dtype=np.int64))
        )

    def answer(self, examples: Examples) -> Predictions:
        """The same for examples, which may know more of a text than its characters."""
        windows = self.windows_of(examples)
        return self.task.decode(inference.head_logits(self.network, windows), windows, examples)

    def windows_of(self, examples: Examples) -> Windows:
        """The windows that the task reads of examples; UsageError for single texts where it reads pairs."""
        task = self.task
        if task.schema.texts == "pair" and any(isinstance(text, str) for text in examples.texts):
            what = f"the model '{self.name}' reads pairs of texts, and this is a single text"
            raise UsageError(Problem(code="not-a-pair", what=what, fix="give the second text too"))
        return self._known(task.windows(examples, self.tokenizer, max_length=self.max_length))

    def logits(self, texts: Sequence[Text]) -> Float[np.ndarray, "B C"]:
        """The head's raw logits, float32: for a text of one window just what transformers computes; for a
        longer one the mean over its windows.
        """
        _refuse_string(texts)
        return self.predict(texts).logits.astype(np.float32)

    def embed(
        self, texts: Sequence[Text], *, pooling: Pooling | None = None, layer: int = -1
    ) -> Float[np.ndarray, "B H"] | list[Float[np.ndarray, "S H"]]:
        """Hidden states after a layer (0: embeddings, L or -1: the last block), float32.

        "cls": of the first token (mean over windows); "mean" and "max": over all tokens, special ones
        included, each token of a long text once; "none": a list of [S, H], one row per token. Unsaid it is
        what a sentence-similarity model was trained with, "mean" for any other. Raises UsageError for an
        unknown layer or pooling.
        """
        _refuse_string(texts)
        depth = self.network.config.num_hidden_layers
        if not -depth - 1 <= layer <= depth:
            what = f"layer is {layer}, and the model has {depth}"
            raise UsageError(
                Problem(code="no-such-layer", what=what, fix=f"give 0 to {depth}, or -1 for the last")
            )
        place = layer % (depth + 1)
        head = self.network.head_config
        own = head.pooling if head.kind == "sentence" else "mean"
        pooling = cast(Pooling, own) if pooling is None else pooling
        if pooling not in get_args(Pooling):
            fix = "choose cls, mean, max or none"
            raise UsageError(Problem(code="unknown-pooling", what=f"pooling is {pooling!r}", fix=fix))
        if not len(texts):
            return (
                [] if pooling == "none" else np.empty((0, self.network.config.hidden_size), dtype=np.float32)
            )
        windows = self.windows(texts)
        if pooling == "cls":
            return _mean_of(
                inference.first_states(self.network, windows, layer=place), windows.example, len(texts)
            )
        states, owner = _once(inference.token_states(self.network, windows, layer=place), windows)
        if pooling == "mean":
            return _mean_of(states, owner, len(texts))
        if pooling == "max":
            largest: np.ndarray = np.maximum.reduceat(states, np.searchsorted(owner, np.arange(len(texts))))
            return largest
        return np.split(states, np.flatnonzero(np.diff(owner)) + 1)

    def reading(
        self,
        *,
        max_length: int | None = None,
        stride: int | None = None,
        truncation: Truncation | None = None,
    ) -> Model:
        """The same model with windows of at most `max_length` tokens that share `stride` of them or, with
        `truncation`, with one window for each text. Raises UsageError for a length without a position.
        """
        most = self.network.config.max_length
        if max_length is not None and not 1 <= max_length <= most:
            what = f"max_length is {max_length}, and '{self.name}' has positions for {most} tokens"
            raise UsageError(Problem(code="max-length", what=what, fix=f"give at most {most}"))
        notes = self.notes if max_length is None else replace(self.notes, max_length=max_length)
        tokenizer = self.tokenizer.with_windows(stride=stride, truncation=truncation)
        return replace(self, notes=notes, tokenizer=tokenizer)

    def to(self, device: str) -> Model:
        """The same model on another device."""
        return replace(self, network=self.network.to(device))


def load(
    name: str | Path,
    *,
    device: str = "cpu",
    base: str | None = None,
    scheme: Scheme | None = None,
    allow_nonfinite: bool = False,
) -> Model:
    """Load a run, a model directory, a bundled model or a hub id; `scheme` is that of a tagger's labels
    where their names do not show it ("iob1").

    An adapter of peft is merged into its base: `base`, else what lies where the adapter says. Weights
    that are NaN or infinite are refused unless `allow_nonfinite`, so that a broken model can be looked into.

    Raises MissingInputError (66) when nothing is found, DataError (65) when what is found is not sound,
    UsageError (2) for a device that is not there and for a scheme that the labels are not written in.
    """
    refuse_device(device)
    source = resolve_model(name)
    notes = read_notes(source.directory)
    directory, adapter = open_adapter(source, base)
    head = own_head(source.directory, adapter)
    if notes.task == SentenceSimilarity.name:  # its weights are a bare encoder's: another file says the rest
        head = HeadConfig(kind="sentence", pooling=read_pooling(source.directory))
    loaded = load_pretrained(directory, head=head, adapter=adapter, allow_nonfinite=allow_nonfinite)
    found = loaded.network.head_config
    refuse_scheme(scheme, found, name=source.name)
    notes = replace(notes, scheme=scheme or notes.scheme)
    tokenizer = Tokenizer.load(directory, vocab_size=loaded.network.config.vocab_size)
    return Model(
        network=loaded.network.to(device).eval(),
        tokenizer=tokenizer,
        name=source.name,
        notes=notes,
        untrained=loaded.assigned.newly_initialised,
        warnings=(
            *loaded.warnings,
            *tokenizer.warnings,
            *unread(source.directory),
            *scheme_notes(notes.scheme, found),
        ),
    )


def _refuse_string(texts: object) -> None:
    if isinstance(texts, str):
        fix = "give a list of texts: [text]"
        raise UsageError(Problem(code="not-a-list", what="texts is one string", fix=fix))


def _mean_of(values: np.ndarray, owner: np.ndarray, count: int) -> np.ndarray:
    """The mean of the rows that belong to each text; `owner` ascends."""
    starts = np.searchsorted(owner, np.arange(count))
    sums = np.add.reduceat(values.astype(np.float64), starts, axis=0)
    return (sums / np.bincount(owner, minlength=count)[:, None]).astype(np.float32)


def _once(states: np.ndarray, windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """The states of every token of every text once, in order, and the text of each."""
    example = np.repeat(windows.example, windows.lengths)
    if windows.once.all():
        return states, example
    return states[windows.once], example[windows.once]
