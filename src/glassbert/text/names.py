"""The column names people use (hub, GLUE, CLUE, UER, Kaggle), compared without case, spaces or dashes."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Earlier tiers win; two names of one tier in one table are ambiguous.
TEXT_NAMES: tuple[frozenset[str], ...] = (
    frozenset({"text", "sentence"}),
    frozenset(
        "content review review_text comment comment_text message body tweet document description utterance"
        " query question headline title text_a sentence1 email post 文本 内容 评论".split()
    ),
)
LABEL_NAMES: tuple[frozenset[str], ...] = (
    frozenset({"label", "标签"}),
    frozenset(
        "labels class category target sentiment topic intent polarity stars rating gold_label emotion quality"
        " 类别 分类".split()
    ),
)
NUMBER_NAMES: tuple[frozenset[str], ...] = (
    frozenset({"score", "label", "标签", "分数"}),
    frozenset(
        "labels similarity similarity_score relatedness relatedness_score rating stars target value price"
        " grade quality y gold_label 评分 相似度".split()
    ),
)
SET_NAMES: tuple[frozenset[str], ...] = (
    frozenset({"labels", "label", "tags", "标签"}),
    frozenset(
        "topics topic categories category genres genre classes class keywords emotions targets".split()
    ),
)
PAIR_NAMES: tuple[tuple[str, str], ...] = (
    ("sentence1", "sentence2"),
    ("premise", "hypothesis"),
    ("question1", "question2"),
    ("question", "sentence"),
    ("text_a", "text_b"),
    ("text1", "text2"),
    ("query", "passage"),
    ("question", "answer"),
    ("anchor", "positive"),
)
OTHER_NAMES = frozenset(
    "id idx index name author user date time url source split score lang language".split()
)
IDENTITY_NAMES = frozenset("id idx index guid uuid url date time timestamp".split())
NUMBERED = ({"1", "2"}, {"a", "b"}, {"0", "1"})

_USUAL = OTHER_NAMES.union(*TEXT_NAMES, *LABEL_NAMES, *PAIR_NAMES)


def plain(name: str) -> str:
    """`Review Text` and `review-text` are `review_text`."""
    return re.sub(r"[\s\-_]+", "_", name.strip().casefold())


def is_usual_name(name: str) -> bool:
    """Whether people give columns this name, so that it is a name and not data."""
    return plain(name) in _USUAL


def names_identity(name: str) -> bool:
    """Whether a column by its name tells rows apart, and is therefore no label and no text."""
    return plain(name) in IDENTITY_NAMES or plain(name).endswith(("_id", "_idx"))


def are_numbered_alike(first: str, second: str) -> bool:
    """Whether two names differ only in 1 and 2, a and b, or 0 and 1: `#1 String`, `#2 String`."""
    first, second = plain(first), plain(second)
    if len(first) != len(second) or len(first) < 2:
        return False
    different = [{a, b} for a, b in zip(first, second, strict=True) if a != b]
    return len(different) == 1 and different[0] in NUMBERED


def usual_pair(names: Sequence[str]) -> tuple[str, str] | None:
    """The columns that hold the two texts of a pair by their names, in order; None when there are none."""
    actual = {plain(name): name for name in names}
    for first, second in PAIR_NAMES:
        if first in actual and second in actual:
            return actual[first], actual[second]
    return None
