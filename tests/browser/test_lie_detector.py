"""What the attribution page draws besides the text: curves, measures, methods side by side, agreement."""

from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Locator, Page

from glassbert.lens.attribution_record import AttributionRecord
from tests.browser.conftest import Visit
from tests.browser.reading import Axis, Ramp, marks, named, number, pixels
from tests.browser.test_attribution import STEP, color, ramp_of
from tests.browser.test_hostile import check_inert
from tests.show.make_attribution import CHINESE, ENGLISH, METHODS, make_record
from tests.show.texts import HOSTILE

pytestmark = pytest.mark.browser
TESTS = ("deletion", "insertion")
ALL = (*METHODS, "chefer", "attnlrp", "integrated_gradients", "gradient_shap", "input_x_gradient",
       "attention_flow", "value_zeroing", "shapley_sampling")  # fmt: skip
# The corners of an SVG line or area, in pixels of the page.
CORNERS = """(shape) => Array.from(shape.points, (point) => {
  const { x, y } = point.matrixTransform(shape.getScreenCTM());
  return [x + scrollX, y + scrollY];
})"""


def plot_of(page: Page, test: str) -> Locator:
    return page.locator(f"#attribution svg[data-test='{test}']")


def axes_of(page: Page, test: str) -> tuple[Axis, Axis]:
    """The scales of a plot, from the places and values of its ticks."""
    found = []
    for side, place in (("x tick", 0), ("y tick", 1)):
        ticks = named(page, f"attribution {test}", side)
        boxes = [(mark["box"]["x"] + mark["box"]["width"] / 2, mark["box"]["y"] + mark["box"]["height"] / 2)
                 for mark in ticks]  # fmt: skip
        found.append(
            Axis.of([(box[place], mark["value"][0]) for box, mark in zip(boxes, ticks, strict=True)])
        )
    return found[0], found[1]


def values_of(shape: Locator, axes: tuple[Axis, Axis]) -> np.ndarray:
    """The corners of a shape as (count, value) pairs."""
    return np.array([[axes[0].value(x), axes[1].value(y)] for x, y in shape.evaluate(CORNERS)])


@pytest.mark.parametrize("unit", ["probability", "value"])
@pytest.mark.parametrize("test", TESTS)
def test_curves_and_envelope_invert_to_the_record(visit: Visit, unit: str, test: str) -> None:
    record = make_record(unit=unit)
    page = visit(record, hash="method=lime&others=1")
    plot, axes = plot_of(page, test), axes_of(page, test)
    close = {"atol": 1.5 * axes[1].pixel}
    own = values_of(plot.locator(".own"), axes)
    np.testing.assert_allclose(own[:, 0], record.counts, atol=1.5 * axes[0].pixel)
    np.testing.assert_allclose(own[:, 1], getattr(record.of("lime"), test), **close)
    random = getattr(record, f"random_{test}")
    np.testing.assert_allclose(values_of(plot.locator(".mean"), axes)[:, 1], random.mean(0), **close)
    low, high = np.split(values_of(plot.locator(".envelope"), axes)[:, 1], 2)
    np.testing.assert_allclose(low, random.min(0), **close)
    np.testing.assert_allclose(high[::-1], random.max(0), **close)
    others = plot.locator(".other").all()
    assert {line.get_attribute("data-method") for line in others} == set(METHODS) - {"lime"}
    for line in others:
        expected = getattr(record.of(line.get_attribute("data-method")), test)
        np.testing.assert_allclose(values_of(line, axes)[:, 1], expected, **close)
    points = named(page, f"attribution {test}", "point")
    assert [mark["value"][0] for mark in points] == record.counts.tolist()
    shown = [axes[1].value(mark["box"]["y"] + mark["box"]["height"] / 2) for mark in points]
    np.testing.assert_allclose(shown, getattr(record.of("lime"), test), **close)


@pytest.mark.parametrize("test", TESTS)
def test_numbers_of_a_curve_are_read_with_the_keys(visit: Visit, test: str) -> None:
    record = make_record()
    page = visit(record)
    slider = page.locator("#attribution [role=slider]").nth(TESTS.index(test))
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    random = getattr(record, f"random_{test}")[:, 3]
    values = (getattr(record, test)[3], random.mean(), random.min(), random.max())
    value, mean, low, high = (f"{each:.3f}" for each in values)
    assert slider.get_attribute("aria-valuetext") == (
        f"{record.counts[3]} of {record.counts[-1]}: {value}; random {mean} [{low}, {high}]"
    )
    assert (
        slider.get_attribute("aria-valuetext")
        in page.locator("#attribution figure").all_inner_texts()[1 + TESTS.index(test)]
    )  # the first figure is the colour key
    assert page.locator("#attribution svg").nth(0).locator(".other").count() == 0


