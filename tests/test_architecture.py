"""The picture of the rooms shows the table that the imports are held to."""

import html
import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parent.parent
MAKE = runpy.run_path(str(ROOT / "docs" / "make_architecture.py"))


def test_picture_shows_the_arrows_of_the_table() -> None:
    titles = re.findall(r"<title>(\w+&#45;&gt;\w+)</title>", MAKE["PICTURE"].read_text(encoding="utf-8"))
    drawn = {tuple(html.unescape(title).split("->")) for title in titles}
    assert drawn == MAKE["arrows"](MAKE["table"]()), "run python docs/make_architecture.py"


def test_arrows_that_follow_from_others_are_left_out() -> None:
    chain = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert MAKE["arrows"](chain) == {("a", "b"), ("b", "c")}


def test_every_room_is_on_the_page() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert all(f"`{room}`" in page for room in MAKE["table"]())
