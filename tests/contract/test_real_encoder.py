"""The contract once more with a real encoder and tokenizer, read back by transformers itself."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from glassbert.model.files import open_tensors
from glassbert.model.hf_config import read_config
from glassbert.model.network import Network
from glassbert.model.weights import assign
from glassbert.runs.inference import TOKEN_HEADS
from glassbert.tasks.task import Examples
from glassbert.text.tokenizer import Tokenizer
from tests.contract.cases import LONG, ODD, PLAIN, Case
from tests.contract.workbench import Workbench, flat, load, read_json, save

pytestmark = [pytest.mark.weights, pytest.mark.slow]
LENGTH = 64
TEXTS = [*PLAIN, *ODD, LONG * 3, "The Film, warmer than José's — and 100% fine..."]


@pytest.fixture
def bench(case: Case, minilm: Path) -> Workbench:
    """MiniLM with a new random head for the task."""
    config = read_config(read_json(minilm / "config.json"))
    task = case.task()
    network = Network(config.encoder, task.head, seed=7)
    assigned = assign(network, open_tensors(minilm))
    assert all(name.startswith(("classifier.", "qa_outputs.")) for name in assigned.newly_initialised)
    return Workbench(
        task=task,
        tokenizer=Tokenizer.load(minilm, vocab_size=config.encoder.vocab_size),
        network=network,
        max_length=LENGTH,
    )


def best_and_null(answer: Any, side_of: list[int | None]) -> list[float]:
    """The best sum of start and end logits of at most 30 tokens of the context, and the sum at [CLS]."""
    start, end = answer.start_logits[0].tolist(), answer.end_logits[0].tolist()
    inner = [token for token, side in enumerate(side_of) if side == 1]
    tried = [start[i] + end[j] for i in inner for j in inner if i <= j < i + 30]
    return [max(tried, default=start[0] + end[0]), start[0] + end[0]]


def sides(examples: Examples, row: int) -> tuple[str, ...]:
    """The text, or both of a pair."""
    text = examples.texts[row]
    return (text,) if isinstance(text, str) else text


@pytest.fixture
def examples(bench: Workbench, case: Case) -> Examples:
    return bench.task.read(case.table(case.labelled(TEXTS)), case.columns)


def test_batch_size_does_not_change_a_prediction_of_minilm(bench: Workbench, examples: Examples) -> None:
    ours, theirs = bench.predict(examples, batch_size=1), bench.predict(examples, batch_size=1000)
    np.testing.assert_allclose(flat(ours.logits), flat(theirs.logits), atol=1e-5)


def test_saved_minilm_predicts_the_same_when_loaded(
    bench: Workbench, examples: Examples, tmp_path: Path
) -> None:
    save(bench, tmp_path / "model")
    again = load(tmp_path / "model", max_length=LENGTH)
    np.testing.assert_array_equal(flat(again.predict(examples).logits), flat(bench.predict(examples).logits))


def test_transformers_predicts_the_same_from_the_saved_directory(
    bench: Workbench, examples: Examples, tmp_path: Path
) -> None:
    transformers = pytest.importorskip("transformers")
    if bench.network.head_config.kind in TOKEN_HEADS:
        pytest.skip("tests/runs/test_tagging.py compares the logits of words")
    if bench.network.head_config.kind == "sentence":
        pytest.skip("tests/runs/test_similarity.py compares the vectors with sentence-transformers")
    save(bench, tmp_path / "model")
    spans = bench.task.head.kind == "span"
    kind = "QuestionAnswering" if spans else "SequenceClassification"
    model = getattr(transformers, f"AutoModelFor{kind}").from_pretrained(tmp_path / "model").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    found = bench.predict(examples)
    # transformers reads "[MASK]" in a text as the special token; we read what the person wrote (V9)
    rows = [
        row for row in np.flatnonzero(found.windows == 1) if "[MASK]" not in "".join(sides(examples, row))
    ]
    assert len(rows) > 10
    for row in rows:
        inputs = tokenizer(*sides(examples, row), return_tensors="pt")
        with torch.no_grad():
            answer = model(**inputs)
        logits = best_and_null(answer, inputs.sequence_ids(0)) if spans else answer.logits[0].numpy()
        np.testing.assert_allclose(
            found.logits[row], logits, atol=1e-5, err_msg=repr(examples.texts[row][:40])
        )
    assert [model.config.id2label[i] for i in range(len(bench.task.head.labels))] == list(
        bench.task.head.labels
    )
