"""The curves show every logged value: spikes, gaps and all, read back from the pixels through the axes."""

from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Locator, Page

from glassbert.lens.report_records import Curves, Report, Series
from tests.browser.conftest import ReportOf, Visit
from tests.browser.reading import axis, named, number, pixels

pytestmark = pytest.mark.browser
# How far the edge of an anti-aliased line of 1.25 px may lie from the value, in pixels; with dots on it.
LINE, DOTTED = 2.25, 4.0


def panel(page: Page, title: str) -> Locator:
    return page.locator("#training figure").filter(has=page.locator(".title", has_text=title))


def line_extents(figure: Locator) -> tuple[np.ndarray, np.ndarray]:
    """Top and bottom of what is drawn in each pixel column of the page; NaN where nothing is."""
    drawn = pixels(figure.locator("canvas"))[:, :, 3] > 90
    rows = np.arange(len(drawn))[:, None] + 0.5
    any_row = drawn.any(axis=0)
    top = np.where(any_row, np.where(drawn, rows, np.inf).min(axis=0), np.nan)
    bottom = np.where(any_row, np.where(drawn, rows, -np.inf).max(axis=0), np.nan)
    return top, bottom


def series_of(report: Report, name: str) -> Series:
    (found,) = [each for each in report.curves.series if each.name == name]
    return found


def check_curve(page: Page, series: Series, title: str) -> None:
    """Every pixel column reaches its lowest and highest value, and nothing reaches beyond its neighbours."""
    figure = panel(page, title)
    box = named(page, f"curve {series.name.removeprefix('validation_')}", "canvas")[0]["box"]
    x = axis(figure, "[data-mark='x tick']", "x")
    y = axis(figure, "[data-mark='y tick']", "y")
    top, bottom = line_extents(figure)
    column = np.array([x.position(step) for step in series.step]) - box["x"]
    height = np.array([y.position(value) for value in series.value]) - box["y"]
    far = DOTTED if series.name.startswith("validation_") else LINE
    assert column.min() > 0 and column.max() < box["width"], "every step must lie within the plot"
    for pixel in np.unique(column.astype(int)):
        here = height[column.astype(int) == pixel]
        near = slice(max(pixel - 1, 0), pixel + 2)
        assert np.nanmin(top[near]) <= here.min() + far
        assert np.nanmax(bottom[near]) >= here.max() - far
        first, end = np.searchsorted(column, [pixel - 3, pixel + 4])
        reach = height[max(first - 1, 0) : end + 1]
        assert not top[pixel] < reach.min() - far and not bottom[pixel] > reach.max() + far


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("gradient_norm", "Gradient norm"),
        ("learning_rate", "Learning rate"),
        ("tokens_per_second", "Tokens per second"),
        ("validation_accuracy", "Accuracy"),
    ],
)
def test_curve_inverts_to_the_log(
    visit: Visit, report_of: ReportOf, name: str, title: str, width: int
) -> None:
    report = report_of("english")
    check_curve(visit(report, width=width), series_of(report, name), title)


def long_series() -> Series:
    """A hundred steps to a pixel, with one spike of a single step."""
    value = np.sin(np.arange(60_000) / 900)
    value[31_337] = 40.0
    return Series(name="gradient_norm", step=np.arange(60_000, dtype=np.int32), value=value)


def with_series(report: Report, *series: Series) -> Report:
    curves = Curves(series=series, best_step=None, total_steps=None, resumed=np.zeros(0, np.int32))
    return replace(report, curves=curves)


def test_spike_of_one_step_in_sixty_thousand_is_drawn(visit: Visit, report_of: ReportOf) -> None:
    series = long_series()
    page = visit(with_series(report_of("english"), series))
    check_curve(page, series, "Gradient norm")
    figure = panel(page, "Gradient norm")
    box = named(page, "curve gradient_norm", "canvas")[0]["box"]
    x, y = (axis(figure, f"[data-mark='{side} tick']", side) for side in "xy")
    top, _ = line_extents(figure)
    assert abs(y.value(np.nanmin(top) + box["y"]) - 40.0) < LINE * y.pixel
    assert abs(x.value(np.nanargmin(top) + box["x"]) - 31_337) < 2 * x.pixel


