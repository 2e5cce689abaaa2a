"""Record what transformers 4.57 answers to the calls of `calls.py`.

    pip install --no-deps --target PEER "transformers==4.57.*" "huggingface_hub<1" "tokenizers<0.23"
    python -m tests.runs.pipelines.golden.write PEER

The models are made here, and read by a process that finds the peer first. Numbers are kept to 9 digits.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.runs.pipelines.calls import CALLS, make_models

GOLDEN = Path(__file__).parent / "transformers4.json.gz"
RECORDER = """
import json, sys, warnings
import transformers
warnings.simplefilter("ignore")
transformers.logging.set_verbosity_error()
pipes, answers = {}, []
for call in json.load(sys.stdin):
    key = json.dumps([call["task"], call["model"], call["options"]])
    if key not in pipes:
        model = call["model"]
        pipes[key] = transformers.pipeline(
            call["task"], model=model, tokenizer=model, device="cpu", **call["options"]
        )
    answers.append(pipes[key](*call["args"], **call["kwargs"]))
json.dump({"version": transformers.__version__, "answers": answers}, sys.stdout, default=float)
"""


def main(peer: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        models = make_models(Path(directory))
        calls = [{**asdict(call), "model": str(models[call.model])} for call in CALLS]
        done = subprocess.run(
            [sys.executable, "-c", RECORDER],
            input=json.dumps(calls),
            env={**os.environ, "PYTHONPATH": peer, "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
        )
    if done.returncode:
        sys.exit(done.stderr)
    found = json.loads(done.stdout)
    assert found["version"].startswith("4.57"), found["version"]
    text = json.dumps(rounded(found), ensure_ascii=False, separators=(",", ":"))
    GOLDEN.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{len(found['answers'])} answers of transformers {found['version']}")


def rounded(value: Any) -> Any:
    """The same with 9 significant digits in every number."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    return [rounded(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main(sys.argv[1])
