"""The programs in examples/ do what they say."""

import contextlib
import io
import re
import runpy
import sys
import tarfile
from pathlib import Path

import pandas as pd
import pytest

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
