"""Models whose reasons are known: a word that decides, and a network that is a sum over its words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn

from glassbert.lens.attributing.subject import Subject
from glassbert.lens.attributing.target import Target
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.model.taps import Tap
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows
from tests.contract.workbench import WORDS, tiny_config, tiny_tokenizer

TRIGGERS = ("warm", "cold")
FILLERS = tuple(word for word in WORDS if word.isascii() and word not in TRIGGERS)
HEAD = HeadConfig(kind="sequence-classification", labels=TRIGGERS)
LENGTH = 9


@dataclass(frozen=True)
class Looked:
    """All that a lens asks of a model."""

    name: str
    network: Any
    tokenizer: Tokenizer
    max_length: int = 16

    def windows(self, texts: Any, *, offsets: bool = False) -> Windows:
        found = self.tokenizer.windows(texts, max_length=self.max_length, offsets=offsets)
        if self.network.config.type_vocab_size > 1:
            return found
        return replace(found, token_type_ids=np.zeros_like(found.token_type_ids))


def sentence(draw: np.random.Generator) -> tuple[str, int]:
    """Words that mean nothing around one that decides, and the token number of that one."""
    words, place = draw.choice(FILLERS, size=LENGTH).tolist(), int(draw.integers(LENGTH))
    words[place] = TRIGGERS[draw.integers(2)]
    return " ".join(words), place + 1


def train_planted(directory: Path) -> Looked:
    """A one-layer encoder that has learnt to find the trigger among words and masks, in five seconds.

    Any token may be masked in training, and without a trigger both labels are right: nothing but the trigger
    decides, on perturbed texts too. Labels are 0.9 and 0.1, so that no unit saturates.
    """
    tokenizer = tiny_tokenizer(directory)
    config = replace(tiny_config(tokenizer.vocab_size), num_hidden_layers=1, initializer_range=0.05)
    network, draw = Network(config, HEAD, seed=2), np.random.default_rng(0)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    triggers = tokenizer.windows([" ".join(TRIGGERS)], max_length=16).input_ids[1:3]
    for _ in range(500):
        windows = tokenizer.windows([sentence(draw)[0] for _ in range(64)], max_length=16)
        ids = windows.input_ids.astype(np.int64).reshape(64, -1)
        masked = draw.random(ids.shape) < draw.random((64, 1))
        ids[masked & (windows.sequence >= 0).reshape(ids.shape)] = tokenizer.mask_token_id
        wanted = np.where((ids[:, :, None] == triggers).any(1), 0.9, 0.1)
        wanted[wanted.sum(1) < 0.5] = 0.5
        logits = network(Packed.of(ids.ravel(), windows.token_type_ids, windows.lengths))
        loss = -(torch.from_numpy(wanted) * torch.log_softmax(logits, dim=1)).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return Looked("planted", network.eval(), tokenizer)


class Bag(nn.Module):
    """F = sum over tokens of w . e(token): every attribution has a closed form."""

    def __init__(self, vocab_size: int = 40, hidden: int = 7) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(4)
        self.config = SimpleNamespace(position_offset=0, type_vocab_size=2)
        self.encoder = nn.Module()
        self.encoder.embeddings = _Embeddings(torch.randn(vocab_size, hidden, generator=draw))
        self.weight = nn.Parameter(torch.randn(hidden, generator=draw))

    def forward(self, packed: Packed, *, rows: Any = None) -> torch.Tensor:
        hidden = self.encoder.embeddings(packed).unflatten(0, (packed.layout.num_sequences, -1))
        return (hidden.sum(1) @ self.weight)[:, None]

    def of_ids(self, ids: Any) -> np.ndarray:
        """w . e(token) of each token."""
        return (self.encoder.embeddings.word[torch.as_tensor(ids)] @ self.weight).detach().double().numpy()


class _Embeddings(nn.Module):
    def __init__(self, word: torch.Tensor) -> None:
        super().__init__()
        self.word = nn.Parameter(word)
        self.embedded = Tap()

    def forward(self, packed: Packed) -> torch.Tensor:
        return self.embedded(self.word[packed.input_ids])


def subject_of(network: Any, *, length: int = 9, target: Target | None = None, seed: int = 1) -> Subject:
    """Random tokens between two special ones."""
    vocab_size = getattr(network.config, "vocab_size", 40)
    ids = np.random.default_rng(seed).integers(5, vocab_size, length)
    content = np.ones(length, dtype=bool)
    content[[0, -1]] = False
    return Subject(
        network=network,
        input_ids=ids,
        token_type_ids=np.zeros(length, dtype=np.uint8),
        content=content,
        mask_token_id=4,
        target=target or Target(label="it", column=0, kind="value"),
    )
