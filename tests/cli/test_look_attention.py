"""`glassbert look attention`: what it writes, what it says, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from glassbert.lens.attention_capture import attention
from glassbert.lens.attention_record import AttentionRecord
from glassbert.model.network import Network
from glassbert.model.pretrained import save_pretrained
from glassbert.runs.models import load
from tests.cli.process import Answer
from tests.contract.workbench import tiny_config, tiny_tokenizer

Inside = Callable[..., Answer]
TEXT, PAIR = "the film is not warm !", "a dull one"
LONG = "the film is warm . " * 12


def look(inside: Inside, model: Path, *words: str | Path) -> Answer:
    return inside("look", "attention", model, *words)


def test_the_container_holds_the_record_of_the_python_call(
    inside: Inside, encoder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "look.gbr"
    answer = look(inside, encoder, "--text", TEXT, "--pair", PAIR, "-o", out)
    assert (answer.code, answer.out) == (0, f"{out}\n")
    found = AttentionRecord.from_bytes(out.read_bytes())
    wanted = attention(load(encoder), TEXT, pair=PAIR)
    assert found.tokens == wanted.tokens and (found.text, found.pair) == (TEXT, PAIR)
    np.testing.assert_allclose(found.query, wanted.query, atol=1e-6)


def test_json_names_the_file_and_the_largest_certificate(
    inside: Inside, encoder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "look.json"
    said = look(inside, encoder, "--text", TEXT, "-o", out, "--json").json
    written = json.loads(out.read_text(encoding="utf-8"))
    assert written["tokens"] == list(attention(load(encoder), TEXT).tokens)
    assert said == {
        "attention": str(out),
        "bytes": out.stat().st_size,
        "tokens": 8,
        "window": 0,
        "windows": 1,
        "certificate": said["certificate"],
    }
    assert 0 <= said["certificate"] <= 1e-5


def test_the_page_is_one_file_that_names_its_text(inside: Inside, encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "look.html"
    assert look(inside, encoder, "--text", "the </script> film", "-o", out).code == 0
    page = out.read_text(encoding="utf-8")
    assert "<title>the &lt;/script&gt; film · glassbert</title>" in page
    assert page.count("</script>") == 3


def test_a_long_text_is_seen_window_by_window(inside: Inside, encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "look.gbr"
    first = look(inside, encoder, "--text", LONG, "-o", out, "--json")
    last = first.json["windows"] - 1
    assert last > 0 and first.json["window"] == 0
    assert f"this is window 0 of 0 to {last}" in first.err
    words = ("--text", LONG, "-o", out, "--overwrite", "--window")
    assert look(inside, encoder, *words, str(last)).code == 0
    assert AttentionRecord.from_bytes(out.read_bytes()).window == last
    beyond = look(inside, encoder, *words, str(last + 1))
    assert beyond.code == 2
    assert beyond.problems == [
        f"no-such-window: the text has {last + 1} windows, and window {last + 1} is none of them — "
        "count from 0"
    ]


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_an_empty_text_has_a_page(inside: Inside, encoder: Path, tmp_path: Path, text: str) -> None:
    out = tmp_path / "look.html"
    answer = look(inside, encoder, "--text", text, "-o", out, "--json")
    assert (answer.code, answer.json["tokens"]) == (0, 2)


def test_additive_attention_is_refused(inside: Inside, tmp_path: Path) -> None:
    model = tmp_path / "additive"
    tokenizer = tiny_tokenizer(tmp_path)
    save_pretrained(Network(replace(tiny_config(tokenizer.vocab_size), attention_type="additive")), model)
    tokenizer.save(model)
    answer = look(inside, model, "--text", TEXT, "-o", tmp_path / "look.html")
    assert answer.code == 2
    assert "no-dot-product: the maps of additive attention" in answer.problems[-1]
    assert not (tmp_path / "look.html").exists()


@pytest.mark.parametrize("name", ["look.txt", "look", "look.htm"])
def test_an_unknown_suffix_is_refused_before_the_model_is_loaded(
    inside: Inside, tmp_path: Path, name: str
) -> None:
    answer = look(inside, tmp_path / "absent", "--text", TEXT, "-o", tmp_path / name)
    assert answer.code == 2
    assert answer.err.startswith(f"{tmp_path / name}: unknown-format: ")
    assert answer.err.endswith(" — use .gbr, .json, .html\n")


@pytest.mark.parametrize(
    ("words", "formats"),
    [
        (("attention", "absent", "--text", TEXT), ".gbr, .json, .html"),
        (("attribution", "absent", "--text", TEXT), ".gbr, .json, .html"),
        (("embeddings", "absent", "--text", TEXT), ".gbr, .json, .html, .csv"),
        (("diff", "absent", "absent", "--text", TEXT), ".gbr, .json, .html"),
        (("lens", "absent", "--text", TEXT), ".gbr, .json, .html"),
        (("heads", "absent", "--text", TEXT), ".gbr, .json, .html"),
        (("landscape", "absent"), ".gbr, .json, .html, .svg"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_whoever_asks_for_a_picture_is_told_what_writes_one(
    inside: Inside, words: tuple[str, ...], formats: str
) -> None:
    answer = inside("look", *words, "-o", "look.png")
    assert answer.code == 2
    pictures = '; the .html page saves each view as an .svg picture ("Save picture")'
    assert answer.err.endswith(f" — use {formats}{pictures}\n")


def test_a_file_is_not_replaced_unasked(inside: Inside, encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "look.html"
    out.write_text("mine")
    answer = look(inside, encoder, "--text", TEXT, "-o", out)
    assert (answer.code, out.read_text()) == (73, "mine")
    assert answer.err.startswith(f"{out}: output-exists: ")
    assert look(inside, encoder, "--text", TEXT, "-o", out, "--overwrite").code == 0
    assert len(out.read_bytes()) > 100_000


def test_a_text_has_to_be_given(inside: Inside, encoder: Path) -> None:
    answer = look(inside, encoder)
    assert answer.code == 2 and "--text" in answer.err


def test_a_model_that_is_not_there_is_named(inside: Inside, tmp_path: Path) -> None:
    answer = look(inside, tmp_path / "absent", "--text", TEXT, "-o", tmp_path / "look.html")
    assert answer.code == 66 and "absent" in answer.err
