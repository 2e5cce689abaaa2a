"""question-answering: the likeliest pieces of a context that answer a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from glassbert.errors import Problem, UsageError
from glassbert.runs.inference import head_logits
from glassbert.runs.models import Model
from glassbert.runs.pipelines.options import with_options
from glassbert.tasks.answering import HEAD
from glassbert.tasks.span_decoding import best_pieces

Answer = dict[str, Any]
ASKED = ("question", "context")
BOTH = ("data", "X")
"""Names of what holds a question and its context; transformers 4 takes one for scikit-learn's callers."""


@dataclass(frozen=True)
class QuestionAnswering:
    """`pipe(question=..., context=...)`, texts or lists of texts, `pipe({"question": ...})` with both (also
    as `data` or `X`), or `pipe(question, context)`.

    {score, start, end, answer} of the best piece of at most `max_answer_len` tokens or, with `top_k`, a list
    of the best. `score` is the product of the shares of both ends; pieces of the same letters are one, with
    the sum of their scores. `align_to_words` widens a piece to whole words. With `handle_impossible_answer`
    the empty answer competes, with the lowest share of [CLS] of any window. A long context is read in
    windows of at most `max_seq_len` tokens, question included, that share `doc_stride` tokens of it.
    """

    # a question is never cut; the fast tokenizers of transformers do not cut it either
    without_effect: ClassVar[tuple[str, ...]] = ("max_question_len",)

    model: Model
    top_k: int = 1
    max_answer_len: int = 15
    handle_impossible_answer: bool = False
    align_to_words: bool = True
    max_seq_len: int | None = None
    doc_stride: int | None = None

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """The shapes of transformers 4; raises UsageError for another head, option or input."""
        named: dict[str, Any] = {name: options.pop(name) for name in (*ASKED, *BOTH) if name in options}
        chosen = with_options(self, options)
        asked = _asked(inputs, named)
        found = [each[0] if len(each) == 1 else each for each in chosen._run(asked)]
        return found[0] if len(found) == 1 else found

    def _run(self, asked: list[tuple[str, str]]) -> list[list[Answer]]:
        head = self.model.network.head_config
        model = self.model.reading(max_length=self.max_seq_len, stride=self.doc_stride)
        if head.kind != HEAD:
            what = f"the model '{model.name}' has no head for answers (its head: {head.kind})"
            fix = "train one with `glassbert finetune --task question-answering`"
            raise UsageError(Problem(code="no-head", what=what, fix=fix))
        for name in ("top_k", "max_answer_len"):
            if getattr(self, name) < 1:
                what = f"{name} is {getattr(self, name)}"
                raise UsageError(Problem(code="bad-option", what=what, fix="give 1 or more"))
        if not asked:
            return []
        windows = model.windows(asked, offsets=True)
        # pieces may fall together once they are whole words
        several = self.top_k * 2 + 10 if self.align_to_words else self.top_k
        pieces = best_pieces(
            head_logits(model.network, windows), windows, num_best=several, max_length=self.max_answer_len
        )
        bounds = np.searchsorted(pieces.owner, np.arange(len(asked) + 1))
        found = []
        for number, (_, context) in enumerate(asked):
            chosen = slice(bounds[number], bounds[number + 1])
            cut = zip(
                *(each[chosen].tolist() for each in (pieces.start, pieces.end, pieces.share)), strict=True
            )
            found.append(self._best(context, list(cut), float(pieces.null_share[number])))
        return found

    def _best(self, context: str, cut: Sequence[tuple[int, int, float]], null: float) -> list[Answer]:
        words = self.model.tokenizer.word_spans(context) if self.align_to_words else []
        answers: dict[str, Answer] = {}
        for start, end, share in cut:
            first, last = _whole_words(words, start, end)
            text = context[first:last]
            before = answers.setdefault(
                text.lower(), {"score": 0.0, "start": first, "end": last, "answer": text}
            )
            before["score"] += share
        found = list(answers.values())
        if self.handle_impossible_answer:
            found.append({"score": null, "start": 0, "end": 0, "answer": ""})
        return sorted(found, key=lambda each: -each["score"])[: self.top_k]


def _whole_words(words: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int]:
    """From where the word of the first character begins to where that of the last ends.

    A piece may end with a token of no character, a byte-level space: then its word begins there.
    """
    first = next((low for low, high in words if low <= start < high), start)
    ends = [high for low, high in words if low < end <= high or low == end]
    return first, ends[0] if ends else end


def _asked(inputs: tuple[Any, ...], named: dict[str, Any]) -> list[tuple[str, str]]:
    """(question, context) of each; UsageError for what is none."""
    if len(inputs) == 2 and not named and all(isinstance(each, str) for each in inputs):
        return [_checked(*inputs)]
    if not inputs and set(named) == {"question", "context"}:
        questions, contexts = named["question"], named["context"]
        if isinstance(questions, str) and isinstance(contexts, str):
            questions, contexts = [questions], [contexts]
        elif isinstance(questions, list) and isinstance(contexts, str):
            contexts = [contexts] * len(questions)
        if isinstance(questions, list) and isinstance(contexts, list) and len(questions) == len(contexts):
            return [_checked(*each) for each in zip(questions, contexts, strict=True)]
    given = [*inputs, *(named[name] for name in BOTH if name in named)]
    if len(given) == 1 and not any(name in named for name in ASKED):
        rows = given[0] if isinstance(given[0], list) else [given[0]]
        if all(isinstance(row, dict) and {"question", "context"} <= set(row) for row in rows):
            return [_checked(row["question"], row["context"]) for row in rows]
    fix = 'give question="..." and context="...", texts or lists of equal length'
    what = "the inputs are no questions with their contexts"
    raise UsageError(Problem(code="not-a-question", what=what, fix=fix))


def _checked(question: Any, context: Any) -> tuple[str, str]:
    for name, text in (("question", question), ("context", context)):
        if not isinstance(text, str) or not text:
            what = f"a {name} is {'empty' if text == '' else type(text).__name__}"
            raise UsageError(Problem(code="not-a-question", what=what, fix="give a text that is not empty"))
    return question, context
