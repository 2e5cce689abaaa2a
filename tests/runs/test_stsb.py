"""STS-B with MiniLM: the untuned cosine is the published model's."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

import glassbert as gb
from glassbert.runs.inference import head_logits
from glassbert.runs.prepare import Request, prepare_model
from glassbert.tasks.similarity import SentenceSimilarity
from glassbert.tasks.task import Examples, Text


@pytest.mark.data
def test_the_untuned_cosine_orders_stsb_as_it_is_known_to(minilm: Path, shared_data: Path) -> None:
    with gzip.open(shared_data / "stsb" / "sts-test.csv.gz", "rt", encoding="utf-8") as file:
        cells = [line.rstrip("\n").split("\t") for line in file]
    texts: list[Text] = [(row[5], row[6]) for row in cells]
    scores = np.array([float(row[4]) for row in cells])
    examples = Examples(texts=texts, targets=scores, rows=np.arange(len(texts)))
    task = SentenceSimilarity.of_scores(scores)
    request = Request(model=str(minilm), settings={}, config={})
    model = prepare_model(request, task, num_rows=len(texts)).model
    windows = task.windows(examples, model.tokenizer, max_length=model.max_length)
    found = task.decode(head_logits(model.network, windows), windows, examples)
    assert task.score(found, examples)["spearman"] == pytest.approx(0.8203, abs=5e-4)
    assert scipy.stats.spearmanr(scores, found.answers).statistic == pytest.approx(0.8203, abs=5e-4)
    first = gb.load(minilm).embed([texts[0][0], texts[0][1]])
    assert isinstance(first, np.ndarray)
    cosine = float(first[0] @ first[1] / np.linalg.norm(first[0]) / np.linalg.norm(first[1]))
    assert found.logits[0, 0] == pytest.approx(cosine, abs=1e-5)