def test_gap_in_the_log_is_a_gap_in_the_line(visit: Visit, report_of: ReportOf) -> None:
    step = np.arange(100, dtype=np.int32)
    value = np.where((step > 40) & (step < 60), np.nan, 1.0 + step / 100)
    series = Series(name="gradient_norm", step=step, value=value)
    page = visit(with_series(report_of("english"), series))
    figure = panel(page, "Gradient norm")
    box = named(page, "curve gradient_norm", "canvas")[0]["box"]
    x = axis(figure, "[data-mark='x tick']", "x")
    top, _ = line_extents(figure)
    inside = slice(int(x.position(41) - box["x"]), int(x.position(59) - box["x"]))
    assert np.isnan(top[inside]).all() and not np.isnan(top[: inside.start - 20]).all()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("toggled", [False, True])
def test_lines_have_the_colours_of_the_theme(
    visit: Visit, report_of: ReportOf, theme: str, toggled: bool
) -> None:
    page = visit(report_of("english"), theme=theme)
    if toggled:
        page.get_by_role("button", name="Switch between light and dark").click()
    drawn = pixels(panel(page, "Loss").locator("canvas"))
    (mark,) = named(page, "curve loss", "canvas")
    assert mark["value"] == ["loss", "validation_loss"]
    for color in mark["drawn"]["colors"]:
        wanted = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])
        near = np.abs(drawn[:, :, :3].astype(int) - wanted).max(axis=2) < 2
        assert (near & (drawn[:, :, 3] > 200)).sum() > 200


def test_best_step_and_resume_stand_at_their_steps(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("english")
    figure = panel(visit(report), "Loss")
    x = axis(figure, "[data-mark='x tick']", "x")
    for name, step in (("best", report.curves.best_step), ("resumed", int(report.curves.resumed[0]))):
        box = figure.locator(f"line[data-mark={name}]").bounding_box()
        assert abs(x.value(box["x"] + box["width"] / 2) - step) < x.pixel


def test_values_under_the_keyboard_are_those_of_the_log(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("english")
    page = visit(report)
    figure = panel(page, "Loss")
    figure.locator("[role=img]").focus()
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    step = int(number(figure.locator(".step").inner_text()))
    loss = series_of(report, "loss")
    assert number(figure.locator(".train b").inner_text()) == pytest.approx(
        loss.value[list(loss.step).index(step)], rel=1e-3
    )
    others = page.locator("#training .step").all_inner_texts()
    assert {number(text) for text in others} == {step}, "all panels hold the same step"


def test_dragging_zooms_every_panel_and_reset_undoes_it(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("english")
    page = visit(report)
    figure = panel(page, "Loss")
    x = axis(figure, "[data-mark='x tick']", "x")
    box = figure.locator("canvas").bounding_box()
    figure.scroll_into_view_if_needed()
    box = figure.locator("canvas").bounding_box()
    page.mouse.move(x.position(200), box["y"] + 40)
    page.mouse.down()
    page.mouse.move(x.position(300), box["y"] + 60, steps=5)
    page.mouse.up()
    first, last = (page.evaluate(f"new URLSearchParams(location.hash.slice(1)).get('{key}')") for key in
                   ("first", "last"))  # fmt: skip
    assert abs(int(first) - 200) < 4 and abs(int(last) - 300) < 4
    zoomed = series_of(report, "gradient_norm")
    keep = (zoomed.step >= int(first)) & (zoomed.step <= int(last))
    check_curve(page, replace(zoomed, step=zoomed.step[keep], value=zoomed.value[keep]), "Gradient norm")
    page.get_by_role("button", name="Show all steps").click()
    assert page.evaluate("location.hash") == ""
