"""What a question asks for, from its first question word."""

import pytest

from glassbert.tasks.question_kinds import KINDS, kind_of


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who wrote it?", "who"),
        ("To whom was it given?", "who"),
        ("Whose is it?", "who"),
        ("In what year did it end?", "when"),
        ("What year was that?", "when"),
        ("When was that?", "when"),
        ("How many were there?", "how-many"),
        ("How long is it?", "how-many"),
        ("How was it made?", "how"),
        ("Which who?", "which"),
        ("What is it?", "what"),
        ("The house stands where?", "where"),
        ("Why?", "why"),
        ("Name a river.", "other"),
        ("Whatever it may be", "other"),
        ("", "other"),
        ("这本书是谁写的？", "who"),
        ("战争是在哪一年结束的？", "when"),
        ("什么时候开始的？", "when"),
        ("总部在什么地方？", "where"),
        ("有多少人？", "how-many"),
        ("共有几个省？", "how-many"),
        ("为什么失败？", "why"),
        ("如何制造？", "how"),
        ("哪种动物？", "which"),
        ("它是什么？", "what"),
    ],
)
def test_kind_is_that_of_the_first_question_word(question: str, kind: str) -> None:
    assert kind_of(question) == kind and kind in KINDS
