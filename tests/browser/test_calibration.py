"""The reliability diagram inverts to the bins of the record, before and after the temperature."""

import numpy as np
import pytest

from tests.browser.conftest import ReportOf, Visit
from tests.browser.reading import axis, marks, middle

pytestmark = pytest.mark.browser


def wilson(share: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ends of Wilson's interval as the roots of (p - share)² n = z² p (1 - p)."""
    z = 1.959964
    a, b, c = count + z**2, -(2 * count * share + z**2), count * share**2
    root = np.sqrt(np.maximum(b**2 - 4 * a * c, 0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("kind", ["english", "chinese", "topics", "tiny"])
def test_dots_and_whiskers_invert_to_the_bins(
    visit: Visit, report_of: ReportOf, kind: str, width: int
) -> None:
    report = report_of(kind)
    page = visit(report, width=width)
    figure = page.locator("#calibration figure")
    x = axis(figure, "[data-mark='x tick']", "x")
    y = axis(figure, "[data-mark='y tick']", "y")
    found = marks(page, "calibration")
    for name in ("before", "after"):
        bins = getattr(report.score.calibration, name)
        dots = [mark for mark in found if mark["name"] == f"bin {name}"]
        assert len(dots) == len(bins.count) > 0
        places = np.array([middle(dot) for dot in dots])
        np.testing.assert_allclose(x.value(places[:, 0]), bins.confidence, atol=1.2 * x.pixel)
        np.testing.assert_allclose(y.value(places[:, 1]), bins.accuracy, atol=1.2 * y.pixel)
        values = np.array([dot["value"] for dot in dots])
        np.testing.assert_allclose(values, np.stack([bins.confidence, bins.accuracy, bins.count], axis=1))
        whiskers = [mark["box"] for mark in found if mark["name"] == f"interval {name}"]
        low, high = wilson(bins.accuracy, bins.count)
        ends = np.array([[box["y"] + box["height"], box["y"]] for box in whiskers])
        np.testing.assert_allclose(y.value(ends[:, 0]), low, atol=1.5 * y.pixel)
        np.testing.assert_allclose(y.value(ends[:, 1]), high, atol=1.5 * y.pixel)


def test_bars_are_as_tall_as_the_bins_are_full(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("english")
    bars = [mark for mark in marks(visit(report), "calibration") if mark["name"] == "rows"]
    counts = report.score.calibration.after.count
    assert [bar["value"] for bar in bars] == [[count] for count in counts]
    heights = np.array([bar["box"]["height"] for bar in bars])
    np.testing.assert_allclose(heights / heights.max(), counts / counts.max(), atol=1.2 / heights.max())


def test_sentence_gives_the_errors_of_the_record(visit: Visit, report_of: ReportOf) -> None:
    calibration = report_of("english").score.calibration
    text = visit(report_of("english")).locator("#calibration .sentence").inner_text()
    assert f"off by {100 * calibration.ece_after:.1f} points" in text
    assert f"(before: {100 * calibration.ece_before:.1f})" in text
