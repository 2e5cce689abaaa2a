"""Scores of answers that are pieces of a text: exact match and F1 in percent, as SQuAD and CMRC count them.

By words (Rajpurkar et al. 2016, 2018): lower case, without ASCII punctuation, without the articles a, an and
the; F1 of the bags of words. By characters (Cui et al. 2019; CMRC 2018, DRCD), for scripts written without
spaces: lower case, without that task's list of signs; a character of such a script is a unit, and so is a
word or sign of any other; F1 of the longest run of units that both share. Of several right answers the best
counts; no answer is right where there is none, and only there. N questions, R samples.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float

from glassbert.tasks.baselines import UNSPACED, writes_without_spaces
from glassbert.tasks.intervals import DRAWS, MAX_NUMBERS, Difference, Interval, percentiles

Scoring = Literal["words", "characters"]
NAMES = ("exact_match", "f1")
PERCENT = 100.0
ARTICLES = re.compile(r"\b(a|an|the)\b")
NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
# the list of CMRC 2018's own script; its '……' is two characters there and never matches one
NO_SIGNS = str.maketrans("", "", "-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")
WORD_OR_SIGN = re.compile(r"\w+|[^\w\s]")


def scoring_for(contexts: Sequence[str]) -> tuple[Scoring, str]:
    """How answers from these contexts are compared, and the reason."""
    unspaced, reason = writes_without_spaces(list(contexts))
    share = reason.split(": ", 1)[1]
    return ("characters" if unspaced else "words"), share


def normal_words(text: str) -> str:
    """The text as SQuAD compares it."""
    plain = text.lower().translate(NO_PUNCTUATION)
    return " ".join(ARTICLES.sub(" ", plain).split())


def normal_characters(text: str) -> str:
    """The text as CMRC 2018 compares it."""
    return text.lower().strip().translate(NO_SIGNS)


def units(text: str) -> list[str]:
    """Characters of scripts without spaces, and words and signs of the others."""
    found: list[str] = []
    rest = ""
    for character in normal_characters(text):
        if UNSPACED.match(character):
            found += [*WORD_OR_SIGN.findall(rest), character]
            rest = ""
        else:
            rest += character
    return [*found, *WORD_OR_SIGN.findall(rest)]


def word_f1(first: str, second: str) -> float:
    """F1 of the bags of words; of texts without words, whether both are such."""
    ours, theirs = normal_words(first).split(), normal_words(second).split()
    if not ours or not theirs:
        return float(ours == theirs)
    return _f1((Counter(ours) & Counter(theirs)).total(), len(ours), len(theirs))


def character_f1(first: str, second: str) -> float:
    """F1 of the longest run of units that both texts share."""
    ours, theirs = units(first), units(second)
    if not ours or not theirs:
        return float(ours == theirs)
    return _f1(_longest_run(ours, theirs), len(ours), len(theirs))


def _f1(shared: int, ours: int, theirs: int) -> float:
    return 2 * shared / (ours + theirs)


def _longest_run(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common substring: a run that ends at (i, j) is one longer than at (i-1, j-1)."""
    longest, ends = 0, [0] * (len(second) + 1)
    for each in first:
        ends = [0, *(ends[j] + 1 if each == other else 0 for j, other in enumerate(second))]
        longest = max(longest, *ends)
    return longest


COMPARED: dict[Scoring, tuple[Callable[[str], str], Callable[[str, str], float]]] = {
    "words": (normal_words, word_f1),
    "characters": (normal_characters, character_f1),
}


def score_answers(
    truth: Sequence[Sequence[str]], found: Sequence[str], scoring: Scoring
) -> Float[np.ndarray, "N 2"]:
    """(exact match, F1) of every question, each 0 to 1; "" and an empty list stand for no answer."""
    scores = np.zeros((len(found), 2))
    normal, f1 = COMPARED[scoring]
    for row, (given, answer) in enumerate(zip(truth, found, strict=True)):
        right = [each for each in dict.fromkeys(given) if normal(each)] or [""]
        exact = any(normal(each) == normal(answer) for each in right)
        scores[row] = exact, 1.0 if exact else max(f1(each, answer) for each in right)
    return scores


def means(
    scores: Float[np.ndarray, "N 2"],
    answered: Float[np.ndarray, "N"],
    weights: Float[np.ndarray, "R N"] | None = None,
) -> dict[str, Float[np.ndarray, "R"]]:
    """exact_match and f1 in percent and, where some questions have no answer, f1 of both kinds apart.

    `answered`: which questions have an answer. A sample without one kind is left at 0 for it.
    """
    drawn = np.ones((1, len(scores))) if weights is None else weights
    exact, f1 = PERCENT * (drawn @ scores).T / drawn.sum(1)
    found = {"exact_match": exact, "f1": f1}
    if not answered.all():
        for name, kind in (("has_answer_f1", answered), ("no_answer_f1", ~answered)):
            if kind.any():
                count = (drawn @ kind).astype(np.float64)
                found[name] = PERCENT * (drawn @ (scores[:, 1] * kind)) / np.maximum(count, 1)
    return found


def answer_intervals(
    scores: Float[np.ndarray, "N 2"], answered: Float[np.ndarray, "N"], *, draws: int = DRAWS, seed: int = 0
) -> dict[str, Interval]:
    """95 % percentile intervals of every score: questions drawn again with replacement."""
    parts = [means(scores, answered, drawn) for drawn in _samples(len(scores), draws, seed)]
    return {name: percentiles(np.concatenate([part[name] for part in parts])) for name in parts[0]}


def answer_differences(
    first: Float[np.ndarray, "N 2"], second: Float[np.ndarray, "N 2"], *, draws: int = DRAWS, seed: int = 0
) -> dict[str, Difference]:
    """First minus second on the same questions, in points, with intervals over the same samples."""
    gap = first - second
    drawn = np.concatenate([weights @ gap / len(gap) for weights in _samples(len(gap), draws, seed)])
    ends = {name: percentiles(PERCENT * drawn[:, k]) for k, name in enumerate(NAMES)}
    return {
        name: Difference(value=float(PERCENT * gap[:, k].mean()), low=ends[name][0], high=ends[name][1])
        for k, name in enumerate(NAMES)
    }


def _samples(count: int, draws: int, seed: int) -> Iterator[Float[np.ndarray, "R N"]]:
    generator = np.random.default_rng(seed)
    at_once = max(1, MAX_NUMBERS // (2 * count))
    for start in range(0, draws, at_once):
        size = min(at_once, draws - start)
        yield generator.multinomial(count, np.full(count, 1 / count), size=size).astype(np.float64)
