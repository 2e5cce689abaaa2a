"""The contract's fixtures: every case, and a tiny workbench for it."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from glassbert.model.network import Network
from glassbert.model.tag_head import TagHead
from glassbert.tasks.binding import bound
from glassbert.tasks.task import Examples
from tests.contract.cases import CASES, CHAIN, ODD, PLAIN, Case
from tests.contract.workbench import Workbench, tiny_config, tiny_tokenizer

FAMILIES = ("bert", "roberta", "distilbert")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every task in three families; further heads of a task, which no family changes, in one."""
    plain = [case for case in CASES if not case.told]
    if "family" in metafunc.fixturenames:
        pairs = [(case, family) for family in FAMILIES for case in (CASES if family == "bert" else plain)]
        ids = [f"{family}-{case.title}" for case, family in pairs]
        metafunc.parametrize(("case", "family"), pairs, ids=ids)
    elif "case" in metafunc.fixturenames:
        metafunc.parametrize("case", plain, ids=[case.title for case in plain])


@pytest.fixture
def bench(case: Case, family: str, tmp_path: Path) -> Workbench:
    tokenizer = tiny_tokenizer(tmp_path / "tokenizer")
    task = case.task()
    config = tiny_config(tokenizer.vocab_size, family)
    if config.type_vocab_size == 1:  # this tokenizer numbers second texts, which RoBERTa's does not
        config = replace(config, type_vocab_size=2)
    network = Network(config, task.head, seed=5)
    if isinstance(network.head, TagHead) and network.head.crf is not None:
        with torch.no_grad():
            for weights, value in zip(network.head.crf.scores(), CHAIN, strict=True):
                weights.copy_(torch.from_numpy(value))
    return Workbench(task=bound(task, network), tokenizer=tokenizer, network=network)


@pytest.fixture
def examples(case: Case, bench: Workbench) -> Examples:
    """Plain, odd and long texts, in that order, with labels."""
    return bench.task.read(case.table(case.labelled([*PLAIN, *ODD])), case.columns)
