"""The file: complete, the same every time, and closed against whatever the record holds."""

import base64
import gzip
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from glassbert.errors import OutputError
from glassbert.lens.attention_record import AttentionRecord
from glassbert.lens.report_records import Report
from glassbert.show.page import packed, render_page, static, title_of, write_page
from glassbert.show.report import build_report
from tests.lens.make_attribution import make_attribution
from tests.show.make_attention import make_attention
from tests.show.make_run import make_run
from tests.show.texts import HOSTILE

MAX_BUNDLE = 200_000


class Elements(HTMLParser):
    """Every element of a page with its attributes and text."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.open = False
        self.feed(page.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), ""))
        self.open = True

    def handle_endtag(self, tag: str) -> None:
        self.open = False

    def handle_data(self, data: str) -> None:
        if self.open:
            tag, attrs, text = self.found[-1]
            self.found[-1] = (tag, attrs, text + data)

    def texts(self, tag: str) -> list[str]:
        return [text for name, _, text in self.found if name == tag]

    def scripts(self) -> list[bytes]:
        """What the page may run: its compressed scripts as they are run, and the one that opens them."""
        found = [(attrs, text) for tag, attrs, text in self.found if tag == "script"]
        opened = [
            gzip.decompress(base64.b64decode(text, validate=True))
            for attrs, text in found
            if "data-packed" in attrs
        ]
        return opened + [text.encode() for attrs, text in found if "type" not in attrs]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return build_report(make_run(tmp_path_factory.mktemp("run") / "run"))


@pytest.fixture(scope="module")
def page(report: Report) -> bytes:
    return render_page(report)


def test_page_is_the_same_every_time(report: Report, page: bytes) -> None:
    assert render_page(report) == page


def test_page_carries_the_record_exactly(report: Report, page: bytes) -> None:
    (record,) = [text for tag, attrs, text in Elements(page).found if "data-record" in attrs]
    assert Report.from_bytes(base64.b64decode(record, validate=True)).to_bytes() == report.to_bytes()


def test_page_names_nothing_outside_itself(page: bytes) -> None:
    for tag, attrs, _ in Elements(page).found:
        assert not {"src", "href", "action", "data", "poster", "srcset"} & set(attrs), tag
        assert not [name for name in attrs if name.startswith("on") or name == "style"], tag
    for text in (page, *Elements(page).scripts()):
        assert not re.search(rb"url\((?!#)|@import|sourceMappingURL|fetch\(|import\(", text)
        assert not re.search(rb"XMLHttpRequest|WebSocket|EventSource|sendBeacon", text)


def test_page_allows_its_own_texts_and_nothing_else(page: bytes) -> None:
    elements = Elements(page)
    (policy,) = [attrs["content"] for _, attrs, _ in elements.found if attrs.get("http-equiv")]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy and "*" not in policy and "http" not in policy
    (style,) = elements.texts("style")
    texts = [style.encode(), *elements.scripts()]
    assert elements.scripts() == [static("page.js"), static("opener.js")]
    for text in texts:
        digest = base64.b64encode(hashlib.sha256(text).digest()).decode()
        assert policy.count(f"'sha256-{digest}'") == 1
    assert policy.count("sha256-") == len(texts)


def test_page_forbids_markup_from_script(page: bytes) -> None:
    assert b"require-trusted-types-for 'script'; trusted-types glassbert" in page
    # Svelte names innerHTML once, in a list of properties it never sets.
    forbidden = rb"\.(inner|outer)HTML\s*=|insertAdjacentHTML|document\.write|createContextualFragment"
    for script in Elements(page).scripts():
        assert not re.search(forbidden, script)
    # Only the opener makes scripts from text, and takes the name under which that is allowed.
    assert [b"createPolicy" in script for script in Elements(page).scripts()] == [False, True]


@pytest.mark.parametrize("title", HOSTILE, ids=range(len(HOSTILE)))
def test_page_with_a_hostile_title_has_the_same_elements(page: bytes, report: Report, title: str) -> None:
    hostile = Elements(render_page(report, title=title))
    assert [tag for tag, _, _ in hostile.found] == [tag for tag, _, _ in Elements(page).found]
    assert hostile.texts("title") == [title]


def test_page_with_half_a_surrogate_in_its_title_can_be_written(report: Report) -> None:
    assert b"<title>a&#55296;</title>" in render_page(report, title="a\ud800")


def test_what_stands_uncompressed_cannot_end_its_element() -> None:
    assert not re.search(rb"</script|<script|<!--", static("opener.js"), re.IGNORECASE)
    assert not re.search(rb"</style", static("page.css"), re.IGNORECASE)


@pytest.mark.parametrize("name", ["page.css", "opener.js"])
def test_what_stands_uncompressed_has_nothing_that_would_break_its_hash(name: str) -> None:
    assert not re.search(rb"[\r\0]", static(name))


def test_bundle_stays_within_its_budget() -> None:
    names = ("page.js", "page.css", "opener.js")
    assert sum(len(gzip.compress(static(name), mtime=0)) for name in names) <= MAX_BUNDLE


def test_page_carries_its_bundle_compressed(page: bytes, report: Report) -> None:
    beside = len(page) - len(base64.b64encode(report.to_bytes()))
    assert beside < len(packed("page.js")) + len(static("page.css")) + len(static("opener.js")) + 2_500


def test_title_names_the_record(report: Report) -> None:
    assert title_of(report) == "reviews.csv · reviews-20251121-203342 · glassbert"
    assert title_of(make_attention()).startswith("the unusually quiet film")


def test_record_saved_as_html_is_its_page(tmp_path: Path) -> None:
    record = make_attention()
    record.save(tmp_path / "attention.html")
    assert (tmp_path / "attention.html").read_bytes() == render_page(record)
    (data,) = [text for _, attrs, text in Elements(render_page(record)).found if "data-record" in attrs]
    assert AttentionRecord.from_bytes(base64.b64decode(data)).tokens == record.tokens


def test_page_in_a_missing_directory_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_page(make_attention(), tmp_path / "missing" / "page.html")


def test_every_record_of_a_lens_has_a_page(tmp_path: Path) -> None:
    record = make_attribution()
    record.save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_bytes() == render_page(record)
    assert title_of(record) == "warmly · glassbert"


def test_large_attention_is_sketched_unless_the_whole_is_asked_for(tmp_path: Path) -> None:
    record = make_attention(("[CLS]", *(["word"] * 126), "[SEP]"), layers=6, heads=12)
    record.save(tmp_path / "sketch.html")
    write_page(record, tmp_path / "whole.html", whole=True)
    sizes = [(tmp_path / name).stat().st_size for name in ("sketch.html", "whole.html")]
    assert sizes[1] - sizes[0] > 1_500_000
    assert (tmp_path / "whole.html").read_bytes() == render_page(record)
