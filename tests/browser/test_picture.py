"""Every view saves itself as one SVG file that shows what the page shows, and asks for nothing."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

import glassbert as gb
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.show.comparison import comparison_record
from glassbert.show.report import build_report, report_records
from tests.browser.conftest import ReportOf, Visit
from tests.browser.reading import DECODE, pixels, wait_until
from tests.browser.test_label_errors import content as set_report
from tests.browser.test_label_errors import sets
from tests.browser.test_number_errors import content as number_report
from tests.browser.test_number_errors import numbers
from tests.contract.workbench import tiny_config, tiny_tokenizer
from tests.lens.atlas.planted import TEXTS, Planted, planted_model
from tests.lens.comparing.material import deep, twin
from tests.runs.pretraining.material import options, run, write_text
from tests.show.make_attention import make_attention
from tests.show.make_attribution import make_record
from tests.show.make_embeddings import make_embeddings
from tests.show.make_landscape import make_landscape
from tests.show.make_search import make_search, tuning
from tests.show.make_words import answer_run, tag_run
from tests.show.test_comparison import compared
from tests.show.texts import HOSTILE

pytestmark = pytest.mark.browser
SVG = "{http://www.w3.org/2000/svg}"
# what a saved picture may be made of; anything else could run or load
ALLOWED = {"svg", "g", "rect", "circle", "ellipse", "line", "path", "polyline", "polygon", "text", "tspan",
           "image", "defs", "clipPath", "title", "linearGradient", "stop"}  # fmt: skip
# colours as every reader of SVG knows them
PORTABLE = re.compile(r"#[0-9a-f]{6}|none|url\(#[\w-]+\)")
SQUARE = 24
# The rest of a view's words works it, and is not drawn.
CONTROLS = ".screen-only, .hidden, input, select, textarea"
HIDE = f"""document.querySelectorAll('{CONTROLS}').forEach((e) => {{ e.style.visibility = 'hidden'; }})"""
BOX = (
    """(section) => { const { width, height } = section.getBoundingClientRect(); return [width, height]; }"""
)
CANVASES = f"""(section) => [...section.querySelectorAll('canvas')].filter(
  (e) => e.checkVisibility() && e.width && e.height && !e.closest('{CONTROLS}')).map((e) => e.toDataURL())"""
Make = Callable[[Path, ReportOf], object]


def lens(folder: Path, report_of: ReportOf) -> object:
    tokenizer = tiny_tokenizer(folder)
    network = Network(tiny_config(tokenizer.vocab_size), HeadConfig(kind="masked-lm"), seed=3)
    return gb.lens.masked(Planted("speaker", network.eval(), tokenizer), "the film is warm .")


def changes(folder: Path, report_of: ReportOf) -> object:
    model = deep(folder)
    return gb.lens.diff(model, twin(model), ["a warm film", "a dull film"], rows=[1, 2])


def structure(folder: Path, report_of: ReportOf) -> object:
    return gb.lens.structure(deep(folder), "a warm film .")


def pretraining(folder: Path, report_of: ReportOf) -> object:
    run(options(write_text(folder / "text.txt"), folder / "run", steps=12, evaluations=3))
    return build_report(folder / "run")


def words(kind: str) -> Make:
    return lambda folder, report_of: build_report({"tags": tag_run, "answers": answer_run}[kind](folder))


def report(kind: str) -> Make:
    return lambda folder, report_of: report_of(kind)


# a name: the section, the state of the page, what is on it
VIEWS: dict[str, tuple[str, str, Make]] = {
    "score": ("score", "", report("english")),
    "training": ("training", "theme=dark", report("english")),
    "errors": ("errors", "true=0&predicted=1", report("english")),
    "tags": ("errors", "outcome=all&row=2", words("tags")),
    "answers": ("errors", "row=2", words("answers")),
    "numbers": ("errors", "theme=dark", lambda folder, report_of: number_report(report_of, numbers())),
    "sets": ("errors", "lang=zh", lambda folder, report_of: set_report(report_of, sets())),
    "calibration": ("calibration", "", report("english")),
    "facts": ("facts", "", report("english")),
    "attention": ("attention", "", lambda folder, report_of: make_attention()),
    "links": ("attention", "form=links", lambda folder, report_of: make_attention()),
    "attribution": ("attribution", "", lambda folder, report_of: make_record()),
    "embeddings": ("embeddings", "", lambda folder, report_of: make_embeddings()),
    "landscape": ("landscape", "", lambda folder, report_of: make_landscape()),
    "comparison": ("diff", "row=7", lambda folder, report_of: comparison_record(compared())),
    "diff": ("diff", "", changes),
    "heads": ("heads", "", lambda folder, report_of: gb.lens.heads(planted_model(folder), TEXTS)),
    "lens": ("lens", "", lens),
    "search": (
        "search",
        "",
        lambda folder, report_of: report_records(make_search(folder / "run", tuning())),
    ),
    "structure": ("structure", "", structure),
    "guesses": ("score", "", pretraining),
    "guesses learnt": ("training", "lang=zh", pretraining),
}
READY = {
    **dict.fromkeys(
        ("attention", "links"),
        "glassbert.probe('attention tiles')['attention tiles'].every((mark) => mark.drawn.ready)",
    ),
    "structure": "document.querySelector('#structure svg .box') !== null",
}


def saved(page: Page, section: str) -> tuple[str, Path]:
    """Press the control; the name that is offered and the file."""
    with page.expect_download() as awaited:
        page.locator(f"#{section} button.save").click()
    return awaited.value.suggested_filename, awaited.value.path()


@pytest.fixture(scope="module")
def seen(chromium: Browser) -> Iterator[Callable[[bytes, str], np.ndarray]]:
    """seen(file, kind) is a picture's pixels, [height, width, 3], as a browser draws it, a little blurred."""
    page = chromium.new_page(offline=True)

    def decode(file: bytes, kind: str) -> np.ndarray:
        page.evaluate(DECODE, f"data:image/{kind};base64,{base64.b64encode(file).decode()}")
        return blurred(pixels(page.locator("canvas"))[:, :, :3].astype(np.int32))

    yield decode
    page.close()