def test_measures_are_those_of_the_record(visit: Visit) -> None:
    record = make_record()
    page = visit(record, hash="method=lime")
    for method in record.methods:
        row = page.locator(f"#attribution tr[data-method='{method.method}']")
        verdict, *cells = row.locator("td").all_inner_texts()
        assert number(cells[0]) == pytest.approx(method.comprehensiveness, abs=6e-4)
        assert number(cells[1]) == pytest.approx(method.sufficiency, abs=6e-4)
        assert cells[2] == f"{method.beaten_by_deletion * 20:.0f}/20"
        assert cells[3] == f"{method.beaten_by_insertion * 20:.0f}/20"
        assert cells[4] == ("–" if method.residual is None else "0.25")
        expected = {"occlusion": "−0.13", "saliency": "0.88", "lime": "no order"}
        assert cells[5].replace("−0.12", "−0.13") == expected.get(method.method, "not asked")
        assert verdict.strip()
    chance = page.locator("#attribution tr.random td").all_inner_texts()
    drops = record.random_deletion[:, 0] - record.random_deletion[:, 1:].mean(1)
    gaps = record.random_insertion[:, -1] - record.random_insertion[:, 1:].mean(1)
    assert number(chance[1]) == pytest.approx(drops.mean(), abs=6e-4)
    assert number(chance[2]) == pytest.approx(gaps.mean(), abs=6e-4)
    good = sum(method.outcome == "better" for method in record.methods)
    assert f"{good} of 4 methods are better than random" in page.locator("#attribution").inner_text()
    page.locator("#attribution tr[data-method='saliency'] button").click()
    assert page.evaluate("location.hash") == "#method=saliency"


