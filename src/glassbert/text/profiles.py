"""What a column looks like: running text, something that repeats, or neither."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

SAMPLE = 300
SAMPLED_CHARACTERS = 500
# A name or a product has fewer; dates and codes are told apart because only words without digits count.
WORDS_OF_RUNNING_TEXT = 4.0
DISTINCT_SHARE_OF_TEXT = 0.2
FEW_ROWS = 50
ROWS_PER_LABEL = 5
MOST_LABELS = 1000
LONGEST_LABEL = 50
# Scripts written without spaces: Thai to Khmer, kana, Han. Two characters make about one word.
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
LETTER = re.compile(r"[^\W\d_]")
NO_WORD = re.compile(r"[\d@_]|://")
MARKS = {"0", "1", "0.0", "1.0", "True", "False"}
NUMBERS_SHARE = 0.8
# \d would accept the digits of every script, and float() underscores, nan and inf.
DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
NUMBER = re.compile(r"[+-]?[0-9][0-9.,:/ -]*")


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One column in figures: rows, distinct values, mean length in characters, mean words of a sample."""

    name: str
    rows: int
    distinct: int
    strings: bool
    scalars: bool
    mean_characters: float
    mean_words: float
    numeric: bool
    numbers: bool
    lists: bool
    marks: bool

    @property
    def running(self) -> bool:
        """Running text: words that seldom repeat as a whole."""
        return self.mean_words >= WORDS_OF_RUNNING_TEXT and self.distinct > DISTINCT_SHARE_OF_TEXT * self.rows

    @property
    def wordy(self) -> bool:
        """Perhaps text after all, if nothing else is: strings, not numbers, that seldom repeat."""
        return self.strings and self.mean_words >= 0.5 and self.distinct > self.rows / 2

    @property
    def repeats(self) -> bool:
        """Few short values, each several times: what a column of labels looks like."""
        most = self.rows - 1 if self.rows < FEW_ROWS else self.rows // ROWS_PER_LABEL
        few = 2 <= self.distinct <= min(most, MOST_LABELS)
        return self.scalars and few and not self.running and self.mean_characters <= LONGEST_LABEL


def profile(frame: pd.DataFrame, name: str) -> Profile:
    """Figures of one column; words and numbers come from about 300 evenly spaced rows, all else is exact."""
    values = frame[name].tolist()
    types = set(map(type, values)) - {type(None)}
    strings = [value for value in values if isinstance(value, str)]
    sample = strings[:: max(1, len(strings) // SAMPLE)]
    scalars = types <= {str, int, bool}
    return Profile(
        name=name,
        rows=len(values),
        distinct=len(set(values)) if types <= {str, int, bool, float} else 0,
        strings=types == {str},
        scalars=scalars and bool(types),
        mean_characters=float(np.mean([len(value) for value in strings])) if strings else 0.0,
        mean_words=float(np.mean([count_words(value[:SAMPLED_CHARACTERS]) for value in sample]))
        if sample
        else 0.0,
        lists=bool(types) and types <= {list, tuple, np.ndarray},
        marks=bool(types) and types <= {str, int, bool, float} and set(map(str, values)) <= MARKS,
        numbers=_are_numbers(values[:: max(1, len(values) // SAMPLE)]),
        numeric=all(NUMBER.fullmatch(value.strip()) for value in sample if value.strip()),
    )


def _are_numbers(sample: list[object]) -> bool:
    """Whether nearly all cells are numbers: a few that are not are told with their rows later."""
    count = sum(
        DECIMAL.fullmatch(value) is not None
        if isinstance(value, str)
        else isinstance(value, int | float) and not isinstance(value, bool)
        for value in sample
    )
    return count > 0 and count >= NUMBERS_SHARE * len(sample)


def count_words(text: str) -> float:
    """Words without digits, @ or ://, and half a word for each character of a script without spaces."""
    unspaced = len(UNSPACED.findall(text))
    words = UNSPACED.sub(" ", text).split() if unspaced else text.split()
    return sum(1 for word in words if LETTER.search(word) and not NO_WORD.search(word)) + unspaced / 2
