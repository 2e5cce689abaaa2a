"""The gallery: every picture shows what its record says, here of a small random encoder, which learns a
little; those that are kept are small files.
"""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

import glassbert as gb
from glassbert.cli.main import main
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.pretrained import save_pretrained
from tests.browser.reading import DECODE, Mark, Ramp, marks, named, pixels, wait_until
from tests.markdown import read

ROOT = Path(__file__).parent.parent.parent


def script() -> ModuleType:
    """docs/make_gallery.py as a module."""
    spec = importlib.util.spec_from_file_location("make_gallery", ROOT / "docs" / "make_gallery.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


gallery = script()


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory, minilm: Path) -> Path:
    """A run and its pages, by the commands of docs/gallery.md; of few reviews and points, and of an encoder
    that has MiniLM's name, vocabulary, layers and heads, but a hidden size of 48.
    """
    work = tmp_path_factory.mktemp("gallery")
    model = gb.load(str(minilm))
    config = replace(model.network.config, hidden_size=48, intermediate_size=96)
    save_pretrained(Network(config, HeadConfig(kind="pooling"), seed=0), work / "minilm")
    model.tokenizer.save(work / "minilm")
    short = {"--points": "40", "--rows": "16", "--budget": "10s"}
    gallery.make_material(work, rows=120, instead=short, run=run_here)
    return work


def run_here(words: list[str], work: Path) -> None:
    """Run a command in this process: the same code without seven seconds of imports."""
    with contextlib.chdir(work), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", words)
        with contextlib.suppress(SystemExit):
            main()
    assert (work / gallery.written(words)).exists()


@pytest.fixture(scope="module")
def decoder(chromium: Browser) -> Iterator[Callable[[bytes], np.ndarray]]:
    """A picture's pixels, [height, width, 3], as a browser sees them."""
    page = chromium.new_page(offline=True)

    def decode(picture: bytes) -> np.ndarray:
        page.evaluate(DECODE, f"data:image/webp;base64,{base64.b64encode(picture).decode()}")
        return pixels(page.locator("canvas"))[:, :, :3].astype(int)

    yield decode
    page.close()


# Each reads the marks of a view back, compares them with the record, and gives those to be in the picture.
Reader = Callable[[Page, Any], list[Mark]]


def score(page: Page, report: Any) -> list[Mark]:
    found = {mark["name"]: mark for mark in marks(page, "score")}
    for contender in report.score.contenders:
        (accuracy,) = [each.value for each in contender.scores if each.metric == "accuracy"]
        assert found[f"score {contender.name}"]["value"] == accuracy
    return [found[f"score {contender.name}"] for contender in report.score.contenders]


def training(page: Page, report: Any) -> list[Mark]:
    (canvas,) = named(page, "curve loss", "canvas")
    series = {each.name: each for each in report.curves.series}
    shown = [series[name] for name in canvas["value"]]
    assert "loss" in canvas["value"]
    low, high = canvas["drawn"]["domain"]
    assert all(low <= value <= high for each in shown for value in each.value)
    return [canvas]


def errors(page: Page, report: Any) -> list[Mark]:
    size = len(report.confusion.labels)
    cells = [named(page, "confusion", f"cell {i // size} {i % size}")[0] for i in range(size * size)]
    assert [cell["value"] for cell in cells] == report.confusion.matrix.ravel().tolist()
    (selection,) = named(page, "examples", "selection")
    assert len(selection["value"]) == report.confusion.matrix[1, 0]
    return [*cells, named(page, "examples", "example")[0]] if selection["value"] else cells


def calibration(page: Page, report: Any) -> list[Mark]:
    dots = named(page, "calibration", "bin after")
    bins = report.score.calibration.after
    wanted = np.stack([bins.confidence, bins.accuracy, bins.count], axis=1)
    np.testing.assert_allclose([dot["value"] for dot in dots], wanted[bins.count > 0])
    return dots


def attention(page: Page, record: Any) -> list[Mark]:
    ready = "glassbert.probe('attention tiles')['attention tiles'].every((mark) => mark.drawn.ready)"
    wait_until(page, ready)
    (matrix,) = marks(page, "attention matrix")
    weights = record.weights(*chosen(page))
    image, cell = pixels(page.locator("#attention .map canvas")), matrix["drawn"]["cell"] * gallery.SCALE
    middles = ((np.arange(len(weights)) + 0.5) * cell).astype(int)
    ramp = Ramp(page.locator("#attention .controls canvas"))
    places = ramp.places(image[np.ix_(middles, middles)][:, :, :3])
    np.testing.assert_allclose(places, weights**0.5, atol=1.5 / 255)
    return [matrix, *marks(page, "attention tiles")]


def links(page: Page, record: Any) -> list[Mark]:
    found, weights = marks(page, "attention links"), record.weights(*chosen(page))
    for mark in found:
        _, row, column = mark["name"].split()
        assert mark["value"] == pytest.approx(float(weights[int(row), int(column)]), abs=1e-5)
    return found


def neurons(page: Page, record: Any) -> list[Mark]:
    (query,) = named(page, "attention neurons", "query")
    weights = record.weights(*chosen(page))[query["value"]]
    bars = [named(page, "attention neurons", f"weight {row}")[0] for row in range(len(weights))]
    np.testing.assert_allclose([bar["value"] for bar in bars], weights, atol=1e-5)
    return [query, bars[int(weights.argmax())]]


def chosen(page: Page) -> tuple[int, int]:
    """The layer and head that the page's address names."""
    address = re.search(r"layer=(\d+)&head=(\d+)", page.evaluate("location.hash"))
    assert address is not None
    return int(address[1]), int(address[2])


