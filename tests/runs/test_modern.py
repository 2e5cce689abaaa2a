"""A modern encoder moved by Muon: it learns, goes on to the same bits, and is ModernBERT outside."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

import glassbert as gb
from glassbert.errors import UsageError
from glassbert.runs.groups import hidden_matrices
from tests.model.small import build
from tests.runs.material import make_encoder, options, run, said_by, texts_and_labels
from tests.runs.test_resume import same_bits, silent, stop_after

CHANGES: dict[str, Any] = {"optimizer": "muon", "lr_scheduler_type": "warmup_stable_decay"}


def test_it_learns_goes_on_and_is_what_transformers_computes(tmp_path: Path, rows: Path) -> None:
    encoder = make_encoder(tmp_path / "encoder", "modernbert")
    whole = run(rows, encoder, tmp_path / "whole", **CHANGES)
    stop_after(options(rows, encoder, tmp_path / "parts", **CHANGES), 7)
    said_by(silent(tmp_path / "parts"))
    assert same_bits(tmp_path / "whole", tmp_path / "parts")
    assert whole.document["result"]["metrics"]["accuracy"] > 0.8
    texts = texts_and_labels(6, seed=5)[0]
    directory = tmp_path / "whole" / "model"
    model = transformers.AutoModelForSequenceClassification.from_pretrained(directory).eval()
    assert type(model).__name__ == "ModernBertForSequenceClassification"
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    given = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        theirs = model(**given).logits.numpy()
    assert np.abs(theirs - gb.load(directory).logits(texts)).max() < 1e-5


@pytest.mark.parametrize("changes", [{"lora": 2}, {"freeze": "encoder"}], ids=str)
def test_muon_without_a_matrix_that_learns_is_refused(
    tmp_path: Path, rows: Path, encoder: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match="none of them learns"):
        run(rows, encoder, tmp_path / "run", optimizer="muon", **changes)
    assert not (tmp_path / "run").exists()


def test_the_matrices_of_muon_are_those_of_the_blocks_that_learn() -> None:
    network = build("masked-lm", "modernbert")
    assert sorted(hidden_matrices(network).values()) == [1, 1, 1, 1, 2, 2, 3, 3]
    assert hidden_matrices(build())["encoder.blocks.1.feed_forward.up.weight"] == 1
    network.encoder.blocks[0].requires_grad_(False)
    assert all(name.startswith("encoder.blocks.1.") for name in hidden_matrices(network))
