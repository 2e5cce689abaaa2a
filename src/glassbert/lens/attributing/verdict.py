"""The lie detector: a method's curves against those of random orders, in numbers and in a sentence.

Letters: P points of a curve, R random orders, M content tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial, isnan, sqrt

import numpy as np
from jaxtyping import Float

from glassbert.lens.attributing.curves import RandomOrders, comprehensiveness, sufficiency

# a method must do better than so many of the random orders
SIGNIFICANT = 0.05
# what chance does not do often, and does too often for a proof: a method that finds the one word that counts
# among nine is equalled by every ninth order
LIKELY = 0.8
# curves that stay within so much of each other rank nothing
FLAT = 1e-3
# rank correlation with the scores of random weights beyond which a method shows something else than the model
SAME = 0.5
# of log-odds: more than this a promised sum may not miss
INEXACT = 1e-2


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """What speaks for and against the scores of one method; `label` and `unit` are for the sentence."""

    method: str
    label: str
    unit: str
    num_tokens: int
    deletion: Float[np.ndarray, "P"]
    insertion: Float[np.ndarray, "P"]
    random: RandomOrders
    residual: float | None
    randomised: float | None

    @property
    def comprehensiveness(self) -> float:
        return float(comprehensiveness(self.deletion))

    @property
    def sufficiency(self) -> float:
        return float(sufficiency(self.insertion))

    @property
    def beaten_by_deletion(self) -> float:
        """The share of random orders whose deletion lowers the prediction less."""
        return _share(comprehensiveness(self.random.deletion) < self.comprehensiveness)

    @property
    def beaten_by_insertion(self) -> float:
        """The share of random orders whose insertion restores the prediction less."""
        return _share(sufficiency(self.random.insertion) > self.sufficiency)

    @property
    def outcome(self) -> str:
        """better, mixed, unsure, no-better, worse; flat: nothing to rank; few, empty: hardly or no tokens."""
        if self.num_tokens == 0:
            return "empty"
        curves = np.concatenate([self.deletion, self.insertion, self.random.deletion.ravel()])
        if np.ptp(curves) < FLAT:
            return "flat"
        if factorial(min(self.num_tokens, 10)) * SIGNIFICANT < 1:
            return "few"
        shares = (self.beaten_by_deletion, self.beaten_by_insertion)
        passed = [_chance(share, len(self.random.deletion)) <= SIGNIFICANT for share in shares]
        failed = [_chance(1 - share, len(self.random.deletion)) <= SIGNIFICANT for share in shares]
        if all(passed):
            return "better"
        if any(passed):
            return "mixed"
        return "unsure" if min(shares) >= LIKELY else "worse" if all(failed) else "no-better"

    @property
    def warnings(self) -> tuple[str, ...]:
        """untaught: random weights rank the tokens much the same; inexact: the promised sum is missed."""
        untaught = self.randomised is not None and _same(self.randomised, self.num_tokens)
        inexact = self.residual is not None and self.residual > INEXACT
        return ("untaught",) * bool(untaught and self.num_tokens) + ("inexact",) * inexact

    @property
    def sentence(self) -> str:
        """The verdict for a person."""
        return " ".join([_verdict(self), *_warnings(self)])


def _verdict(found: Evidence) -> str:
    outcome, what = found.outcome, f"the {found.unit} of {found.label!r}"
    count = len(found.random.deletion)
    drop, usual = found.comprehensiveness, float(comprehensiveness(found.random.deletion).mean())
    numbers = (
        f"masking the tokens it ranks first lowers {what} by {drop:.3f} on average, "
        f"a random order by {usual:.3f}"
    )
    beaten = (
        f"it beats {found.beaten_by_deletion * count:.0f} of {count} random orders at masking "
        f"and {found.beaten_by_insertion * count:.0f} at putting back"
    )
    match outcome:
        case "empty":
            return "The text has no tokens to attribute anything to."
        case "flat":
            return f"Nothing to rank: {what} hardly moves, whichever tokens are masked."
        case "few":
            return f"Too few tokens ({found.num_tokens}) to tell a method from chance: {numbers}."
        case "better":
            return f"Better than random on this input: {numbers}; {beaten}."
        case "mixed":
            return f"Better than random in one test of two on this input: {numbers}; {beaten}."
        case "unsure":
            return f"Probably better than random on this input, but not beyond chance: {numbers}; {beaten}."
        case "worse":
            return f"Worse than random on this input: {numbers}; {beaten}."
        case _:
            return f"No better than random on this input: {numbers}; {beaten}."


def _warnings(found: Evidence) -> list[str]:
    sentences = {
        "untaught": "With random weights it ranks the tokens much the same "
        f"(rank correlation {found.randomised or 0:.2f}): do not read it as what the model has learnt.",
        "inexact": f"Its scores miss the sum they promise by {found.residual or 0:.3f}.",
    }
    return [sentences[warning] for warning in found.warnings]


def _same(correlation: float, num_tokens: int) -> bool:
    """Beyond 0.5, and beyond two standard deviations of chance, which matters for few tokens."""
    return not isnan(correlation) and correlation > max(SAME, 2 / sqrt(max(num_tokens - 1, 1)))


def _share(better: np.ndarray) -> float:
    return float(better.mean()) if len(better) else 0.0


def _chance(share: float, count: int) -> float:
    """How probable it is that a random order beats so large a share of the others."""
    return (1 + round((1 - share) * count)) / (count + 1)
