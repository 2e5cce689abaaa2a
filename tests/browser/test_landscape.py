"""The landscape: every dot, pixel, contour line and corner of the relief inverts to the measured losses."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Page

from glassbert.lens.landscape_record import LandscapeRecord
from tests.browser.conftest import Visit
from tests.browser.reading import Ramp, axis, marks, middle, named, number, pixels
from tests.show.make_landscape import make_landscape

pytestmark = pytest.mark.browser
STEP = 1.001 / 255


def ramp_of(page: Page) -> Ramp:
    return Ramp(page.locator("#landscape .controls canvas"))


def place_of(frame: dict) -> object:
    """The page's scale, from what it says of it: losses to places in [0, 1]."""
    low, high, log = (frame["drawn"][name] for name in ("low", "high", "log"))
    turn = np.log if log else np.asarray
    return lambda loss: (turn(loss) - turn(low)) / (turn(high) - turn(low))


def between(record: LandscapeRecord, values: np.ndarray, x: float, y: float) -> float:
    """Written from the definition: in the smallest cell around it, the mean of corners by nearness."""
    best, size = math.nan, math.inf
    for cell in record.cells:
        (left, bottom), (right, top) = record.points[cell[0]], record.points[cell[3]]
        if (
            left - 1e-9 <= x <= right + 1e-9
            and bottom - 1e-9 <= y <= top + 1e-9
            and right - left < size * 0.99
        ):
            u, v = (x - left) / (right - left), (y - bottom) / (top - bottom)
            one, two, three, four = values[cell]
            best = (one * (1 - v) + two * v) * (1 - u) + (three * (1 - v) + four * v) * u
            size = right - left
    return best


@pytest.mark.parametrize("kind", ["trajectory", "random", "between"])
def test_dots_stand_where_they_were_measured_and_hold_their_losses(visit: Visit, kind: str) -> None:
    record = make_landscape(kind)
    page = visit(record)
    view = page.locator("#landscape .axes")
    across, up = axis(view, '[data-mark="x tick"]', "x"), axis(view, '[data-mark="y tick"]', "y")
    dots = [mark for mark in marks(page, "landscape plane") if mark["name"].startswith("point ")]
    assert len(dots) == len(record.points)
    for dot, point, loss in zip(dots, record.points, record.surfaces[0].values, strict=True):
        x, y = middle(dot)
        assert across.value(x) == pytest.approx(point[0], abs=1.5 * across.pixel)
        assert up.value(y) == pytest.approx(point[1], abs=3 * up.pixel)
        assert dot["value"] == loss
    assert page.locator("#landscape circle.dot").count() == len(record.points)


@pytest.mark.parametrize(("surface", "theme", "scale"), [(0, "light", 1), (1, "dark", 2)])
def test_every_pixel_inverts_to_the_corners_of_its_cell(
    visit: Visit, surface: int, theme: str, scale: float
) -> None:
    record = make_landscape("trajectory")
    page = visit(record, hash=f"surface={surface}", theme=theme, scale=scale)
    (frame,) = named(page, "landscape plane", "frame")
    places = place_of(frame)(record.surfaces[surface].values)
    image = pixels(page.locator("#landscape .map canvas"))
    assert (image[:, :, 3] == 255).all()
    shown = ramp_of(page).places(image[:, :, :3])
    height, width = shown.shape
    draw = np.random.default_rng(0)
    for row, column in zip(draw.integers(0, height, 400), draw.integers(0, width, 400), strict=True):
        x = record.low[0] + (column + 0.5) / width * (record.high[0] - record.low[0])
        y = record.high[1] - (row + 0.5) / height * (record.high[1] - record.low[1])
        expected = between(record, places, x, y)
        near = [between(record, places, x, y + side) for side in (-1e-6, 1e-6)]  # the edge of a finer cell
        assert min(abs(shown[row, column] - value) for value in (expected, *near)) <= STEP


