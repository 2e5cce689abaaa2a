"""From a model, a text and a wish to the question that methods answer: which window, which target."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from glassbert.errors import Problem, UsageError
from glassbert.lens.attributing.options import AttributionOptions
from glassbert.lens.attributing.subject import Subject
from glassbert.lens.attributing.target import Kind, Target
from glassbert.lens.seen import Inspectable, Seen, see
from glassbert.model.config import BARE

# a label; or the number of a token and what is predicted there (None: what the model predicts)
Wish = str | tuple[int, str | None] | None

OWN_HEADS = {"sequence-classification", "next-sentence"}
GUESSERS = ("masked-lm", "pretraining")
FOLLOWS = ("follows", "does not follow")
ENDS = ("start", "end")
SHOWN_LABELS = 50
SHOWN_TOKENS = 60
HEADS = (
    "it needs a head that classifies (--task text-classification, text-pair-classification, "
    "multi-label-classification, text-regression), tags (token-classification), finds spans "
    "(question-answering) or guesses masked words"
)
GET_ONE = (
    "train one with `glassbert finetune DATA --model MODEL --task TASK --out RUN` and look at RUN; for "
    "masked words take a checkpoint whose config.json says ...ForMaskedLM"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """What is asked: the subject, and the window it was made from."""

    subject: Subject
    seen: Seen


def ask(
    model: Inspectable, text: str, *, pair: str | None, target: Wish, options: AttributionOptions
) -> Question:
    """The window of the text and the target, checked; raises UsageError for what does not exist."""
    _refuse_headless(model)
    seen = see(model, text, pair=pair, window=options.window)
    shown = seen.windows
    draft = Subject(
        network=model.network,
        input_ids=shown.input_ids.astype(np.int64),
        token_type_ids=shown.token_type_ids,
        content=shown.sequence >= 0,
        mask_token_id=model.tokenizer.mask_token_id,
        target=Target(label="", column=0, kind="value"),
        tokens_per_batch=options.tokens_per_batch,
    )
    return Question(subject=_aimed(model, draft, target, seen), seen=seen)


def _refuse_headless(model: Inspectable) -> None:
    untrained = getattr(model, "untrained", ())
    if untrained or model.network.head_config.kind in BARE:
        would = f" ({', '.join(untrained)} would be random)" if untrained else ""
        what = f"the model '{model.name}' has no trained head{would}, so it predicts nothing to explain"
        raise UsageError(Problem(code="no-head", what=f"{what}: {HEADS}", fix=GET_ONE))


def _aimed(model: Inspectable, subject: Subject, target: Wish, seen: Seen) -> Subject:
    """The subject with its target: the column asked for, or that of the highest logit."""
    kind = model.network.head_config.kind
    position, label = target if isinstance(target, tuple) else (None, target)
    if kind in OWN_HEADS and position is not None:
        fix = "leave --token out (in Python, name a label alone)"
        raise UsageError(Problem(code="bad-target", what=f"a {kind} head reads no single token", fix=fix))
    labels = _labels(model)
    asked = None if label is None else _column(model, labels, label)
    if kind not in OWN_HEADS:
        subject = _reading(model, subject, position, seen)
    column = _predicted(subject) if asked is None else asked
    return replace(
        subject,
        target=Target(
            label=labels[column], column=column, kind=_kind(model), position=subject.target.position
        ),
    )


def _reading(model: Inspectable, subject: Subject, position: int | None, seen: Seen) -> Subject:
    """The subject read at a token; a word that is to be guessed is masked for good, and no longer content."""
    masked = model.network.head_config.kind in GUESSERS
    if position is None or not 0 <= position < subject.length or not subject.content[position]:
        what = f"token {position} is none of the text" if position is not None else "no token was named"
        what = f"{what}, and this model predicts something at every token"
        fix = _tokens(subject, seen) + (_about_mask(model, seen) if masked else "")
        raise UsageError(Problem(code="bad-target", what=what, fix=fix))
    subject = replace(subject, target=replace(subject.target, position=position))
    if not masked:
        return subject
    ids, content = subject.input_ids.copy(), subject.content.copy()
    ids[position], content[position] = subject.mask_token_id, False
    return replace(subject, input_ids=ids, content=content)


def _tokens(subject: Subject, seen: Seen) -> str:
    """How to name a token, and which there are, by their numbers."""
    numbers = np.flatnonzero(subject.content).tolist()
    if not numbers:
        return "give a text that is not empty, and --token N"
    shown = ", ".join(f"{number} {seen.tokens[number]}" for number in numbers[:SHOWN_TOKENS])
    more = f" and so on to {numbers[-1]}" if len(numbers) > SHOWN_TOKENS else ""
    return f"add --token N (in Python target=(N, label), label or None); tokens: {shown}{more}"


def _about_mask(model: Inspectable, seen: Seen) -> str:
    """What to do about a mask that stands in the text, where it is read like any other letters."""
    (mask,) = model.tokenizer.tokens([model.tokenizer.mask_token_id])
    if mask not in seen.text and mask not in (seen.pair or ""):
        return ""
    return f"; {mask} in a text is read as letters: write any word there, and --token N masks it"


def _labels(model: Inspectable) -> tuple[str, ...]:
    """The names of the columns of the logits."""
    head = model.network.head_config
    if head.kind in GUESSERS:
        return tuple(model.tokenizer.tokens(range(model.tokenizer.vocab_size)))
    return {"next-sentence": FOLLOWS, "span": ENDS}.get(head.kind, head.labels)


def _column(model: Inspectable, labels: tuple[str, ...], label: str) -> int:
    if label in labels:
        return labels.index(label)
    if model.network.head_config.kind in GUESSERS:
        what = f"the model '{model.name}' guesses hidden words, and no piece of its vocabulary is {label!r}"
        fix = (
            "name a piece with --token N, or leave --target out; for labels train a head with "
            f"`glassbert finetune DATA --model {model.name} --out RUN`"
        )
        raise UsageError(Problem(code="unknown-label", what=what, fix=fix))
    shown = ", ".join(labels[:SHOWN_LABELS])
    more = f" and {len(labels) - SHOWN_LABELS} more" if len(labels) > SHOWN_LABELS else ""
    raise UsageError(
        Problem(code="unknown-label", what=f"no label is called {label!r}", fix=f"use {shown}{more}")
    )


def _predicted(subject: Subject) -> int:
    with torch.inference_mode():
        return int(subject.logits(subject.pack(subject.input_ids[None]))[0].argmax())


def _kind(model: Inspectable) -> Kind:
    head = model.network.head_config
    if head.problem_type == "multi_label_classification":
        return "sigmoid"
    one = head.kind in ("sequence-classification", "token-classification") and head.num_labels == 1
    return "value" if head.kind == "span" or head.problem_type == "regression" or one else "log-odds"
