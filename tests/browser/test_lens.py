"""The masked-word lens: cells, guesses and ranks read back and compared with the record."""

from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Page

import glassbert as gb
from glassbert.lens.masked_record import MaskedRecord
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from tests.browser.conftest import Visit
from tests.browser.reading import Ramp, marks, number, pixels
from tests.browser.test_hostile import check_inert
from tests.contract.workbench import tiny_config, tiny_tokenizer
from tests.lens.atlas.planted import Planted
from tests.show.texts import HOSTILE

pytestmark = pytest.mark.browser
STEP = 1.001 / 255
TEXT = "the film is warm ."


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    tokenizer = tiny_tokenizer(tmp_path_factory.mktemp("speaker"))
    network = Network(tiny_config(tokenizer.vocab_size), HeadConfig(kind="masked-lm"), seed=3)
    return Planted("speaker", network.eval(), tokenizer)


@pytest.fixture(scope="module")
def record(model: Planted) -> MaskedRecord:
    return gb.lens.masked(model, TEXT, hide=[4], words=["warm", "cold"])


def colours(page: Page, scale: float) -> dict[tuple[int, int], np.ndarray]:
    """(layer, token) to the colour of the upper left corner of its cell, where no word is."""
    canvas = page.locator("#lens .cells canvas")
    image, origin = pixels(canvas), canvas.bounding_box()
    scroll = page.evaluate("[scrollX, scrollY]")
    found = {}
    for mark in marks(page, "lens grid"):
        x = round((mark["box"]["x"] - origin["x"] - scroll[0]) * scale) + 1
        y = round((mark["box"]["y"] - origin["y"] - scroll[1]) * scale) + 1
        token, layer = map(int, mark["name"].split()[1:])
        found[layer, token] = image[y, x, :3]
    return found


def traces(page: Page) -> list[list[int]]:
    rows = page.locator("#lens table tbody tr")
    return [[int(cell) for cell in row.locator(".number").all_inner_texts()] for row in rows.all()]


def wanted(record: MaskedRecord, token: int) -> list[list[int]]:
    asked = record.ranks[:, :, token].tolist()
    return [record.rank_own[:, token].tolist(), record.rank_final[:, token].tolist(), *asked]


@pytest.mark.parametrize("reading", ["probability", "kl", "entropy"])
@pytest.mark.parametrize(("theme", "scale"), [("light", 1), ("dark", 2)])
def test_cells_invert_to_the_record(
    visit: Visit, record: MaskedRecord, reading: str, theme: str, scale: float
) -> None:
    page = visit(record, hash=f"reading={reading}", theme=theme, scale=scale)
    values = record.probability[:, :, 0] if reading == "probability" else getattr(record, reading)
    top = 1 if reading == "probability" else values.max()
    ramp = Ramp(page.locator("#lens .controls canvas"))
    found = colours(page, scale)
    assert set(found) == set(np.ndindex(values.shape))
    for where, colour in found.items():
        assert ramp.places(colour) == pytest.approx(values[where] / top, abs=STEP)
    for mark in marks(page, "lens grid"):
        token, layer = map(int, mark["name"].split()[1:])
        assert mark["value"] == pytest.approx(values[layer, token], rel=1e-6)
        assert mark["drawn"]["text"] == record.words(layer, token)[0]


def test_guesses_and_ranks_are_those_of_the_chosen_cell(visit: Visit, record: MaskedRecord) -> None:
    page = visit(record, hash="token=4&layer=1")
    rows = page.locator("#lens li")
    assert rows.locator("bdi").all_inner_texts() == list(record.words(1, 4))
    bars = marks(page, "lens guesses")
    for place, mark in enumerate(bars):
        share = float(record.probability[1, 4, place])
        assert mark["box"]["width"] / mark["drawn"]["track"] == pytest.approx(share, abs=0.005)
        assert number(rows.nth(place).locator(".value").inner_text()) == pytest.approx(share, abs=0.006)
    assert len(bars) == 10
    assert traces(page) == wanted(record, 4)
    names = page.locator("#lens table tbody td:first-child").all_inner_texts()
    assert names == ["the token itself: warm", "the last layer's guess", "warm", "cold"]
    assert record.words(1, 4)[0] in page.locator("#lens .readout").inner_text()


