"""Models of others whose tags are written in IOB1: seen by their names or told, said, decoded and scored."""

import json
from pathlib import Path

import numpy as np
import pytest

from glassbert.errors import DataError, UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.pretrained import save_pretrained
from glassbert.runs.check.data_check import check
from glassbert.runs.evaluate import evaluate
from glassbert.runs.export import save_model
from glassbert.runs.models import Model, load
from glassbert.tasks.task import Examples
from tests.contract.workbench import tiny_config, tiny_tokenizer
from tests.runs.test_tagging import conll

SHOWN = ("O", "I-PER", "I-LOC", "B-LOC")
FULL = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
TEXT = "the warm film is dull"


def directory(place: Path, labels: tuple[str, ...]) -> Path:
    """What another program would have saved: no file of ours in it."""
    tokenizer = tiny_tokenizer(place)
    tokenizer.save(place)
    head = HeadConfig(kind="token-classification", labels=labels)
    save_pretrained(Network(tiny_config(tokenizer.vocab_size), head, seed=1), place)
    return place


def entities(model: Model, tags: list[str]) -> list[tuple[str, str]]:
    """What the model's task makes of logits that are in favour of these tags of the words of TEXT."""
    task = model.task
    examples = Examples(texts=[TEXT], targets=None, rows=np.arange(1))
    windows = task.windows(examples, model.tokenizer, max_length=16)
    logits = np.zeros((len(windows.input_ids), len(model.labels)), dtype=np.float32)
    logits[windows.word >= 0, [model.labels.index(tag) for tag in tags]] = 5
    found = task.listed(task.decode(logits, windows, examples))[0]
    return [(each["entity_group"], each["word"]) for each in found]


def test_iob1_is_seen_by_a_type_without_b_and_said(tmp_path: Path) -> None:
    model = load(directory(tmp_path, SHOWN))
    assert model.warnings[-1].startswith(
        "the model's tags are read as IOB1, since its label I-PER has no B-PER"
    )
    assert entities(model, ["I-PER", "I-PER", "O", "I-LOC", "B-LOC"]) == [
        ("PER", "the warm"), ("LOC", "is"), ("LOC", "dull"),
    ]  # fmt: skip
    assert entities(model, ["O", "I-LOC", "I-PER", "O", "O"]) == [("LOC", "warm"), ("PER", "film")]


def test_iob1_is_told_where_the_names_do_not_show_it(tmp_path: Path) -> None:
    place = directory(tmp_path / "theirs", FULL)
    tags = ["I-PER", "I-PER", "O", "I-LOC", "B-LOC"]
    silent, told = load(place), load(place, scheme="iob1")
    assert not any("tags are read" in each for each in silent.warnings)
    assert told.warnings[-1] == "the model's tags are read as IOB1, as told"
    wanted = [("PER", "the warm"), ("LOC", "is"), ("LOC", "dull")]
    assert entities(told, tags) == wanted != entities(silent, tags)
    save_model(told, tmp_path / "ours", card="")
    assert entities(load(tmp_path / "ours"), tags) == wanted
    assert evaluate(told, conll(tmp_path / "x.conll", 20))["scheme"] == "iob1"


def test_a_file_in_any_scheme_scores_the_same(tmp_path: Path) -> None:
    model = load(directory(tmp_path / "theirs", FULL), scheme="iob1")
    found = [
        evaluate(model, conll(tmp_path / f"{scheme}.conll", 30, scheme=scheme))["metrics"]
        for scheme in ("iob1", "iob2", "bilou")
    ]
    assert found[0] == found[1] == found[2]


def test_a_scheme_that_the_labels_are_not_written_in_is_refused(tmp_path: Path, finished: Path) -> None:
    place = directory(tmp_path, FULL)
    with pytest.raises(UsageError, match="the label 'E-X' of the model '.*' is no tag of BILOU"):
        load(directory(tmp_path / "odd", ("O", "E-X", "S-X", "B-X", "I-X")), scheme="bilou")
    with pytest.raises(UsageError, match="--model-scheme is 'iob3'"):
        load(place, scheme="iob3")
    with pytest.raises(UsageError, match="has no tags of words"):
        load(finished, scheme="iob1")
    (place / "glassbert.json").write_text(json.dumps({"format_version": 1, "scheme": "iob3"}))
    with pytest.raises(DataError, match="bad-notes: scheme is 'iob3'"):
        load(place)


def test_check_calls_the_scheme_a_note(tmp_path: Path, encoder: Path) -> None:
    found = check(
        conll(tmp_path / "x.conll", 40), model=str(encoder), task="token-classification", measure=False
    )
    assert [each.split(",")[0] for each in found.document["notes"]] == ["scheme: IOB2"]
    assert not any(each.startswith("scheme") for each in found.document["warnings"])
