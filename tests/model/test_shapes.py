"""The dimensions written in the model's signatures are checked at run time, by a second run of its tests."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOOK = "glassbert.model,beartype.beartype"
# tests that call the whole room with sound arguments; refused ones meet the checked types before the refusal
SUITES = [
    "tests/parity/test_transformers.py",
    *(
        f"tests/model/test_{name}.py"
        for name in ("attention", "groups", "heads", "layout", "noise", "packed", "taps")
    ),
]
WRONG = """
import jaxtyping, torch
jaxtyping.install_import_hook("glassbert.model", "beartype.beartype")
from glassbert.model.attention import dot_product_weights
assert dot_product_weights(torch.ones(1, 2, 3, 4), torch.ones(1, 2, 5, 4)).shape == (1, 2, 3, 5)
try:
    dot_product_weights(torch.ones(1, 2, 3, 4), torch.ones(2, 2, 5, 4))
except jaxtyping.TypeCheckError:
    print("checked")
"""


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=280
    )


def test_the_hook_checks_dimensions() -> None:
    """Otherwise the other test would prove nothing: these shapes broadcast."""
    result = python("-c", WRONG)
    assert result.stdout == "checked\n", result.stderr


@pytest.mark.slow
def test_every_call_of_the_models_tests_keeps_the_dimensions() -> None:
    options = ["-q", "-x", "-p", "no:cacheprovider", "--jaxtyping-packages", HOOK, "-k", "not refused"]
    result = python("-m", "pytest", *options, *SUITES)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    assert " passed" in result.stdout and "failed" not in result.stdout
