"""`glassbert.lens.attribution`: scores of the tokens by any of the methods, each put to the lie detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int32

from glassbert.errors import Problem, UsageError
from glassbert.lens.attributing.curves import (
    RandomOrders,
    deletion,
    insertion,
    order_of,
    points,
    random_orders,
    rank_correlation,
)
from glassbert.lens.attributing.methods import Method, method_named
from glassbert.lens.attributing.options import AttributionOptions
from glassbert.lens.attributing.questions import Wish, ask
from glassbert.lens.attributing.subject import Subject
from glassbert.lens.attributing.verdict import Evidence
from glassbert.lens.attribution_record import AttributionRecord, MethodScores
from glassbert.lens.seen import Inspectable, Seen
from glassbert.model.network import Network

DEFAULT = "integrated_gradients"


def attribution(
    model: Inspectable,
    text: str,
    *,
    pair: str | None = None,
    method: str | Sequence[str] = DEFAULT,
    target: Wish = None,
    options: AttributionOptions = AttributionOptions(),  # noqa: B008
) -> AttributionRecord:
    """Which tokens of a text (or a pair) speak for a prediction, by one method or several.

    `target` is a label (None: the predicted one); for heads that predict something at every token it is a
    pair (number of a token of the window, label or None); a masked-word head guesses that token, masked.
    Tokens are taken away by writing [MASK] in their place. Methods: `glassbert.lens.methods()`.
    Raises UsageError for an unknown method, label, token or window, and for a model without a trained head.
    """
    names = [method] if isinstance(method, str) else list(method)
    chosen = [method_named(name) for name in names]
    if not chosen or len(set(names)) < len(names):
        what = "a method is named twice" if chosen else "no method is named"
        raise UsageError(Problem(code="bad-methods", what=what, fix="name each method once"))
    question = ask(model, text, pair=pair, target=target, options=options)
    work = _Work(question.subject, chosen, options)
    found = work.all_scores()
    return _record(model, question.seen, work, found)


@dataclass(frozen=True, eq=False)
class _Case:
    """A subject with what random orders get on it."""

    subject: Subject
    counts: np.ndarray
    random: RandomOrders
    ends: Float[np.ndarray, "2"]  # F of everything masked, and of the text


class _Work:
    """The methods at work on a subject, counting forward passes for whoever waits."""

    def __init__(self, subject: Subject, methods: list[Method], options: AttributionOptions) -> None:
        self.methods, self.options, self.done = methods, options, 0
        self.subject = replace(subject, passed=self._passed)
        self.total = self._expected()
        self.case = self._case()

    def all_scores(self) -> list[MethodScores]:
        scores = [self._scores(self.subject, method) for method in self.methods]
        again: list[float | None] = [None] * len(scores)
        if self.options.randomise and self.subject.num_content:
            other = self.subject.with_network(_random_twin(self.subject.network, self.options.seed))
            content = self.subject.content
            again = [
                rank_correlation(found[content], self._scores(other, method)[content])
                for method, found in zip(self.methods, scores, strict=True)
            ]
        judged = [self._judged(*each) for each in zip(self.methods, scores, again, strict=True)]
        self.total = self.done  # an estimate until now, for methods that stop when they know enough
        self._passed(0)
        return judged

    def value(self, kept: np.ndarray) -> np.ndarray:
        """The prediction as the curves draw it."""
        return self.subject.target.shown(self.subject.values(kept))

    def _scores(self, subject: Subject, method: Method) -> Float[np.ndarray, "S"]:
        if not subject.num_content:
            return np.zeros(subject.length)
        return method.run(subject, self.options)

    def _case(self) -> _Case:
        subject, options = self.subject, self.options
        count = subject.num_content
        counts = points(count, options.steps)
        random = random_orders(
            self.value, counts, num_tokens=count, count=options.random_orders, seed=options.seed
        )
        ends = subject.values(np.array([[False] * count, [True] * count]))
        return _Case(subject, counts, random, ends)

    def _judged(
        self, method: Method, scores: Float[np.ndarray, "S"], randomised: float | None
    ) -> MethodScores:
        case = self.case
        order = order_of(scores[self.subject.content], seed=self.options.seed)
        gap = abs(float(scores.sum()) - float(case.ends[1] - case.ends[0]))
        evidence = Evidence(
            method=method.name,
            label=self.subject.target.label,
            unit=self.subject.target.unit,
            num_tokens=self.subject.num_content,
            deletion=deletion(self.value, order, case.counts),
            insertion=insertion(self.value, order, case.counts),
            random=case.random,
            residual=gap if method.complete else None,
            randomised=randomised,
        )
        return _as_record(method, scores, evidence)

    def _expected(self) -> int:
        count, options = self.subject.num_content, self.options
        each = sum(method.passes(count, options) for method in self.methods)
        curves = len(points(count, options.steps)) * (options.random_orders + 2 * len(self.methods))
        ends = 2
        return each * (2 if options.randomise else 1) + curves + ends

    def _passed(self, count: int) -> None:
        self.done += count
        if self.options.progress is not None:
            self.options.progress(self.done, max(self.done, self.total))


def _random_twin(network: Network, seed: int) -> Network:
    """A network of the same shape that has learnt nothing."""
    twin = Network(network.config, network.head_config, seed=seed).eval()
    return twin.to(next(network.parameters()).device)


def _as_record(method: Method, scores: Float[np.ndarray, "S"], evidence: Evidence) -> MethodScores:
    return MethodScores(
        method=method.name,
        signed=method.signed,
        targeted=method.targeted,
        scores=scores.astype(np.float64),
        deletion=evidence.deletion,
        insertion=evidence.insertion,
        comprehensiveness=evidence.comprehensiveness,
        sufficiency=evidence.sufficiency,
        beaten_by_deletion=evidence.beaten_by_deletion,
        beaten_by_insertion=evidence.beaten_by_insertion,
        residual=evidence.residual,
        randomised=evidence.randomised,
        outcome=evidence.outcome,
        warnings=evidence.warnings,
        verdict=evidence.sentence,
    )


def _record(model: Inspectable, seen: Seen, work: _Work, found: list[MethodScores]) -> AttributionRecord:
    subject, case = work.subject, work.case
    target = subject.target
    return AttributionRecord(
        model=model.name,
        text=seen.text,
        pair=seen.pair,
        window=work.options.window,
        num_windows=seen.num_windows,
        tokens=tuple(model.tokenizer.tokens(subject.input_ids.tolist())),
        sequence=np.where(subject.content, seen.windows.sequence, -1).astype(np.int8),
        word=np.where(subject.content, seen.word, -1).astype(np.int32),
        offsets=_offsets(seen),
        target=target.label,
        position=target.position,
        kind=target.kind,
        unit=target.unit,
        replaced_by=model.tokenizer.tokens([subject.mask_token_id])[0],
        explained=float(case.ends[1]),
        masked=float(case.ends[0]),
        prediction=float(target.shown(case.ends)[1]),
        seed=work.options.seed,
        counts=case.counts.astype(np.int32),
        random_deletion=case.random.deletion,
        random_insertion=np.ascontiguousarray(case.random.insertion),
        methods=tuple(found),
        agreement=_agreement([each.scores[subject.content] for each in found]),
    )


def _offsets(seen: Seen) -> Int32[np.ndarray, "S 2"]:
    assert seen.windows.offsets is not None
    return seen.windows.offsets.astype(np.int32)


def _agreement(scores: Sequence[Float[np.ndarray, "M"]]) -> Float[np.ndarray, "K K"]:
    return np.array([[rank_correlation(left, right) for right in scores] for left in scores])
