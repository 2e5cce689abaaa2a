"""Debian's Chromium, offline, and pages that are watched from their first request to their last error."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Download, Page

from glassbert.lens.report_records import Report
from glassbert.show.contents import Content
from glassbert.show.page import render_page
from glassbert.show.report import build_report
from tests.browser.reading import wait_until
from tests.show.make_run import make_run

HEIGHT = 900
# Machines of CI are shared; what has to be fast is tested by processor time.
PATIENCE_MS = 120_000
WATCH_POLICY = """addEventListener('securitypolicyviolation', (event) => {
  console.error('policy broken', event.violatedDirective, event.blockedURI, event.sample);
})"""

Visit = Callable[..., Page]
ReportOf = Callable[[str], Report]


@pytest.fixture(scope="session")
def report_of(tmp_path_factory: pytest.TempPathFactory) -> ReportOf:
    """report_of(kind) is the report of a simulated run (see tests/show/make_run.py), made once."""
    return cache(lambda kind: build_report(make_run(tmp_path_factory.mktemp("runs") / "run", kind)))


class Watched:
    """Opens pages from files, and keeps what they should never do."""

    def __init__(self, chromium: Browser, folder: Path) -> None:
        self.chromium = chromium
        self.folder = folder
        self.contexts: list[BrowserContext] = []
        self.opened: list[str] = []
        self.requests: list[str] = []
        self.troubles: list[str] = []
        self.downloads: list[Download] = []
        self.saved = 0

    def open(
        self,
        content: Content | bytes,
        *,
        hash: str = "",
        width: int = 1280,
        theme: str = "light",
        scale: float = 1,
        saves: int = 0,
    ) -> Page:
        self.saved += saves
        path = self.folder / f"page{len(self.opened)}.html"
        path.write_bytes(content if isinstance(content, bytes) else render_page(content))
        context = self.chromium.new_context(
            viewport={"width": width, "height": HEIGHT},
            device_scale_factor=scale,
            color_scheme=theme,
            locale="en-GB",
            offline=True,
        )
        self.contexts.append(context)
        self.opened.append(path.as_uri())
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(WATCH_POLICY)
        page = context.new_page()
        self._watch(page)
        page.goto(f"{path.as_uri()}#{hash}" if hash else path.as_uri())
        wait_until(page, "document.documentElement.dataset.ready === 'true'")
        return page

    def _watch(self, page: Page) -> None:
        page.on("request", lambda request: self.requests.append(request.url.partition("#")[0]))
        page.on("console", lambda message: self._hear(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        page.on("popup", lambda popup: self.troubles.append(f"popup: {popup.url}"))
        page.on("download", self._receive)
        page.on("dialog", self._refuse)

    def _receive(self, download: Download) -> None:
        """A page may save only what it made itself."""
        if not download.url.startswith("blob:"):
            self.troubles.append(f"download: {download.url}")
        self.downloads.append(download)

    def _hear(self, message: str) -> None:
        # Chromium's advice to whoever reads a canvas twice; only these tests do.
        if "willReadFrequently" not in message:
            self.troubles.append(message)

    def _refuse(self, dialog: object) -> None:
        self.troubles.append(f"dialog: {dialog}")
        dialog.dismiss()  # type: ignore[attr-defined]


@pytest.fixture
def visit(chromium: Browser, tmp_path: Path) -> Iterator[Visit]:
    """visit(record, records or bytes, hash="...") opens it from a file.

    Afterwards no page may have asked for anything but itself, written to the console, broken its own policy,
    opened a dialog or saved other files than the `saves` that were announced.
    """
    yield from visits(chromium, tmp_path)


@pytest.fixture
def visit_as_people_do(desktop_chromium: Browser, tmp_path: Path) -> Iterator[Visit]:
    """`visit` in the desktop's program."""
    yield from visits(desktop_chromium, tmp_path)


def visits(browser: Browser, folder: Path) -> Iterator[Visit]:
    watched = Watched(browser, folder)
    yield watched.open
    for context in watched.contexts:
        context.close()
    assert watched.troubles == []
    assert watched.requests == watched.opened
    assert len(watched.downloads) == watched.saved