def attribution(page: Page, record: Any) -> list[Mark]:
    found, scores = marks(page, "attribution text"), record.methods[0].scores
    for mark in found:
        tokens = [int(token) for token in mark["name"].split()[1:]]
        assert mark["value"] == pytest.approx(scores[tokens].sum(), rel=1e-9, abs=1e-12)
    return found


def embeddings(page: Page, record: Any) -> list[Mark]:
    (picture,) = marks(page, "embeddings picture")
    points = marks(page, "embeddings points")
    assert len(points) == record.total > 20
    assert len({tuple(mark["value"]) for mark in points}) > 20
    return [picture, points[0], points[-1]]


def heads(page: Page, record: Any) -> list[Mark]:
    found = marks(page, "heads tiles")
    for mark in found:
        layer, head = map(int, mark["name"].split()[1:])
        expected = record.score[layer, head] if record.label[layer, head] >= 0 else 0.0
        assert mark["value"] == pytest.approx(float(expected), abs=1e-6)
    return found


def diff(page: Page, record: Any) -> list[Mark]:
    found = marks(page, "diff heads")
    for mark in found:
        layer, head = map(int, mark["name"].split()[1:])
        assert mark["value"] == pytest.approx(float(record.own[layer, head]), rel=1e-5)
    return found


def lens(page: Page, record: Any) -> list[Mark]:
    found = marks(page, "lens grid")
    for mark in found:
        token, layer = map(int, mark["name"].split()[1:])
        assert mark["value"] == pytest.approx(float(record.probability[layer, token, 0]), rel=1e-5)
        assert mark["drawn"]["text"].rstrip("…") in record.words(layer, token)[0]
    return found


def landscape(page: Page, record: Any, view: str = "plane") -> list[Mark]:
    points = [mark for mark in marks(page, f"landscape {view}") if mark["name"].startswith("point ")]
    assert [mark["value"] for mark in points] == record.surfaces[0].values.tolist()
    return named(page, f"landscape {view}", "frame")


def relief(page: Page, record: Any) -> list[Mark]:
    return landscape(page, record, "relief")


def structure(page: Page, record: Any) -> list[Mark]:
    found = [mark for mark in marks(page, "structure") if mark["name"].startswith("box ")]
    assert len(found) > 10
    for mark in found:
        assert mark["value"]["own"] == record.graph.num_parameters[mark["value"]["node"]]
    return found


READERS: dict[str, tuple[str, Reader]] = {
    "score": ("Report", score),
    "training": ("Report", training),
    "errors": ("Report", errors),
    "calibration": ("Report", calibration),
    "attention": ("AttentionRecord", attention),
    "links": ("AttentionRecord", links),
    "neurons": ("AttentionRecord", neurons),
    "attribution": ("AttributionRecord", attribution),
    "embeddings": ("EmbeddingsSketch", embeddings),
    "heads": ("HeadsRecord", heads),
    "diff": ("DiffRecord", diff),
    "lens": ("MaskedRecord", lens),
    "landscape": ("LandscapeRecord", landscape),
    "relief": ("LandscapeRecord", relief),
    "structure": ("StructureSketch", structure),
}


@pytest.mark.browser
@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("picture", gallery.PICTURES, ids=lambda each: each.name)
def test_a_picture_shows_what_its_record_says(
    material: Path, chromium: Browser, decoder: Callable[[bytes], np.ndarray], picture: Any
) -> None:
    page = gallery.open_page(chromium, material, picture)
    kind, reader = READERS[picture.name.removesuffix("-zh")]
    record = next(
        (each for each in gallery.records_in(material / picture.page) if type(each).__name__ == kind), None
    )
    assert record is not None or not kind
    drawn = reader(page, record)
    clip = gallery.clip_of(page, picture)
    image = decoder(gallery.photograph(page, picture))
    page.context.close()
    assert image.shape == (picture.pixels[1], picture.pixels[0], 3)
    inside = [mark for mark in drawn if within(mark["box"], clip)]
    assert inside, f"none of {len(drawn)} marks lies in the picture"
    paper = image[2, 2]
    for mark in inside:
        box = mark["box"]
        left, top = (round((box[way] - clip[way]) * gallery.SCALE) for way in ("x", "y"))
        right, bottom = left + round(box["width"] * gallery.SCALE), top + round(box["height"] * gallery.SCALE)
        piece = image[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2]
        if abs(piece - paper).max() > 40:
            return
    pytest.fail("where marks should be, the picture is blank")


def within(box: dict[str, float], clip: dict[str, float]) -> bool:
    return all(
        clip[way] <= box[way] and box[way] + box[side] <= clip[way] + clip[side]
        for way, side in (("x", "width"), ("y", "height"))
    )


def test_kept_pictures_are_small_and_all_there() -> None:
    gallery.check_sizes(gallery.IMAGES.glob("*"))
    assert {path.name for path in gallery.IMAGES.glob("*")} == {each.path.name for each in gallery.PICTURES}


@pytest.mark.parametrize("page", gallery.PAGES, ids=lambda path: path.name)
def test_both_galleries_show_every_picture_with_its_source(page: Path) -> None:
    shown = re.findall(r"!\[[^]]{10,}\]\(images/gallery/([\w-]+)\.webp\)\n\n(.+)", read(page))
    assert [name for name, _ in shown] == [each.name for each in gallery.PICTURES]
    for (_, caption), picture in zip(shown, gallery.PICTURES, strict=True):
        assert f"`{picture.address}`" in caption


def test_the_galleries_hold_the_same_commands() -> None:
    english, chinese = ([*gallery.commands(page)] for page in gallery.PAGES)
    assert english == chinese and len(english) >= 9
    assert {words[words.index("look") + 1] for words in english if "look" in words} == {
        "attention", "attribution", "heads", "embeddings", "diff", "landscape", "structure", "lens",
    }  # fmt: skip
