"""Make docs/images/report-light.png and report-dark.png: the first screens of a finished run's report.

    glassbert demo --out RUN
    python docs/make_pictures.py RUN/report.html

Needs the `dev` extra (Playwright) and Debian's chromium; no network. 1280 CSS pixels wide at a device scale
of 1.5, cropped after HEIGHT pixels. Each picture has to stay below 400 kB, so that a clone stays small.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

IMAGES = Path(__file__).parent / "images"
WIDTH, HEIGHT, SCALE = 1280, 1080, 1.5
MOST_BYTES = 400_000
SETTLE_MILLISECONDS = 1500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path, help="report.html of a finished run")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="the browser's program")
    options = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        # a container runs this as root, where chromium's sandbox cannot start; the page is our own file
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        for theme in ("light", "dark"):
            target = IMAGES / f"report-{theme}.png"
            photograph(browser, options.report, target, theme=theme)
            size = target.stat().st_size
            print(f"{target}: {size:,} bytes")
            assert size < MOST_BYTES, f"{target} has {size:,} bytes, more than {MOST_BYTES:,}"
        browser.close()


def photograph(browser: Browser, report: Path, target: Path, *, theme: str) -> None:
    """One picture of the top of the page in English, in a light or dark room."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT},
        device_scale_factor=SCALE,
        color_scheme="dark" if theme == "dark" else "light",
        locale="en-GB",
        offline=True,
    )
    page = context.new_page()
    page.goto(report.resolve().as_uri())
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    page.screenshot(path=target, clip={"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT})
    context.close()


if __name__ == "__main__":
    main()