def blurred(image: np.ndarray, size: int = 4) -> np.ndarray:
    """Means of squares of `size` pixels: letters may stand half a pixel elsewhere."""
    sums = np.pad(image, ((1, 0), (1, 0), (0, 0))).cumsum(axis=0).cumsum(axis=1)
    total = sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]
    return total // size**2


@pytest.mark.parametrize("view", VIEWS)
def test_saved_picture_is_what_the_page_shows(
    visit: Visit, seen: Callable[..., np.ndarray], report_of: ReportOf, tmp_path: Path, view: str
) -> None:
    section, state, make = VIEWS[view]
    page = visit(make(tmp_path, report_of), hash=state, saves=1)
    wait_until(page, READY.get(view, "true"))
    name, path = saved(page, section)
    assert re.fullmatch(rf"{section}-[\w.-]+\.svg", name)

    root = ElementTree.fromstring(path.read_bytes())
    assert {each.tag for each in root.iter()} <= {SVG + name for name in ALLOWED}
    part = page.locator(f"#{section}")
    width, height = part.evaluate(BOX)
    assert float(root.get("width", "")) >= int(width) and float(root.get("height", "")) >= int(height)
    colors = {each.get(kind, "none") for each in root.iter() for kind in ("fill", "stroke", "stop-color")}
    assert [color for color in colors if not PORTABLE.fullmatch(color)] == []
    images = [each.get("href") for each in root.iter(SVG + "image")]
    assert images == part.evaluate(CANVASES)

    page.evaluate(HIDE)
    page.evaluate("scrollTo(0, 0)")
    place = part.bounding_box()
    clip = {"x": place["x"], "y": place["y"], "width": int(width), "height": int(height)}
    drawn = seen(page.screenshot(clip=clip, full_page=True, animations="disabled"), "png")
    kept = seen(path.read_bytes(), "svg+xml")
    left, top, *_ = (round(float(each)) for each in root.get("viewBox", "").split())
    kept = kept[-top : drawn.shape[0] - top, -left : drawn.shape[1] - left]
    ground = np.median(drawn.reshape(-1, 3), axis=0)
    ink = np.abs(drawn - ground).max(axis=2) > 24
    assert ink.mean() > 0.01, "the page drew something"
    far = np.abs(drawn - kept).max(axis=2) > 48
    # measured: 0.024 for the score, the edges of whose large letters differ; below 0.01 for the others
    assert far.sum() < 0.035 * ink.sum()
    # nothing small is missing: measured 0.26 of a square in a large letter; a lost sign fills its square
    tall, wide = (size // SQUARE for size in far.shape)
    squares = far[: tall * SQUARE, : wide * SQUARE].reshape(tall, SQUARE, wide, SQUARE).mean(axis=(1, 3))
    assert squares.max() < 0.4


def test_what_a_view_says_by_dots_stripes_and_strokes_is_in_its_picture(
    visit: Visit, report_of: ReportOf, tmp_path: Path
) -> None:
    """Colour aside, a dotted line is an entity that was given, a striped bar a kind of mistake."""
    page = visit(words("tags")(tmp_path, report_of), hash="outcome=all&row=2", saves=1)
    root = ElementTree.fromstring(saved(page, "errors")[1].read_bytes())
    dotted = page.locator("#errors .stretch:not(.right) .given, #errors .key .dotted").count()
    assert dotted > 5
    assert len([line for line in root.iter(SVG + "line") if line.get("stroke-linecap") == "round"]) == dotted
    striped = page.locator("#errors .fate.border:visible, #errors .fate.type:visible").count()
    tracks = page.locator("#errors .track:visible").count()
    assert striped > 3 and tracks > 2
    gradients = [each.get("spreadMethod") for each in root.iter(SVG + "linearGradient")]
    assert (gradients.count("repeat"), gradients.count(None)) == (striped, tracks)
    width, height = page.locator("#errors li[data-row='2']").evaluate(BOX)
    frames = [each.get("d", "") for each in root.iter(SVG + "path") if each.get("fill-rule") == "evenodd"]
    # a frame that is cut out of a box as wide as the row, all but a stroke of 3 pixels at its left
    strokes = [path for path in frames if f"h{width:g}v" in path and f"h{width - 3:g}v" in path]
    assert len(strokes) == 1, "the stroke beside the chosen row"
    tall = re.findall(r"v([\d.]+)", strokes[0])
    assert [float(each) for each in tall] == pytest.approx([height, height], abs=1.5)


def test_hostile_texts_are_text_in_the_saved_picture(visit: Visit, tmp_path: Path) -> None:
    texts = [text for text in HOSTILE if text.strip()]
    rows = [
        {"row": i, "text": text, "label": text, "predictions": [text, text]} for i, text in enumerate(texts)
    ]
    found = compared(runs=[texts[0], texts[1]], verdict=texts[2], better=rows, worse=[])
    page = visit(comparison_record(found), saves=1)
    name, path = saved(page, "diff")
    assert re.fullmatch(r"diff[\w.-]*\.svg", name)
    root = ElementTree.fromstring(path.read_bytes())
    assert {each.tag for each in root.iter()} <= {SVG + name for name in ALLOWED}
    for each in root.iter():
        assert not [key for key in each.attrib if key.startswith("on") or "script" in each.attrib[key]]
        assert each.get("href", "data:image/png;base64,").startswith("data:image/png;base64,")
    written = " ".join(root.itertext())
    assert "<script>" in written, "it stands there as text"


def test_control_is_named_in_both_languages_works_by_keyboard_and_is_not_on_paper(
    visit: Visit,
) -> None:
    page = visit(replace(make_attention(), model="runs/my model"), saves=1)
    button = page.get_by_role("button", name="Save picture (SVG): Attention")
    button.focus()
    with page.expect_download() as awaited:
        page.keyboard.press("Enter")
    assert awaited.value.suggested_filename == "attention-my-model.svg"
    page.evaluate("location.hash = '#lang=zh'")
    chinese = page.get_by_role("button", name="保存图片（SVG）：注意力")
    chinese.wait_for()
    page.emulate_media(media="print")
    assert not chinese.is_visible()
