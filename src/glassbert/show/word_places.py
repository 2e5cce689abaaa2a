"""Where the words of a text are that `predictions.csv` has the tags of."""

from __future__ import annotations

import numpy as np

from glassbert.text.word_splitting import split_words


def places_of_words(text: str, count: int) -> list[tuple[int, int]]:
    """[begin, end) of every word in characters: those between single spaces if these are so many, else as
    `split_words` finds them; none where neither gives as many.
    """
    parts = text.split(" ")
    if len(parts) == count and all(parts):
        begins = np.concatenate([[0], np.cumsum([len(part) + 1 for part in parts])])[:-1].tolist()
        return [(begin, begin + len(part)) for begin, part in zip(begins, parts, strict=True)]
    found = [(begin, end) for begin, end in split_words(text).tolist()]
    return found if len(found) == count else []
