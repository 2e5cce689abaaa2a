"""Bad rows: an error, or set aside."""

import pytest

from glassbert.errors import DataError, Problem
from glassbert.text.rejects import Rejects


def problem(line: int) -> Problem:
    return Problem(code="bad", what=f"line {line} is bad", fix="mend it", file="a.csv", line=line)


def test_error_keeps_what_is_shown_and_counts_all() -> None:
    rejects = Rejects("error")
    for line in range(100):
        rejects.add(problem(line), "raw")
    with pytest.raises(DataError) as caught:
        rejects.settle(usable=5, name="a.csv")
    assert (len(caught.value.problems), caught.value.total) == (20, 100)


@pytest.mark.parametrize("policy", ["skip", "quarantine"])
def test_setting_aside_keeps_every_problem_and_its_text(policy: str) -> None:
    rejects = Rejects(policy)  # type: ignore[arg-type]
    for line in range(100):
        rejects.add(problem(line), f"raw {line}")
    rejects.settle(usable=1, name="a.csv")
    assert len(rejects.problems) == 100
    assert rejects.raw[99] == "raw 99"


def test_nothing_usable_is_an_error_with_the_first_reason() -> None:
    rejects = Rejects("skip")
    rejects.add(problem(7), "raw")
    with pytest.raises(DataError, match="none of 1 rows is usable; the first: line 7 is bad"):
        rejects.settle(usable=0, name="a.csv")


def test_no_bad_rows_is_no_error() -> None:
    Rejects("error").settle(usable=0, name="a.csv")