def test_contour_lines_run_where_the_loss_between_the_dots_is_theirs(visit: Visit) -> None:
    record = make_landscape("trajectory")
    page = visit(record)
    (frame,) = named(page, "landscape plane", "frame")
    width, height = frame["value"]
    place = place_of(frame)
    values = place(record.surfaces[0].values)
    lines = named(page, "landscape plane", "contour")
    assert len(lines) >= 3
    off = []
    for line in lines:
        for ring in line["drawn"]["rings"]:
            for x, y in ring[::5]:
                across = record.low[0] + x / width * (record.high[0] - record.low[0])
                up = record.high[1] - y / height * (record.high[1] - record.low[1])
                off.append(abs(between(record, values, across, up) - place(line["value"])))
    assert len(off) > 50
    # where a coarse cell meets a fine one the grid of the lines steps from one to the other
    assert np.quantile(off, 0.9) < 0.01 and max(off) < 0.08


def test_models_stand_at_their_places_with_their_own_losses(visit: Visit) -> None:
    record = make_landscape("between")
    page = visit(record)
    (frame,) = named(page, "landscape plane", "frame")
    width, height = frame["value"]
    for number_, waypoint in enumerate(record.waypoints):
        (mark,) = named(page, "landscape plane", f"model {number_}")
        share = (waypoint.position - record.low) / (record.high - record.low)
        x, y = middle(mark)
        assert x - frame["box"]["x"] == pytest.approx(share[0] * width, abs=0.6)
        assert y - frame["box"]["y"] == pytest.approx((1 - share[1]) * height, abs=0.6)
        assert mark["value"] == waypoint.losses[0]
        for surface in (0, 1):
            (cell,) = named(page, "landscape models", f"{number_} {surface}")
            assert cell["value"] == waypoint.losses[surface]
            assert number(cell["drawn"]["text"]) == pytest.approx(waypoint.losses[surface], rel=1e-3)


def test_the_numbers_under_pointer_and_keys_are_those_of_a_measured_point(visit: Visit) -> None:
    record = make_landscape("random")
    page = visit(record)
    target = 17
    (dot,) = named(page, "landscape plane", f"point {target}")
    canvas = page.locator("#landscape .map")
    (frame,) = named(page, "landscape plane", "frame")
    x, y = dot["drawn"]["x"], dot["drawn"]["y"]
    inside = (min(max(x + 2, 1), frame["value"][0] - 1), min(max(y + 1, 1), frame["value"][1] - 1))
    canvas.hover(position={"x": inside[0], "y": inside[1]})
    shown = [number(text) for text in page.locator("#landscape .readout b").all_inner_texts()]
    np.testing.assert_allclose(shown, [each.values[target] for each in record.surfaces], rtol=1e-3)
    page.mouse.move(1, 1)
    canvas.focus()
    page.keyboard.press("ArrowRight")  # the first one that was measured: the middle
    page.keyboard.press("ArrowRight")
    losses = {tuple(np.round([s.values[i] for s in record.surfaces], 3)) for i in range(len(record.points))}
    shown = [number(text) for text in page.locator("#landscape .readout b").all_inner_texts()]
    assert any(np.allclose(shown, each, rtol=2e-3, atol=1e-3) for each in losses)


def test_corners_of_the_relief_are_projected_from_their_losses(visit: Visit) -> None:
    record = make_landscape("trajectory")
    for turn, tilt in ((0, 5), (30, 35), (200, 70)):
        page = visit(record, hash=f"relief=1&turn={turn}&tilt={tilt}&surface=1")
        (frame,) = named(page, "landscape relief", "frame")
        assert frame["value"] == {"turn": turn, "tilt": tilt}
        place = place_of(frame)
        width, height = frame["drawn"]["width"], frame["drawn"]["height"]
        spans = (record.high - record.low) * record.axis_norms
        zoom = min(width / 1.46, height / 1.3)
        around, above = math.radians(turn), math.radians(tilt)
        values = record.surfaces[1].values
        for index, (point, loss) in enumerate(zip(record.points, values, strict=True)):
            ground = ((point - record.low) / (record.high - record.low) - 0.5) * spans / spans.max()
            up = (place(loss) - 0.5) * 0.62
            x = ground[0] * math.cos(around) - ground[1] * math.sin(around)
            away = ground[0] * math.sin(around) + ground[1] * math.cos(around)
            y = -(up * math.cos(above) + away * math.sin(above))
            if index % 7 == 0:
                (mark,) = named(page, "landscape relief", f"point {index}")
                assert mark["value"] == loss
                assert mark["drawn"]["x"] == pytest.approx(width / 2 + x * zoom, abs=1e-6)
                assert mark["drawn"]["y"] == pytest.approx(height / 2 + y * zoom, abs=1e-6)
        assert (pixels(page.locator("#landscape .relief canvas"))[:, :, 3] > 0).mean() > 0.03


