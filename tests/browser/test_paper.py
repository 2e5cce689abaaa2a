"""Paper cannot be scrolled: nothing that a page draws may be cut at its edge when it is printed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import glassbert as gb
from glassbert.lens.records import Record
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from tests.browser.conftest import ReportOf, Visit
from tests.contract.workbench import tiny_config, tiny_tokenizer
from tests.lens.atlas.planted import TEXTS, Planted
from tests.lens.comparing.material import deep, twin
from tests.show.make_attention import make_attention
from tests.show.make_attribution import make_record
from tests.show.make_embeddings import make_embeddings
from tests.show.make_landscape import make_landscape

pytestmark = pytest.mark.browser
CUT = """[...document.querySelectorAll('main *')].flatMap((element) => {
  const style = getComputedStyle(element);
  const cuts = style.overflowX !== 'visible' && element.clientWidth > 1 && style.textOverflow !== 'ellipsis';
  const wide = element.scrollWidth > element.clientWidth + 1;
  const said = `${element.tagName} ${element.className}: ${element.scrollWidth} > ${element.clientWidth}`;
  return cuts && wide ? [said] : [];
})"""

TORN = """[...document.querySelectorAll('main canvas')].filter((canvas) => {
  for (let element = canvas; element; element = element.parentElement) {
    if (getComputedStyle(element).breakInside === 'avoid') return false;
  }
  return canvas.getBoundingClientRect().height > 100;
}).map((canvas) => canvas.parentElement.className)"""


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Callable[[], Record]]:
    folder = tmp_path_factory.mktemp("paper")
    tokenizer = tiny_tokenizer(folder)
    network = Network(tiny_config(tokenizer.vocab_size), HeadConfig(kind="masked-lm"), seed=3)
    speaker = Planted("speaker", network.eval(), tokenizer)
    model = deep(folder)
    text = "the film is warm , a dull film ."
    return {
        "attention": make_attention,
        "attribution": make_record,
        "embeddings": make_embeddings,
        "landscape": lambda: make_landscape("trajectory"),
        "heads": lambda: gb.lens.heads(speaker, TEXTS),
        "lens": lambda: gb.lens.masked(speaker, text, hide=[2], words=["warm"]),
        "diff": lambda: gb.lens.diff(model, twin(model), [text, *TEXTS], rows=list(range(len(TEXTS) + 1))),
    }


NAMES = ["attention", "attribution", "embeddings", "landscape", "heads", "lens", "diff"]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_cut_on_paper(
    visit: Visit, records: dict[str, Callable[[], Record]], name: str, lang: str
) -> None:
    page = visit(records[name](), hash=f"lang={lang}", theme="dark")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("main").bounding_box()["width"] == pytest.approx(680, abs=1)
    assert page.evaluate(CUT) == []
    # a picture that a page break may cut would lose its labels to the page before
    assert page.evaluate(TORN) == []
    page.evaluate("dispatchEvent(new Event('afterprint'))")


def test_a_report_is_not_cut_on_paper(visit: Visit, report_of: ReportOf) -> None:
    page = visit(report_of("english"))
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(CUT) == []
    assert np.isfinite(page.locator("main").bounding_box()["height"])
