"""fill-mask: the words that a masked-word head would put where a text says [MASK].

Letters: M masks of all texts, K words for each, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from glassbert.errors import Problem, UsageError
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows

NAME = "fill-mask"
PIPELINE = "fill-mask"


@dataclass(frozen=True, kw_only=True, eq=False)
class Masks:
    """Where texts are masked: `rows` are tokens of the windows, `example` the text of each.

    A mask that stands in the overlap of two windows is read once, in the window that shows more round it.
    """

    rows: Int[np.ndarray, "M"]
    example: Int[np.ndarray, "M"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Words:
    """The likeliest words for every mask, the likeliest first, with their probabilities."""

    ids: Int[np.ndarray, "M K"]
    scores: Float[np.ndarray, "M K"]


def windows_with_masks(texts: Sequence[str], tokenizer: Tokenizer, *, max_length: int) -> Windows:
    """Texts as windows in which the mask, and any other special token, may be typed; long ones in several."""
    return tokenizer.windows(list(texts), max_length=max_length, special_in_text=True)


def find_masks(windows: Windows, tokenizer: Tokenizer) -> Masks:
    """Every mask of every text once; raises UsageError for a text without one."""
    rows = np.flatnonzero((windows.input_ids == tokenizer.mask_token_id) & windows.scored)
    example = np.repeat(windows.example, windows.lengths)[rows]
    missing = np.setdiff1d(np.arange(windows.num_examples), example)
    if len(missing):
        (mask,) = tokenizer.tokens([tokenizer.mask_token_id])
        what = f"text {missing[0] + 1} has no {mask}"
        raise UsageError(Problem(code="no-mask", what=what, fix=f"write {mask} where a word is missing"))
    return Masks(rows=rows, example=example)


def target_ids(words: Sequence[str], tokenizer: Tokenizer) -> list[int]:
    """The tokens that words are: entries of the vocabulary, or texts of one token.

    Raises UsageError for a word of none or of several; transformers takes the first piece instead.
    """
    return sorted({_token_of(word, tokenizer) for word in words})


def _token_of(word: str, tokenizer: Tokenizer) -> int:
    if (number := tokenizer.id_of(word)) is not None:
        return number
    windows = tokenizer.windows([word], max_length=16)
    ids = windows.input_ids[windows.sequence == 0]
    if len(ids) == 1 and ids[0] != tokenizer.unk_token_id:
        return int(ids[0])
    pieces = ", ".join(tokenizer.tokens(ids.tolist()))
    what = f"{word!r} is no word of the vocabulary" + (f" but {len(ids)}: {pieces}" if len(ids) > 1 else "")
    raise UsageError(Problem(code="unknown-word", what=what, fix="ask for words that are one token"))


def fillings(windows: Windows, masks: Masks, words: Words, tokenizer: Tokenizer) -> list[list[Any]]:
    """For every text a list for every mask of {score, token, token_str, sequence}, as transformers 4 has it.

    `sequence` is the whole text with the word in place; where there are several masks, the others and the
    special tokens round the text stand in it.
    """
    text_of = np.repeat(windows.example, windows.lengths)
    found: list[list[Any]] = []
    for example in range(windows.num_examples):
        whole = np.flatnonzero(windows.once & (text_of == example))
        chosen = np.flatnonzero(masks.example == example)
        ids = windows.input_ids[whole]
        places = np.searchsorted(whole, masks.rows[chosen])
        alone = len(chosen) == 1
        found.append(
            [
                _row(ids, place, words.ids[mask], words.scores[mask], tokenizer=tokenizer, alone=alone)
                for mask, place in zip(chosen, places, strict=True)
            ]
        )
    return found


def _row(
    ids: np.ndarray, place: int, guesses: np.ndarray, scores: np.ndarray, *, tokenizer: Tokenizer, alone: bool
) -> list[dict[str, Any]]:
    row = []
    for token, score in zip(guesses.tolist(), scores.tolist(), strict=True):
        filled = ids.copy()
        filled[place] = token
        shown = filled[filled != tokenizer.pad_token_id].tolist()
        row.append(
            {
                "score": score,
                "token": token,
                "token_str": tokenizer.decode([token], special=True),
                "sequence": tokenizer.decode(shown, special=not alone),
            }
        )
    return row
