"""`glassbert fill-mask`: what it prints, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import glassbert as gb
from glassbert.model.config import HeadConfig
from tests.cli.process import Answer
from tests.runs.speakers import make_speaker

Inside = Callable[..., Answer]
TEXT = "the film is [MASK] ."


@pytest.fixture(scope="module")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_speaker(tmp_path_factory.mktemp("speaker"), "bert", HeadConfig(kind="masked-lm"))


def test_json_is_what_the_python_call_gives(inside: Inside, speaker: Path) -> None:
    for text in (TEXT, "[MASK] film is [MASK]"):
        assert inside("fill-mask", speaker, text, "--json").json == gb.fill_mask(speaker, text)
    words = ("fill-mask", speaker, TEXT, "--top-k", "2", "--targets", "warm,cold,dull", "--json")
    assert inside(*words).json == gb.fill_mask(speaker, TEXT, top_k=2, targets=["warm", "cold", "dull"])


def test_a_line_says_a_word_its_probability_and_the_text_with_it(inside: Inside, speaker: Path) -> None:
    answer = inside("fill-mask", speaker, TEXT, "--top-k", "3")
    assert answer.code == 0
    found = gb.fill_mask(speaker, TEXT, top_k=3)
    for line, each in zip(answer.out.splitlines(), found, strict=True):
        score, word, sequence = line.split(maxsplit=2)
        assert (score, word, sequence) == (f"{each['score']:.4f}", each["token_str"], each["sequence"])
    lines = inside("fill-mask", speaker, "[MASK] or [MASK]", "--top-k", "2").out.splitlines()
    assert [lines[0], lines[3]] == ["mask 1", "mask 2"] and len(lines) == 6


def test_what_cannot_be_filled_is_a_usage_error(inside: Inside, speaker: Path, encoder: Path) -> None:
    answer = inside("fill-mask", speaker, "the film")
    assert (answer.code, answer.out) == (2, "")
    (problem,) = answer.problems
    assert problem == "no-mask: text 1 has no [MASK] — write [MASK] where a word is missing"
    (problem,) = inside("fill-mask", encoder, TEXT).problems
    assert "no trained masked-word head (its head: pooling)" in problem and "BertForMaskedLM" in problem
    assert inside("fill-mask", speaker, TEXT, "--targets", "filming").code == 2
    assert inside("fill-mask", speaker, TEXT, "--top-k", "0").code == 2
