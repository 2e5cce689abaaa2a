"""The plots of the documentation are what their measurements say."""

import re
import runpy
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
MAKE = runpy.run_path(str(ROOT / "docs" / "make_plots.py"))
WIDTH = MAKE["WIDTH"] - MAKE["LEFT"] - MAKE["RIGHT"]
HEIGHT = MAKE["HEIGHT"] - MAKE["TOP"] - MAKE["BOTTOM"]


def dots(text: str, color: str, radius: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the dots of a plot as shares of its axes."""
    found = [
        each
        for each in ElementTree.fromstring(text).iter()
        if each.get("fill") == color and each.get("r") == str(radius)
    ]
    x = np.array([float(each.get("cx", 0)) for each in found]) - MAKE["LEFT"]
    y = MAKE["HEIGHT"] - MAKE["BOTTOM"] - np.array([float(each.get("cy", 0)) for each in found])
    return x / WIDTH, y / HEIGHT


@pytest.mark.parametrize("name", MAKE["PLOTS"])
def test_a_picture_is_that_of_its_rows(name: str) -> None:
    picture = (MAKE["IMAGES"] / f"{name}.svg").read_text(encoding="utf-8")
    assert picture == MAKE["picture_of"](name), "run python docs/make_plots.py"


@pytest.mark.parametrize("low", [0.0, 0.05])
def test_curves_pass_through_their_numbers(low: float) -> None:
    rows = [{"tokens": n * 10**6, "a": 1 / (n + 1), "b": 0.4 / (n + 1)} for n in range(5)]
    text = MAKE["Curves"](title="", keys={"a": "one", "b": "two"}, low=low).drawn([*rows, {"score": 1}])
    span = 1.05 * (1 - low)
    for color, key in zip(MAKE["COLORS"], ("a", "b"), strict=False):
        x, y = dots(text, color, 3)
        np.testing.assert_allclose(y * span + low, [row[key] for row in rows], atol=2e-3)
        np.testing.assert_allclose(x, np.arange(5) / 4, atol=1e-3)
    assert "two: 0.080 at last" in text


def test_costs_stand_where_their_numbers_are() -> None:
    steps = [{"tokens": n, "seconds": [n / 2000, n / 1000, n / 500]} for n in (64, 512, 2048)]
    rows = [{"steps": {}}, {"steps": {"token-classification": steps}}]
    text = MAKE["Cost"](names={"token-classification": "tags"}).drawn(rows)
    assert "tags: 1000 microseconds a token" in text
    x, y = dots(text, MAKE["COLORS"][0], 4)
    np.testing.assert_allclose(x[:-1], np.array([64, 512, 2048]) / 2048, atol=1e-3)
    np.testing.assert_allclose(y[:-1], x[:-1] * 2.048 / (1.05 * 4.096), atol=1e-3)
    assert re.search(r"<text [^>]*>2,000</text>", text)


def test_the_line_is_that_of_least_squares_through_the_origin() -> None:
    steps = [{"tokens": 1, "seconds": [0, 1.0, 2]}, {"tokens": 2, "seconds": [0, 1.0, 2]}]
    assert MAKE["slope"](steps) == pytest.approx(3 / 5)


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0, 1.179, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 4.6, [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5]),
        (0, 63.0, [0, 10, 20, 30, 40, 50, 60]),
        (3, 9.1, [3, 4, 5, 6, 7, 8, 9]),
        (0, 2048, [0, 500, 1000, 1500, 2000]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, found: list[float]) -> None:
    assert MAKE["ticks"](low, high) == found