def test_the_relief_is_turned_by_keys_and_by_dragging_and_the_address_follows(visit: Visit) -> None:
    page = visit(make_landscape("random"), hash="relief=1")
    relief = page.locator("#landscape .relief")
    relief.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    (frame,) = named(page, "landscape relief", "frame")
    assert frame["value"] == {"turn": 40, "tilt": 40}
    before = pixels(page.locator("#landscape .relief canvas"))
    box = relief.bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 170, steps=4)
    page.mouse.up()
    (frame,) = named(page, "landscape relief", "frame")
    assert frame["value"] == {"turn": 70, "tilt": 50}
    assert (pixels(page.locator("#landscape .relief canvas")) != before).any()
    assert "turn=70" in page.evaluate("location.hash") and "tilt=50" in page.evaluate("location.hash")


def test_curves_of_a_line_hold_both_surfaces(visit: Visit) -> None:
    record = make_landscape("line")
    page = visit(record)
    view = page.locator("#landscape svg[role=application]")
    across = axis(view, '[data-mark="x tick"]', "x")
    heights = {}
    for mark in marks(page, "landscape line"):
        if mark["name"].startswith("surface"):
            _, surface, _, point = mark["name"].split()
            x, y = middle(mark)
            assert mark["value"] == record.surfaces[int(surface)].values[int(point)]
            assert across.value(x) == pytest.approx(record.points[int(point), 0], abs=across.pixel)
            heights[mark["value"]] = y
    assert len(heights) >= len(record.points)
    losses = sorted(heights)
    assert [heights[loss] for loss in losses] == sorted(heights.values(), reverse=True)
    values = np.concatenate([surface.values for surface in record.surfaces])
    log = values.max() / values.min() > 8
    shown = np.log(losses) if log else np.array(losses)
    slope, offset = np.polyfit(shown, [heights[loss] for loss in losses], 1)
    assert np.abs(slope * shown + offset - [heights[loss] for loss in losses]).max() < 0.6


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_heading_says_what_was_measured_and_how_much_of_it(visit: Visit, lang: str) -> None:
    record = make_landscape("trajectory")
    text = visit(record, hash=f"lang={lang}").locator("#landscape").inner_text().replace("\xa0", " ")
    assert f"{100 * record.variance[0]:.1f} %" in text and f"{100 * record.variance.sum():.1f} %" in text
    for figure in (str(len(record.points)), "8", "100", str(record.num_moved)):
        assert figure in text
    found = visit(record).locator("#landscape .curvature")
    assert float(found.get_attribute("data-top")) == record.curvature.top
    scale = visit(make_landscape("between")).locator("#landscape .about").inner_text()
    assert "Not to scale" in scale


def test_losses_that_are_no_numbers_are_left_blank(visit: Visit) -> None:
    record = make_landscape("random")
    surface = record.surfaces[0]
    values = surface.values.copy()
    values[[3, 9]] = np.nan, np.inf
    broken = replace(record, surfaces=(replace(surface, values=values), record.surfaces[1]))
    page = visit(broken)
    image = pixels(page.locator("#landscape .map canvas"))
    assert 0 < (image[:, :, 3] == 0).mean() < 0.9
    everything = replace(surface, values=np.full_like(values, np.nan))
    nothing = replace(record, surfaces=(everything, replace(everything, name="held-out")), curvature=None)
    assert "was not measured" in visit(nothing).locator("#landscape").inner_text()
    visit(nothing, hash="relief=1")


def test_hostile_names_are_inert_and_long_ones_are_cut(visit: Visit) -> None:
    evil = "</script><img src=x onerror=alert(1)>\u202e🙂" + "长" * 300
    page = visit(make_landscape("between", names=evil), theme="dark")
    assert page.locator("#landscape img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.querySelectorAll('*').length") < 3000


def test_paper_holds_the_map(visit: Visit) -> None:
    page = visit(make_landscape("trajectory"), theme="dark")
    page.emulate_media(media="print")
    assert page.locator("#landscape .map canvas").is_visible()
    assert not page.locator("#landscape fieldset").first.is_visible()
