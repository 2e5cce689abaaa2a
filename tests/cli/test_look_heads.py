"""`glassbert look heads`: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import glassbert as gb
from glassbert.lens.heads_record import HeadsRecord
from tests.cli.process import Answer

Inside = Callable[..., Answer]
TREE = "1\tthe\tthe\t_\t_\t_\t2\tdet\t_\t_\n2\tfilm\tfilm\t_\t_\t_\t0\troot\t_\t_\n"


def test_the_table_names_every_head(inside: Inside, encoder: Path) -> None:
    answer = inside("look", "heads", encoder, "--text", "the film is warm .", "--text", "a dull one")
    assert answer.code == 0
    record = gb.lens.heads(gb.load(encoder), ["the film is warm .", "a dull one"])
    head, *rows = answer.out.splitlines()
    assert head.split() == ["head", "label", "score", "margin"]
    layers, heads = record.label.shape
    assert len(rows) == layers * heads
    for row, (layer, number) in zip(rows, [(i, j) for i in range(layers) for j in range(heads)], strict=True):
        assert row.startswith(f"{layer}.{number} ") and record.name(layer, number) in row
        assert float(row.split()[-1]) == pytest.approx(record.margin[layer, number], abs=1e-3)


def test_files_hold_the_record(inside: Inside, encoder: Path, rows: Path, tmp_path: Path) -> None:
    binary, plain, page = tmp_path / "a.gbr", tmp_path / "a.json", tmp_path / "a.html"
    assert inside("look", "heads", encoder, rows, "-o", binary).out == f"{binary}\n"
    found = HeadsRecord.from_bytes(binary.read_bytes())
    assert found.num_texts > 10
    said = inside("look", "heads", encoder, rows, "-o", plain, "--json").json
    assert said["labels"][0][0] == found.name(0, 0)
    assert json.loads(plain.read_text(encoding="utf-8"))["num_texts"] == found.num_texts
    assert inside("look", "heads", encoder, rows, "-o", page).code == 0
    assert b"<title>Heads of " in page.read_bytes()
    assert inside("look", "heads", encoder, rows, "-o", page).code == 73


def test_a_treebank_gives_texts_and_relations(inside: Inside, encoder: Path, tmp_path: Path) -> None:
    bank = tmp_path / "bank.conllu"
    bank.write_text(TREE, encoding="utf-8")
    answer = inside("look", "heads", encoder, "--treebank", bank)
    assert answer.code == 0 and answer.out.splitlines()[-1].startswith("det ")
    said = inside("look", "heads", encoder, "--treebank", bank, "--json").json
    assert (said["num_texts"], said["num_sentences"]) == (1, 1)


def test_a_file_is_read_as_it_is_said_to_be_and_rows_left_out_are_named(
    inside: Inside, encoder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "films.txt"
    file.write_bytes("text;mark\nun café;1\nno;field;too many\nthe film;2\n".encode("latin-1"))
    words = ["--format", "csv", "--encoding", "latin-1", "--delimiter", ";", "--on-bad-rows", "skip"]
    answer = inside("look", "heads", encoder, file, *words, "--json")
    assert answer.code == 0 and answer.json["num_texts"] == 2
    assert "1 row was set aside and not used" in answer.err and "films.txt:3" in answer.err
    assert inside("look", "heads", encoder, file, *words[:-1], "error").code == 65


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 2, "no-texts: give either DATA or --text"),
        (("--text", ""), 2, "no-texts: every text is empty, and the numbers here are means over tokens"),
        (("--text", "warm", "-o", "page.txt"), 2, "unknown-format: "),
        (("--treebank", "nowhere.conllu"), 66, "nowhere.conllu"),
    ],
)
def test_what_cannot_be_done_is_refused(
    inside: Inside, encoder: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    answer = inside("look", "heads", encoder, *words)
    assert answer.code == code and message in answer.err
    assert answer.out == ""
