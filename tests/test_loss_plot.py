"""The pictures of training runs are what their rows say."""

import runpy
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
MAKE = runpy.run_path(str(ROOT / "docs" / "make_loss_plot.py"))


@pytest.mark.parametrize("name", MAKE["CURVES"])
def test_a_picture_is_that_of_its_rows(name: str) -> None:
    picture = (MAKE["IMAGES"] / f"{name}.svg").read_text(encoding="utf-8")
    assert picture == MAKE["drawn"](name, MAKE["rows_of"](name)), "run python docs/make_loss_plot.py"


def test_dots_stand_where_their_numbers_are() -> None:
    rows = [{"tokens": n * 10**6, "unexplained": 1 / (n + 1), "apart": 0.4 / (n + 1)} for n in range(5)]
    tree = ElementTree.fromstring(MAKE["drawn"]("encoder", rows))
    zero = MAKE["HEIGHT"] - MAKE["BOTTOM"]
    for color, key in zip(MAKE["COLORS"], ("unexplained", "apart"), strict=True):
        dots = [each for each in tree.iter() if each.get("fill") == color and each.get("r") == "3"]
        heights = zero - np.array([float(each.get("cy", 0)) for each in dots])
        values = np.array([row[key] for row in rows])
        scale = (zero - MAKE["TOP"]) / 1.05
        np.testing.assert_allclose(heights / scale, values, atol=2e-3)
        places = np.array([float(each.get("cx", 0)) for each in dots]) - MAKE["LEFT"]
        width = MAKE["WIDTH"] - MAKE["LEFT"] - MAKE["RIGHT"]
        np.testing.assert_allclose(places / width, np.arange(5) / 4, atol=1e-3)


def test_ticks_are_round_numbers() -> None:
    assert MAKE["ticks"](1.179) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert MAKE["ticks"](4.6) == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5]
    assert MAKE["ticks"](63.0) == [0, 10, 20, 30, 40, 50, 60]
