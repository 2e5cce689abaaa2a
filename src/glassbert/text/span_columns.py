"""Which columns hold questions, contexts and answers: by option, by the training file, by usual names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from glassbert.errors import DataError, Problem
from glassbert.text.asked import Asked
from glassbert.text.names import plain
from glassbert.text.quoting import quoted

QUESTION_NAMES = ("question", "query", "q", "问题")
CONTEXT_NAMES = ("context", "passage", "paragraph", "document", "article", "text", "上下文", "文章")
ANSWER_NAMES = ("answers", "answer", "answer_text", "label", "答案")
OPTIONS = {"question": "--question-column", "context": "--context-column", "answers": "--label-column"}


@dataclass(frozen=True, kw_only=True)
class SpanColumns:
    """The chosen columns, and why these."""

    question: str
    context: str
    answers: str | None
    reasons: tuple[str, ...]


def choose_span_columns(
    names: Sequence[str],
    asked: Asked,
    *,
    like: tuple[str, str | None, str | None] | None = None,
    need_answers: bool = True,
    source: str,
) -> SpanColumns:
    """Take what is named, else what the training file calls so (`like`), else the first usual name.

    Raises DataError (65) for a column that is not found.
    """
    before = like or (None, None, None)
    roles = (
        ("question", asked.text, before[0], QUESTION_NAMES),
        ("context", asked.pair, before[1], CONTEXT_NAMES),
        ("answers", asked.label, before[2], ANSWER_NAMES),
    )
    chosen: dict[str, str] = {}
    reasons = []
    for role, given, earlier, usual in roles:
        free = [name for name in names if name not in chosen.values()]
        found = given or (earlier if earlier in free else None) or _usual(free, usual)
        if found is None:
            if role == "answers" and not need_answers:
                continue
            raise _missing(role, names, source)
        chosen[role] = found
        why = "as told" if given else "as in the training file" if found == earlier else "chosen by its name"
        reasons.append(f"{role}: {quoted(found)}, {why}")
    answers = chosen.get("answers")
    return SpanColumns(
        question=chosen["question"], context=chosen["context"], answers=answers, reasons=tuple(reasons)
    )


def _usual(names: Sequence[str], usual: Sequence[str]) -> str | None:
    return next((name for wanted in usual for name in names if plain(name) == wanted), None)


def _missing(role: str, names: Sequence[str], source: str) -> DataError:
    listed = ", ".join(quoted(name) for name in names)
    what = f"no column is called {role}; columns found: {listed}"
    fix = f"name it with {OPTIONS[role]}"
    return DataError(Problem(code=f"missing-{role}-column", what=what, fix=fix, file=source))
