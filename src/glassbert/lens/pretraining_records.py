"""What the page of a pre-training run draws: what was read, what was held out, how well hidden words are
guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

from glassbert.lens.records import Record
from glassbert.lens.report_records import Curves, RunFacts


@dataclass(frozen=True, kw_only=True, eq=False)
class TextPart(Record):
    """A part of the text by its role: the names that were given, documents, tokens, the corpus it lies in."""

    role: str
    texts: tuple[str, ...]
    documents: int | None
    tokens: int | None
    corpus: str | None


@dataclass(frozen=True, kw_only=True, eq=False)
class PretrainingText(Record):
    """What was read; `split` says that the held-out documents are of the training text.

    `vocab_size` pieces of the tokenizer, `samples` sequences that training draws from, `masks` hidden words
    that every evaluation asks for.
    """

    parts: tuple[TextPart, ...]
    split: bool
    tokenizer: str | None
    vocab_size: int | None
    samples: int | None
    masks: int | None


@dataclass(frozen=True, kw_only=True, eq=False)
class PretrainingScore(Record):
    """Scores on the held-out text, and what they cost; losses in nats. None is what the run does not judge.

    Units: seconds, MB, tokens per second.
    """

    mlm_loss: float | None
    mlm_accuracy: float | None
    nsp_loss: float | None
    nsp_accuracy: float | None
    bits_per_character: float | None
    pseudo_perplexity: float | None
    total_steps: int | None
    tokens_seen: int | None
    tokens_per_second: float | None
    seconds: float | None
    peak_rss_mb: float | None
    stopped_because: str | None


@dataclass(frozen=True, kw_only=True, eq=False)
class PretrainingReport(Record):
    """One run of pre-training on one page; `None` is what the run does not have (yet)."""

    facts: RunFacts
    objective: str | None
    text: PretrainingText
    score: PretrainingScore | None
    curves: Curves | None
