"""The embeddings view: dots read back invert to the record; picking, walking and morphing keep to it."""

import base64
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Page

from glassbert.lens.embeddings_record import EmbeddingsRecord, PointColumn
from tests.browser.conftest import Visit
from tests.browser.reading import Ramp, marks, number, wait_until
from tests.browser.test_hostile import check_inert
from tests.show.make_embeddings import LABELS, large_embeddings, make_embeddings
from tests.show.texts import HOSTILE

pytestmark = pytest.mark.browser
STEP = 1.001 / 255
PALEST = 0.25
COPY = """(canvas) => {
  const flat = document.createElement('canvas');
  [flat.width, flat.height] = [canvas.width, canvas.height];
  const context = flat.getContext('2d', { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, flat.width, flat.height);
  let text = '';
  for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
  return { width: flat.width, height: flat.height, data: btoa(text) };
}"""

# flat: tens of thousands of marks, each an object, would take minutes to come over
PLACES = (
    "glassbert.probe('embeddings points')['embeddings points'].flatMap(({ drawn }) => [drawn.x, drawn.y])"
)


def image_of(page: Page) -> np.ndarray:
    """The map's pixels, whatever draws it: uint8 [height, width, 4]."""
    read = page.locator("#embeddings .map canvas").evaluate(COPY)
    return np.frombuffer(base64.b64decode(read["data"]), np.uint8).reshape(read["height"], read["width"], 4)


def places_of(page: Page) -> np.ndarray:
    """Where the dots were drawn, CSS pixels from the map's corner, [n, 2]."""
    return np.array(page.evaluate(PLACES)).reshape(-1, 2)


def alone(places: np.ndarray, apart: float) -> np.ndarray:
    """The dots that no other touches, and that lie inside the picture."""
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    return np.flatnonzero(
        (distances.min(axis=1) > apart) & (places.min(axis=1) > 4) & (places.max(axis=1) < 600)
    )


def colors_at(image: np.ndarray, places: np.ndarray, scale: float = 1) -> np.ndarray:
    x, y = (places * scale).astype(int).T
    return image[y, x].astype(int)


def check_positions(places: np.ndarray, coordinates: np.ndarray) -> None:
    """One scale for both axes, y upwards: fitted, and every dot within a tenth of a pixel of it."""
    centred, drawn = coordinates - coordinates.mean(axis=0), places - places.mean(axis=0)
    scale = (centred[:, 0] @ drawn[:, 0]) / (centred[:, 0] @ centred[:, 0])
    assert scale > 0
    np.testing.assert_allclose(drawn, centred * [scale, -scale], atol=0.1)


def settled(page: Page, index: int) -> None:
    still = "glassbert.probe('embeddings picture')['embeddings picture'][0].drawn"
    wait_until(page, f"{still}.still && {still}.map === {index}")


@pytest.mark.parametrize(("theme", "scale"), [("light", 1), ("dark", 2)])
def test_every_dot_lies_at_its_coordinates_in_the_colour_of_its_label(
    visit: Visit, theme: str, scale: float
) -> None:
    record = make_embeddings()
    page = visit(record, theme=theme, scale=scale)
    places = places_of(page)
    check_positions(places, record.maps[-1].coordinates)
    legend = {mark["value"]: mark["drawn"] for mark in marks(page, "embeddings legend")}
    assert {name: drawn["count"] for name, drawn in legend.items()} == dict.fromkeys(LABELS, 30)
    chosen = alone(places, 9)
    assert len(chosen) > 20
    seen = colors_at(image_of(page), places[chosen], scale)
    wanted = [legend[LABELS[i % 3]]["color"] for i in chosen.tolist()]
    assert [f"rgb({r} {g} {b})" for r, g, b, _ in seen.tolist()] == wanted


def test_many_dots_are_drawn_by_webgl_at_the_same_places(visit: Visit) -> None:
    record = large_embeddings(20_500)
    page = visit(record)
    (picture,) = marks(page, "embeddings picture")
    assert picture["drawn"]["kind"] == "webgl"
    places = places_of(page)
    check_positions(places, record.maps[0].coordinates)
    # the outermost dots have no neighbours that could cover them
    far = np.argsort(-np.linalg.norm(places - places.mean(axis=0), axis=1))[:60]
    chosen = far[alone(places[far], 5)]
    legend = [mark["drawn"]["color"] for mark in marks(page, "embeddings legend")]
    seen = colors_at(image_of(page), places[chosen])
    found = [f"rgb({r} {g} {b})" for r, g, b, _ in seen.tolist()]
    assert len(chosen) > 15 and found == [legend[i % 3] for i in chosen.tolist()]


def test_a_hundred_thousand_dots_are_all_there(visit: Visit) -> None:
    page = visit(large_embeddings(100_000))
    assert len(places_of(page)) == 100_000
    assert page.evaluate("document.querySelectorAll('*').length") < 3000
    assert "100,000 texts" in page.locator("#embeddings").inner_text()
    text = page.locator("#embeddings .facts").inner_text()
    assert "Of each point it holds the 4 nearest of 10 neighbours" in text


