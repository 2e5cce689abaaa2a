"""The model whose reason is known, trained once for all tests."""

from __future__ import annotations

import pytest

from tests.lens.attributing.planted import Looked, train_planted


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Looked:
    return train_planted(tmp_path_factory.mktemp("planted"))
