"""Words in windows of tokens, each word scored exactly once, at its first token, with context on both sides.

Words are tokenised with a space between them, as transformers does with `is_split_into_words`.
Letters: N texts, M words of a text, T tokens, W windows, R scored tokens.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int

from glassbert.errors import DataError, GlassbertError, Problem, UsageError
from glassbert.model.layout import Rows
from glassbert.model.packed import Packed
from glassbert.tasks.tag_baselines import ragged
from glassbert.tasks.tag_chains import word_chains
from glassbert.tasks.task import Batch, Examples
from glassbert.tasks.viterbi import Edges
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows, bounds
from glassbert.text.word_splitting import split_words


def word_spans(examples: Examples) -> np.ndarray:
    """Where the words of every text are: as the examples say, else as `split_words` finds them."""
    if examples.spans is not None:
        return examples.spans
    return ragged([split_words(_single(text)) for text in examples.texts])


def words_of(examples: Examples) -> list[list[str]]:
    """The words of every text."""
    return [
        [_single(text)[begin:end] for begin, end in spans.tolist()]
        for text, spans in zip(examples.texts, word_spans(examples), strict=True)
    ]


def word_windows(examples: Examples, tokenizer: Tokenizer, *, max_length: int) -> Windows:
    """The words of every text in windows; `word` names the word that begins at a scored token."""
    words = words_of(examples)
    windows = tokenizer.windows([" ".join(each) for each in words], max_length=max_length, offsets=True)
    assert windows.offsets is not None
    # every text's characters end to end, one apart: a token's place among them tells its word
    sizes = np.array([len(word) for each in words for word in each], dtype=np.int64)
    counts = np.array([len(each) for each in words], dtype=np.int64)
    begins = bounds(sizes + 1)[:-1]
    starts = bounds(counts)
    bases = np.append(begins, (sizes + 1).sum())[starts[:-1]]
    scored = np.flatnonzero(windows.scored)
    example = np.repeat(windows.example, windows.lengths)[scored]
    offsets = windows.offsets[scored]
    place = bases[example] + np.maximum(offsets[:, 0], offsets[:, 1] - 1)
    owner = np.searchsorted(begins, place, side="right") - 1
    inside = place < (begins[owner] + sizes[owner] if len(sizes) else 0)
    # the scored tokens of the windows, one after the other, are the tokens of the texts, each once
    first = inside & (np.diff(np.where(inside, owner, -1), prepend=-1) != 0)
    found = np.full(len(windows.input_ids), -1, dtype=np.int32)
    found[scored[first]] = owner[first] - starts[example[first]]
    return replace(windows, word=found, offsets=None)


def word_batch(
    windows: Windows,
    chosen: Int[np.ndarray, "W"],
    examples: Examples | None = None,
    *,
    edges: Edges | None = None,
    position_offset: int = 0,
    device: str | torch.device = "cpu",
) -> Batch:
    """The chosen windows, shortest first and else in the order given; its rows are the first tokens of words,
    each of weight 1. With `edges`, which tag may follow which, tags that are known are also chains.
    """
    lengths = windows.starts[chosen + 1] - windows.starts[chosen]
    index = chosen[np.argsort(lengths, kind="stable")]
    picked = windows.select(index)
    packed = Packed.of(
        picked.input_ids,
        picked.token_type_ids,
        picked.lengths,
        position_offset=position_offset,
        device=device,
    )
    assert picked.word is not None, "these windows were made without words"
    rows = np.flatnonzero(picked.word >= 0)
    weights = np.ones(len(rows), dtype=np.float32)
    if not len(rows):  # no word has a token: one token is read, and weighs nothing
        rows, weights = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.float32)
    targets = chains = None
    if examples is not None and examples.targets is not None:
        tags = _targets(picked, rows, examples.targets)
        targets = torch.from_numpy(tags).to(device)
        if edges is not None:
            counts = np.array([len(each) for each in examples.targets], dtype=np.int64)
            chains = word_chains(picked, rows, tags, edges, counts=counts)
    return Batch(
        packed=packed,
        targets=targets,
        weights=torch.from_numpy(weights).to(device),
        weight=float(weights.sum()) or 1.0,
        index=index,
        rows=Rows.of(packed.layout, rows),
        chains=chains,
    )


def word_logits(logits: Float[np.ndarray, "T C"], windows: Windows, examples: Examples) -> np.ndarray:
    """The logits of every word of every text, [words, C] each, in float64; NaN for a word without a token.

    Raises DataError for logits that are not finite.
    """
    wide = np.asarray(logits, dtype=np.float64)
    if len(wide) != len(windows.input_ids) or windows.word is None:
        what = f"{len(wide)} rows of logits for {len(windows.input_ids)} tokens"
        raise GlassbertError(Problem(code="bad-logits", what=what, fix="give one row per token"))
    if not np.isfinite(wide).all():
        what = "the model's logits are infinite or not numbers: its training has diverged"
        fix = "train with a lower learning rate, or take an earlier checkpoint"
        raise DataError(Problem(code="bad-logits", what=what, fix=fix))
    rows = np.flatnonzero(windows.word >= 0)
    example = np.repeat(windows.example, windows.lengths)[rows]
    counts = np.array([len(spans) for spans in word_spans(examples)], dtype=np.int64)
    starts = bounds(counts)
    found = np.full((int(starts[-1]), wide.shape[1]), np.nan)
    found[starts[example] + windows.word[rows]] = wide[rows]
    return ragged(np.split(found, starts[1:-1])) if len(counts) else ragged([])


def _targets(picked: Windows, rows: Int[np.ndarray, "R"], answers: np.ndarray) -> Int[np.ndarray, "R"]:
    assert picked.word is not None
    owner = np.repeat(picked.example, picked.lengths)[rows]
    words = picked.word[rows]
    pairs = zip(owner.tolist(), words.tolist(), strict=True)
    return np.array([answers[text][word] if word >= 0 else 0 for text, word in pairs], dtype=np.int64)


def _single(text: object) -> str:
    if isinstance(text, str):
        return text
    what = "a pair of texts is given, and tags are of the words of one text"
    raise UsageError(Problem(code="pairs", what=what, fix="give one text"))
