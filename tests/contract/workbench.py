"""A task with a tiny network and tokenizer round it, and its way to disk and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.files import open_tensors, write_tensors
from glassbert.model.hf_config import read_config, write_config
from glassbert.model.network import Network
from glassbert.model.weights import assign, export
from glassbert.runs.inference import TOKEN_HEADS
from glassbert.runs.notes import ModelNotes, read_notes, write_notes
from glassbert.tasks.binding import bound
from glassbert.tasks.names import task_of_head
from glassbert.tasks.task import Batch, Examples, Predictions, Task, Tuned
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows

MAX_LENGTH = 16
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = ("film", "warm", "cold", "fine", "dull", "a", "the", "is", "not", ".", ",", "!", "好", "看")
PIECES = tuple("abcdefghijklmnopqrstuvwxyz") + tuple("##" + letter for letter in "abcdefghijklmnopqrstuvwxyz")


def tiny_tokenizer(directory: Path) -> Tokenizer:
    """A WordPiece tokenizer of 71 entries: a few words, every Latin letter, two Chinese characters."""
    directory.mkdir(parents=True, exist_ok=True)
    vocabulary = dict.fromkeys((*SPECIAL, *WORDS, *PIECES))
    (directory / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    settings = {"do_lower_case": True, "model_max_length": MAX_LENGTH, "tokenizer_class": "BertTokenizer"}
    (directory / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return Tokenizer.load(directory)


def tiny_config(vocab_size: int, model_type: str = "bert") -> EncoderConfig:
    """Sizes all unequal and unround; weights large enough to tell texts clearly apart."""
    if model_type == "modernbert":
        choices: dict[str, Any] = {
            "norm_placement": "pre",
            "feed_forward_type": "gated",
            "use_bias": False,
            "position_embedding_type": "rotary",
            "classifier_dropout": 0.0,
        }
    else:
        choices = {}
    return EncoderConfig(
        model_type=model_type,
        vocab_size=vocab_size,
        hidden_size=30,
        num_hidden_layers=2,
        num_attention_heads=5,
        intermediate_size=44,
        max_position_embeddings=MAX_LENGTH + 3,
        type_vocab_size={"bert": 2, "roberta": 1, "distilbert": 0, "modernbert": 0}[model_type],
        initializer_range=0.3,
        **choices,
    )


@dataclass(frozen=True, kw_only=True)
class Workbench:
    """Everything that a prediction depends on."""

    task: Task
    tokenizer: Tokenizer
    network: Network
    max_length: int = MAX_LENGTH
    tuned: Tuned = Tuned()

    def settled(self, examples: Examples) -> Workbench:
        """As after training: its task settled by these rows, the head of its network in its final form."""
        found = self.task.settle(self.network, self.predict(examples), examples)
        return replace(self, task=found.task, tuned=found.tuned)

    def windows(self, examples: Examples) -> Windows:
        return self.task.windows(examples, self.tokenizer, max_length=self.max_length)

    def batch(self, windows: Windows, chosen: np.ndarray, examples: Examples | None = None) -> Batch:
        offset = self.network.config.position_offset
        return self.task.batch(windows, chosen, examples, position_offset=offset)

    def logits(self, windows: Windows, batches: Sequence[np.ndarray]) -> np.ndarray:
        """Logits of all windows, in their order, computed in the given batches."""
        parts = {}
        with torch.no_grad():
            for chosen in batches:
                batch = self.batch(windows, chosen)
                # of texts that are compared, a token counts in one window; elsewhere rows are for the loss
                rows = None if batch.sides is None else batch.rows
                values = self.network(batch.packed, rows=rows).numpy()
                if self.network.head_config.kind in TOKEN_HEADS:
                    values = np.split(values, np.cumsum(windows.lengths[batch.index])[:-1])
                parts.update(zip(batch.index.tolist(), values, strict=True))
        join = np.concatenate if self.network.head_config.kind in TOKEN_HEADS else np.stack
        return join([parts[window] for window in range(len(windows))])

    def predict(
        self, examples: Examples, *, batch_size: int = 7, order: np.ndarray | None = None
    ) -> Predictions:
        """Predictions with the windows batched `batch_size` at a time, in `order` or as they come."""
        windows = self.windows(examples)
        order = np.arange(len(windows)) if order is None else order
        batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
        return self.task.decode(self.logits(windows, batches), windows, examples)


def flat(values: np.ndarray) -> np.ndarray:
    """Values as one array, those of ragged texts end to end."""
    ragged = values.dtype == object and all(isinstance(each, np.ndarray) for each in values)
    return np.concatenate(list(values)) if ragged else values


def save(bench: Workbench, directory: Path) -> None:
    """Write the Hugging Face layout: config.json, model.safetensors, the tokenizer's files."""
    directory.mkdir(parents=True, exist_ok=True)
    config = write_config(bench.network.config, bench.network.head_config)
    (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
    write_tensors(directory / "model.safetensors", export(bench.network), metadata={"format": "pt"})
    bench.tokenizer.save(directory)
    write_notes(directory, ModelNotes(task=bench.task.name).with_tuned(bench.tuned))


def load(directory: Path, *, max_length: int = MAX_LENGTH) -> Workbench:
    """Read what `save` wrote, with a task made from nothing but the files."""
    config, notes = read_config(read_json(directory / "config.json")), read_notes(directory)
    head = HeadConfig(kind="sentence") if notes.task == "sentence-similarity" else config.head
    assert head is not None
    network = Network(config.encoder, head, seed=None)
    assert assign(network, open_tensors(directory)).newly_initialised == ()
    tokenizer = Tokenizer.load(directory, vocab_size=config.encoder.vocab_size)
    task = bound(task_of_head(head, name=notes.task, tuned=notes.tuned), network)
    return Workbench(task=task, tokenizer=tokenizer, network=network, max_length=max_length)


def read_json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
