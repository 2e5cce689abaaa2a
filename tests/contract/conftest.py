"""The contract's fixtures: every case, and a tiny workbench for it."""

from dataclasses import replace
from pathlib import Path

import pytest

from glassbert.model.network import Network
from glassbert.tasks.task import Examples
from tests.contract.cases import CASES, ODD, PLAIN, Case
from tests.contract.workbench import Workbench, tiny_config, tiny_tokenizer


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture(params=["bert", "roberta", "distilbert"])
def bench(case: Case, request: pytest.FixtureRequest, tmp_path: Path) -> Workbench:
    tokenizer = tiny_tokenizer(tmp_path / "tokenizer")
    task = case.task()
    config = tiny_config(tokenizer.vocab_size, request.param)
    if config.type_vocab_size == 1:  # this tokenizer numbers second texts, which RoBERTa's does not
        config = replace(config, type_vocab_size=2)
    network = Network(config, task.head, seed=5)
    return Workbench(task=task, tokenizer=tokenizer, network=network)


@pytest.fixture
def examples(case: Case, bench: Workbench) -> Examples:
    """Plain, odd and long texts, in that order, with labels."""
    return bench.task.read(case.table(case.labelled([*PLAIN, *ODD])), case.columns)
