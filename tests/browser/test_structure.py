"""The structure in the page: what is drawn is the record, laid out by Graphviz, whatever is open."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Page

import glassbert as gb
from glassbert.lens.structure_record import StructureRecord
from glassbert.lens.structuring.drawing import Drawing, Frame, Look
from glassbert.lens.structuring.graph import totals
from glassbert.show import page as room_of_page
from tests.browser.conftest import ReportOf, Visit
from tests.browser.reading import Mark, Ramp, marks, wait_until
from tests.lens.structuring.material import HOSTILE, Residual, layer
from tests.lens.structuring.test_dot import boxes_of
from tests.show.make_attention import make_attention

pytestmark = pytest.mark.browser
ALL = 99
DRAWN = "document.querySelector('#structure svg .box') !== null"
SUMS = {"parameters": "num_parameters", "flops": "flops", "bytes": "activation_bytes", "seconds": "seconds"}


@pytest.fixture(scope="module")
def record(minilm: Path) -> StructureRecord:
    return gb.lens.structure(gb.load(minilm), "a warm film .", gradients=True)


@pytest.fixture
def drawn(visit: Visit) -> Callable[..., Page]:
    """drawn(content, hash="...") opens it and waits for the drawing."""

    def open_and_wait(content: object, **how: object) -> Page:
        page = visit(content, **how)
        wait_until(page, DRAWN)
        return page

    return open_and_wait


def frames_of(frame: Frame) -> list[Frame]:
    return [frame, *(each for inner in frame.frames for each in frames_of(inner))]


def of_kind(page: Page, kind: str) -> dict[int, Mark]:
    found = [mark for mark in marks(page, "structure") if mark["name"].startswith(kind)]
    return {int(mark["name"].split()[1]): mark for mark in found}


def sum_of(record: StructureRecord, number: int) -> dict[str, float]:
    found = totals(record.graph.nodes[number : record.graph.ends()[number]])
    return {name: getattr(found, field) for name, field in SUMS.items()}


def everything_drawn(record: StructureRecord, page: Page) -> dict[str, float]:
    """The sums over the picture: each box, and what a frame has of its own, as often as it stands there."""
    every = of_kind(page, "frame") | of_kind(page, "box")
    found = dict.fromkeys(SUMS, 0.0)
    for number, mark in every.items():
        times, around = 1, number
        while around >= 0:
            times *= every[around]["value"]["times"] if around in every else 1
            around = record.graph.nodes[around].parent
        is_frame = mark["name"].startswith("frame")
        for name, field in SUMS.items():
            of_frame = getattr(record.graph.nodes[mark["value"]["node"]], field)
            found[name] += times * (of_frame if is_frame else mark["value"][name])
    return found


@pytest.mark.weights
@pytest.mark.parametrize(
    "look",
    [
        Look(depth=1),
        Look(depth=3, heat="parameters"),
        Look(depth=ALL, heat="seconds"),
        Look(depth=2, folded=False, heat="activation"),
        Look(depth=ALL, folded=False, heat="bytes"),
    ],
    ids=repr,
)
def test_picture_is_the_drawing_of_the_command_line(
    drawn: Callable[..., Page], record: StructureRecord, look: Look
) -> None:
    """Boxes, frames, arrows and colours are those that `--depth`, `--fold` and `--heat` give elsewhere."""
    page = drawn(record.sketched(look))
    wanted: Drawing = record.drawing(look)
    boxes = {box.number: box for box in boxes_of(wanted.root)}
    found = of_kind(page, "box")
    assert set(found) == set(boxes)
    assert set(of_kind(page, "frame")) == {frame.number for frame in frames_of(wanted.root)}
    arrows = {f"{each.source} {each.target}{' loop' * each.loop}" for each in wanted.arrows}
    assert sorted(mark["name"] for mark in marks(page, "structure arrows")) == sorted(arrows)
    ramp = Ramp(page.locator("#structure figure canvas"))
    for number, mark in found.items():
        assert mark["value"]["node"] == number
        assert {name: mark["value"][name] for name in SUMS} == pytest.approx(sum_of(record, number), rel=1e-9)
        share = mark["drawn"]["share"]
        if np.isnan(share):  # nothing was recorded of it
            assert boxes[number].heat == 0
            continue
        assert share == pytest.approx(boxes[number].heat, abs=1e-6)
        color = [int(part) for part in mark["drawn"]["fill"].strip("rgb()").split(",")]
        assert ramp.places(np.array(color)) == pytest.approx(share, abs=0.51 / 255)
    assert page.locator("*").count() <= 6000


@pytest.mark.weights
def test_boxes_do_not_overlap_and_lie_within_their_frames(
    drawn: Callable[..., Page], record: StructureRecord
) -> None:
    for look in (Look(), Look(depth=ALL), Look(depth=ALL, folded=False)):
        page = drawn(record.sketched(look))
        boxes, frames = of_kind(page, "box"), of_kind(page, "frame")
        assert len(boxes) > 5
        for one, two in combinations(boxes, 2):
            assert not overlap(boxes[one]["box"], boxes[two]["box"]), (look, one, two)
        for number, mark in boxes.items():
            assert inside(mark["box"], frames[record.graph.nodes[number].parent]["box"]), (look, number)
        for number, mark in frames.items():
            if number:
                assert inside(mark["box"], frames[record.graph.nodes[number].parent]["box"])


def overlap(one: Mark, two: Mark) -> bool:
    return all(
        one[at] < two[at] + two[size] and two[at] < one[at] + one[size]
        for at, size in (("x", "width"), ("y", "height"))
    )


def inside(inner: Mark, outer: Mark) -> bool:
    return all(
        outer[at] - 0.5 <= inner[at] and inner[at] + inner[size] <= outer[at] + outer[size] + 0.5
        for at, size in (("x", "width"), ("y", "height"))
    )


@pytest.mark.weights
def test_words_fit_into_their_boxes(drawn: Callable[..., Page], record: StructureRecord) -> None:
    page = drawn(record.sketched(Look(depth=ALL)))
    reach = page.locator("#structure svg .box").evaluate_all(
        """(all) => all.map((box) => [...box.querySelectorAll(':scope > text')].map((text) =>
        text.getBoundingClientRect().right - box.querySelector('rect').getBoundingClientRect().right))"""
    )
    assert max(over for lines in reach for over in lines) <= 0


@pytest.mark.weights
def test_opening_closing_and_unfolding_keep_every_sum(
    drawn: Callable[..., Page], record: StructureRecord
) -> None:
    page = drawn(record)
    total = sum_of(record, 0)
    states = []
    for act in ("Close all", "Open all", None, "Close all"):
        if act is None:
            page.get_by_text("Draw equal layers once").click()
        else:
            page.get_by_role("button", name=act).click()
        page.wait_for_timeout(50)
        wait_until(page, "glassbert.probe('structure').structure.length === " + rows(page))
        found = everything_drawn(record, page)
        assert found["parameters"] == total["parameters"] == record.num_parameters
        assert found["flops"] == total["flops"] and found["bytes"] == total["bytes"]
        if "fold=0" in page.url:  # folded, the first layer's times stand for all
            assert found["seconds"] + hidden_seconds(record, page) == pytest.approx(total["seconds"])
        states.append(len(of_kind(page, "box")))
    assert states[0] < states[1] < states[2] and states[0] <= states[3]


def hidden_seconds(record: StructureRecord, page: Page) -> float:
    """What views take that stand between boxes, where they are not drawn."""
    nodes, boxes = record.graph.nodes, of_kind(page, "box")
    drawn = set(of_kind(page, "frame"))
    covered = drawn | set(boxes)
    for number, node in enumerate(nodes):
        if node.parent in covered - drawn:
            covered.add(number)
    left_out = [node for number, node in enumerate(nodes) if number not in covered]
    assert not any(node.kind == "operation" or node.num_parameters for node in left_out)
    return sum(node.seconds for node in left_out)


def rows(page: Page) -> str:
    return str(page.locator("#structure [role=treeitem]").count())


@pytest.mark.weights
def test_keys_alone_open_close_and_select(drawn: Callable[..., Page], record: StructureRecord) -> None:
    page = drawn(record)
    page.locator("#structure [role=application]").focus()
    nodes = record.graph.nodes
    chosen = 0
    for _ in range(20):
        page.keyboard.press("ArrowDown")
        chosen = int(page.evaluate("new URLSearchParams(location.hash.slice(1)).get('node')"))
        if chosen in of_kind(page, "box") and of_kind(page, "box")[chosen]["value"]["openable"]:
            break
    before = set(of_kind(page, "box"))
    assert chosen in before and nodes[chosen].kind == "module"
    page.keyboard.press("Enter")
    wait_until(page, f"document.querySelector('#structure svg .frame[data-node=\"{chosen}\"]') !== null")
    assert set(of_kind(page, "box")) > before - {chosen}
    page.keyboard.press("ArrowLeft")
    wait_until(page, f"document.querySelector('#structure svg .box[data-node=\"{chosen}\"]') !== null")
    assert set(of_kind(page, "box")) == before
    assert page.locator("#structure aside h3").inner_text().endswith(f": {nodes[chosen].name}")


@pytest.mark.weights
def test_outline_has_a_line_for_every_frame_and_box(
    drawn: Callable[..., Page], record: StructureRecord
) -> None:
    page = drawn(record, hash="heat=parameters")
    pictured = of_kind(page, "frame") | of_kind(page, "box")
    lines = {int(mark["name"].split()[1]): mark for mark in marks(page, "structure rows")}
    assert set(lines) == set(pictured)
    for number, mark in lines.items():
        assert mark["value"] == pytest.approx(sum_of(record, number))
        if number in of_kind(page, "box"):
            assert mark["drawn"]["bar"] == pytest.approx(np.nan_to_num(mark["drawn"]["share"]), abs=0.011)
    levels = page.locator("#structure [role=treeitem]").evaluate_all(
        "(all) => all.map((row) => [+row.dataset.node, +row.ariaLevel, row.getAttribute('aria-expanded')])"
    )
    for number, level, expanded in levels:
        assert level == 1 + depth_of(record, number)
        is_frame = number != 0 and number in of_kind(page, "frame")
        assert (expanded == "true") == is_frame
    page.locator("#structure [role=treeitem][aria-expanded=true]").first.click()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "false"
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.ariaSelected") == "true"


def depth_of(record: StructureRecord, number: int) -> int:
    parent = record.graph.nodes[number].parent
    return 0 if parent < 0 else 1 + depth_of(record, parent)


@pytest.mark.weights
def test_address_brings_the_same_picture_back(drawn: Callable[..., Page], record: StructureRecord) -> None:
    page = drawn(record, hash="open=-&heat=gradient&fold=0&node=40&theme=dark")
    (node,) = marks(page, "structure node")
    assert node["drawn"]["facts"]
    page.get_by_role("button", name="Open all").click()
    address = page.evaluate("location.hash.slice(1)")
    assert {"heat=gradient", "fold=0", "node=40"} <= set(address.split("&"))
    wait_until(page, f"glassbert.probe('structure').structure.length === {rows(page)}")
    again = drawn(record, hash=address)
    assert [(each["name"], each["drawn"]) for each in marks(again, "structure")] == [
        (each["name"], each["drawn"]) for each in marks(page, "structure")
    ]


@pytest.mark.weights
def test_panel_reads_every_number_of_the_selected_layer(
    drawn: Callable[..., Page], record: StructureRecord
) -> None:
    blocks = {n.path: i for i, n in enumerate(record.graph.nodes) if n.path.startswith("encoder.blocks.")}
    first, third = blocks["encoder.blocks.0"], blocks["encoder.blocks.3"]
    page = drawn(record, hash=f"node={first}")
    page.locator("#structure aside .layers button", has_text="3").click()
    wait_until(page, f"glassbert.probe('structure node')['structure node'][0].name === 'node {third}'")
    text = page.locator("#structure aside").inner_text()
    node, sums = record.graph.nodes[third], sum_of(record, third)
    assert f"{sums['parameters']:,.0f} (" in text and node.path in text
    assert node.activation is not None and node.gradient is not None
    for found in (node.activation, node.gradient):
        assert f"mean {found.mean:.4g}".replace("-", "−")[:9] in text
    assert page.evaluate("location.hash").count("layer=3") == 1
    assert page.locator("#structure svg .marked").get_attribute("data-node") == str(first)


@pytest.mark.weights
def test_block_leads_to_its_attention_and_back(drawn: Callable[..., Page], record: StructureRecord) -> None:
    paths = [node.path for node in record.graph.nodes]
    encoder, block = paths.index("encoder"), paths.index("encoder.blocks.1")
    tokens = ("[CLS]", "a", "warm", "film", "[SEP]")
    page = drawn([make_attention(tokens, layers=6), record], hash=f"fold=0&open={encoder}&node={block}")
    page.get_by_role("link", name="Attention of layer 1").click()
    assert "Layer 1, head 0" in page.locator("#attention").inner_text()
    assert page.evaluate("document.activeElement.id") == "attention"
    page.evaluate("location.hash = location.hash.replace('layer=1', 'layer=4')")
    page.get_by_role("link", name="Layer 4 in the structure").click()
    assert page.evaluate("document.activeElement.id") == "structure"
    marked = page.locator("#structure svg .marked").get_attribute("data-node")
    assert int(marked or 0) == paths.index("encoder.blocks.4")


@pytest.mark.weights
def test_without_graphviz_the_outline_says_why(
    visit: Visit, record: StructureRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = b"window.glassbertGraphviz = async () => { throw new Error('no <b>WebAssembly</b>'); }"
    text = base64.b64encode(gzip.compress(broken, mtime=0)).decode()
    true = room_of_page.static, room_of_page.packed
    monkeypatch.setattr(
        room_of_page, "static", lambda name: broken if name == "graphviz.js" else true[0](name)
    )
    monkeypatch.setattr(room_of_page, "packed", lambda name: text if name == "graphviz.js" else true[1](name))
    page = visit(record)
    wait_until(page, "document.querySelector('#structure .trouble') !== null")
    assert "did not start: no <b>WebAssembly</b>" in page.locator("#structure .trouble").inner_text()
    assert page.locator("#structure [role=treeitem]").count() > 10
    assert page.locator("#structure svg").count() == 0


@pytest.mark.parametrize(("width", "hash"), [(390, "lang=zh"), (390, "theme=dark&open=-"), (820, "")])
@pytest.mark.weights
def test_narrow_windows_scroll_the_drawing_and_not_the_page(
    drawn: Callable[..., Page], record: StructureRecord, width: int, hash: str
) -> None:
    page = drawn(record, width=width, hash=hash)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.weights
def test_report_and_structure_stand_in_one_page(
    drawn: Callable[..., Page], record: StructureRecord, report_of: ReportOf
) -> None:
    page = drawn([report_of("english"), record])
    sections = page.locator("main > section").evaluate_all("(all) => all.map((each) => each.id)")
    assert sections == ["score", "training", "errors", "structure", "calibration", "facts"]
    assert page.locator("*").count() <= 3000


def test_hostile_names_are_text_and_reach_no_other_language(drawn: Callable[..., Page]) -> None:
    names = {name: type(name, (Residual,), {}) for name in HOSTILE if name != "\ud800"}
    module = torch.nn.Sequential(*(kind(layer()) for kind in names.values()))
    record = gb.lens.structure(module, inputs=(torch.randn(2, 6),))
    record = replace(record, notes=HOSTILE[:2], unread=HOSTILE[:3], text=HOSTILE[1], model=HOSTILE[1])
    page = drawn(record.sketched(Look(depth=1)))
    shown = page.locator("#structure svg").text_content() or ""
    assert all(name in shown for name in HOSTILE if name.isprintable() and len(name) < 40)
    assert set(of_kind(page, "box")) == {box.number for box in boxes_of(record.drawing(Look(depth=1)).root)}
    assert page.locator("script:not([type])").count() == 1
    assert page.evaluate("window.hacked") is None and not {"\u202e"} & set(shown)
    page.keyboard.press("Tab")


def test_a_window_of_a_long_text_is_named(drawn: Callable[..., Page], record: StructureRecord) -> None:
    page = drawn(replace(record, window=1, num_windows=3))
    assert "this is window 1 of 0 to 2" in page.locator("#structure").inner_text()
    assert drawn(record).locator("#structure .window").count() == 0
