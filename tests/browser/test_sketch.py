"""A sketch of a long text: thumbnails and whole heads invert to what the sketch holds."""

import numpy as np
import pytest

from glassbert.lens.attention_sketch import AttentionSketch, pool_max, sketch
from tests.browser.conftest import Visit
from tests.browser.reading import marks, named, pixels
from tests.browser.test_attention import STEP, pooled, ramp_of, tile_pixels
from tests.show.make_attention import ENGLISH, make_attention

pytestmark = pytest.mark.browser
TOKENS = ("[CLS]", *(ENGLISH[1:-1] * 10), "[SEP]")
LAYERS, HEADS, SIDE = 4, 6, 24


@pytest.fixture(scope="module")
def record() -> AttentionSketch:
    return sketch(make_attention(TOKENS, layers=LAYERS, heads=HEADS), side=SIDE, num_whole=3)


def test_every_tile_inverts_to_its_map(visit: Visit, record: AttentionSketch) -> None:
    full = make_attention(TOKENS, layers=LAYERS, heads=HEADS)
    page = visit(record)
    ramp = ramp_of(page)
    for (layer, head), tile in tile_pixels(page).items():
        if layer * HEADS + head in record.whole:
            expected = pooled(full.weights(layer, head), *tile.shape[:2]) ** 0.5
        else:
            expected = pooled(record.pooled[layer, head] / 255, *tile.shape[:2])
            assert pool_max(full.weights(layer, head), SIDE).max() ** 0.5 == pytest.approx(
                expected.max(), abs=STEP
            )
        np.testing.assert_allclose(ramp.places(tile), expected, atol=STEP)
    assert page.locator("#attention .tiles .whole").count() == 3


def test_a_thumbnail_says_what_it_is_and_shows_all_tokens(visit: Visit, record: AttentionSketch) -> None:
    number = next(i for i in range(LAYERS * HEADS) if i not in record.whole)
    layer, head = divmod(number, HEADS)
    page = visit(record, hash=f"layer={layer}&head={head}&form=neurons&words=1&special=0")
    assert "holds 3 heads in full" in page.locator("#attention .coarse").inner_text()
    assert page.locator("#attention .neurons").count() == 0
    (mark,) = marks(page, "attention matrix")
    cell = mark["drawn"]["cell"]
    places = ramp_of(page).places(pixels(page.locator("#attention .map canvas"))[::cell, ::cell, :3])
    np.testing.assert_allclose(places, record.pooled[layer, head] / 255, atol=STEP)


def test_the_most_telling_head_is_shown_first_and_whole(visit: Visit, record: AttentionSketch) -> None:
    layer, head = divmod(int(record.whole[0]), HEADS)
    page = visit(record, hash="form=neurons&token=7")
    assert page.locator("#attention h3").inner_text() == f"Layer {layer}, head {head}"
    assert page.locator("#attention .coarse").count() == 0
    full = make_attention(TOKENS, layers=LAYERS, heads=HEADS)
    for row in (0, 7, len(TOKENS) - 1):
        (weight,) = named(page, "attention neurons", f"weight {row}")
        assert weight["value"] == pytest.approx(float(full.weights(layer, head)[7, row]), abs=1e-6)
    certificate = float(page.locator("#attention .certificate").get_attribute("data-certificate"))
    assert certificate == pytest.approx(full.certificate(layer, head), abs=1e-6)
