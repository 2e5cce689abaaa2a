"""The golden data of web/test/fixtures is what Python computes today."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "web" / "test" / "fixtures" / "make_fixtures.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    sys.path.insert(0, str(SCRIPT.parent))  # for the script beside it
    spec = importlib.util.spec_from_file_location("make_fixtures", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_planted_record_is_current(script: ModuleType) -> None:
    assert (script.HERE / "planted.gbr").read_bytes() == script.planted().to_bytes()


def test_planted_weights_are_current(script: ModuleType) -> None:
    # Not compared as text: the last digit of an exponential may differ between processors.
    written = json.loads((script.HERE / "planted.json").read_text(encoding="utf-8"))
    np.testing.assert_allclose(np.array(written), np.array(json.loads(script.golden())), atol=1e-6)


def test_reasons_are_current(script: ModuleType) -> None:
    assert json.loads((script.HERE / "reasons.json").read_text(encoding="utf-8")) == script.reasons()
