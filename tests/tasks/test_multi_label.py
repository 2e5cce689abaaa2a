"""Several labels at once: where learning begins."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from glassbert.tasks.multi_label import MultiLabelClassification

LABELS = ("always", "common", "rare", "never")
COUNTS, ROWS = [100, 60, 2, 0], 100


@pytest.fixture
def task() -> MultiLabelClassification:
    return MultiLabelClassification.of_counts(LABELS, COUNTS, num_rows=ROWS)


def test_log_odds_are_those_of_the_counts_and_finite(task: MultiLabelClassification) -> None:
    np.testing.assert_allclose(np.exp(task.prior), [100.5 / 0.5, 60.5 / 40.5, 2.5 / 98.5, 0.5 / 100.5])


def test_a_head_that_says_nothing_loses_what_the_shares_of_the_labels_leave(
    task: MultiLabelClassification,
) -> None:
    held = np.arange(ROWS)[:, None] < np.array(COUNTS)
    batch: Any = SimpleNamespace(targets=torch.from_numpy(held), weights=torch.ones(ROWS))
    loss = task.loss(torch.zeros(ROWS, len(LABELS)), batch).item() / ROWS
    shares = (np.array(COUNTS) + 0.5) / (ROWS + 1)
    wanted = -np.where(held, np.log(shares), np.log(1 - shares)).mean()
    assert loss == pytest.approx(wanted, rel=1e-6)
    assert loss < np.log(2) / 2
