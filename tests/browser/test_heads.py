"""The head atlas: tiles, bars, places and tables read back and compared with the record."""

from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Page

import glassbert as gb
from glassbert.lens.heads_record import PATTERNS, HeadsRecord
from tests.browser.conftest import Visit
from tests.browser.reading import Ramp, marks, middle, named, number, pixels
from tests.browser.test_hostile import check_inert
from tests.lens.atlas.planted import PLAN, TEXTS, planted_model
from tests.lens.atlas.test_relations import sentence
from tests.show.texts import HOSTILE

pytestmark = pytest.mark.browser
STEP = 1.001 / 255
SIGNS = {"previous": "←", "next": "→", "itself": "•", "same": "=", "cls": "C", "sep": "S",
         "punctuation": ".", "broad": "○", "offset +3": "+3", "offset -2": "−2"}  # fmt: skip


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> HeadsRecord:
    trees = [
        sentence("the film is warm", [1, 3, 3, -1], ["det", "nsubj", "cop", "root"]),
        sentence("a dull film", [2, 2, -1], ["det", "amod", "root"]),
        sentence("the film is not warm", [1, 4, 4, 4, -1], ["det", "nsubj", "cop", "advmod", "root"]),
        sentence("a fine film", [2, 2, -1], ["det", "amod", "root"]),
    ]
    return gb.lens.heads(planted_model(tmp_path_factory.mktemp("planted")), TEXTS, treebank=trees)


@pytest.fixture(scope="module")
def random(record: HeadsRecord) -> HeadsRecord:
    """Scores that a reader cannot guess."""
    draw = np.random.default_rng(5)
    shares = draw.random(record.scores.shape).astype(np.float32)
    label = draw.integers(-1, 9, record.label.shape).astype(np.int32)
    score = draw.random(record.score.shape).astype(np.float32)
    broadness = draw.random(record.score.shape).astype(np.float32)
    profile = draw.random(record.profile.shape).astype(np.float32)
    return replace(
        record,
        scores=shares,
        label=label,
        score=score,
        broadness=broadness,
        profile=profile,
        candidate=label.clip(0),
    )


def tiles(page: Page, scale: float = 1) -> dict[str, np.ndarray]:
    """The colour of the corner of every tile, where no sign is."""
    canvas = page.locator("#heads .cells canvas")
    image, origin = pixels(canvas), canvas.bounding_box()
    scroll = page.evaluate("[scrollX, scrollY]")
    found = {}
    for mark in marks(page, "heads tiles"):
        x = round((mark["box"]["x"] - origin["x"] - scroll[0]) * scale) + 2
        y = round((mark["box"]["y"] - origin["y"] - scroll[1]) * scale) + 2
        found[mark["name"]] = image[y, x, :3]
    return found


@pytest.mark.parametrize("measure", ["label", "previous", "punctuation", "broad"])
@pytest.mark.parametrize(("theme", "scale"), [("light", 1), ("dark", 2)])
def test_tiles_invert_to_the_scores(
    visit: Visit, random: HeadsRecord, measure: str, theme: str, scale: float
) -> None:
    page = visit(random, hash=f"measure={measure}", theme=theme, scale=scale)
    ramp = Ramp(page.locator("#heads .controls canvas"))
    for name, colour in tiles(page, scale).items():
        layer, head = map(int, name.split()[1:])
        expected = {
            "label": random.score[layer, head] if random.label[layer, head] >= 0 else 0.0,
            "broad": random.broadness[layer, head],
        }.get(measure)
        if expected is None:
            expected = random.scores[layer, head, PATTERNS.index(measure)]
        assert ramp.places(colour) == pytest.approx(expected, abs=STEP)


def test_tiles_bear_the_sign_of_their_label(visit: Visit, record: HeadsRecord) -> None:
    page = visit(record)
    found = {mark["name"]: mark["drawn"]["text"] for mark in marks(page, "heads tiles")}
    for layer, plan in enumerate([PLAN, PLAN[::-1]]):
        for head, rule in enumerate(plan):
            assert found[f"cell {layer} {head}"] == SIGNS[rule]
    legend = page.locator("#heads .legend").inner_text()
    assert "previous token 2" in " ".join(legend.split()) and "nothing clear" not in legend


