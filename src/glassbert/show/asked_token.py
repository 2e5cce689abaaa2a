"""Which token a report asks about, where the head answers at every token: the first one that went wrong."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from glassbert.runs.models import Model
from glassbert.runs.predictions import plain_cell
from glassbert.tasks.task import Text
from glassbert.text.word_splitting import split_words

# what a question about an answer's place is about
FIRST_TOKEN = "start"


def character_of(cell: Mapping[Hashable, str]) -> int | None:
    """Where the telling word of a row of `predictions.csv` begins: of tags the first wrong word (else the
    first that is tagged), of answers the answer found; None for other tasks, and where there is none.
    """
    if "entities" in cell:
        given, said = (json.loads(plain_cell(cell[name])) for name in ("label", "prediction"))
        begins = _word_begins(plain_cell(cell["text"]), len(said))
        wrong = [number for number, (one, two) in enumerate(zip(given, said, strict=True)) if one != two]
        tagged = [number for number, tag in enumerate(said) if tag != "O"]
        asked = [*wrong, *tagged, *range(len(said))][:1]
        return begins[asked[0]] if asked and begins else None
    if "null_score" in cell:
        return int(cell["start"]) if cell["prediction"] else None
    return None


def token_at(model: Model, text: Text, character: int) -> int | None:
    """The number of the token of the first window that holds a character, of a pair its second text's."""
    windows = model.windows([text], offsets=True)
    assert windows.offsets is not None
    first = slice(0, int(windows.starts[1]))
    begin, end = windows.offsets[first].T
    own = windows.sequence[first] == (1 if isinstance(text, tuple) else 0)
    found = np.flatnonzero(own & (begin <= character) & (character < end))
    return int(found[0]) if len(found) else None


def _word_begins(text: str, count: int) -> Sequence[int]:
    """Where the words begin: those between spaces if these are so many, else as `split_words` finds them."""
    sizes = [len(word) + 1 for word in text.split(" ")]
    if len(sizes) == count:
        return np.concatenate([[0], np.cumsum(sizes)])[:-1].tolist()
    found = split_words(text)
    return found[:, 0].tolist() if len(found) == count else []
