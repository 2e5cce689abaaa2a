"""The methods by name: what each says in a sentence, what it costs, what it promises.

Letters: M content tokens, L layers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from glassbert.errors import Problem, UsageError
from glassbert.lens.attributing import attending, gradients, perturbing, relevance, zeroing
from glassbert.lens.attributing.options import AttributionOptions
from glassbert.lens.attributing.subject import Subject

Scores = Float[np.ndarray, "S"]
Run = Callable[[Subject, AttributionOptions], Scores]
Passes = int | Callable[[int, AttributionOptions], int]


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to give every token a score.

    signed      scores below 0 speak against the target
    complete    the scores promise to sum to F(x) - F(everything masked)
    targeted    the scores depend on the target; else they say only where information flowed
    cost        forward passes of the window, in words; a gradient counts as three
    passes      about how often the window is passed forward, for M tokens
    """

    name: str
    sentence: str
    cost: str
    signed: bool
    complete: bool
    targeted: bool
    run: Run
    passes: Callable[[int, AttributionOptions], int]


def methods() -> tuple[Method, ...]:
    """All methods, the cheap ones first."""
    return METHODS


def method_named(name: str) -> Method:
    """Raises UsageError, with the list, when there is none."""
    for method in METHODS:
        if method.name == name:
            return method
    known = ", ".join(method.name for method in METHODS)
    raise UsageError(Problem(code="unknown-method", what=f"no method is called {name!r}", fix=f"use {known}"))


def _occlusion(subject: Subject, options: AttributionOptions) -> Scores:
    return _spread(perturbing.occlusion(subject.values, subject.num_content), subject)


def _shapley(subject: Subject, options: AttributionOptions) -> Scores:
    count = subject.num_content
    if count <= perturbing.MOST_EXACT:
        return _spread(perturbing.exact_shapley(subject.values, count), subject)
    found = perturbing.sampled_shapley(subject.values, count, samples=options.samples, seed=options.seed)
    return _spread(found, subject)


def _shapley_passes(count: int, options: AttributionOptions) -> int:
    return 2**count if count <= perturbing.MOST_EXACT else max(options.samples, 2 * count)


def _lime(subject: Subject, options: AttributionOptions) -> Scores:
    found = perturbing.lime(subject.values, subject.num_content, samples=options.samples, seed=options.seed)
    return _spread(found, subject)


def _spread(scores: Float[np.ndarray, "M"], subject: Subject) -> Scores:
    """Scores of the content tokens among all; special tokens, which are never taken away, have 0."""
    found = np.zeros(subject.length)
    found[subject.content] = scores
    return found


def _method(
    run: Run, sentence: str, cost: str, *, name: str | None = None, kind: str = "targeted", passes: Passes = 1
) -> Method:
    words = kind.split()
    return Method(
        name=name or run.__name__,
        sentence=sentence,
        cost=cost,
        signed="signed" in words,
        complete="complete" in words,
        targeted="targeted" in words,
        run=run,
        passes=(lambda count, options: passes) if isinstance(passes, int) else passes,
    )


METHODS = (
    _method(
        attending.attention_rollout,
        "how much attention reaches each token if it mixes evenly on its way down; the same for every target",
        "1",
        kind="",
    ),
    _method(
        attending.attention_flow,
        "how much attention can flow to each token at most; the same for every target",
        "1, and one flow problem per token",
        kind="",
        # a flow is counted as a pass, for whoever waits
        passes=lambda count, options: count + 3,
    ),
    _method(gradients.saliency, "how strongly the prediction reacts to a small change of each token", "3"),
    _method(
        gradients.input_x_gradient,
        "what each token contributes if the model were a plane at this text",
        "3",
        kind="targeted signed",
    ),
    _method(
        attending.chefer,
        "attention, weighted by what the prediction gains from it",
        "3",
    ),
    _method(
        relevance.attnlrp,
        "the prediction passed back layer by layer, each handing on what it received",
        "3",
        kind="targeted signed",
    ),
    _method(
        gradients.integrated_gradients,
        "gradients summed on the way from the masked text to the text",
        "24 to 2,000: as many as the sum of the scores needs to come out right",
        kind="targeted signed complete",
        passes=72,
    ),
    _method(
        gradients.gradient_shap,
        "integrated gradients on a blurred way",
        "192",
        kind="targeted signed",
        passes=64,
    ),
    _method(
        _occlusion,
        "what the prediction loses when one token is masked",
        "M + 1",
        name="occlusion",
        kind="targeted signed",
        passes=lambda count, options: count + 1,
    ),
    _method(
        zeroing.value_zeroing,
        "how much each block's output turns when one token's value is missing; the same for every target",
        "M + 2",
        kind="",
        passes=lambda count, options: count + 2,
    ),
    _method(
        _lime,
        "the weights of a linear model that imitates the prediction near this text",
        "`samples`, 1,000",
        name="lime",
        kind="targeted signed",
        passes=lambda count, options: options.samples,
    ),
    _method(
        _shapley,
        "what each token adds on average when the tokens join in random order",
        "2^M up to 10 tokens, else `samples`, 1,000, and at least 2 M",
        name="shapley_sampling",
        kind="targeted signed complete",
        passes=_shapley_passes,
    ),
)
