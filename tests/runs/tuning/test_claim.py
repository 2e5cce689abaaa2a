"""What may be claimed of tuned settings, held against planted outcomes."""

from pathlib import Path

import numpy as np
import pytest

from glassbert.runs.comparing.comparison import compare
from glassbert.runs.tuning.claim import claim
from tests.runs.comparing.test_compare import answers, make_run


def seeds_of(place: Path, *pairs: tuple[float, float], count: int = 200) -> list[dict]:
    """A comparison for each seed: runs that are right with these shares."""
    found = []
    for seed, (default, tuned) in enumerate(pairs):
        one = make_run(place / f"default-{seed}", answers(count, right=default, seed=2 * seed))
        two = make_run(place / f"tuned-{seed}", answers(count, right=tuned, seed=2 * seed + 1))
        found.append(compare(one, two))
    return found


def test_a_planted_improvement_is_claimed_with_its_interval(tmp_path: Path) -> None:
    found = claim(seeds_of(tmp_path, (0.7, 0.95), (0.7, 0.95)))
    assert found.better and found.text.startswith("Better than the defaults. accuracy 0.")
    assert "on the same 200 rows: +0." in found.text and "By seed: +0." in found.text
    assert found.reason == "proved" and found.evidence is not None
    assert found.evidence.low > 0 and len(found.evidence.by_seed) == 2
    assert found.evidence.tuned - found.evidence.defaults == pytest.approx(found.evidence.difference)
    assert found.evidence.difference == found.evidence.by_seed[0]


def test_equal_settings_and_worse_ones_are_no_better(tmp_path: Path) -> None:
    for name, pair in (("same", (0.8, 0.8)), ("worse", (0.95, 0.6))):
        (tmp_path / name).mkdir()
        found = claim(seeds_of(tmp_path / name, pair))
        assert not found.better and found.text.startswith("No better than the defaults. accuracy ")
        assert found.reason == "not proved"


def test_few_rows_prove_nothing_however_large_the_difference(tmp_path: Path) -> None:
    found = claim(seeds_of(tmp_path, (0.1, 1.0), count=20))
    assert not found.better and found.text.startswith("Not proved: 20 evaluation rows are too few")
    assert found.reason == "too few rows"


def test_a_seed_that_points_the_other_way_forbids_the_claim(tmp_path: Path) -> None:
    found = claim(seeds_of(tmp_path, (0.7, 0.95), (0.9, 0.8)))
    assert (found.outcome, found.reason) == ("no better", "seeds disagree")
    assert "the tuned settings are not ahead with every seed. accuracy" in found.text


def test_the_first_seed_decides_however_good_the_others_are(tmp_path: Path) -> None:
    found = claim(seeds_of(tmp_path, (0.8, 0.81), (0.6, 0.99), (0.6, 0.99)))
    assert not found.better


def test_of_equal_recipes_few_are_claimed_to_differ(tmp_path: Path) -> None:
    """At most the level of the test, with room for the chance of 40 draws: 40 x 2.5 % is 1."""
    claims = 0
    for number in range(40):
        one, two = (tmp_path / f"{number}-{name}" for name in "ab")
        draw = np.random.default_rng(number)
        make_run(one, answers(80, right=0.8, seed=int(draw.integers(10**6))))
        make_run(two, answers(80, right=0.8, seed=int(draw.integers(10**6))))
        claims += claim([compare(one, two)]).better
    assert claims <= 3
