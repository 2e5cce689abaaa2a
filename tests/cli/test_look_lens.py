"""`glassbert look lens`: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import glassbert as gb
from glassbert.lens.masked_record import MaskedRecord
from tests.cli.process import Answer
from tests.stand_ins import make_encoder

Inside = Callable[..., Answer]
TEXT = "the film is warm ."


@pytest.fixture(scope="module")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder with a masked-word head."""
    directory = tmp_path_factory.mktemp("speaker")
    make_encoder(directory, head="masked-lm")
    return directory


def test_the_table_holds_the_guesses_and_ranks_of_the_python_call(inside: Inside, speaker: Path) -> None:
    words = ("look", "lens", speaker, "--text", TEXT, "--hide", "4", "--word", "warm", "--word", "a")
    answer = inside(*words)
    assert answer.code == 0
    record = gb.lens.masked(gb.load(speaker), TEXT, hide=[4], words=["warm", "a"])
    layers, tokens = record.kl.shape
    lines = answer.out.splitlines()
    assert lines[0].split() == ["token", *map(str, range(layers))]
    for token, line in enumerate(lines[1 : tokens + 1]):
        guesses = [record.words(layer, token)[0] for layer in range(layers)]
        assert line.split() == [record.tokens[token], *guesses]
    for place, word in enumerate(record.asked):
        start = lines.index(f"rank of {word} by layer, for each token") + 1
        for token, line in enumerate(lines[start : start + tokens]):
            assert line.split() == [record.tokens[token], *map(str, record.ranks[place, :, token].tolist())]
    said = inside(*words, "--json").json
    assert said["hidden"] == [4] and said["asked"] == ["warm", "a"] and said["lens"] == "logit"


def test_files_hold_the_record(inside: Inside, speaker: Path, tmp_path: Path) -> None:
    binary, plain, page = tmp_path / "a.gbr", tmp_path / "a.json", tmp_path / "a.html"
    words = ("look", "lens", speaker, "--text", TEXT)
    assert inside(*words, "-o", binary).out == f"{binary}\n"
    found = MaskedRecord.from_bytes(binary.read_bytes())
    assert found.to_bytes() == gb.lens.masked(gb.load(speaker), TEXT).to_bytes()
    said = inside(*words, "-o", plain, "--json").json
    assert said["guesses"] == [found.words(-1, token)[0] for token in range(len(found.tokens))]
    assert json.loads(plain.read_text(encoding="utf-8"))["text"] == TEXT
    assert inside(*words, "-o", page).code == 0
    assert f"<title>{TEXT} ".encode() in page.read_bytes()
    assert inside(*words, "-o", page).code == 73
    assert inside(*words, "-o", page, "--overwrite").code == 0


def test_a_tuned_lens_says_how_far_it_came(inside: Inside, speaker: Path, rows: Path, tmp_path: Path) -> None:
    target = tmp_path / "tuned.gbr"
    answer = inside("look", "lens", speaker, "--text", TEXT, "--tuned", rows, "-o", target)
    assert answer.code == 0
    (note,) = [line for line in answer.err.splitlines() if "mean KL" in line]
    steps = [step.split(" to ") for step in note.split(": ")[-1].split(", ")]
    before, after = ([float(step[side]) for step in steps] for side in (0, 1))
    tuned = MaskedRecord.from_bytes(target.read_bytes())
    assert tuned.lens == "tuned" and len(steps) == len(tuned.kl)
    assert all(b <= a for a, b in zip(before, after, strict=True)) and after[0] < before[0]
    assert before[-1] == after[-1] == 0
    plain = gb.lens.masked(gb.load(speaker), TEXT)
    assert (tuned.probability[-1] == plain.probability[-1]).all()
    assert inside("look", "lens", speaker, "--text", TEXT, "--tuned", target, "-o", target).code != 0
    assert MaskedRecord.from_bytes(target.read_bytes()).lens == "tuned"


def test_a_pair_is_read_as_the_python_call_reads_it(inside: Inside, speaker: Path, tmp_path: Path) -> None:
    out = tmp_path / "pair.gbr"
    words = ("look", "lens", speaker, "--text", TEXT, "--pair", "a dull one", "--hide", "8")
    assert inside(*words, "-o", out).code == 0
    found = MaskedRecord.from_bytes(out.read_bytes())
    wanted = gb.lens.masked(gb.load(speaker), TEXT, pair="a dull one", hide=[8])
    assert found.to_bytes() == wanted.to_bytes() and found.pair == "a dull one"
    assert found.tokens[6:] == ("[SEP]", "a", "dull", *found.tokens[9:])
    assert inside(*words, "--hide", "40").code == 2


def test_a_long_text_says_which_window_it_shows(inside: Inside, speaker: Path) -> None:
    answer = inside("look", "lens", speaker, "--text", "warm " * 40, "--window", "1")
    assert answer.code == 0 and "this is window 1 of 0 to " in answer.err


def test_a_model_without_the_head_is_refused_in_one_line(
    inside: Inside, encoder: Path, finished: Path
) -> None:
    for model, head in ((encoder, "pooling"), (finished, "sequence-classification")):
        answer = inside("look", "lens", model, "--text", TEXT)
        assert answer.code == 2 and answer.out == ""
        (line,) = answer.problems
        assert "no-head: " in line and f"no trained masked-word head (its head: {head})" in line


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--hide", "40"), 2, "no-such-token: the window has tokens 0 to 6"),
        (("--word", "unheard"), 2, "unknown-word: 'unheard' is no word of the vocabulary"),
        (("--window", "3"), 2, "no-such-window"),
        (("--tuned", "nowhere.csv"), 66, "nowhere.csv"),
        (("-o", "page.txt"), 2, "unknown-format: "),
    ],
)
def test_what_cannot_be_done_is_refused(
    inside: Inside, speaker: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    answer = inside("look", "lens", speaker, "--text", TEXT, *words)
    assert answer.code == code and message in answer.err and answer.out == ""
