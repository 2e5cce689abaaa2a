"""Attribution: every colour on the text inverts to its score, and the verdict says what the record says."""

import re
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Page

from glassbert.lens.attribution_record import AttributionRecord
from tests.browser.conftest import Visit
from tests.browser.reading import Mark, Ramp, marks, named, number
from tests.show.make_attribution import CHINESE, ENGLISH, METHODS, make_record

pytestmark = pytest.mark.browser
# A colour stands for one of 255 places.
STEP = 1.001 / 254
VERDICT = "#attribution [data-outcome]"


def ramp_of(page: Page) -> Ramp:
    return Ramp(page.locator("#attribution .key canvas").first)


def color(css: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", css)[:3]]


def tokens_of(mark: Mark) -> list[int]:
    return [int(token) for token in mark["name"].split()[1:]]


def check_colors(page: Page, record: AttributionRecord, method: str, *, lift: float = 1) -> list[Mark]:
    """Every piece has the sum of its tokens, and the colour of that sum; returns the marks."""
    found, scores = marks(page, "attribution text"), record.of(method).scores
    expected = np.array([scores[tokens_of(mark)].sum() for mark in found])
    np.testing.assert_allclose([mark["value"] for mark in found], expected, rtol=1e-12)
    special = np.array(["[" in mark["drawn"]["text"] for mark in found])
    shares = np.clip(expected / abs(expected[~special]).max(), -1, 1)
    places = ramp_of(page).places(np.array([color(mark["drawn"]["backgroundColor"]) for mark in found]))
    np.testing.assert_allclose(places, 0.5 + np.sign(shares) * abs(shares) ** (1 / lift) / 2, atol=STEP)
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("unit", ["tokens", "words", "phrases"])
@pytest.mark.parametrize(("method", "lift"), [("occlusion", 1), ("saliency", 2.5)])
def test_every_colour_inverts_to_the_sum_of_its_scores(
    visit: Visit, theme: str, unit: str, method: str, lift: float
) -> None:
    record = make_record()
    page = visit(record, hash=f"unit={unit}&method={method}&lift={lift}", theme=theme)
    found = check_colors(page, record, method, lift=lift)
    groups = [tokens_of(mark) for mark in found]
    assert sum(groups, []) == list(range(len(record.tokens)))
    if unit == "tokens":
        assert all(len(group) == 1 for group in groups)
    if unit == "words":
        words = [record.word[group] for group in groups]
        assert all(len(set(word)) == 1 for word in words)
        assert [word[0] for word in words if word[0] >= 0] == sorted(set(record.word) - {-1})
        inside = [mark["value"] for mark, word in zip(found, words, strict=True) if word[0] >= 0]
        np.testing.assert_allclose(inside, record.word_scores(method))
    if unit == "phrases":
        texts = [mark["drawn"]["text"] for mark in found]
        assert texts == ["[CLS]", "The unusually quiet film earns its ending,", "I think.", "Warm!", "[SEP]"]


def test_the_text_is_the_one_that_people_wrote(visit: Visit) -> None:
    record = make_record("  Not   BAD,\nnot “good”…  ")
    page = visit(record, hash="unit=tokens&special=0")
    shown = page.locator("#attribution .text p").evaluate("(p) => p.textContent")
    assert shown.strip() == record.text.strip()


def test_what_speaks_against_has_a_line_besides_its_colour(visit: Visit) -> None:
    record = make_record()
    found = marks(visit(record), "attribution text")
    largest = max(abs(mark["value"]) for mark in found)
    for mark in found:
        if abs(mark["value"] / largest + 0.1) > 0.01:
            line = mark["drawn"]["line"]
            assert (line == "dotted") == (mark["value"] / largest < -0.1), mark
    page = visit(record, hash="method=saliency")
    assert {mark["drawn"]["line"] for mark in marks(page, "attribution text")} == {"solid"}
    assert "has no sign" in page.locator("#attribution").inner_text()


def test_letters_can_be_read_on_every_colour(visit: Visit) -> None:
    for theme in ("light", "dark"):
        for mark in marks(visit(make_record(), theme=theme), "attribution text"):
            ground, ink = (luminance(color(mark["drawn"][name])) for name in ("backgroundColor", "color"))
            assert (max(ground, ink) + 0.05) / (min(ground, ink) + 0.05) > 4.5


def luminance(rgb: list[int]) -> float:
    share = np.array(rgb) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_key_says_which_score_has_which_colour(visit: Visit) -> None:
    record = make_record()
    page = visit(record, hash="special=0&lift=2")
    largest = abs(record.word_scores("occlusion")).max()
    (bar,) = named(page, "attribution ramp", "ramp")
    for tick, expected in zip(
        page.locator("#attribution .key .scale").first.locator("span").all(), (-1, 0, 1), strict=True
    ):
        assert number(tick.inner_text()) == pytest.approx(expected * largest, rel=1e-3)
        box = tick.bounding_box()
        place = (box["x"] + box["width"] / 2 - bar["box"]["x"]) / (bar["box"]["width"] - 1)
        assert place == pytest.approx(0.5 + expected / 2, abs=0.02)


def test_special_tokens_can_be_hidden_and_their_sum_is_said(visit: Visit) -> None:
    record = make_record()
    page = visit(record, hash="special=0&method=saliency")
    shown = marks(page, "attribution text")
    assert not any("[" in mark["drawn"]["text"] for mark in shown)
    hidden = page.locator("#attribution .caption", has_text="Special tokens are hidden").inner_text()
    expected = record.of("saliency").scores[[0, -1]].sum()
    assert number(hidden.removesuffix(".").split("sum to")[1]) == pytest.approx(expected, rel=1e-3)


def test_numbers_under_the_pointer_and_the_keys_are_the_scores(visit: Visit) -> None:
    record = make_record()
    page = visit(record, hash="unit=tokens")
    readout = page.locator("#attribution .text + .readout")
    for place in (2, 5):
        page.locator(f"#attribution [data-piece='{place}']").hover()
        assert number(readout.locator("b").inner_text()) == pytest.approx(record.scores[place], rel=1e-3)
        assert readout.locator("bdi").nth(1).inner_text() == record.tokens[place]
    page.mouse.move(1, 1)
    page.locator("#attribution [data-piece='0']").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    assert number(readout.locator("b").inner_text()) == pytest.approx(record.scores[2], rel=1e-3)
    order = sorted(range(len(record.scores)), key=lambda i: -record.scores[i])
    assert f"{order.index(2) + 1} of {len(record.scores)}" in readout.inner_text()
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#token=2&unit=tokens"
    page.keyboard.press("End")
    page.keyboard.press("Escape")
    assert page.evaluate("location.hash") == "#unit=tokens"
    again = visit(record, hash="token=2&unit=words")
    assert again.locator("#attribution .held").inner_text() == "unusually"
    assert "unus" in again.locator("#attribution .text + .readout").inner_text()


def test_highest_and_lowest_are_listed_in_numbers(visit: Visit) -> None:
    record = make_record()
    page = visit(record, hash="unit=tokens")
    shown = [
        [
            number(text)
            for text in page.locator("#attribution .extremes").nth(row).locator("b").all_inner_texts()
        ]
        for row in (0, 1)
    ]
    order = np.sort(record.scores)
    np.testing.assert_allclose(shown, [order[::-1][:5], order[:5]], rtol=1e-3)


@pytest.mark.parametrize("name", METHODS)
def test_the_verdict_is_the_sentence_of_the_record(visit: Visit, name: str) -> None:
    record = make_record()
    page = visit(record, hash=f"method={name}")
    block = page.locator(VERDICT)
    said = [block.locator("h3").inner_text(), *block.locator(".details, .warning").all_inner_texts()]
    shown = f"{said[0]}: {' '.join(said[1:])}".replace("−", "-")
    assert shown.lower() == record.of(name).verdict.lower()
    assert block.get_attribute("data-outcome") == record.of(name).outcome
    assert block.locator(".sign").inner_text().strip()


@pytest.mark.parametrize(
    ("outcome", "words", "chinese"),
    [
        ("better", "Better than random on this input", "优于随机"),
        ("mixed", "Better than random in one test of two", "有一项优于随机"),
        ("unsure", "Probably better than random", "可能优于随机"),
        ("no-better", "No better than random on this input", "不优于随机"),
        ("worse", "Worse than random on this input", "比随机更差"),
        ("few", "Too few tokens", "词元太少"),
        ("flat", "Nothing to rank", "无可排序"),
        ("empty", "The text has no tokens to attribute anything to", "没有可归因的词元"),
    ],
)
def test_every_outcome_is_said_in_words_and_by_a_sign(
    visit: Visit, outcome: str, words: str, chinese: str
) -> None:
    record = make_record(methods=("occlusion",))
    record = replace(record, methods=(replace(record.methods[0], outcome=outcome),))
    assert words in visit(record).locator(f"{VERDICT} h3").inner_text()
    block = visit(record, hash="lang=zh").locator(VERDICT)
    assert chinese in block.locator("h3").inner_text()
    assert not re.search("[A-Za-z]{3,}", block.locator(".details").inner_text().replace("warm", ""))


def test_verdict_comes_before_every_picture(visit: Visit) -> None:
    page = visit(make_record())
    top = page.locator(VERDICT).bounding_box()["y"]
    assert all(canvas.bounding_box()["y"] > top for canvas in page.locator("#attribution canvas, svg").all())
    text = page.locator("#attribution").inner_text()
    assert "probability 0.930" in text and "log-odds +2.587; −0.8001 with every token" in text
    assert "somebody" not in text


def test_a_chinese_text_and_interface(visit: Visit) -> None:
    record = make_record(CHINESE)
    page = visit(record, hash="lang=zh&unit=phrases&special=0")
    found = check_colors(page, record, "occlusion")
    assert [mark["drawn"]["text"] for mark in found] == re.findall("[^，。]+[，。]", CHINESE)
    assert "归因" in page.locator("#attribution h2").inner_text()
    assert not re.search("[A-Za-z]{6,}", page.locator("#attribution .controls").inner_text())


def test_a_pair_is_drawn_as_two_texts(visit: Visit) -> None:
    record = make_record("A man sleeps.", pair="Nobody is awake, I think.")
    page = visit(record, hash="unit=words")
    check_colors(page, record, "occlusion")
    lines = page.locator("#attribution .text p").all_inner_texts()
    assert lines[0].startswith("A") and "A man sleeps." in lines[0] and "Nobody" not in lines[0]
    assert lines[1].startswith("B") and "Nobody is awake, I think." in lines[1]


def test_the_token_whose_prediction_is_explained_is_marked(visit: Visit) -> None:
    record = make_record(position=3, target="B-PER")
    page = visit(record, hash="unit=words")
    assert page.locator("#attribution .asked").inner_text() == "unusually"
    assert "at token 3, ##uall" in page.locator("#attribution .answer").inner_text()


@pytest.mark.parametrize(("number_of", "side"), [(4, "A"), (9, "B")])
def test_a_masked_word_stands_in_its_place(visit: Visit, number_of: int, side: str) -> None:
    record = make_record("The film is warm.", pair="The end.", guessed=number_of)
    page = visit(record, hash="unit=phrases")
    check_colors(page, record, "occlusion")
    assert page.locator("#attribution .asked").inner_text() == "[MASK]"
    line = page.locator("#attribution .text p", has_text="[MASK]").inner_text()
    assert ("is" in line) == (side == "A")


def test_a_window_says_which_and_that_the_text_goes_on(visit: Visit) -> None:
    record = make_record()
    before = "Before it all. "
    offsets = np.where(record.sequence[:, None] >= 0, record.offsets + len(before), 0).astype(np.int32)
    text = f"{before}{ENGLISH} After it all."
    half = replace(record, text=text, window=1, num_windows=3, offsets=offsets)
    page = visit(half)
    assert "this is window 1 of 0 to 2" in page.locator("#attribution").inner_text()
    line = page.locator("#attribution .text p").inner_text()
    assert "… The unusually" in line and line.rstrip().endswith("…")


def test_tokens_of_one_character_are_one_piece(visit: Visit) -> None:
    record = make_record("so 👩 warm")
    tokens = ("[CLS]", "so", "\ud83d", "\udc69", "warm", "[SEP]")
    spans = np.array([[0, 0], [0, 2], [3, 4], [3, 4], [5, 9], [0, 0]], np.int32)
    scores = np.array([0, 0.5, 1.0, -0.25, -0.5, 0.0])
    record = replace(
        record,
        tokens=tuple(token.encode("utf-8", "replace").decode() for token in tokens),
        offsets=spans,
        word=np.array([-1, 0, 1, 1, 2, -1], np.int32),
        sequence=np.array([-1, 0, 0, 0, 0, -1], np.int8),
        methods=tuple(replace(method, scores=scores) for method in record.methods),
    )
    page = visit(record, hash="unit=tokens&special=0")
    assert page.locator("#attribution .text [role=option]").all_inner_texts() == ["so", "👩", "warm"]
    assert [mark["value"] for mark in marks(page, "attribution text")] == [0.5, 0.75, -0.5]