def test_keys_and_pointer_choose_a_cell_and_the_address_keeps_it(visit: Visit, record: MaskedRecord) -> None:
    page = visit(record)
    assert traces(page) == wanted(record, 4)  # the hidden token, until another is chosen
    page.locator("#lens .cells").focus()
    for key in ["ArrowUp", "ArrowUp", "ArrowLeft"]:
        page.keyboard.press(key)
    last = len(record.kl) - 1
    assert set(page.evaluate("location.hash").lstrip("#").split("&")) == {f"layer={last - 1}", "token=2"}
    assert traces(page) == wanted(record, 2)
    assert record.words(last - 1, 2)[0] in page.locator("#lens .cells").get_attribute("aria-label")
    (cell,) = [mark["box"] for mark in marks(page, "lens grid") if mark["name"] == "cell 3 0"]
    page.mouse.click(cell["x"] + 5, cell["y"] + 5 - page.evaluate("scrollY"))
    assert traces(page) == wanted(record, 3) and "layer=0" in page.evaluate("location.hash")
    page.get_by_text("Entropy", exact=True).first.click()
    assert "reading=entropy" in page.evaluate("location.hash")
    again = visit(record, hash=page.evaluate("location.hash").lstrip("#"))
    assert marks(again, "lens grid")[0]["value"] == pytest.approx(float(record.entropy[0, 0]), rel=1e-6)


def test_a_hidden_token_and_a_tuned_lens_are_named(
    visit: Visit, model: Planted, record: MaskedRecord
) -> None:
    page = visit(record)
    rows = page.locator("#lens .rows bdi").all_inner_texts()
    assert rows == ["[CLS]", "the", "film", "is", "▢ warm", ".", "[SEP]"]
    assert "replaced by the mask" in page.locator("#lens").inner_text()
    tuned = gb.lens.masked(model, TEXT, tuned=gb.lens.tune(model, [TEXT], steps=3))
    assert "trained affine map" in visit(tuned).locator("#lens").inner_text()
    assert "trained affine map" not in page.locator("#lens").inner_text()


def test_a_pair_shows_both_texts_and_all_their_tokens(visit: Visit, model: Planted) -> None:
    pair = gb.lens.masked(model, "the film is warm", pair="a dull one", hide=[7], words=["dull"])
    page = visit(pair, hash="token=7&layer=0")
    texts = page.locator("#lens .text").all_inner_texts()
    assert [text.strip() for text in texts] == ["Athe film is warm", "Ba dull one"]
    rows = page.locator("#lens .rows bdi").all_inner_texts()
    assert rows == [f"▢ {token}" if i == 7 else token for i, token in enumerate(pair.tokens)]
    assert len(marks(page, "lens grid")) == pair.kl.size and traces(page) == wanted(pair, 7)


def test_512_tokens_and_hostile_words_stay_within_the_budget(visit: Visit, record: MaskedRecord) -> None:
    texts = [text for text in HOSTILE if text]
    draw = np.random.default_rng(0)
    layers, tokens, words = 13, 512, len(texts)
    many = {name: draw.random((layers, tokens)).astype(np.float32) for name in ("kl", "entropy")}
    ranks = {
        name: draw.integers(0, 30000, (layers, tokens)).astype(np.int32)
        for name in ("rank_own", "rank_final")
    }
    hostile = replace(
        record, text=texts[0], model=texts[1], tokens=tuple((texts * 20)[:tokens]), vocabulary=tuple(texts),
        word=np.arange(tokens, dtype=np.int32),
        guess=draw.integers(0, words, (layers, tokens, 10)).astype(np.int32),
        probability=draw.random((layers, tokens, 10)).astype(np.float32),
        asked=tuple(texts[:12]), ranks=draw.integers(0, 30000, (12, layers, tokens)).astype(np.int32),
        **many, **ranks,
    )  # fmt: skip
    page = visit(hostile)
    page.locator("#lens .cells").hover(position={"x": 5, "y": 5})
    check_inert(page)
    assert page.evaluate("document.querySelectorAll('*').length") < 3000
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    narrow = visit(hostile, width=390, hash="lang=zh")
    assert narrow.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_empty_text_is_drawn(visit: Visit, model: Planted) -> None:
    empty = gb.lens.masked(model, "")
    assert len(marks(visit(empty), "lens grid")) == empty.kl.size