def grid_shares(record: AttributionRecord, method: str, words: bool = True) -> np.ndarray:
    """Scores of [CLS], the words and [SEP] as shares of the largest word."""
    scores = record.of(method).scores
    inside = record.word_scores(method) if words else scores[1:-1]
    row = np.r_[scores[0], inside, scores[-1]]
    return np.clip(row / abs(inside).max(), -1, 1)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_cell_of_the_methods_side_by_side_inverts_to_its_score(visit: Visit, theme: str) -> None:
    record = make_record(methods=ALL)
    page = visit(record, theme=theme)
    (image,) = [pixels(canvas) for canvas in page.locator("#attribution .cells canvas").all()]
    cell = int(named(page, "attribution grid", "cell lime 0")[0]["drawn"]["cell"])
    for row, method in enumerate(ALL):
        colors = image[row * 22 + 10, cell // 2 :: cell, :3]
        np.testing.assert_allclose(
            ramp_of(page).places(colors), 0.5 + grid_shares(record, method) / 2, atol=STEP
        )


def test_a_row_of_the_grid_chooses_its_method(visit: Visit) -> None:
    record = make_record()
    page = visit(record)
    (mark,) = named(page, "attribution grid", "cell saliency 3")
    cells = page.locator("#attribution .cells")
    cells.hover(position={"x": 3.5 * mark["drawn"]["cell"], "y": 30})
    readout = page.locator("#attribution .grid .readout")
    assert "saliency: quiet" in readout.inner_text()
    assert number(readout.locator("b").inner_text()) == pytest.approx(mark["value"], rel=1e-3)
    assert mark["value"] == pytest.approx(record.word_scores("saliency")[2])
    cells.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#method=lime"
    assert page.locator("#attribution select").input_value() == "lime"


def test_agreement_inverts_to_the_rank_correlations(visit: Visit) -> None:
    record = make_record(methods=ALL)
    agreement = record.agreement.copy()
    agreement[2, 3] = np.nan
    page = visit(replace(record, agreement=agreement))
    ramp = Ramp(page.locator("#attribution .key canvas").nth(1))
    found = marks(page, "attribution agreement")
    places = ramp.places(np.array([color(mark["drawn"]["fill"]) for mark in found])).reshape(12, 12)
    np.testing.assert_allclose(places, 0.5 + np.nan_to_num(agreement) / 2, atol=STEP)
    numbers = page.locator("#attribution svg .value").all_text_contents()
    for text, value in zip(numbers, agreement.ravel(), strict=True):
        assert text == "–" if np.isnan(value) else number(text) == pytest.approx(value, abs=6e-3)
    assert page.locator("#attribution rect.none").count() == 1


@pytest.mark.parametrize("text", [ENGLISH * 40, CHINESE * 16], ids=["english", "chinese"])
def test_512_tokens_and_twelve_methods_stay_within_the_budgets(visit: Visit, text: str) -> None:
    record = make_record(text[:2100], methods=ALL)
    assert 480 < len(record.tokens) < 1000
    page = visit(record, hash="unit=tokens")
    assert page.evaluate("document.querySelectorAll('*').length") < 3000
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    image = pixels(page.locator("#attribution .cells canvas"))
    shares = grid_shares(record, "occlusion", words=False)
    columns = len(shares)
    if image.shape[1] % columns:
        bars = image.shape[1]
        parts = [shares[p * columns // bars : -(-(p + 1) * columns // bars)] for p in range(bars)]
        shares = np.array([part[abs(part).argmax()] for part in parts])
    else:
        shares = np.repeat(shares, image.shape[1] // columns)
    np.testing.assert_allclose(ramp_of(page).places(image[10, :, :3]), 0.5 + shares / 2, atol=STEP)


@pytest.mark.parametrize("text", ["", "warm", "a warm"])
def test_empty_and_tiny_texts_are_drawn(visit: Visit, text: str) -> None:
    record = make_record(text)
    page = visit(record)
    expected = {"": "The text has no tokens", "warm": "", "a warm": "Too few tokens (2)"}[text]
    assert expected in page.locator("#attribution [data-outcome] h3").inner_text()
    assert page.locator("#attribution .text").inner_text().split()[0].startswith("[CLS]")
    assert "NaN" not in page.locator("#attribution").inner_text()


def test_scores_that_are_no_numbers_are_drawn_as_nothing(visit: Visit) -> None:
    record = make_record()
    broken = replace(record.methods[0], scores=np.full(len(record.tokens), np.nan))
    page = visit(replace(record, methods=(broken, *record.methods[1:])))
    assert "NaN" not in page.locator("#attribution").inner_text()
    assert "undefined" not in page.locator("#attribution").inner_text()


@pytest.mark.parametrize("hash", ["", "unit=tokens&lang=zh&theme=dark&others=1", "unit=phrases&special=0"])
def test_hostile_texts_tokens_labels_and_methods_are_inert(visit: Visit, hash: str) -> None:
    texts = [text for text in HOSTILE if text.strip()]
    record = make_record(" ".join(texts), pair=texts[1], methods=("occlusion", "lime"))
    record = replace(
        record,
        model=texts[0],
        target=texts[1],
        position=2,
        replaced_by=texts[3],
        kind=texts[4],
        unit=texts[5],
        tokens=tuple(texts[i % len(texts)] for i in range(len(record.tokens))),
        methods=tuple(
            replace(method, method=name, outcome=texts[7], verdict=texts[0], warnings=("__proto__",))
            for method, name in zip(record.methods, ("__proto__", texts[2]), strict=True)
        ),
    )
    page = visit(record, hash=f"{hash}&method={texts[2]}")
    check_inert(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_state_of_the_view_is_in_the_address(visit: Visit) -> None:
    page = visit(make_record())
    page.locator("#attribution select").select_option("lime")
    page.locator("#attribution .controls label", has_text="Phrases").click()
    page.locator("#attribution .controls input[type=range]").fill("2.5")
    page.locator("#attribution .controls input[type=checkbox]").uncheck()
    page.locator("#attribution .head input").check()
    hash = page.evaluate("location.hash.slice(1)")
    assert dict(part.split("=") for part in hash.split("&")) == {
        "special": "0", "method": "lime", "unit": "phrases", "lift": "2.5", "others": "1"
    }  # fmt: skip
    again = visit(make_record(), hash=hash)
    for view in ("text", "grid", "deletion"):
        one, other = (
            [(mark["name"], mark["value"], mark["drawn"]) for mark in marks(each, f"attribution {view}")]
            for each in (page, again)
        )
        assert one == other
    odd = visit(make_record(), hash="method=nothing&unit=letters&lift=1e9&token=99999")
    assert odd.locator("#attribution select").input_value() == METHODS[0]
