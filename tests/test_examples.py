"""The programs in examples/ do what they say."""

import contextlib
import gzip
import io
import json
import re
import runpy
import sys
import tarfile
from pathlib import Path

import pandas as pd
import pytest
import torch

from glassbert.model.pretrained import load_pretrained
from tests.stand_ins import make_stand_ins

EXAMPLES = Path(__file__).parent.parent / "examples"
RATINGS = (
    '1\t2.9\tI love it\n2\t-0.5\tit broke\n3\t0.45\tit has a cord\n4\t0.5\tfine , "mostly"\n5\t-0.49\tso so\n'
)


def run(name: str, *arguments: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    with contextlib.chdir(directory):
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")


def test_quickstart_fits_saves_and_agrees_with_transformers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("transformers")
    make_stand_ins(tmp_path)
    run("quickstart.py", "reviews.csv", "--out", "saved", directory=tmp_path, monkeypatch=monkeypatch)
    printed = capsys.readouterr().out
    assert "saved in saved" in printed and "macro avg" in printed
    assert (tmp_path / "saved" / "model.safetensors").is_file()
    difference = re.search(r"largest difference from transformers: (\S+)", printed)
    assert difference and float(difference[1]) < 1e-5


def test_demo_reviews_keep_only_sentences_that_people_lean_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = runpy.run_path(str(EXAMPLES / "make_demo_reviews.py"))
    inner = pack({made["RATINGS"]: RATINGS.encode()})
    (tmp_path / "source.tar.gz").write_bytes(pack({made["INNER"]: inner}))
    run("make_demo_reviews.py", "source.tar.gz", "out.csv", directory=tmp_path, monkeypatch=monkeypatch)
    table = pd.read_csv(tmp_path / "out.csv")
    assert table.values.tolist() == [
        ["I love it", "positive"],
        ["it broke", "negative"],
        ['fine , "mostly"', "positive"],
    ]


def test_an_encoder_is_trimmed_distilled_and_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_stand_ins(tmp_path)
    sentence = "The film is warm. The plot is dull and the cast is fine. A song is cold. "
    texts = [f"Title {n}\n\n{sentence * (3 + n % 3)}\n{sentence}\n" for n in range(200)]
    wiki = "".join(f'<doc id="{n}">\n{text}</doc>\n' for n, text in enumerate([*texts, "Stub\n\nshort\n"]))
    (tmp_path / "wiki.gz").write_bytes(gzip.compress(wiki.encode()))

    def make(*words: str) -> None:
        run("make_encoder.py", *words, directory=tmp_path, monkeypatch=monkeypatch)

    make("text", "wiki.gz", "--out", "wiki.txt")
    documents = (tmp_path / "wiki.txt").read_text(encoding="utf-8").strip().split("\n\n")
    assert len(documents) == 200 and documents[1].split("\n") == [(sentence * 4).strip(), sentence.strip()]
    whole = load_pretrained(tmp_path / "minilm").network
    pieces = whole.config.vocab_size - 3
    make("trim", "minilm", "--pieces", str(pieces), "--out", "trimmed")
    trimmed = load_pretrained(tmp_path / "trimmed").network
    kept, table = (each.encoder.embeddings.word.weight for each in (trimmed, whole))
    assert len(kept) == pieces and torch.equal(kept, table[:pieces])
    short = ("--batch-tokens", "60", "--minutes", "0.05", "--threads", "1")
    make("distil", "trimmed", "wiki.txt", "--blocks", "0", *short, "--out", "student")
    rows = [json.loads(line) for line in (tmp_path / "student" / "metrics.jsonl").read_text().splitlines()]
    judged = [row for row in rows if "unexplained" in row]
    assert len(judged) > 1 and judged[-1]["unexplained"] < judged[0]["unexplained"]
    student = load_pretrained(tmp_path / "student").network
    assert student.config.num_hidden_layers == 1
    assert torch.equal(student.encoder.embeddings.word.weight, kept)
    make("ship", "student", "--out", "shipped")
    shipped = load_pretrained(tmp_path / "shipped").network
    for name, value in shipped.state_dict().items():
        assert torch.equal(value, student.state_dict()[name].half().float()), name
    assert not (tmp_path / "shipped" / "metrics.jsonl").exists()
    assert "kept" in capsys.readouterr().out


def pack(files: dict[str, bytes]) -> bytes:
    """A .tar.gz that holds these files."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()


def test_every_program_is_in_the_table() -> None:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(re.findall(r"\]\((\w+\.py)\)", page))
