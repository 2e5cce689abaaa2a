"""Tags of words on the command line: what is said of their scheme, and the heads that learn them."""

from collections.abc import Callable
from pathlib import Path

from tests.cli.process import Answer
from tests.runs.test_model_scheme import FULL, TEXT, directory
from tests.runs.test_tagging import conll

Inside = Callable[..., Answer]


def test_the_scheme_of_a_file_is_a_note_and_no_warning(inside: Inside, encoder: Path, tmp_path: Path) -> None:
    file = conll(tmp_path / "x.conll", 40, scheme="iob1")
    answer = inside("check", file, "--task", "token-classification", "--model", encoder, "--no-measure")
    assert answer.code == 0
    assert "\n            scheme: IOB1, since" in answer.out and answer.out.count("scheme: ") == 1


def test_a_check_reads_tags_as_it_is_told(inside: Inside, encoder: Path, tmp_path: Path) -> None:
    """As IOB1 an I- that follows nothing begins a name; as IOB2 it breaks the scheme, and may be repaired."""
    file = conll(tmp_path / "x.conll", 40, scheme="iob1")
    words = ("check", file, "--model", encoder, "--no-measure", "--json")
    told, strict, repaired = (
        inside(*words, "--scheme", *more).json for more in (("iob1",), ("iob2",), ("iob2", "--repair-bio"))
    )
    assert told["task"]["name"] == "token-classification"
    assert [each for each in told["notes"] if each.startswith("scheme: IOB1, as told")]
    assert any("do not follow IOB2" in each for each in strict["warnings"])
    assert not any("do not follow" in each for each in told["warnings"])
    assert any("read as conlleval reads them, as told" in each for each in repaired["warnings"])
    refused = inside(*words, "--scheme", "iob3")
    assert refused.code == 2 and "--scheme is 'iob3'" in refused.err


def test_the_scheme_of_a_model_is_told_and_said(inside: Inside, tmp_path: Path) -> None:
    place = directory(tmp_path, FULL)
    answer = inside("predict", place, "--text", TEXT, "--model-scheme", "iob1", "--json")
    assert answer.code == 0 and "note: the model's tags are read as IOB1, as told" in answer.err
    refused = inside("predict", place, "--text", TEXT, "--model-scheme", "iob3")
    assert refused.code == 2 and "--model-scheme is 'iob3'" in refused.err


def test_a_chain_and_an_lstm_are_learnt_and_predict(inside: Inside, encoder: Path, tmp_path: Path) -> None:
    words = (
        "--task",
        "token-classification",
        "--model",
        encoder,
        "--epochs",
        "1",
        "--lr",
        "8e-3",
        "--no-report",
    )
    file = conll(tmp_path / "x.conll", 40)
    answer = inside(
        "finetune", file, "--out", tmp_path / "run", *words, "--crf", "--lstm-size", "5", "--json"
    )
    assert answer.code == 0 and 0 <= answer.json["metrics"]["f1"] <= 1
    assert inside("predict", tmp_path / "run", "--text", TEXT, "--json").code == 0
    again = inside("finetune", file, "--out", tmp_path / "other", *words, "--lstm-size", "-1")
    assert again.code == 2 and "--lstm-size is -1" in again.err
