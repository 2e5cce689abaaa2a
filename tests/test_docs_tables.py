"""The tables of the documentation list what there is: files and keys of a run, exit codes, parameters."""

import contextlib
import csv
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from glassbert import TextClassifier, __all__, errors
from glassbert.runs.data import DataOptions
from glassbert.runs.finetune import FinetuneOptions, finetune
from glassbert.runs.recipe import recipe
from glassbert.runs.settings import ALIASES, DEFAULTS
from glassbert.show.run_report import report_run
from glassbert.text.formats import FORMAT_OF_SUFFIX
from glassbert.train.stop import Stop
from tests.stand_ins import make_stand_ins

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on the stand-ins, with its report."""
    directory = tmp_path_factory.mktemp("docs")
    make_stand_ins(directory)
    with contextlib.chdir(directory):
        data = DataOptions(train="reviews.csv")
        finetune(FinetuneOptions(data=data, out=Path("run"), settings={"epochs": 1.0}), stop=Stop())
        report_run(Path("run"), Path("run/report.html"))
    return directory / "run"


def first_column(page: str, *, after: str = "") -> set[str]:
    """What stands in backquotes in the first column of the page's tables, from a line that begins so on."""
    text = (DOCS / page).read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text[text.index(after) :].splitlines() if line.startswith("| ")]
    return {name.rstrip("/") for row in rows for name in re.findall(r"`([^`]+)`", row)}


def document(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "run.json").read_text(encoding="utf-8"))
    return found


def test_every_file_of_a_run_is_listed(run: Path) -> None:
    assert {path.name for path in run.iterdir()} <= first_column("run-directory.md")


def test_every_key_of_run_json_is_listed_and_no_other(run: Path) -> None:
    written = document(run)
    listed = first_column("run-directory.md", after="## run.json")
    assert listed == written.keys() | written["result"].keys()


def test_every_file_of_a_model_is_listed(run: Path) -> None:
    model = run / "model"
    files = {path.relative_to(model).as_posix() for path in model.rglob("*") if path.is_file()}
    assert files == first_column("model-directory.md")


def test_predictions_have_the_columns_that_are_listed(run: Path) -> None:
    with (run / "predictions.csv").open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    page = (DOCS / "run-directory.md").read_text(encoding="utf-8")
    for name in header:
        listed = re.sub("^column:.*", "column:NAME", re.sub("^score:.*", "score:LABEL", name))
        assert f"`{listed}`" in page


def test_every_name_of_a_metric_row_occurs_on_the_page(run: Path) -> None:
    page = (DOCS / "run-directory.md").read_text(encoding="utf-8")
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    names = {name for line in lines for name in json.loads(line) if "event" not in json.loads(line)}
    assert {name for name in names if f'"{name}"' not in page} == set()


def test_every_error_is_listed_with_its_exit_code() -> None:
    page = (DOCS / "errors.md").read_text(encoding="utf-8")
    for error in errors.GlassbertError.__subclasses__():
        assert f"| {error.exit_code} | `{error.__name__}` |" in page


def test_every_suffix_of_a_data_file_is_listed() -> None:
    page = (DOCS / "data.md").read_text(encoding="utf-8")
    assert [suffix for suffix in FORMAT_OF_SUFFIX if f"`{suffix}`" not in page] == []


def test_every_parameter_of_the_classifier_is_listed() -> None:
    listed = first_column("python.md", after="| Parameter")
    assert set(inspect.signature(TextClassifier).parameters) == listed


def test_every_setting_is_listed_with_its_default() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", page.partition("## The recipe")[0], re.MULTILINE))
    chosen = recipe(num_parameters=1, num_rows=1, max_length=1)
    defaults = {name: str(default).lower() for name, default in DEFAULTS.items()}
    assert rows == {name: "recipe" if name in chosen else value for name, value in defaults.items()}


@pytest.mark.parametrize(
    ("num_rows", "values"), [(999, (10, 16, 20)), (9999, (4, 32, 6)), (10_000, (3, 32, 6))]
)
def test_recipe_on_the_page_holds_for_rows(num_rows: int, values: tuple[int, int, int]) -> None:
    found = recipe(num_parameters=1, num_rows=num_rows, max_length=1)
    assert tuple(found[name][0] for name in ("epochs", "batch_size", "patience")) == values


@pytest.mark.parametrize(("millions", "rate"), [(15, 3e-4), (40, 2e-4), (150, 5e-5), (151, 2e-5)])
def test_recipe_on_the_page_holds_for_sizes(millions: int, rate: float) -> None:
    found = recipe(num_parameters=millions * 10**6, num_rows=1, max_length=1)
    assert found["learning_rate"][0] == rate


def test_every_other_name_of_a_setting_is_on_the_page() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert [name for name in ALIASES if f"`{name}`" not in page] == []


def test_every_public_name_is_listed() -> None:
    page = (DOCS / "python.md").read_text(encoding="utf-8")
    assert [name for name in __all__ if not name.startswith("__") and f"| `{name}` |" not in page] == []
