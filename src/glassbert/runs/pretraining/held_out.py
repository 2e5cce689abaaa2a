"""Scores on held-out text: always the same sequences with the same masks, so that runs can be compared.

    mlm_loss            mean of -log p(word) over masked words, in nats; mlm_accuracy: how often the likeliest
                        word is the right one
    nsp_accuracy        how often it is told right whether the second text follows
    bits_per_character  mlm_loss / log 2 times the tokens of the sequences over their characters: what the
                        pseudo-log-likelihood of a character is estimated at, whatever the vocabulary is
    pseudo_perplexity   exp of the mean -log p(token | all others of its sentence), every token of some
                        sentences hidden once (Salazar et al. 2020, "Masked language model scoring")

15 % of the tokens are masked, whatever the masking rate of training is.
"""

from __future__ import annotations

import itertools
import math
import re
import time
from collections.abc import Iterator

import numpy as np
import torch

from glassbert.model.network import Network
from glassbert.runs.inference import half_precision
from glassbert.runs.pretraining.texts import make_samples
from glassbert.tasks.pretraining import MaskedBatch, Sums, pretraining_sums
from glassbert.text.corpus import Tokens
from glassbert.text.corrupt import Masking
from glassbert.text.order import sorted_batches
from glassbert.text.sequences import Batches, PretrainingBatch
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.word_splitting import HAN

# bounds of what is read: tokens of the sequences with masks, and of the sentences hidden token by token
MOST_TOKENS, MOST_HIDDEN = 1 << 15, 1 << 15
MOST_SENTENCES = 200
SAMPLED_SECONDS = 0.5
LARGEST = 700.0  # the exponential of more is no number
TOKENS_AT_A_TIME = 4096
BESIDE_HAN = re.compile(f"(?<=[{HAN}]) | (?=[{HAN}])")
MASKS = Masking(rate=0.15, fixed=True)
SEED = 0


