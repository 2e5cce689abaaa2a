"""Which values of a setting make sense: what fine-tuning and pre-training refuse in the same words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassbert.errors import Problem, UsageError

MOST = 2**31 - 1
Range = tuple[float, float, bool]
"""Lowest, highest, and whether the lowest itself will do."""


def python_own(value: Any) -> Any:
    """A number or truth value of numpy as Python's own, which JSON can hold; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def check_number(name: str, value: Any, within: Range) -> None:
    """Raise UsageError unless `value` is a number within the range."""
    low, high, inclusive = within
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not (low <= value <= high if inclusive else low < value <= high):
        from_to = f"give a number {'from' if inclusive else 'above'} {low} to {high:g}"
        raise bad_setting(name, f"is {value!r}", from_to)


def check_whole(name: str, value: Any, least: int) -> None:
    """Raise UsageError unless `value` is a whole number from `least` on."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MOST:
        raise bad_setting(name, f"is {value!r}", f"give a whole number from {least} to {MOST}")


def check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    """Raise UsageError unless `value` is one of the choices."""
    if value not in choices:
        raise bad_setting(name, f"is {value!r}", f"choose one of {', '.join(choices)}")


def bad_setting(name: str, what: str, fix: str) -> UsageError:
    """The error of a setting, by the option that gives it."""
    option = "--" + name.replace("_", "-")
    return UsageError(Problem(code="bad-setting", what=f"{option} {what}", fix=fix))
