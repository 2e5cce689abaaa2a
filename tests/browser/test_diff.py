"""The checkpoint diff: every cell of every table and map read back and compared with the record."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page

import glassbert as gb
from glassbert.lens.comparing.flips import probabilities
from glassbert.lens.diff_record import DiffRecord
from tests.browser.conftest import Visit
from tests.browser.reading import Ramp, marks, pixels
from tests.browser.test_hostile import check_inert
from tests.lens.comparing.material import TEXTS, deep, twin
from tests.show.texts import HOSTILE

pytestmark = pytest.mark.browser
STEP = 1.001 / 254


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> DiffRecord:
    model = deep(tmp_path_factory.mktemp("deep"))
    other = twin(model)
    draw = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in other.network.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=draw)
        answer = int(probabilities(model, TEXTS[:1]).argmax())
        other.network.head.output.bias[1 - answer] = 50.0
    return gb.lens.diff(model, other, TEXTS, rows=[3, 5, 7, 9])


def cells(page: Page, view: str, canvas: Locator) -> dict[tuple[int, int], np.ndarray]:
    """The colour in the upper left corner of every cell."""
    image, origin = pixels(canvas), canvas.bounding_box()
    scroll = page.evaluate("[scrollX, scrollY]")
    found = {}
    for mark in marks(page, view):
        x = round(mark["box"]["x"] - origin["x"] - scroll[0]) + 1
        y = round(mark["box"]["y"] - origin["y"] - scroll[1]) + 1
        _, row, column = mark["name"].split()
        found[int(row), int(column)] = image[y, x, :3]
    return found


def check(page: Page, view: str, place: int, values: np.ndarray) -> None:
    """The colours of the grid of this view, the `place`-th of the page, are those of the values' shares."""
    part = page.locator("#diff .part").nth(place)
    ramp = Ramp(part.locator(".bar canvas"))
    found = cells(page, view, part.locator(".cells canvas"))
    assert set(found) == set(np.ndindex(values.shape))
    top = values.max()
    for where, colour in found.items():
        assert ramp.places(colour) == pytest.approx(values[where] / top, abs=STEP)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_cell_inverts_to_its_number(visit: Visit, record: DiffRecord, theme: str) -> None:
    page = visit(record, theme=theme)
    check(page, "diff heads", 0, record.own)
    check(page, "diff matrices", 1, record.update)
    page = visit(record, theme=theme, hash="own=0&ranks=1")
    check(page, "diff heads", 0, record.divergence)
    check(page, "diff matrices", 1, record.rank)
    part = page.locator("#diff .part").nth(2)
    ramp = Ramp(part.locator(".bar canvas"))
    for where, colour in cells(page, "diff cka", part.locator(".cells canvas")).items():
        assert ramp.places(colour) == pytest.approx(record.cka[where], abs=STEP)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_map_of_a_head_is_b_minus_a(visit: Visit, record: DiffRecord, theme: str) -> None:
    page = visit(record, hash="layer=4&head=2", theme=theme)
    wanted = record.difference(4, 2)
    ramp = Ramp(page.locator("#diff .map .bar canvas"))
    top = np.abs(wanted).max()
    found = cells(page, "diff map", page.locator("#diff .map .cells canvas"))
    assert set(found) == set(np.ndindex(wanted.shape))
    for where, colour in found.items():
        assert ramp.places(colour) * 2 - 1 == pytest.approx(wanted[where] / top, abs=2 * STEP)
    for mark in marks(page, "diff map"):
        _, row, column = mark["name"].split()
        assert mark["value"] == pytest.approx(wanted[int(row), int(column)], abs=1e-6)


def test_equal_models_are_blank(visit: Visit, record: DiffRecord) -> None:
    still = replace(record, own=np.zeros_like(record.own), query_b=record.query_a, key_b=record.key_a)
    page = visit(still)
    assert {mark["value"] for mark in marks(page, "diff heads")} == {0}
    assert {mark["value"] for mark in marks(page, "diff map")} == {0}
    found = cells(page, "diff map", page.locator("#diff .map .cells canvas"))
    assert len({tuple(colour.tolist()) for colour in found.values()}) == 1


def test_flips_are_listed_by_row_and_select_it(visit: Visit, record: DiffRecord) -> None:
    page = visit(record)
    assert f"{record.num_flips} of 4 texts" in page.locator("#diff .flips h3").inner_text()
    found = marks(page, "diff flips")
    assert [mark["name"] for mark in found] == [f"flip {flip.row}" for flip in record.flips]
    for mark, flip in zip(found, record.flips, strict=True):
        assert flip.text in mark["drawn"]["text"] and flip.after in mark["drawn"]["text"]
    page.locator("#diff .flips button").first.click()
    assert f"row={record.flips[0].row}" in page.evaluate("location.hash")


def test_keys_choose_a_head_and_a_head_that_is_not_held_says_so(visit: Visit, record: DiffRecord) -> None:
    few = {name: getattr(record, name)[:2] for name in ("whole", "query_a", "key_a", "query_b", "key_b")}
    page = visit(replace(record, **few), hash="layer=0&head=0")
    page.locator("#diff .cells").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("location.hash") == "#layer=1&head=1"
    assert page.locator("#diff .map h3").inner_text() == "Layer 1, head 1: B − A"
    assert (
        6 not in record.whole[:2]
        and "the 2 heads that differ most" in page.locator("#diff .map").inner_text()
    )


def test_512_tokens_and_hostile_texts_stay_within_the_budget(visit: Visit, record: DiffRecord) -> None:
    texts = [text for text in HOSTILE if text]
    draw = np.random.default_rng(0)
    arrays = {
        name: draw.normal(size=(1, 512, 6)).astype(np.float32)
        for name in ("query_a", "key_a", "query_b", "key_b")
    }
    flips = tuple(
        replace(record.flips[0], row=i, text=text, before=text, after=text)
        for i, text in enumerate(texts * 20)
    )
    tokens = tuple((texts * 20)[:512])
    hostile = replace(
        record, tokens=tokens, text=texts[0], model_a=texts[1], model_b=texts[2], whole=record.whole[:1],
        flips=flips, num_flips=len(flips), **arrays,
    )  # fmt: skip
    page = visit(hostile)
    page.locator("#diff .map .cells").hover(position={"x": 5, "y": 5})
    check_inert(page)
    assert page.evaluate("document.querySelectorAll('*').length") < 3000
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    narrow = visit(hostile, width=390, hash="lang=zh")
    assert narrow.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_window_whose_maps_are_drawn_is_named(visit: Visit, record: DiffRecord) -> None:
    page = visit(replace(record, window=0, text_windows=3))
    assert "this is window 0 of 0 to 2" in page.locator("#diff .map").inner_text()
    assert visit(replace(record, text_windows=1)).locator("#diff .window").count() == 0
