"""benchmarks/gpu_pretrain.py runs, on the CPU and in small: what it says there means nothing."""

from __future__ import annotations

import io
import json
import sys
from argparse import Namespace
from pathlib import Path
from types import ModuleType

import pytest

from tests.contract.workbench import tiny_tokenizer

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import gpu_pretrain

    return gpu_pretrain


@pytest.mark.parametrize("role", ["ours", "peer"])
def test_a_contender_answers_the_referee(
    script: ModuleType,
    role: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tiny_tokenizer(tmp_path).save(tmp_path)
    (tmp_path / "text.txt").write_text("the film is fine .\n\na warm plot !\n\n" * 40, encoding="utf-8")
    options = Namespace(
        size="tiny", length=16, batch=2, text=str(tmp_path / "text.txt"), device="cpu", role=role,
        vocabulary=str(tmp_path / "vocab.txt"), cache=str(tmp_path / "cache"), threads=1,
    )  # fmt: skip
    monkeypatch.setattr(sys, "stdin", io.StringIO("go 0.01\nstop\n"))
    (script.ours if role == "ours" else script.peer)(options)
    said = [json.loads(line.removeprefix("contest: ")) for line in capsys.readouterr().out.splitlines()]
    assert said[0] == {"ready": True} and said[-1] == {"peak_gb": 0.0}
    assert said[1]["amount"] % (2 * 16) == 0 and said[1]["amount"] > 0
    # 3 (L (8 h^2 + 4 h f + 4 l h) + M (2 h^2 + 2 h V) + B 2 h^2) of a token; the masked ones alone vary
    assert 3 * 2 * (24 * 128**2 + 4 * 16 * 128) < script.flops_per_token(options) < 3e6
