"""The neuron view: every element, bar and number inverts to the queries and keys of the record."""

import numpy as np
import pytest
from playwright.sync_api import Page

from glassbert.lens.attention_record import AttentionRecord
from tests.browser.conftest import Visit
from tests.browser.reading import Mark, Ramp, marks, named, number, pixels
from tests.show.make_attention import CHINESE, ENGLISH, PAIR, make_attention

pytestmark = pytest.mark.browser
LAYER, HEAD = 1, 4
HASH = f"form=neurons&layer={LAYER}&head={HEAD}"
# half of one of 255 colours, of a scale that reaches from -1 to 1
STEP = 1.01 / 254


def ramp(page: Page, number_of: int) -> tuple[Ramp, float]:
    """A colour key and the value at its right end, as a reader sees it."""
    figure = page.locator("#attention .neurons figure").nth(number_of)
    texts = figure.locator("span").all_inner_texts()
    assert number(texts[0]) == -number(texts[-1]) and number(texts[1]) == 0
    return Ramp(figure.locator("canvas")), number(texts[-1])


def elements(image: np.ndarray, mark: Mark, rows: int, scale: int) -> np.ndarray:
    """[rows, d, 3]: the colour in the middle of every element, after a look at all of its pixels."""
    drawn = mark["drawn"]
    cell, height = drawn["cell"] * scale, drawn["height"] * scale
    left = drawn["left"] * scale
    count = round(mark["box"]["width"] * scale / cell)
    part = image[: rows * height, left : left + count * cell, :3]
    blocks = part.reshape(rows, height, count, cell, 3)
    assert (blocks == blocks[:, :1, :, :1]).all(), "an element has one colour"
    return blocks[:, 0, :, 0]


@pytest.mark.parametrize(
    ("tokens", "theme", "scale", "held"),
    [(ENGLISH, "light", 1, 5), (ENGLISH, "dark", 2, 0), (CHINESE, "light", 1, 7)],
    ids=["english", "dense and dark", "chinese"],
)
def test_every_element_inverts_to_its_value(
    visit: Visit, tokens: tuple[str, ...], theme: str, scale: int, held: int
) -> None:
    record = make_attention(tokens)
    page = visit(record, hash=f"{HASH}&token={held}", theme=theme, scale=scale)
    query, keys = record.query[LAYER, HEAD, held], record.key[LAYER, HEAD]
    found = {mark["name"]: mark for mark in marks(page, "attention neurons")}
    top = pixels(page.locator("#attention .neurons .head canvas"))
    below = pixels(page.locator("#attention .neurons .map canvas"))
    cases = [
        (0, elements(top, found["query"], 1, scale), query[None]),
        (0, elements(below, found["key"], len(tokens), scale), keys),
        (1, elements(below, found["product"], len(tokens), scale), query * keys),
    ]
    for key, colors, expected in cases:
        colours, most = ramp(page, key)
        assert most == pytest.approx(
            max(np.abs(query).max(), np.abs(keys).max()) if key == 0 else np.abs(query * keys).max(), rel=1e-3
        )
        places = colours.places(colors)
        assert places.shape == expected.shape
        np.testing.assert_allclose((2 * places - 1) * most, expected, atol=STEP * most * 1.01)


def test_products_sum_to_the_score_and_the_scores_give_the_weights(visit: Visit) -> None:
    record = make_attention()
    page = visit(record, hash=f"{HASH}&token=3")
    size, width = len(record.tokens), record.query.shape[-1]
    products = record.query[LAYER, HEAD, 3] * record.key[LAYER, HEAD]
    scores = products.sum(axis=1) / np.sqrt(width)
    weights = record.weights(LAYER, HEAD)[3]
    shown = [
        [named(page, "attention neurons", f"{name} {row}")[0] for row in range(size)]
        for name in ("score", "weight")
    ]
    np.testing.assert_allclose([mark["value"] for mark in shown[0]], scores, atol=1e-4)
    np.testing.assert_allclose([mark["value"] for mark in shown[1]], weights, atol=1e-6)