@pytest.mark.parametrize("word", ["year", "@trustworthiness", "@continuity"])
def test_colours_of_numbers_invert_through_the_ramp(visit: Visit, word: str) -> None:
    record = make_embeddings()
    page = visit(record, hash=f"colour={word}")
    made = record.maps[-1]
    values = record.columns[1].number if word == "year" else np.rint(getattr(made, word[1:]) * 255) / 255
    share = (values - values.min()) / (values.max() - values.min())
    wanted = PALEST + (1 - PALEST) * (share if word == "year" else 1 - share)
    places = places_of(page)
    chosen = alone(places, 9)
    ramp = Ramp(page.locator("#embeddings .aside canvas"))
    found = ramp.places(colors_at(image_of(page), places[chosen])[:, :3])
    np.testing.assert_allclose(found, wanted[chosen], atol=2 * STEP)
    ticks = {mark["drawn"]["place"]: mark["value"] for mark in marks(page, "embeddings ramp")[1:]}
    assert sorted(ticks) == [PALEST, 1]
    assert min(ticks.values()) == pytest.approx(values.min(), rel=1e-3)


def test_neighbours_of_a_point_are_those_of_the_record(visit: Visit) -> None:
    record = make_embeddings()
    page = visit(record, hash="row=19")
    made = record.maps[-1]
    found = marks(page, "embeddings neighbours")
    assert [mark["name"] for mark in found] == [f"neighbour {i}" for i in made.neighbours[17]]
    distances = [mark["value"] for mark in found]
    np.testing.assert_allclose(distances, made.distances[17], atol=STEP * made.distances.max())
    reading = page.locator("#embeddings .reading")
    assert record.texts[17] in reading.inner_text() and "row 19" in reading.inner_text()
    shown = [number(text) for text in reading.locator("dd").all_inner_texts()[-2:]]
    assert shown == pytest.approx([made.trustworthiness[17], made.continuity[17]], abs=0.0025)
    reading.get_by_role("button").first.click()
    assert page.evaluate("location.hash").endswith(f"row={made.neighbours[17, 0] + 2}")


def test_a_line_round_dots_picks_just_those_inside_and_the_address_keeps_them(visit: Visit) -> None:
    record = make_embeddings()
    page = visit(record)
    map = page.locator("#embeddings .map")
    map.scroll_into_view_if_needed()
    corner, places = map.bounding_box(), places_of(page)
    middle = np.median(places, axis=0).astype(int) + 0.5
    left, top = corner["x"] + 1, corner["y"] + 1
    page.mouse.move(left + 3, top + 3)
    page.mouse.down()
    for x, y in [(middle[0], 3), (middle[0], middle[1]), (3, middle[1]), (3, 3)]:
        page.mouse.move(left + x, top + y, steps=4)
    page.mouse.up()
    wanted = np.flatnonzero((places < middle).all(axis=1)).tolist()
    table = marks(page, "embeddings table")
    assert 5 < len(wanted) < 50 and table[0]["value"] == wanted
    assert [mark["value"] for mark in table[1:]] == record.rows[wanted].tolist()
    assert f"{len(wanted)} points picked" in page.locator("#embeddings").inner_text()
    texts = page.locator("#embeddings td.text").all_inner_texts()
    assert texts == [record.texts[i] for i in wanted]
    hash = page.evaluate("location.hash.slice(1)")
    again = visit(record, hash=hash)
    assert marks(again, "embeddings table")[0]["value"] == wanted
    assert again.evaluate("location.hash.slice(1)") == hash
    faint = [mark["drawn"]["alpha"] for mark in marks(again, "embeddings points")]
    assert [i for i, alpha in enumerate(faint) if alpha == 1] == wanted
    again.get_by_role("button", name="Clear").click()
    assert again.locator("#embeddings table").count() == 0


def test_keys_alone_walk_pick_and_clear(visit: Visit) -> None:
    record = make_embeddings()
    page = visit(record, hash="row=7")
    places = places_of(page)
    page.locator("#embeddings .map").focus()
    page.keyboard.press("ArrowRight")
    step = places - places[5]
    ahead = (step[:, 0] > 0) & (np.abs(step[:, 1]) <= step[:, 0])
    wanted = int(np.where(ahead, np.linalg.norm(step, axis=1), np.inf).argmin())
    assert page.evaluate("new URLSearchParams(location.hash.slice(1)).get('row')") == str(wanted + 2)
    page.keyboard.press("Enter")
    assert marks(page, "embeddings table")[0]["value"] == [wanted]
    page.keyboard.press("+")
    assert page.evaluate("location.hash").count("zoom=2") == 1
    spread = np.ptp(places_of(page), axis=0) / np.ptp(places, axis=0)
    np.testing.assert_allclose(spread, 2, rtol=1e-3)
    page.keyboard.press("Escape")
    assert page.evaluate("location.hash") == "#zoom=2"


