"""CoNLL files: rows, lines, separators, comments; the rows of failures.md, section 3, about reading."""

import gzip
from pathlib import Path

import pytest

from glassbert.errors import DataError
from glassbert.runs.rows import Rows, read_rows
from glassbert.text.asked import Asked, Schema
from glassbert.text.options import ReadOptions
from glassbert.text.schemes import lenient_spans
from glassbert.text.tables import Table, read_table
from glassbert.text.tagged import Sentence, sentences_of

SCHEMA = Schema(label="tags")


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def table(tmp_path: Path, text: str, **options: object) -> Table:
    return read_table(write(tmp_path / "x.conll", text), ReadOptions(**options))


def rows(
    tmp_path: Path, text: str, *, name: str = "x.conll", label: str | None = None, **options: object
) -> Rows:
    path = write(tmp_path / name, text)
    return read_rows(path, ReadOptions(**options), asked=Asked(label=label), schema=SCHEMA)


def sentences(tmp_path: Path, text: str, **options: object) -> list[Sentence]:
    found = rows(tmp_path, text, **options)
    return sentences_of(found.table, found.columns)


TWO = "EU B-ORG\nrejects O\n\nPeter B-PER\nBlackburn I-PER\n"


def test_a_sentence_is_a_row_with_the_line_of_its_first_word(tmp_path: Path) -> None:
    found = table(
        tmp_path, "-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\n\n\nPeter NNP I-NP I-PER\n"
    )
    assert found.frame.columns.tolist() == ["tokens", "2", "3", "tags"]
    assert found.frame["tokens"].tolist() == [["EU", "rejects"], ["Peter"]]
    assert found.frame["2"].tolist() == [["NNP", "VBZ"], ["NNP"]]
    assert found.frame["tags"].tolist() == [["I-ORG", "O"], ["I-PER"]]
    assert found.rows.tolist() == [3, 7]


@pytest.mark.parametrize("name", ["x.conll", "x.txt", "x.iob", "x.bio", "eng.train", "train", "x.BIO"])
def test_names_of_such_files(tmp_path: Path, name: str) -> None:
    assert len(rows(tmp_path, TWO, name=name).table.rows) == 2
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(TWO.encode()))
    assert len(read_rows(tmp_path / f"{name}.gz", ReadOptions(), schema=SCHEMA).table.rows) == 2


def test_another_column_may_be_the_tags(tmp_path: Path) -> None:
    text = "EU NNP B-ORG\nrejects VBZ O\n"
    assert rows(tmp_path, text, label="2", scheme="none").columns.label == "2"
    with pytest.raises(DataError, match="no column '9'; columns found: 'tokens', '2', 'tags'"):
        rows(tmp_path, text, label="9")


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n", "\n \n\t\n"])
def test_n7_blank_lines_and_the_end_of_the_file(tmp_path: Path, end: str) -> None:
    start = "\n\n-DOCSTART- O\n\n\n"
    assert [len(words) for words in table(tmp_path, start + TWO.rstrip("\n") + end).frame["tokens"]] == [2, 2]


def test_n11_line_ends_of_windows(tmp_path: Path) -> None:
    assert table(tmp_path, TWO.replace("\n", "\r\n")).frame.equals(table(tmp_path, TWO).frame)


def test_comments_stand_before_a_sentence_and_are_no_words(tmp_path: Path) -> None:
    text = "# id = 7 of 9\nEU B-ORG\n# O\n\n# O\nit O\n"
    assert table(tmp_path, text).frame["tokens"].tolist() == [["EU", "#"], ["#", "it"]]


def test_n1_a_line_of_another_number_of_columns(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"x.conll:2: wrong-field-count: 1 column where the file has 2: 'rejects'"
    ):
        table(tmp_path, TWO.replace("rejects O", "rejects"))


def test_n2_tabs_and_spaces(tmp_path: Path) -> None:
    text = TWO.replace(" ", "\t")
    assert table(tmp_path, text).frame.equals(table(tmp_path, TWO).frame)
    with pytest.raises(DataError, match="x.conll:5: mixed-separators: this line is separated by spaces"):
        table(tmp_path, text.replace("Blackburn\t", "Blackburn "))


def test_n3_words_that_hold_a_space(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="x.conll:1: wrong-field-count: 3 columns.*separate with tabs"):
        table(tmp_path, TWO.replace("EU", "New York"))
    tabs = TWO.replace(" ", "\t").replace("EU", "New York")
    assert table(tmp_path, tabs).frame["tokens"][0] == ["New York", "rejects"]
    assert table(tmp_path, tabs.replace("\t", ";"), delimiter=";").frame["tokens"][0][0] == "New York"
    assert table(tmp_path, TWO.replace("EU", "New\u00a0York")).frame["tokens"][0][0] == "New\u00a0York"


