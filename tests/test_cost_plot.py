"""The picture of the cost of a step is what its last measurement says."""

import json
import re
import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parent.parent
MAKE = runpy.run_path(str(ROOT / "docs" / "make_cost_plot.py"))


def made() -> dict[str, object]:
    steps = [
        {"tokens": n, "length": n // 4, "seconds": [n / 2000, n / 1000, n / 500]} for n in (64, 512, 2048)
    ]
    return {"steps": {"token-classification": steps, "question-answering": steps}}


def test_the_picture_is_that_of_the_last_row() -> None:
    row = json.loads(MAKE["RESULTS"].read_text(encoding="utf-8").splitlines()[-1])
    assert MAKE["PICTURE"].read_text(encoding="utf-8") == MAKE["drawn"](row), (
        "run python docs/make_cost_plot.py"
    )


def test_the_line_is_that_of_least_squares_through_the_origin() -> None:
    steps = [{"tokens": 1, "seconds": [0, 1.0, 2]}, {"tokens": 2, "seconds": [0, 1.0, 2]}]
    assert MAKE["slope"](steps) == pytest.approx(3 / 5)


def test_points_stand_where_their_numbers_are() -> None:
    text = MAKE["drawn"](made())
    assert "tags: 1000 microseconds a token" in text
    tree = ElementTree.fromstring(text)
    dots = [each for each in tree.iter() if each.tag.endswith("circle") and float(each.get("cx", 0)) > 100]
    zero = MAKE["HEIGHT"] - MAKE["BOTTOM"]
    rises = [(zero - float(each.get("cy", 0))) / (float(each.get("cx", 0)) - MAKE["LEFT"]) for each in dots]
    assert max(rises) == pytest.approx(min(rises), rel=0.01)
    assert re.search(r"<text [^>]*>2,048</text>", text)
