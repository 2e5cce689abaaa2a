"""A masked-word model's scores on plain text."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from glassbert.model.masked import masked_head
from glassbert.runs.models import Model
from glassbert.runs.pretraining.held_out import HeldOut
from glassbert.tasks.pretraining import HEADS
from glassbert.text.corpus_writing import CorpusOptions, prepare_corpus
from glassbert.text.documents import TextOptions


def reads_text(model: Model) -> bool:
    """Whether plain text is what this model is judged by: its head says masked words."""
    return model.network.head_config.kind in HEADS.values()


def evaluate_text(
    model: Model,
    texts: Sequence[str | Path],
    *,
    reading: TextOptions = TextOptions(),  # noqa: B008 - frozen
) -> dict[str, Any]:
    """The measures of `held_out`, of a bounded part of the texts with fixed masks, as plain values.

    Next sentences are judged where the model has a trained head for them and the texts are several
    documents. Raises UsageError for a model without a trained masked-word head.
    """
    network, tokenizer = model.network, model.tokenizer
    masked_head(network, untrained=model.untrained, name=model.name)
    pairs = network.head_config.kind == HEADS["mlm+nsp"] and not model.untrained
    notes = []
    with tempfile.TemporaryDirectory() as cache:
        corpus = prepare_corpus(texts, tokenizer, Path(cache), CorpusOptions(reading=reading))
        if pairs and corpus.num_documents < 2:
            pairs = False
            notes.append(
                "the text is one document (blank lines separate them): next sentences are not judged"
            )
        objective = "mlm+nsp" if pairs else "mlm"
        held_out = HeldOut(corpus, tokenizer, objective=objective, max_length=model.max_length)
        metrics = held_out.scores(network)
        metrics["pseudo_perplexity"] = held_out.pseudo_perplexity(network)
        return {
            "documents": corpus.num_documents,
            "tokens": corpus.num_tokens,
            "evaluated_masks": held_out.num_masked,
            "metrics": metrics,
            "notes": notes,
        }
