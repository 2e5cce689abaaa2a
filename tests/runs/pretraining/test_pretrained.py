"""`gb.pretrain`: the same run as the command's, from files or from strings in memory."""

from pathlib import Path
from typing import Any

import pytest

import glassbert as gb
from glassbert.errors import OutputError, UsageError
from tests.runs.pretraining.material import QUICK, rows_of
from tests.runs.pretraining.test_resume import same

QUICKLY: dict[str, Any] = {**QUICK, "size": "tiny", "vocab_size": 80, "lowercase": True}


def test_it_gives_the_bits_of_the_same_run(text: Path, pretrained: Path, tmp_path: Path) -> None:
    found = gb.pretrain(text, out=tmp_path / "run", **QUICKLY)
    same(found.path, pretrained)
    assert found.metrics == found.document["result"]["metrics"]
    assert found.document["command"] == ["glassbert.pretrain"]
    assert len(gb.fill_mask(found.load(), "the film is [MASK] .", top_k=3)) == 3


def test_documents_in_memory_teach_the_same(text: Path, pretrained: Path, tmp_path: Path) -> None:
    documents = text.read_text(encoding="utf-8").split("\n\n")
    found = gb.pretrain(documents=iter(documents), out=tmp_path / "run", **QUICKLY)
    from_file = gb.pretrain([text], out=tmp_path / "again", **QUICKLY)
    ours, theirs = found.document["data"], from_file.document["data"]
    for part in ("train", "evaluation"):
        assert ours[part]["tokens"] == theirs[part]["tokens"]
    assert rows_of(found.path) == rows_of(pretrained)
    assert not Path(ours["train"]["texts"][0]).exists()
    again = gb.pretrain(documents=documents, out=tmp_path / "run", resume=True)
    assert again.document == found.document


def test_an_estimator_begins_with_it(pretrained: Path) -> None:
    classifier = gb.TextClassifier(model=str(pretrained), epochs=1, random_state=0)
    texts = [f"the film is {word} {number}" for number in range(30) for word in ("warm", "cold")]
    assert len(classifier.fit(texts, ["a", "b"] * 30).predict(texts[:4])) == 4


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"documents": ["a", "b"]}, "contradiction"),
        ({"texts": (), "documents": "a text"}, "contradiction"),
        ({"texts": (), "documents": ["a", 5]}, "not-a-text"),
        ({"texts": ()}, "no-text"),
        ({"sise": "tiny"}, "bad-setting"),
        ({"steps": None}, "no-length"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], code: str, text: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=code):
        gb.pretrain(**{"texts": text, "steps": 1, "out": tmp_path / "run", **given})
    assert not (tmp_path / "run" / "run.json").exists()


def test_a_directory_that_holds_something_is_left_alone(text: Path, pretrained: Path) -> None:
    with pytest.raises(OutputError, match="output-exists"):
        gb.pretrain(text, out=pretrained, steps=1)
