"""CoNLL-U: words, heads and texts as the file says; anything else is refused with its line."""

import gzip
import re
from pathlib import Path

import pytest

from glassbert.errors import DataError, MissingInputError
from glassbert.text.treebank import read_treebank

LINE = "1\tfilms\tfilm\tNOUN\t_\t_\t0\troot\t_\t_\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "bank.conllu"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.data
def test_texts_are_those_of_the_comments(shared_data: Path) -> None:
    path = shared_data / "ud_ewt" / "en_ewt-ud-dev.conllu.gz"
    source = gzip.decompress(path.read_bytes()).decode()
    said = re.findall(r"^# text = (.*)$", source, re.MULTILINE)
    sentences = read_treebank(path)
    assert [sentence.text for sentence in sentences] == said
    forms = re.findall(r"^\d+\t(.*?)\t", source, re.MULTILINE)
    assert sum(len(sentence.heads) for sentence in sentences) == len(forms) > 20_000
    assert all(sentence.heads.count(-1) == 1 for sentence in sentences)


def test_ranges_share_a_stretch_of_text_and_empty_nodes_are_left_out(tmp_path: Path) -> None:
    lines = [
        "# a comment",
        "1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No",
        "1\tdo\tdo\t_\t_\t_\t0\troot\t_\t_",
        "2\tnot\tnot\t_\t_\t_\t1\tadvmod\t_\t_",
        "2.1\tghost\t_\t_\t_\t_\t_\t_\t_\t_",
        "3\t!\t!\t_\t_\t_\t1\tpunct\t_\t_",
    ]
    (found,) = read_treebank(written(tmp_path, "\r\n".join(lines)))
    assert (found.text, found.spans) == ("don't!", ((0, 5), (0, 5), (5, 6)))
    assert (found.heads, found.relations) == ((-1, 0, 0), ("root", "advmod", "punct"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty-treebank: there is no sentence"),
        ("1\tfilms\n", "bank.conllu:1: wrong-field-count: 2 fields between tabs, not 10"),
        (
            LINE + "\n" + LINE.replace("1\t", "2\t", 1),
            "bank.conllu:3: bad-word-number: word 2 follows word 0",
        ),
        (LINE.replace("\t0\t", "\t7\t"), "no-such-word: a word hangs on word 7, and the sentence has 1"),
        (LINE.replace("\t0\t", "\t-1\t"), "bank.conllu:1: bad-number: '-1' is no number of a word"),
        (LINE.replace("\t0\t", "\t²\t"), "bad-number: '²' is no number"),
    ],
)
def test_what_is_no_treebank_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError, match=re.escape(said)):
        read_treebank(written(tmp_path, text))


def test_bytes_that_are_no_utf8_and_absent_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bank.conllu"
    with pytest.raises(MissingInputError):
        read_treebank(path)
    path.write_bytes(LINE.encode().replace(b"films", b"f\xffs"))
    with pytest.raises(DataError, match="bad-encoding"):
        read_treebank(path)