def test_bars_are_as_long_as_their_numbers(visit: Visit) -> None:
    record = make_attention()
    page = visit(record, hash=f"{HASH}&token=3")
    image = pixels(page.locator("#attention .neurons .map canvas"))
    weights = record.weights(LAYER, HEAD)[3]
    inked = []
    for row in range(len(record.tokens)):
        (mark,) = named(page, "attention neurons", f"weight {row}")
        left, height = mark["drawn"]["left"], 18
        line = image[row * height + height // 2, round(left) :, 3].astype(float) / 255
        inked.append(line.sum())
        assert line.sum() == pytest.approx(mark["box"]["width"], abs=0.05)
    np.testing.assert_allclose(inked, weights / weights.max() * max(inked), atol=0.1)


def test_a_token_can_be_held_and_filters_are_kept(visit: Visit) -> None:
    record = make_attention(PAIR)
    page = visit(record, hash=f"{HASH}&side=across&words=1&special=0")
    assert "words are not merged here" in page.locator("#attention .neurons").inner_text()
    select = page.locator("#attention .neurons select")
    first = [i for i, token in enumerate(PAIR) if record.token_type_ids[i] == 0 and record.word[i] >= 0]
    second = [i for i, token in enumerate(PAIR) if record.token_type_ids[i] == 1 and record.word[i] >= 0]
    assert select.locator("option").count() == len(first)
    select.select_option("2")
    held = page.evaluate("new URLSearchParams(location.hash.slice(1)).get('token')")
    assert held == str(first[2])  # counted in the window, whatever is hidden
    (query,) = named(page, "attention neurons", "query")
    (key,) = named(page, "attention neurons", "key")
    assert (query["value"], key["value"]) == (first[2], second)
    (weight,) = named(page, "attention neurons", "weight 1")
    assert weight["value"] == pytest.approx(float(record.weights(LAYER, HEAD)[first[2], second[1]]), abs=1e-6)


def test_numbers_under_the_pointer_and_the_keys_are_those_of_the_record(visit: Visit) -> None:
    record: AttentionRecord = make_attention()
    page = visit(record, hash=f"{HASH}&token=2")
    (product,) = named(page, "attention neurons", "product")
    cell, height = product["drawn"]["cell"], product["drawn"]["height"]
    x, y = product["drawn"]["left"] + 9.5 * cell, 5.5 * height
    page.locator("#attention .neurons .map").hover(position={"x": x, "y": y})
    readout = page.locator("#attention .neurons .readout")
    query, key = record.query[LAYER, HEAD, 2], record.key[LAYER, HEAD, 5]
    expected = [
        query[9],
        key[9],
        query[9] * key[9],
        query @ key / np.sqrt(len(key)),
        record.weights(LAYER, HEAD)[2, 5],
    ]
    assert readout.locator("bdi").inner_text() == f"{record.tokens[5]}, element 9:"
    shown = [number(text) for text in readout.locator("b").all_inner_texts()]
    np.testing.assert_allclose(shown, expected, rtol=6e-3)
    page.mouse.move(1, 1)
    page.locator("#attention .neurons .map").focus()
    for key_name in ["ArrowDown", "ArrowDown", "ArrowRight"]:
        page.keyboard.press(key_name)
    assert readout.locator("bdi").inner_text() == f"{record.tokens[1]}, element 1:"


def test_512_tokens_stay_within_the_budget(visit: Visit) -> None:
    tokens = ("[CLS]", *(ENGLISH[1:-1] * 51), "[SEP]")
    page = visit(make_attention(tokens, layers=2, heads=5, width=64), hash=HASH)
    assert len(tokens) == 512
    assert page.evaluate("document.querySelectorAll('*').length") < 3000
    (key,) = named(page, "attention neurons", "key")
    assert len(key["value"]) == 512


@pytest.mark.parametrize("width", [1280, 390])
def test_it_does_not_stretch_the_page(visit: Visit, width: int) -> None:
    page = visit(make_attention(), hash=HASH, width=width)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
