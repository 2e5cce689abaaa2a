"""Which heads find which dependency relation (Clark et al. 2019, section 4.2).

Maps are merged to words: the sum over the tokens of the word that is looked at, the mean over those of the
word that looks. A head's guess is the word that gets most (special tokens and the word itself left out):
the word that the dependent looks at most, or the one that looks most at the dependent. The baseline is the
best fixed offset of each relation. Letters: L layers, N heads, W words, R relations, D distances.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from glassbert.lens.atlas.maps import Maps, maps_of
from glassbert.lens.heads_record import Relation
from glassbert.lens.seen import Inspectable
from glassbert.text.treebank import Sentence
from glassbert.text.windows import Windows

FURTHEST = 10
DISTANCES = np.array([k for k in range(-FURTHEST, FURTHEST + 1) if k])
ROOT = "root"
HALVES = 2


class Relations:
    """Hits of every head and every fixed offset, for each relation and each half of the sentences."""

    def __init__(self, names: Sequence[str], layers: int, heads: int) -> None:
        self.names = list(names)
        count = len(self.names)
        self.hits = np.zeros((HALVES, count, 2, layers, heads), np.int64)
        self.offset_hits = np.zeros((count, len(DISTANCES)), np.int64)
        self.pairs = np.zeros((HALVES, count), np.int64)

    def add(self, sentence: Sentence, guesses: Int[np.ndarray, "2 L N W"], half: int) -> None:
        words = np.arange(len(sentence.heads))
        heads = np.array(sentence.heads)
        at = np.array([self.names.index(name) if name in self.names else -1 for name in sentence.relations])
        right = guesses == heads
        for relation in np.unique(at[(at >= 0) & (heads >= 0)]).tolist():
            mine = (at == relation) & (heads >= 0)
            self.hits[half, relation] += right[..., mine].sum(-1)
            self.pairs[half, relation] += int(mine.sum())
            self.offset_hits[relation] += ((heads - words)[mine, None] == DISTANCES).sum(0)

    def records(self) -> tuple[Relation, ...]:
        """Every relation, the commonest first."""
        order = np.argsort(-self.pairs.sum(0), kind="stable").tolist()
        return tuple(self._record(place) for place in order if self.pairs[:, place].sum())

    def _record(self, place: int) -> Relation:
        count = int(self.pairs[:, place].sum())
        best = self.hits[0, place] if self.pairs[0, place] else self.hits[1, place]
        direction, layer, head = (int(each) for each in np.unravel_index(int(best.argmax()), best.shape))
        others = int(self.pairs[1, place])
        held = self.hits[1, place, direction, layer, head] / others if others else float("nan")
        offset = int(self.offset_hits[place].argmax())
        return Relation(
            name=self.names[place],
            count=count,
            accuracy=(self.hits[:, place].sum(0) / count).astype(np.float32),
            baseline=float(self.offset_hits[place, offset] / count),
            offset=int(DISTANCES[offset]),
            direction=direction,
            layer=layer,
            head=head,
            held_out=float(held),
            held_out_count=others,
        )


def relations_of(model: Inspectable, sentences: Sequence[Sentence]) -> tuple[tuple[Relation, ...], int]:
    """The relations of a treebank, and how many sentences were skipped: those longer than one window, and
    those with a word that the tokenizer gave no token.
    """
    config = model.network.config
    names = sorted({name for each in sentences for name in each.relations if name != ROOT})
    found = Relations(names, config.num_hidden_layers, config.num_attention_heads)
    windows = model.windows([each.text for each in sentences], offsets=True)
    single = windows.per_text[windows.example] == 1
    skipped = len(sentences) - int(single.sum())
    for maps in maps_of(model.network, windows.select(single)):
        for place, example in enumerate(maps.windows.example.tolist()):
            sentence = sentences[example]
            member = membership(maps.windows.select(np.array([place])), sentence)
            if not len(sentence.heads) or not member.any(1).all():
                skipped += 1
                continue
            found.add(sentence, guesses(maps, place, member), example % HALVES)
    return found.records(), skipped


def membership(window: Windows, sentence: Sentence) -> Float[np.ndarray, "W S"]:
    """1 where a token is part of a word."""
    assert window.offsets is not None
    starts, ends = window.offsets[:, 0], window.offsets[:, 1]
    content = (window.sequence == 0) & (ends > starts)
    first, last = np.array(sentence.spans).reshape(-1, 2).T
    inside = (starts[None] < last[:, None]) & (ends[None] > first[:, None]) & content
    return inside.astype(np.float32)


def guesses(maps: Maps, place: int, member: Float[np.ndarray, "W S"]) -> Int[np.ndarray, "2 L N W"]:
    """For every word as a dependent, the head word that each head guesses, in both directions."""
    looked = torch.from_numpy(member)
    looking = looked / looked.sum(1, keepdim=True)
    found = []
    for query, key in zip(maps.query, maps.key, strict=True):
        mine, theirs = query[place], key[place]
        weights = torch.softmax(mine @ theirs.transpose(-1, -2) / mine.shape[-1] ** 0.5, dim=-1)
        words: Tensor = looking @ weights @ looked.T
        words.diagonal(dim1=-2, dim2=-1).fill_(-1)
        found.append(torch.stack([words.argmax(-1), words.argmax(-2)]))
    return torch.stack(found, 1).numpy()