def test_bars_of_a_head_are_its_shares(visit: Visit, random: HeadsRecord) -> None:
    page = visit(random, hash="layer=1&head=4")
    found = marks(page, "heads card")
    for place, name in enumerate(PATTERNS):
        (mark,) = [each for each in found if each["name"] == f"pattern {name}"]
        share = mark["box"]["width"] / mark["drawn"]["track"]
        assert share == pytest.approx(random.scores[1, 4, place], abs=0.005)
        row = page.locator("#heads .card li").nth(place)
        assert number(row.locator(".value").inner_text()) == pytest.approx(share, abs=0.006)
        chance = row.locator("i").bounding_box()
        track = row.locator(".track").bounding_box()
        assert (chance["x"] + 1 - track["x"]) / track["width"] == pytest.approx(
            random.chance[place], abs=0.01
        )
    highest = np.nanmax(random.profile[1, 4])
    for place, offset in enumerate(random.offsets.tolist()):
        (mark,) = [each for each in found if each["name"] == f"offset {offset}"]
        height = mark["box"]["height"] / (mark["drawn"]["track"] - 1) * highest
        assert height == pytest.approx(random.profile[1, 4, place], abs=0.02)


def test_distances_on_the_map_are_those_of_the_places(visit: Visit, record: HeadsRecord) -> None:
    page = visit(record)
    found = {int(mark["name"].split()[1]): mark for mark in marks(page, "heads map")}
    assert len(found) == record.label.size
    points = np.array([middle(found[head]) for head in range(len(found))])
    scale = found[0]["drawn"]["scale"]
    drawn = np.linalg.norm(points[:, None] - points[None], axis=-1) / scale
    wanted = np.linalg.norm(record.place[:, None] - record.place[None], axis=-1)
    np.testing.assert_allclose(drawn, wanted, atol=1.5 / scale)


def test_tables_hold_the_pruning_list_and_the_relations(visit: Visit, record: HeadsRecord) -> None:
    page = visit(record)
    heads = record.label.shape[1]
    rows = page.locator("#heads .spared tbody tr").all_inner_texts()
    for row, head, twin in zip(rows, record.spared.tolist(), record.twin.tolist(), strict=False):
        assert row.split()[:2] == [f"{head // heads}.{head % heads}", f"{twin // heads}.{twin % heads}"]
    assert len(rows) == 12
    for relation, mark in zip(record.relations, marks(page, "heads relations"), strict=True):
        assert mark["name"] == f"relation {relation.name}"
        width = mark["box"]["width"] / mark["drawn"]["track"]
        assert width == pytest.approx(np.nan_to_num(relation.held_out), abs=0.01)
    page.locator("#heads .relations tbody button").first.click()
    best = record.relations[0]
    assert page.locator("#heads .card h3").inner_text() == f"Layer {best.layer}, head {best.head}"


def test_keys_and_pointer_lead_to_a_head_and_the_address_keeps_it(visit: Visit, record: HeadsRecord) -> None:
    page = visit(record)
    page.locator("#heads .cells").focus()
    for key in ["ArrowRight", "ArrowRight", "ArrowDown"]:
        page.keyboard.press(key)
    assert page.evaluate("location.hash") == "#layer=1&head=2"
    assert page.locator("#heads .card h3").inner_text() == "Layer 1, head 2"
    assert record.name(1, 2) == "sep"
    assert "[SEP]" in page.locator("#heads .verdict").inner_text()
    (circle,) = named(page, "heads map", "head 3")
    page.locator('#heads circle[data-head="3"]').dispatch_event("click")
    assert page.locator("#heads .card h3").inner_text() == "Layer 0, head 3"
    page.locator("#heads select").select_option("sep")
    assert "measure=sep" in page.evaluate("location.hash")
    assert circle["drawn"]["sign"] == "+3"


def test_nothing_clear_says_what_is_missing(visit: Visit, record: HeadsRecord) -> None:
    label, margin = record.label.copy(), record.margin.copy()
    label[0, 0], margin[0, 0] = -1, -0.125
    page = visit(replace(record, label=label, margin=margin), hash="layer=0&head=0&lang=zh")
    assert "0.125" in page.locator("#heads .verdict").inner_text()
    assert "不明确" in page.locator("#heads .verdict").inner_text()


def test_twelve_by_twelve_heads_stay_within_the_budget(visit: Visit, record: HeadsRecord) -> None:
    def grown(values: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.resize(values, (12, 12, *values.shape[2:])))

    names = ("scores", "profile", "offset", "entropy", "broadness", "label", "candidate", "score", "margin")
    big = replace(
        record,
        **{name: grown(getattr(record, name)) for name in names},
        distance=np.resize(record.distance, (144, 144)),
        place=np.resize(record.place, (144, 2)),
        relations=tuple(replace(record.relations[0], name=f"r{i}") for i in range(45)),
    )
    page = visit(big)
    assert page.evaluate("document.querySelectorAll('*').length") < 3000
    narrow = visit(big, width=390)
    assert narrow.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_hostile_names_are_inert(visit: Visit, record: HeadsRecord) -> None:
    texts = [text for text in HOSTILE if text]
    relations = tuple(replace(record.relations[0], name=f"{i} {text}") for i, text in enumerate(texts))
    page = visit(replace(record, relations=relations, model=texts[0], cls=texts[1], sep=texts[2]))
    page.locator("#heads .cells").hover()
    check_inert(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
