"""The page has a word in both languages for every score and every baseline that a run may hold."""

import re
from pathlib import Path

import pytest

from glassbert.tasks.wording import METRIC_NAMES, RIVAL_NAMES

WORDS = Path(__file__).parents[2] / "web" / "src" / "i18n"


@pytest.fixture(scope="module")
def keys() -> set[str]:
    files = sorted(WORDS.glob("*.ts"))
    return {key for path in files for key in re.findall(r"^ {2}(\w+): \{", path.read_text("utf-8"), re.M)}


@pytest.mark.parametrize("name", [*METRIC_NAMES, *RIVAL_NAMES])
def test_a_name_of_a_run_is_known_to_the_page(name: str, keys: set[str]) -> None:
    assert name in keys
