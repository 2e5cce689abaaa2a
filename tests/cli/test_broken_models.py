"""Rows M*, S* and V* of failures.md as a person meets them: `predict` and `finetune` with a model that is not
sound.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.cli.process import Answer

Inside = Callable[..., Answer]
Breaking = Callable[[Path], object]
WEIGHTS, CONFIG = "model.safetensors", "config.json"


def config(**keys: Any) -> Breaking:
    """config.json with these keys changed."""

    def change(model: Path) -> None:
        raw = json.loads((model / CONFIG).read_text(encoding="utf-8"))
        (model / CONFIG).write_text(json.dumps(raw | keys), encoding="utf-8")

    return change


def text(name: str, old: str, new: str) -> Breaking:
    """A file with one piece of text replaced."""

    def change(model: Path) -> None:
        content = (model / name).read_text(encoding="utf-8")
        assert old in content
        (model / name).write_text(content.replace(old, new, 1), encoding="utf-8")

    return change


def raw(name: str, content: bytes) -> Breaking:
    return lambda model: (model / name).write_bytes(content)


def alone(content: bytes) -> Breaking:
    """This in place of vocab.txt, and no tokenizer.json beside it."""

    def change(model: Path) -> None:
        (model / "tokenizer.json").unlink()
        (model / "vocab.txt").write_bytes(content)

    return change


def vocabulary(edit: Callable[[list[str]], object]) -> Breaking:
    """vocab.txt with its lines edited, and no tokenizer.json beside it."""

    def change(model: Path) -> None:
        lines = (model / "vocab.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
        edit(lines)
        alone("".join(f"{line}\n" for line in lines).encode())(model)

    return change


def cut(size: int | None) -> Breaking:
    """The weights up to a size."""
    return lambda model: (model / WEIGHTS).write_bytes((model / WEIGHTS).read_bytes()[:size])


def tensors(change: Callable[[dict[str, np.ndarray]], object]) -> Breaking:
    """The weights with something done to the tensors."""

    def rewrite(model: Path) -> None:
        found = {name: tensor.copy() for name, tensor in load_file(model / WEIGHTS).items()}
        change(found)
        save_file(found, model / WEIGHTS)

    return rewrite


def pickle_only(model: Path) -> None:
    (model / WEIGHTS).rename(model / "pytorch_model.bin")


def link_out(model: Path) -> None:
    (model / WEIGHTS).unlink()
    (model / WEIGHTS).symlink_to("/etc/passwd")


def shards_outside(model: Path) -> None:
    (model / WEIGHTS).rename(model / "model-00001-of-00001.safetensors")
    index = {"weight_map": {"classifier.bias": "../../x.safetensors"}}
    (model / f"{WEIGHTS}.index.json").write_text(json.dumps(index))


def append(model: Path) -> None:
    with (model / WEIGHTS).open("ab") as file:
        file.write(b"PK\x03\x04")


QUERY = "bert.encoder.layer.0.attention.self.query.weight"
BROKEN: dict[str, tuple[Breaking, int, str]] = {
    "M1 heads": (config(num_attention_heads=7), 65, "hidden_size"),
    "M2 negative": (config(hidden_size=-30), 65, "hidden_size"),
    "M2 text": (config(intermediate_size="44"), 65, "intermediate_size"),
    "M2 enormous": (config(vocab_size=10**9), 65, "too-large"),
    "M3 activation": (config(hidden_act="swoosh"), 65, "swoosh"),
    "M3 family": (config(model_type="gpt2"), 65, "gpt2"),
    "M6 twice": (text(CONFIG, "{", '{"hidden_size": 30, '), 65, "hidden_size"),
    "M6 rate": (config(hidden_dropout_prob=1.5), 65, "hidden_dropout_prob"),
    "M6 NaN": (text(CONFIG, "{", '{"x": NaN, '), 65, "NaN"),
    "M7 labels": (config(id2label={"0": "bad", "2": "good"}), 65, "id2label"),
    "M9 pickle": (pickle_only, 65, "pickle-refused"),
    "M11 link": (link_out, 65, "link-escapes"),
    "M12 shards": (shards_outside, 65, "../../x.safetensors"),
    "M13 missing": (tensors(lambda found: found.pop(QUERY)), 65, QUERY.removeprefix("bert.")),
    "M13 surplus": (tensors(lambda found: found.update(extra=found[QUERY])), 65, "extra"),
    "M13 shape": (tensors(lambda found: found.update({QUERY: found[QUERY][:-1]})), 65, QUERY),
    "S1 one byte": (cut(1), 65, WEIGHTS),
    "S2 length": (raw(WEIGHTS, b"\xff" * 8 + b"{}"), 65, WEIGHTS),
    "S3 no JSON": (raw(WEIGHTS, (2).to_bytes(8, "little") + b"[]"), 65, WEIGHTS),
    "S5 trailing": (append, 65, WEIGHTS),
    "S9 NaN": (tensors(lambda found: found[QUERY].fill(np.nan)), 65, QUERY),
    "S11 short": (cut(-1), 65, WEIGHTS),
    "no weights": (lambda model: (model / WEIGHTS).unlink(), 66, "no-weights"),
    "no config": (lambda model: (model / CONFIG).unlink(), 66, CONFIG),
    "LFS": (raw(WEIGHTS, b"version https://git-lfs.github.com/spec/v1\noid x\n"), 65, "Git LFS pointer"),
    "V8 page": (raw("tokenizer.json", b"<!DOCTYPE html><title>404</title>"), 65, "HTML"),
    "V2 empty line": (vocabulary(lambda lines: lines.insert(7, "")), 65, ":8: empty-line"),
    "V3 twice": (vocabulary(lambda lines: lines.append(lines[9])), 65, "is already on line 10"),
    "V4 missing": (
        vocabulary(lambda lines: [lines.remove(each) for each in ("[UNK]", "[MASK]")]),
        65,
        "lacks [UNK], [MASK]",
    ),
    "V8 LFS": (alone(b"version https://git-lfs.github.com/spec/v1\noid x\n"), 65, "Git LFS pointer"),
    "V8 page of HTML": (alone(b"<!DOCTYPE html><title>404</title>"), 65, "HTML"),
    "V8 weights": (alone((2).to_bytes(8, "little") + b'{"a":{"dtype":"F32"'), 65, "safetensors"),
    "V13 disagree": (text("vocab.txt", "film\n", "movie\n"), 65, "vocabularies-disagree"),
    "V14 expression": (
        text("tokenizer.json", '"BertPreTokenizer"', '"Split", "pattern": {"Regex": "(a+)+"}'),
        65,
        "regular expression",
    ),
    "V16 next to nothing": (vocabulary(lambda lines: lines.__delitem__(slice(6, None))), 65, "too-small"),
    "V6 sizes": (config(vocab_size=72), 65, "72"),
    "newer": (text("glassbert.json", '"format_version": 1', '"format_version": 2'), 65, "upgrade"),
    "notes": (text("glassbert.json", '"format_version": 1', '"format_version": "1"'), 65, "format_version"),
}


# what another run noted of its own head does not matter to a new one
NOTES = ("newer", "notes")


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


@pytest.fixture
def broken(request: pytest.FixtureRequest, finished: Path, tmp_path: Path) -> tuple[Path, int, str]:
    breaking, code, said = BROKEN[request.param]
    model = Path(shutil.copytree(finished / "model", tmp_path / "broken"))
    breaking(model)
    return model, code, said


@pytest.mark.parametrize("broken", BROKEN, indirect=True)
def test_predict_refuses_it_in_one_line(
    inside: Inside, broken: tuple[Path, int, str], tmp_path: Path
) -> None:
    model, code, said = broken
    before = contents(tmp_path)
    answer = inside("predict", model, "--text", "a", "-o", tmp_path / "out.csv")
    assert (answer.code, answer.out) == (code, ""), answer.err
    assert answer.err.count("\n") == 1, answer.err
    assert str(model) in answer.err and said in answer.err and " — " in answer.err
    assert contents(tmp_path) == before


@pytest.mark.parametrize("broken", [name for name in BROKEN if name not in NOTES], indirect=True)
def test_finetune_refuses_it_and_writes_nothing(
    inside: Inside, broken: tuple[Path, int, str], rows: Path, tmp_path: Path
) -> None:
    model, code, said = broken
    before = contents(tmp_path)
    answer = inside("finetune", rows, "--model", model, "--out", tmp_path / "run")
    assert (answer.code, answer.out) == (code, ""), answer.err
    assert len(answer.problems) == 1, answer.err
    assert said in answer.err
    assert contents(tmp_path) == before
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"auto_map": {"AutoModel": "evil.Model"}}, "auto_map"),
        ({"hiden_size": 30}, "hidden_size"),
    ],
)
def test_odd_keys_are_named_and_not_acted_upon(
    inside: Inside, finished: Path, tmp_path: Path, keys: dict[str, Any], said: str
) -> None:
    model = Path(shutil.copytree(finished / "model", tmp_path / "odd"))
    config(**keys)(model)
    answer = inside("predict", model, "--text", "a", "--json")
    assert answer.code == 0
    assert any(line.startswith("note: ") and said in line for line in answer.err.splitlines())
    assert answer.json == inside("predict", finished, "--text", "a", "--json").json


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"auto_map": {"AutoTokenizer": ["evil.Evil", None]}}, "auto_map"),
        ({"tokenizer_class": "EvilTokenizer"}, "EvilTokenizer"),
    ],
    ids=["V15 code", "V15 class"],
)
def test_odd_keys_of_a_tokenizer_are_named_and_not_acted_upon(
    inside: Inside, finished: Path, tmp_path: Path, keys: dict[str, Any], said: str
) -> None:
    model = Path(shutil.copytree(finished / "model", tmp_path / "odd"))
    path = model / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | keys), encoding="utf-8")
    answer = inside("predict", model, "--text", "a", "--json")
    assert answer.code == 0, answer.err
    assert any(line.startswith("note: ") and said in line for line in answer.err.splitlines()), answer.err


ODD_PIECES = ["\u2028", "\u0085", "\u00a0", "\r", "a\rb", "\x0b", "\x0c"]


def odd_pieces(lines: list[str]) -> None:
    """Pieces that other programs take for the ends of lines, in place of the first words, which the text
    below does not hold: every later piece keeps its number.
    """
    unused = [place for place, piece in enumerate(lines) if place > 4 and len(piece) > 2][: len(ODD_PIECES)]
    assert len(unused) == len(ODD_PIECES) and unused[-1] < len(lines) - 1
    for place, piece in zip(unused, ODD_PIECES, strict=True):
        lines[place] = piece


@pytest.mark.parametrize(
    "change",
    [
        vocabulary(odd_pieces),
        lambda model: alone((model / "vocab.txt").read_bytes().removesuffix(b"\n"))(model),
        lambda model: alone((model / "vocab.txt").read_bytes().removesuffix(b"\n") + b"\n")(model),
    ],
    ids=["V1 odd pieces", "V5 no last line end", "V5 last line end"],
)
def test_a_vocabulary_whose_lines_look_odd_has_every_piece_where_it_was(
    inside: Inside, finished: Path, rows: Path, tmp_path: Path, change: Breaking
) -> None:
    model = Path(shutil.copytree(finished / "model", tmp_path / "odd"))
    change(model)
    before = (model / "vocab.txt").read_bytes()
    text = "x q z . a b"
    answer = inside("predict", model, "--text", text, "--json")
    assert answer.code == 0 and answer.problems == [], answer.err
    assert answer.json == inside("predict", finished, "--text", text, "--json").json
    learnt = inside("finetune", rows, "--model", model, "--out", tmp_path / "run", "--epochs", "0.2",
                    "--no-report")  # fmt: skip
    assert learnt.code == 0, learnt.err
    written = (tmp_path / "run" / "model" / "vocab.txt").read_bytes()
    assert written.removesuffix(b"\n") == before.removesuffix(b"\n")


def test_v7_words_that_no_lowered_text_can_reach_are_said_with_their_rate(
    inside: Inside, finished: Path, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(finished / "model", tmp_path / "cased"))
    vocabulary(lambda lines: lines.__setitem__(slice(5, None), [each.capitalize() for each in lines[5:]]))(
        model
    )
    answer = inside("predict", model, "--text", "a", "--json")
    assert answer.code == 0, answer.err
    (said,) = (line for line in answer.err.splitlines() if "do_lower_case is true" in line)
    assert said.startswith("note: ") and "such words 100% of the tokens are unknown" in said


def test_markup_in_a_label_stays_text(inside: Inside, finished: Path, tmp_path: Path) -> None:
    """M8: printed as it is, and escaped where it becomes a page."""
    evil = "<script>alert(1)</script>"
    model = Path(shutil.copytree(finished / "model", tmp_path / "evil"))
    config(id2label={"0": evil, "1": "good"}, label2id={evil: 0, "good": 1})(model)
    answer = inside("predict", model, "--text", "a", "--json")
    assert answer.code == 0, answer.err
    assert set(answer.json[0]["scores"]) == {evil, "good"}