def test_n4_a_tag_that_continues_nothing_is_counted_and_may_be_repaired(tmp_path: Path) -> None:
    text = "EU B-ORG\nin O\nParis I-LOC\n\nBern B-LOC\n\nUN B-ORG\n"
    found = rows(tmp_path, text)
    assert any("1 tags in 1 sentences do not follow IOB2" in note for note in found.columns.notes)
    assert sentences_of(found.table, found.columns)[0].tags == ("B-ORG", "O", "I-LOC")
    assert sentences(tmp_path, text, repair_bio=True)[0].tags == ("B-ORG", "O", "B-LOC")


@pytest.mark.parametrize("tag", ["B-", "X-PER", "b-per", "ABC", "o"])
def test_n5_what_is_no_tag_is_refused_with_its_line_and_the_valid_ones(tmp_path: Path, tag: str) -> None:
    with pytest.raises(
        DataError, match=f"x.conll:2: bad-tag: '{tag}' is no tag of IOB2 — valid: .*B-PER, I-PER"
    ):
        sentences(tmp_path, TWO.replace("rejects O", f"rejects {tag}"))


def test_n5_a_row_with_such_a_tag_may_be_set_aside(tmp_path: Path) -> None:
    found = rows(tmp_path, TWO.replace("rejects O", "rejects b-per"), on_bad_rows="skip")
    assert len(found.table.rows) == 1 and [each.problem.line for each in found.rejected] == [2]


def test_n6_two_schemes_in_one_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="x.conll:4: mixed-schemes: this sentence is written in IOB2.*IOBES"):
        rows(tmp_path, "EU S-ORG\nrejects O\n\nPeter B-PER\nBlackburn I-PER\n")


def test_n3_n13_words_come_back_from_the_text_by_their_offsets(tmp_path: Path) -> None:
    words = ["👩‍👩‍👧‍👦", "هذا", "الفيلم", "中", "国", "e\u0301", "\u200b", "🏳️‍🌈"]
    (found,) = sentences(tmp_path, "".join(f"{word} O\n" for word in words))
    assert [found.text[begin:end] for begin, end in found.spans.tolist()] == words
    assert "中国" in found.text


@pytest.mark.parametrize("text", ["", "\n\n", "-DOCSTART- O\n\n"])
def test_a_file_without_a_word_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match="0 examples"):
        table(tmp_path, text)


def test_an_empty_word_or_tag_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="x.conll:1: empty-field: the word is empty"):
        table(tmp_path, "\tO\nb\tO\n")


def test_words_without_tags_can_be_read_where_none_are_needed(tmp_path: Path) -> None:
    path = write(tmp_path / "x.conll", "EU\nrejects\n\nit\n")
    assert read_rows(path, ReadOptions(), schema=SCHEMA, need_label=False).columns.label is None
    with pytest.raises(DataError, match="missing-label-column: no column holds tags of the words"):
        read_rows(path, ReadOptions(), schema=SCHEMA)


def test_rows_in_are_rows_used_and_rows_reported(tmp_path: Path) -> None:
    blocks = ["a O\nb O", "a", "a O x\nb O", "c B-x", "d I-x\ne ABC"] * 7 + ["f O"] * 20
    found = rows(tmp_path, "\n\n".join(blocks), on_bad_rows="skip")
    assert len(found.table.rows) == 14 + 20 and len(found.rejected) == 21


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "counts"),
    [("train", (14041, 203621, 23499)), ("testa", (3250, 51362, 5942)), ("testb", (3453, 46435, 5648))],
)
def test_conll_2003_has_its_official_counts(shared_data: Path, name: str, counts: tuple[int, ...]) -> None:
    found = read_rows(shared_data / "conll2003" / f"eng.{name}.gz", ReadOptions(), schema=SCHEMA)
    tags = [each.tags for each in sentences_of(found.table, found.columns)]
    assert found.columns.scheme == "iob1"
    entities = sum(tag.startswith("B-") for each in tags for tag in each)
    assert (len(tags), sum(map(len, tags)), entities) == counts
    assert entities == sum(len(lenient_spans(each)) for each in found.table.frame["tags"])


@pytest.mark.data
def test_msra_has_its_published_counts(shared_data: Path, tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(shared_data / "msra_ner" / "peopledaily.zip") as archive:
        archive.extract("dev.txt", tmp_path)
    found = read_rows(tmp_path / "dev.txt", ReadOptions(repair_bio=True), schema=SCHEMA)
    read = sentences_of(found.table, found.columns)
    assert (len(read), sum(len(each.tags) for each in read)) == (4631, 172601)
    assert sum(tag.startswith("B-") for each in read for tag in each.tags) == 6192
    assert read[0].text == "中共中央致中国致公党十一大的贺词"