class HeldOut:
    """A bounded part of a held-out corpus, at equal distances, with its masks."""

    def __init__(self, tokens: Tokens, tokenizer: Tokenizer, *, objective: str, max_length: int) -> None:
        self.tokens, self.tokenizer, self.max_length = tokens, tokenizer, max_length
        samples = make_samples(tokens, objective=objective, max_length=max_length)
        lengths = samples.lengths
        count = max(1, min(len(lengths), int(MOST_TOKENS / lengths.mean())))
        chosen = np.linspace(0, len(lengths) - 1, count).astype(np.int64)
        made = Batches(samples, tokenizer, MASKS, seed=SEED)
        parts = sorted_batches(lengths[chosen], max_tokens=TOKENS_AT_A_TIME)
        self.batches = [made.batch(chosen[part], step=0) for part in parts]

    @property
    def num_masked(self) -> int:
        return sum(len(batch.rows) for batch in self.batches)

    def scores(self, network: Network) -> dict[str, float]:
        """All but the pseudo-perplexity, which costs more."""
        sums = [_sums(network, batch) for batch in self.batches]
        masked, pairs = self.num_masked, sum(len(batch.samples) for batch in self.batches)
        loss = sum(float(each.masked) for each in sums) / masked
        found = {
            "mlm_loss": loss,
            "mlm_accuracy": sum(int(each.masked_right) for each in sums) / masked,
            "bits_per_character": loss / math.log(2) * self._tokens_per_character(),
        }
        if self.batches[0].next_sentence_labels is not None:
            found["nsp_loss"] = sum(float(each.following) for each in sums) / pairs
            found["nsp_accuracy"] = sum(int(each.following_right) for each in sums) / pairs
        return found

    def pseudo_perplexity(self, network: Network) -> float:
        """Of sentences that fit, at equal distances, at most 200 of them."""
        loss = count = 0.0
        for batch in self._hidden_one_by_one():
            loss += float(_sums(network, batch).masked)
            count += len(batch.rows)
        mean = loss / max(count, 1.0)
        return math.exp(mean) if mean < LARGEST else math.inf

    def seconds_to_hide(self, network: Network) -> float:
        """What the pseudo-perplexity will take, from as many of its tokens as half a second reads.

        The first batch is read once before: what a first call sets up would count as its cost.
        """
        for first in itertools.islice(self._hidden_one_by_one(), 1):
            _sums(network, first)
        started, taken, read = time.perf_counter(), 0.0, 0
        for batch in self._hidden_one_by_one():
            _sums(network, batch)
            read += len(batch.input_ids)
            taken = time.perf_counter() - started
            if taken >= SAMPLED_SECONDS:
                break
        return taken * sum(self._tokens_hidden()) / max(read, 1)

    def _tokens_hidden(self) -> list[int]:
        """Of every sentence the tokens that are read when each is hidden once, special ones included."""
        return [(end - begin) * (end - begin + 2) for begin, end in self._sentences()]

    def _tokens_per_character(self) -> float:
        """Tokens that are not special over the characters of what they spell, spaces between included."""
        special = {self.tokenizer.cls_token_id, self.tokenizer.sep_token_id}
        tokens = characters = 0
        for batch in self.batches:
            whole = batch.input_ids.copy()
            whole[batch.rows] = batch.labels
            for ids in np.split(whole, np.cumsum(batch.lengths)[:-1]):
                ordinary = [each for each in ids.tolist() if each not in special]
                tokens += len(ordinary)
                characters += len(self._spelled(ordinary))
        return tokens / max(characters, 1)

    def _spelled(self, ids: list[int]) -> str:
        """What tokens spell; a WordPiece decoder sets every Chinese character apart, as no text does."""
        text = self.tokenizer.decode(ids)
        return BESIDE_HAN.sub("", text) if self.tokenizer.continues_words else text

    def _hidden_one_by_one(self) -> Iterator[PretrainingBatch]:
        """Each sentence as often as it has tokens, another of them hidden every time."""
        for begin, end in self._sentences():
            ids, _ = self.tokens.read(begin, end)
            length = len(ids) + 2
            once = np.concatenate([[self.tokenizer.cls_token_id], ids, [self.tokenizer.sep_token_id]])
            for first in range(0, len(ids), max(1, TOKENS_AT_A_TIME // length)):
                places = np.arange(first, min(first + max(1, TOKENS_AT_A_TIME // length), len(ids)))
                table = np.tile(once, (len(places), 1)).astype(np.int32)
                table[np.arange(len(places)), places + 1] = self.tokenizer.mask_token_id
                yield PretrainingBatch(
                    samples=places,
                    lengths=np.full(len(places), length, dtype=np.int64),
                    input_ids=table.reshape(-1),
                    token_type_ids=np.zeros(table.size, dtype=np.uint8),
                    rows=np.arange(len(places)) * length + places + 1,
                    labels=ids[places],
                    next_sentence_labels=None,
                )

    def _sentences(self) -> list[tuple[int, int]]:
        """Where they begin and end: as many, at equal distances, as are read within MOST_HIDDEN tokens."""
        starts = np.asarray(self.tokens.segments)
        lengths = np.diff(starts)
        fitting = np.flatnonzero(lengths <= self.max_length - 2)
        count = min(MOST_SENTENCES, len(fitting))
        chosen = _spread(fitting, count)
        while count > 1 and (read := int(((lengths[chosen] + 2) ** 2).sum())) > MOST_HIDDEN:
            count = max(1, min(count - 1, count * MOST_HIDDEN // read))
            chosen = _spread(fitting, count)
        return [(int(starts[each]), int(starts[each + 1])) for each in chosen]


def _spread(among: np.ndarray, count: int) -> np.ndarray:
    return among[np.linspace(0, len(among) - 1, count).astype(np.int64)] if count else among


def _sums(network: Network, batch: PretrainingBatch) -> Sums:
    device = next(network.parameters()).device
    offset = network.config.position_offset
    made = MaskedBatch.of(batch, position_offset=offset, device=device)
    with torch.inference_mode(), half_precision(device):
        return pretraining_sums(network, made)
