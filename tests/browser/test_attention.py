"""Attention maps: every pixel of every tile, matrix and link inverts to softmax of the queries and keys."""

from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Page

from glassbert.lens.attention_record import AttentionRecord
from tests.browser.conftest import ReportOf, Visit
from tests.browser.reading import Ramp, marks, named, number, pixels, wait_until
from tests.show.make_attention import CHINESE, ENGLISH, PAIR, make_attention

pytestmark = pytest.mark.browser
# A colour stands for one of 256 places; float32 on both sides may round to the neighbour.
STEP = 1.001 / 255


def ramp_of(page: Page) -> Ramp:
    return Ramp(page.locator("#attention .controls canvas"))


def pooled(weights: np.ndarray, height: int, width: int) -> np.ndarray:
    """The largest weight under each pixel, by the definition: floor and ceiling of the pixel's borders."""
    rows, columns = weights.shape

    def cells(pixel: int, size: int, total: int) -> slice:
        if total >= size:
            return slice(pixel * size // total, pixel * size // total + 1)
        return slice(pixel * size // total, -(-(pixel + 1) * size // total))

    return np.array(
        [
            [weights[cells(q, rows, height), cells(p, columns, width)].max() for p in range(width)]
            for q in range(height)
        ]
    )


def merged(record: AttentionRecord, weights: np.ndarray, *, special: bool = True) -> np.ndarray:
    """Mean over the rows of a word, sum over its columns; written from the definition, with a matrix."""
    groups: list[list[int]] = []
    for i, word in enumerate(record.word):
        joins = word >= 0 and groups and record.word[groups[-1][0]] == word
        joins = joins and record.token_type_ids[groups[-1][0]] == record.token_type_ids[i]
        if joins:
            groups[-1].append(i)
        else:
            groups.append([i])
    groups = [group for group in groups if special or record.word[group[0]] >= 0]
    member = np.array([[float(i in group) for i in range(len(record.tokens))] for group in groups])
    return (member / member.sum(axis=1, keepdims=True)) @ weights @ member.T


def wait_for_tiles(page: Page) -> None:
    ready = "glassbert.probe('attention tiles')['attention tiles'].every((mark) => mark.drawn.ready)"
    wait_until(page, ready)


def tile_pixels(page: Page, scale: float = 1) -> dict[tuple[int, int], np.ndarray]:
    wait_for_tiles(page)
    canvas = page.locator("#attention .tiles canvas")
    image = pixels(canvas)
    origin = canvas.bounding_box()
    scroll = page.evaluate("[scrollX, scrollY]")
    found = {}
    for mark in marks(page, "attention tiles"):
        box = mark["box"]
        left = round((box["x"] - origin["x"] - scroll[0]) * scale)
        top = round((box["y"] - origin["y"] - scroll[1]) * scale)
        side = round(box["width"] * scale)
        found[mark["value"]["layer"], mark["value"]["head"]] = image[top : top + side, left : left + side, :3]
    return found


@pytest.mark.parametrize(
    ("tokens", "layers", "heads", "theme", "scale"),
    [
        (ENGLISH, 4, 6, "light", 1),
        (ENGLISH, 4, 6, "dark", 2),
        (CHINESE, 6, 12, "dark", 1),
        (ENGLISH * 9, 2, 12, "light", 1),
    ],
    ids=["english", "dense screen", "chinese", "more tokens than pixels"],
)
def test_every_pixel_of_every_tile_inverts_to_its_weight(
    visit: Visit, tokens: tuple[str, ...], layers: int, heads: int, theme: str, scale: float
) -> None:
    record = make_attention(tokens, layers=layers, heads=heads)
    page = visit(record, theme=theme, scale=scale)
    ramp = ramp_of(page)
    tiles = tile_pixels(page, scale)
    assert set(tiles) == {(layer, head) for layer in range(layers) for head in range(heads)}
    for (layer, head), tile in tiles.items():
        expected = pooled(record.weights(layer, head), *tile.shape[:2]) ** 0.5
        np.testing.assert_allclose(ramp.places(tile), expected, atol=STEP)


@pytest.mark.parametrize("contrast", [1, 2, 3.5])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_matrix_inverts_to_the_weights(visit: Visit, theme: str, contrast: float) -> None:
    record = make_attention()
    page = visit(record, hash=f"layer=2&head=5&contrast={contrast}", theme=theme)
    (mark,) = marks(page, "attention matrix")
    cell = mark["drawn"]["cell"]
    image = pixels(page.locator("#attention .map canvas"))
    size = len(record.tokens)
    assert image.shape[:2] == (size * cell, size * cell), "whole pixels per cell"
    places = ramp_of(page).places(image[:, :, :3])
    expected = np.kron(record.weights(2, 5) ** (1 / contrast), np.ones((cell, cell)))
    np.testing.assert_allclose(places, expected, atol=STEP)


def test_colour_key_ticks_stand_at_their_weights(visit: Visit) -> None:
    page = visit(make_attention(), hash="contrast=2")
    (bar,) = named(page, "attention ramp", "ramp")
    scroll = page.evaluate("scrollX")
    for tick in page.locator("#attention .controls .scale span").all():
        box = tick.bounding_box()
        place = (box["x"] + scroll + box["width"] / 2 - bar["box"]["x"]) / (bar["box"]["width"] - 1)
        assert place == pytest.approx(float(tick.inner_text()) ** 0.5, abs=0.02)


def test_words_merge_by_mean_over_rows_and_sum_over_columns(visit: Visit) -> None:
    record = make_attention()
    page = visit(record, hash="words=1&layer=1&head=4&contrast=1")
    (mark,) = marks(page, "attention matrix")
    cell = mark["drawn"]["cell"]
    places = ramp_of(page).places(pixels(page.locator("#attention .map canvas"))[::cell, ::cell, :3])
    expected = merged(record, record.weights(1, 4))
    assert expected.shape == (10, 10) and np.allclose(expected.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(places, expected, atol=STEP)
    labels = page.locator("#attention .frame div:not(.across) > span:has(bdi)").all_inner_texts()
    assert "unusually" in labels


def test_special_tokens_can_be_hidden_and_their_share_is_not_given_away(visit: Visit) -> None:
    record = make_attention()
    page = visit(record, hash="special=0&layer=0&head=4&contrast=1")
    (mark,) = marks(page, "attention matrix")
    cell = mark["drawn"]["cell"]
    places = ramp_of(page).places(pixels(page.locator("#attention .map canvas"))[::cell, ::cell, :3])
    np.testing.assert_allclose(places, record.weights(0, 4)[1:-1, 1:-1], atol=STEP)
    assert "rows may sum to less than 1" in page.locator("#attention").inner_text()


@pytest.mark.parametrize(
    ("side", "rows", "columns"),
    [("first", 0, 0), ("second", 1, 1), ("across", 0, 1), ("back", 1, 0)],
)
def test_sentences_of_a_pair_can_be_seen_apart(visit: Visit, side: str, rows: int, columns: int) -> None:
    record = make_attention(PAIR)
    page = visit(record, hash=f"side={side}&layer=2&head=1&contrast=1")
    (mark,) = marks(page, "attention matrix")
    cell = mark["drawn"]["cell"]
    places = ramp_of(page).places(pixels(page.locator("#attention .map canvas"))[::cell, ::cell, :3])
    chosen = record.weights(2, 1)[record.token_type_ids == rows][:, record.token_type_ids == columns]
    assert 0 < chosen.size < len(PAIR) ** 2
    np.testing.assert_allclose(places, chosen, atol=STEP)


def test_numbers_under_the_pointer_and_the_keys_are_the_weights(visit: Visit) -> None:
    record = make_attention()
    page = visit(record, hash="layer=0&head=3")
    weights = record.weights(0, 3)
    (mark,) = marks(page, "attention matrix")
    cell = mark["drawn"]["cell"]
    page.locator("#attention .map").hover(position={"x": 3.5 * cell, "y": 5.5 * cell})
    readout = page.locator("#attention .readout")
    assert readout.locator("bdi").inner_text() == f"{record.tokens[5]} → {record.tokens[3]}"
    assert float(readout.locator("b").inner_text().replace("−", "-")) == pytest.approx(
        weights[5, 3], rel=1e-3
    )
    page.mouse.move(1, 1)
    page.locator("#attention .map").focus()
    for key in ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowRight", "ArrowLeft"]:
        page.keyboard.press(key)
    assert readout.locator("bdi").inner_text() == f"{record.tokens[0]} → {record.tokens[1]}"


@pytest.mark.parametrize("tokens", [ENGLISH, CHINESE], ids=["stacked", "from left to right"])
@pytest.mark.parametrize("mass", [0.5, 0.9])
def test_links_are_the_fewest_that_reach_the_mass(visit: Visit, tokens: tuple[str, ...], mass: float) -> None:
    record = make_attention(tokens)
    page = visit(record, hash=f"form=links&mass={mass}&layer=0&head=4")
    weights = record.weights(0, 4)
    drawn: dict[int, list[float]] = {}
    for mark in marks(page, "attention links"):
        _, row, column = mark["name"].split()
        assert mark["value"] == pytest.approx(float(weights[int(row), int(column)]), abs=1e-6)
        drawn.setdefault(int(row), []).append(mark["value"])
    assert set(drawn) == set(range(len(tokens)))
    for row, kept in drawn.items():
        largest = np.sort(weights[row])[::-1][: len(kept)]
        np.testing.assert_allclose(np.sort(kept)[::-1], largest, atol=1e-6)
        assert largest.sum() >= mass - 1e-5 and largest[:-1].sum() < mass + 1e-5


@pytest.mark.parametrize("tokens", [ENGLISH, CHINESE], ids=["stacked", "from left to right"])
def test_links_are_drawn_in_the_colour_of_their_weight(visit: Visit, tokens: tuple[str, ...]) -> None:
    record = make_attention(tokens)
    page = visit(record, hash="form=links&mass=0.9&layer=0&head=4&token=4&contrast=3")
    ramp = ramp_of(page)
    image = pixels(page.locator("#attention .links canvas"))
    found = marks(page, "attention links")
    assert len(found) > 3 and all(mark["name"].startswith("link 4 ") for mark in found)
    for mark in found:
        x, y = (int(end) for end in mark["drawn"]["end"])
        # Just before the end of the link, where no other one is near; the surest of the pixels it touches.
        patch = (
            image[y - 2 : y, x - 1 : x + 1] if mark["drawn"]["across"] else image[y - 1 : y + 1, x - 2 : x]
        )
        red, green, blue, alpha = patch.reshape(-1, 4)[patch.reshape(-1, 4)[:, 3].argmax()]
        assert alpha > 100
        place = ramp.places(np.array([red, green, blue]), tolerance=3)
        assert place == pytest.approx(mark["value"] ** (1 / 3), abs=0.015)


def test_held_token_lists_its_links_in_numbers(visit: Visit) -> None:
    record = make_attention()
    page = visit(record, hash="form=links&layer=1&head=0")
    page.locator("#attention .links ul").first.get_by_role("button").nth(2).click()
    page.mouse.move(1, 1)
    weights = record.weights(1, 0)[2]
    order = np.argsort(-weights, kind="stable")[:6]
    shown = [number(text) for text in page.locator("#attention span > b").all_inner_texts()]
    np.testing.assert_allclose(shown, weights[order], rtol=6e-3)
    assert page.evaluate("new URLSearchParams(location.hash.slice(1)).get('token')") == "2"


def test_tile_leads_to_its_head(visit: Visit, report_of: ReportOf) -> None:
    record = make_attention()
    page = visit([report_of("english"), record])
    (mark,) = named(page, "attention tiles", "tile 3 2")
    canvas = page.locator("#attention .tiles")
    canvas.scroll_into_view_if_needed()
    origin, scroll = canvas.bounding_box(), page.evaluate("[scrollX, scrollY]")
    box = mark["box"]
    x, y = box["x"] - scroll[0] - origin["x"] + 5, box["y"] - scroll[1] - origin["y"] + 5
    canvas.click(position={"x": x, "y": y})
    assert page.locator("#attention h3").inner_text() == "Layer 3, head 2"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    assert page.locator("#attention h3").inner_text() == "Layer 2, head 3"
    assert page.evaluate("location.hash") == "#layer=2&head=3"


def test_certificate_is_shown_with_each_map(visit: Visit) -> None:
    record = make_attention(bad=True)
    page = visit(record, hash="layer=1&head=1")
    text = page.locator("#attention .certificate").inner_text().replace("−", "-")
    assert f"{record.certificate(1, 1):.2e}".replace("e-0", "e-") in text and "is what the model" in text
    wait_for_tiles(page)
    assert page.locator("#attention .tiles .bad").count() == 1


def test_certificate_that_fails_says_so(visit: Visit) -> None:
    page = visit(make_attention(bad=True), hash="layer=3&head=5")
    certificate = page.locator("#attention .certificate")
    assert "0.31: the map is not what the model computed" in certificate.inner_text()
    assert "bad" in certificate.get_attribute("class")


@pytest.mark.parametrize("spoilt", ["query", "key"])
def test_certificate_turns_red_when_one_row_was_damaged_later(visit: Visit, spoilt: str) -> None:
    record = make_attention()
    damaged = getattr(record, spoilt).copy()
    damaged[1, 1, 4] *= -1
    page = visit(replace(record, **{spoilt: damaged}), hash="layer=1&head=1")
    wait_for_tiles(page)
    certificate = page.locator("#attention .certificate")
    assert "bad" in certificate.get_attribute("class")
    shown = float(certificate.get_attribute("data-certificate"))
    expected = replace(record, **{spoilt: damaged}).certificate(1, 1)
    assert shown == pytest.approx(expected, rel=1e-3) and shown > 1e-2
    (frame,) = page.locator("#attention .tiles .bad").all()
    (tile,) = named(page, "attention tiles", "tile 1 1")
    assert frame.bounding_box()["x"] == pytest.approx(tile["box"]["x"], abs=1)
    page.locator("#attention .tiles").focus()
    page.keyboard.press("ArrowRight")
    assert "bad" not in certificate.get_attribute("class")


def test_window_of_a_long_text_is_named(visit: Visit) -> None:
    page = visit(replace(make_attention(), window=1, num_windows=3))
    assert "this is window 1 of 0 to 2" in page.locator("#attention").inner_text()
    assert visit(make_attention()).locator("#attention .window").count() == 0


def test_map_of_512_tokens_stays_within_its_budgets(visit: Visit) -> None:
    tokens = ("[CLS]", *(ENGLISH[1:-1] * 51), "[SEP]")
    assert len(tokens) == 512
    record = make_attention(tokens, layers=2, heads=4)
    page = visit(record, hash="layer=1&head=3")
    assert page.evaluate("document.querySelectorAll('*').length") < 3000
    wait_for_tiles(page)
    image = pixels(page.locator("#attention .map canvas"))
    expected = pooled(record.weights(1, 3), *image.shape[:2]) ** 0.5
    np.testing.assert_allclose(ramp_of(page).places(image[:, :, :3]), expected, atol=STEP)
    links = visit(record, hash="form=links&layer=1&head=3")
    assert links.evaluate("document.querySelectorAll('*').length") < 3000