def test_pointing_reads_and_clicking_chooses_the_dot_under_the_pointer(visit: Visit) -> None:
    record = make_embeddings()
    page = visit(record)
    places = places_of(page)
    point = int(alone(places, 20)[0])
    map = page.locator("#embeddings .map")
    position = {"x": float(places[point, 0]), "y": float(places[point, 1])}
    map.hover(position=position)
    assert record.texts[point] in page.locator("#embeddings .reading").inner_text()
    map.click(position=position)
    assert page.evaluate("location.hash") == f"#row={point + 2}"


def test_the_slider_morphs_to_the_next_map_and_keeps_what_is_picked(visit: Visit) -> None:
    record = make_embeddings(maps=3)
    page = visit(record, hash="map=0&rows=4-9")
    check_positions(places_of(page), record.maps[0].coordinates)
    slider = page.locator("#embeddings input[type=range]")
    slider.focus()
    page.keyboard.press("ArrowRight")
    settled(page, 1)
    check_positions(places_of(page), record.maps[1].coordinates)
    assert marks(page, "embeddings table")[0]["value"] == [2, 3, 4, 5, 6, 7]
    assert slider.get_attribute("aria-valuetext") == "planted, layer 1"
    facts = page.locator("#embeddings .facts").inner_text()
    assert f"{100 * record.maps[1].disparity:.1f}" in facts and "Procrustes" in facts


@pytest.mark.parametrize("method", ["pca", "tsne", "umap"])
def test_the_head_says_how_far_the_map_can_be_believed(visit: Visit, method: str) -> None:
    record = make_embeddings(method=method)
    page = visit(record)
    facts = page.locator("#embeddings .facts").inner_text()
    made = record.maps[-1]
    assert (
        f"Trustworthiness {made.trust:.3f}, continuity {made.continuous:.3f} (8 neighbours, cosine)" in facts
    )
    if method == "pca":
        assert (
            f"{100 * made.explained[0]:.1f}\xa0% and {100 * made.explained[1]:.1f}\xa0% of the variance"
            in facts
        )
    else:
        assert "distance between clusters mean" in facts


def test_a_sample_is_said_and_the_whole_is_not_called_one(visit: Visit) -> None:
    page = visit(make_embeddings(sample=True))
    assert "A random sample: 90 of 180 points (seed 0)" in page.locator("#embeddings .warning").inner_text()
    assert visit(make_embeddings()).locator("#embeddings .warning").count() == 0


def test_words_find_points_and_a_legend_entry_picks_its_own(visit: Visit) -> None:
    record = make_embeddings()
    page = visit(record, hash="seek=ENDING")
    wanted = [i for i, text in enumerate(record.texts) if "ending" in text]
    page.get_by_role("button", name=f"Pick the {len(wanted)} found").click()
    assert marks(page, "embeddings table")[0]["value"] == wanted
    page.get_by_role("button", name="Pick the 30 points of blame").click()
    assert marks(page, "embeddings table")[0]["value"] == list(range(1, 90, 3))


def tokens_of(record: EmbeddingsRecord, tokens: tuple[str, ...]) -> EmbeddingsRecord:
    count = len(record.text_of)
    return replace(
        record,
        kind="tokens",
        pooling="token",
        tokens=tokens,
        token_of=(np.arange(count) % len(tokens)).astype(np.int32),
        text_of=(np.arange(count) // 3).astype(np.int32),
        position=(np.arange(count) % 3).astype(np.int32),
    )


def test_tokens_are_called_by_their_names(visit: Visit) -> None:
    record = tokens_of(make_embeddings(), ("warm", "##ly", "film", "电影"))
    page = visit(record, hash="point=7&rows=1-4")
    reading = page.locator("#embeddings .reading").inner_text()
    assert "电影" in reading and record.texts[2] in reading
    names = page.locator("#embeddings tbody td:first-child").all_inner_texts()
    assert names == ["warm", "##ly", "film", "电影"]


@pytest.mark.parametrize(
    "hash",
    [
        "point=3&rows=2-60",
        "lang=zh&theme=dark&seek=script",
        "colour=__proto__&map=99&zoom=1e9&rows=9-1.x&point=999999",
    ],
)
def test_hostile_points_are_inert(visit: Visit, hash: str) -> None:
    texts = [text for text in HOSTILE if text]
    record = make_embeddings()
    code = (np.arange(90) % len(texts[:50])).astype(np.int32)
    hostile = tokens_of(
        replace(
            record,
            source=texts[0],
            texts=tuple(texts[i % len(texts)] for i in range(90)),
            columns=tuple(
                PointColumn(
                    name=name, categories=tuple(texts[:50]), code=code, number=np.empty(0, np.float32)
                )
                for name in dict.fromkeys(texts[:9])
            ),
            maps=tuple(replace(made, model=texts[1]) for made in record.maps),
        ),
        tuple(texts[:20]),
    )
    page = visit(hostile, hash=hash)
    page.locator("#embeddings .map").hover()
    check_inert(page)
    assert len(marks(page, "embeddings points")) == 90
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_points_have_a_picture(visit: Visit, count: int) -> None:
    page = visit(make_embeddings(count, maps=1), hash="row=2")
    assert len(marks(page, "embeddings points")) == count
    said = page.locator("#embeddings .facts").inner_text()
    assert ("Too few points to judge" in said) == (count < 3) == ("Trustworthiness" not in said)
