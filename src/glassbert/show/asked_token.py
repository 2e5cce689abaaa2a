"""Which token a report asks about, where the head answers at every token: the first one that went wrong."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping

import numpy as np

from glassbert.runs.models import Model
from glassbert.runs.predictions import plain_cell
from glassbert.show.word_places import places_of_words
from glassbert.tasks.task import Text

# what a question about an answer's place is about
FIRST_TOKEN = "start"


def character_of(cell: Mapping[Hashable, str]) -> int | None:
    """Where the telling word of a row of `predictions.csv` begins: of tags the first wrong word (else the
    first that is tagged), of answers the answer found; None for other tasks, and where there is none.
    """
    if "entities" in cell:
        given, said = (json.loads(plain_cell(cell[name])) for name in ("label", "prediction"))
        begins = [begin for begin, _ in places_of_words(plain_cell(cell["text"]), len(said))]
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
