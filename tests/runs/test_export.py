"""The model directory that a run wrote is the same model in transformers and sentence-transformers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from glassbert.runs.models import load
from tests.runs.material import texts_and_labels

TEXTS = [*texts_and_labels(12, seed=4)[0], "", "Film!", "好看", "a b c"]


@pytest.fixture(scope="module")
def directory(finished: Path) -> Path:
    return finished / "model"


def test_the_directory_is_the_union_that_every_reader_knows(directory: Path) -> None:
    held = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
    assert held == {
        "config.json", "model.safetensors", "glassbert.json", "README.md",
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt",
        "modules.json", "sentence_bert_config.json", "1_Pooling/config.json",
    }  # fmt: skip


def test_transformers_computes_the_same_ids_and_logits(directory: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    network = transformers.AutoModelForSequenceClassification.from_pretrained(directory).eval()
    model = load(directory)
    assert network.config.id2label == {0: "bad", 1: "good"}
    for text, logits in zip(TEXTS, model.logits(TEXTS), strict=True):
        encoded = tokenizer(text, return_tensors="pt")
        assert encoded["input_ids"][0].tolist() == model.windows([text]).input_ids.tolist()
        with torch.no_grad():
            assert np.abs(network(**encoded).logits[0].numpy() - logits).max() < 1e-5


def test_the_pipeline_names_the_same_labels(directory: Path) -> None:
    pipeline = transformers.pipeline("text-classification", model=str(directory), device="cpu")
    model = load(directory)
    texts = [text for text in TEXTS if text]
    assert [each["label"] for each in pipeline(texts)] == [
        model.labels[chosen] for chosen in model.predict(texts).classes
    ]


def test_the_limit_of_the_tokenizer_is_that_of_the_model(directory: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    assert tokenizer.model_max_length <= load(directory).network.config.max_length
    settings = json.loads((directory / "tokenizer_config.json").read_text())
    assert not {"local_files_only", "is_local", "name_or_path"} & set(settings)


def test_sentence_transformers_computes_the_same_embeddings(directory: Path) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    theirs = sentence_transformers.SentenceTransformer(str(directory), device="cpu")
    assert theirs.get_embedding_dimension() == 30
    assert theirs.max_seq_length == load(directory).max_length
    found = theirs.encode(TEXTS, show_progress_bar=False)
    assert np.abs(found - load(directory).embed(TEXTS, pooling="mean")).max() < 1e-5


def test_the_card_says_what_it_is(directory: Path) -> None:
    card = (directory / "README.md").read_text(encoding="utf-8")
    front = re.match(r"---\n(.*?)\n---\n", card, re.DOTALL)
    assert front is not None
    keys = [line.partition(": ")[0] for line in front[1].splitlines()]
    assert keys == ["library_name", "pipeline_tag", "tags", "metrics"]
    for metric in ("accuracy", "macro_f1", "mcc"):
        assert f"| {metric} | " in card
    assert '"bad", "good"' in card
    assert "took part in no choice" in card


def test_saving_again_gives_the_same_bytes(directory: Path, tmp_path: Path) -> None:
    from glassbert.runs.export import save_model

    save_model(load(directory), tmp_path / "again", card="x")
    for name in ("model.safetensors", "config.json", "tokenizer.json", "vocab.txt", "1_Pooling/config.json"):
        assert (tmp_path / "again" / name).read_bytes() == (directory / name).read_bytes(), name
