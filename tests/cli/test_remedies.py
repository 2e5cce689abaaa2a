"""A remedy that names an option names one that the verb takes."""

import ast
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer

from glassbert.cli.main import app
from glassbert.cli.remedies import OPTION, fitting, options_of
from tests.cli.process import Answer, inside
from tests.runs.material import encoder, finished, rows, shared

__all__ = ["encoder", "finished", "inside", "rows", "shared"]
SOURCE = Path(__file__).parents[2] / "src" / "glassbert"
COMMAND = typer.main.get_command(app)
# files that only other verbs come to, and options of which a verb says nothing because it reads no labels
ELSEWHERE = {"tokenizer_training.py", "split.py"}
UNREAD = {"predict": {"--label-column", "--scheme", "--allow-degenerate"}}


def sentences(path: Path) -> Iterator[str]:
    """Every text with a space in a file's code, with X for what is filled in; no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    pieces = {id(each) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for each in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(each.value) if isinstance(each, ast.Constant) else "X" for each in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in pieces:
            yield "" if "\n" in node.value else node.value


@pytest.mark.parametrize("verb", ["evaluate", "predict", "check", "tune"])
def test_what_is_said_while_reading_names_options_of_the_verb(verb: str) -> None:
    options = options_of(COMMAND, [verb])
    files = [path for path in sorted((SOURCE / "text").glob("*.py")) if path.name not in ELSEWHERE]
    read = [each for path in [*files, SOURCE / "runs" / "rows.py"] for each in sentences(path) if " " in each]
    named = [each for each in read if OPTION.search(each)]
    assert len(named) > 25
    for each in named:
        left = set(OPTION.findall(fitting(each, options))) - options
        assert left <= UNREAD.get(verb, set()), each


@pytest.mark.parametrize(
    ("fix", "left"),
    [
        ("leave it out, or use --task NAME", "leave it out"),
        ("use --task NAME, or leave it out", "leave it out"),
        ("write names; for scores use --task NAME", "write names"),
        ("name it with --text-column, or --task X, or wait", "name it with --text-column, or wait"),
        ("use --task NAME", "use --task NAME"),
        ("run `pip install --no-deps P`, or use --task X", "run `pip install --no-deps P`"),
        ("use --text-column; or not", "use --text-column; or not"),
        ("a text--task and --text-column-of, or this", "a text--task and --text-column-of, or this"),
    ],
)
def test_ways_out_that_a_verb_lacks_are_left_out_unless_none_is_left(fix: str, left: str) -> None:
    assert fitting(fix, {"--text-column", "--text-column-of"}) == left


def test_pairs_for_a_model_of_single_texts_name_what_evaluate_and_predict_can_do(
    finished: Path, tmp_path: Path, inside: Callable[..., Answer]
) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("sentence1,sentence2,label\n" + "a film,a dull film,bad\na warm film,it,good\n" * 6)
    for verb in ("evaluate", "predict"):
        said = inside(verb, finished, pairs).err
        assert "--text-column 'sentence1', or take a model that was trained on pairs" in said
        assert "--task" not in said
    stranger = tmp_path / "stranger"
    shutil.copytree(finished / "model", stranger)
    (stranger / "glassbert.json").unlink()
    both = ("--text-column", "sentence1", "--pair-column", "sentence2")
    for verb in ("evaluate", "predict"):
        said = inside(verb, stranger, pairs).err
        assert "or both with --text-column 'sentence1' --pair-column 'sentence2'" in said
        assert inside(verb, stranger, pairs, *both).code == 0
