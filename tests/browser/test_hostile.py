"""Whatever a record holds, the page shows it as text: nothing runs, nothing is added, nothing requested."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from playwright.sync_api import Page
from torch import nn

import glassbert as gb
from glassbert.lens.records import Record
from glassbert.lens.report_records import NamedText, Report, Series, Setting
from glassbert.show.page import render_page
from tests.browser.conftest import ReportOf, Visit
from tests.lens.structuring.material import Residual, layer
from tests.show.make_attention import make_attention
from tests.show.make_landscape import make_landscape
from tests.show.texts import HOSTILE

pytestmark = pytest.mark.browser
# Elements that our page never makes; a string that became markup would be among them.
FOREIGN = "iframe, object, embed, img, link, base, form, template, math, video, audio, marquee, #page script"
# Attributes that run or lead somewhere; the page's own links lead to places within it.
ACTIVE = """[...document.querySelectorAll('#page *')].flatMap((element) => [...element.attributes].filter(
  ({ name, value }) => name.startsWith('on') || name === 'src' || name === 'style' && /url/.test(value)
    || /href|action/.test(name) && !value.startsWith('#')).map(({ name, value }) => `${name}=${value}`))"""
# What a string of HOSTILE becomes on the page where unseen characters are named.
UNSEEN = {"\u202e": "⟨U+202E⟩", "\u202c": "⟨U+202C⟩", "\u2067": "⟨U+2067⟩", "\u2069": "⟨U+2069⟩"}


@pytest.fixture(scope="module")
def hostile(report_of: ReportOf) -> list[Record]:
    return hostile_records(report_of("hostile"), [text for text in HOSTILE if text])


def hostile_records(report: Report, texts: list[str]) -> list[Record]:
    """Every text of a report is hostile: labels, texts, facts, settings, series, tokens."""
    facts = replace(
        report.facts,
        run_id=texts[0],
        status=texts[1],
        task=texts[2],
        created=texts[3],
        command=" ".join(texts[:20]),
        text_column=texts[4],
        pair_column=texts[8],
        label_column=texts[5],
        column_reasons=tuple(texts[:40]),
        model_source=texts[6],
        model_family=texts[7],
        newly_initialised=tuple(texts[:9]),
        settings=tuple(Setting(name=f"{i} {text}", value=text, source=text, reason=text)
                       for i, text in enumerate(texts[:40])),
        versions=tuple(NamedText(name=text, value=text) for text in texts[:40]),
    )  # fmt: skip
    steps = np.arange(5, dtype=np.int32)
    more = tuple(Series(name=text, step=steps, value=np.ones(5)) for text in texts[:12])
    curves = replace(report.curves, series=(*report.curves.series, *more))
    score = replace(report.score, verdict=f"{texts[0]}. {texts[1]}", stopped_because=texts[0])
    attention = replace(make_attention((*texts[:36], "[SEP]")), text=texts[0], model=texts[1])
    page = replace(report, facts=facts, score=score, curves=curves)
    assert page.slices is not None and page.suspects is not None
    return [page, attention]


def check_inert(page: Page) -> None:
    assert page.evaluate("window.hacked") is None
    assert page.locator(FOREIGN).count() == 0
    assert page.locator("script:not([type])").count() == 1 and page.locator("style").count() == 1
    assert page.evaluate(ACTIVE) == []


def test_there_are_a_hundred_attacks() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 100


def test_every_attack_as_the_name_of_a_module_is_inert(visit: Visit) -> None:
    kinds = [type(text, (Residual,), {}) for text in HOSTILE if text]
    module = nn.Sequential(*(kind(layer()) for kind in kinds))
    sketch = gb.lens.structure(module, inputs=(torch.randn(2, 6),)).sketched()
    assert {text for text in HOSTILE if text} <= set(sketch.graph.words)
    page = visit(replace(sketch, model=HOSTILE[0], text=HOSTILE[1], notes=tuple(HOSTILE)), hash="unfold=1")
    check_inert(page)
    assert page.locator("#structure").inner_text().strip()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_every_attack_as_the_name_of_a_landscapes_model_is_inert(visit: Visit) -> None:
    plain = make_landscape("between")
    size = len(plain.waypoints)
    parts = [HOSTILE[start : start + size] for start in range(0, len(HOSTILE), size)]
    records = [
        replace(
            plain,
            model=part[-1],
            waypoints=tuple(
                replace(way, name=name) for way, name in zip(plain.waypoints, part, strict=False)
            ),
        )
        for part in parts
    ]
    page = visit(records)
    for number in range(len(records)):
        page.locator("#landscape header select").select_option(index=number)
        check_inert(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    "hash",
    ["", "lang=zh&theme=dark&show=all&form=links", "form=neurons&token=3", "true=3&predicted=4&metric=x"],
)
def test_hostile_record_is_inert(visit: Visit, hostile: list[Record], hash: str) -> None:
    page = visit(hostile, hash=hash)
    check_inert(page)
    for section in ("score", "training", "errors", "calibration", "attention", "facts"):
        assert page.locator(f"#{section}").inner_text().strip()
    page.locator("details summary").first.click()
    page.locator("#errors .cells").hover()
    page.locator("#attention .tiles").hover()
    page.locator("#errors .list").evaluate("(list) => list.scrollTo(0, 1e9)")
    page.wait_for_timeout(100)
    check_inert(page)
    assert page.evaluate("document.querySelectorAll('*').length") < 3000
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("kind", "first"), [("hostile-2", 41), ("hostile-3", 76)])
def test_the_other_attacks_are_inert_too(visit: Visit, report_of: ReportOf, kind: str, first: int) -> None:
    texts = [text for text in (*HOSTILE[first:], *HOSTILE[:first]) if text]
    page = visit(hostile_records(report_of(kind), texts))
    page.locator("details summary").first.click()
    page.locator("#errors .cells").hover()
    page.locator("#errors .list").evaluate("(list) => list.scrollTo(0, 1e9)")
    page.wait_for_timeout(100)
    check_inert(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_hostile_labels_are_shown_as_they_are(visit: Visit, hostile: list[Record]) -> None:
    page = visit(hostile)
    labels = hostile[0].confusion.labels
    shown = page.locator("#errors .left .label").all_inner_texts()
    assert len(shown) == len(labels)
    for label, text in zip(labels, shown, strict=True):
        if label.isascii() and label.isprintable() and len(label) < 60:
            assert " ".join(text.split()) == " ".join(label.split())


def test_direction_marks_are_named_and_not_obeyed(visit: Visit, hostile: list[Record]) -> None:
    page = visit(hostile)
    text = page.locator("#page").inner_text()
    assert not set(UNSEEN) & set(text)
    assert "⟨U+202E⟩evil txt.exe⟨U+202C⟩" in text


def test_label_of_ten_thousand_characters_does_not_stretch_the_page(
    visit: Visit, hostile: list[Record]
) -> None:
    assert max(map(len, hostile[0].confusion.labels)) == 10_000
    page = visit(hostile, width=390)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("#errors .above").bounding_box()["height"] < 200


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "\ufffe", "\x1b]0;x\x07"], ids=ascii)
def test_text_that_no_file_could_hold_is_still_inert(visit: Visit, report_of: ReportOf, text: str) -> None:
    report = report_of("english")
    page = visit(replace(report, facts=replace(report.facts, run_id=text, model_source=text)))
    check_inert(page)
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize(
    "hash",
    [
        "metric=__proto__&layer=999999999&head=999999999&token=99999999&row=99999999&pick=99999999&true=99999999&predicted=99999999",
        "metric=</script><script>window.hacked=1</script>&find=<img src=x onerror=window.hacked=1>",
        "first=999999999&last=0",
        "first=5&last=5",
        "%E0%A4%A",
        "constructor=1&__proto__=1&contrast=Infinity&mass=1e400",
    ],
)
def test_hostile_address_is_inert(visit: Visit, report_of: ReportOf, hash: str) -> None:
    page = visit([report_of("english"), make_attention()], hash=hash)
    check_inert(page)
    assert page.locator("h1").inner_text() == "Better than TF-IDF + logistic regression."
    assert page.locator("#attention canvas").count() >= 3


# all of the magic in base64 that does not share a letter with the length behind it
MAGIC = b">R0JSRUNPUk"


@pytest.mark.parametrize(
    "damage",
    [
        lambda page: page.replace(MAGIC, b">R0JSRUNPUl"),
        lambda page: page.replace(MAGIC, b">!"),
        lambda page: page[: page.index(MAGIC) + 4000] + page[page.index(b"</script>") :],
    ],
    ids=["other magic", "not base64", "truncated"],
)
def test_damaged_record_is_said_and_not_drawn(visit: Visit, report_of: ReportOf, damage: object) -> None:
    sound = render_page(report_of("english"))
    damaged = damage(sound)  # type: ignore[operator]
    assert damaged != sound
    page = visit(damaged)
    assert "This page cannot show its record:" in page.locator("#page").inner_text()
