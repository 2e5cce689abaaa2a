"""The choice of columns: by name, by content, like another file, or refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from glassbert.errors import DataError, UsageError
from glassbert.text.asked import Schema
from glassbert.text.columns import Columns, choose_columns
from glassbert.text.tables import ReadOptions, Table, read_table

TEXTS = [
    f"a film about {word} people in the city" for word in "sad glad mad old young rich poor tall".split()
]
OTHERS = [
    f"some remark number {word} of the same kind"
    for word in "one two three four five six seven eight".split()
]
BINARY = ["0", "1"] * 4
STARS = ["1", "2", "3", "1", "2", "3", "1", "2"]
IDS = [f"k{index}" for index in range(8)]


def table_of(columns: dict[str, list[Any]]) -> Table:
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    return Table(frame=frame, source="a.csv", rows=np.arange(1, len(frame) + 1), sha256="")


def chosen(columns: dict[str, list[Any]], **options: Any) -> tuple[str, str | None]:
    choice = choose_columns(table_of(columns), **options)
    return choice.text, choice.label


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"text": TEXTS, "label": BINARY}, ("text", "label")),
        ({"Sentence ": TEXTS, "LABEL": BINARY}, ("Sentence ", "LABEL")),
        ({"id": IDS, "text": TEXTS, "title": OTHERS, "label": BINARY}, ("text", "label")),
        ({"Review Text": TEXTS, "Rating": STARS, "user": IDS}, ("Review Text", "Rating")),
        ({"label": BINARY, "label_des": STARS, "sentence": TEXTS}, ("sentence", "label")),
        ({"Category": BINARY, "Message": TEXTS}, ("Message", "Category")),
        ({"label": BINARY, "text_a": TEXTS}, ("text_a", "label")),
        ({"v1": BINARY, "v2": TEXTS}, ("v2", "v1")),
        ({"0": TEXTS, "1": STARS}, ("0", "1")),
        ({"0": TEXTS, "1": [int(star) for star in STARS]}, ("0", "1")),
        ({"id": TEXTS, "bemerkung": OTHERS, "note": BINARY}, None),
        ({"target": TEXTS, "class": BINARY}, ("target", "class")),
        (
            {"k": IDS, "word": ["good", "bad", "fine", "dull", "so", "great", "poor", "meh"], "y": BINARY},
            ("word", "y"),
        ),
        ({"评论": TEXTS, "类别": BINARY}, ("评论", "类别")),
        (
            {"email": [f"{k}@example.com" for k in IDS], "message": TEXTS, "label": BINARY},
            ("message", "label"),
        ),
        ({"text": TEXTS, "label": ["same"] * 8}, ("text", "label")),
        ({"text": TEXTS, "doc_id": BINARY, "note": STARS}, ("text", "note")),
    ],
)
def test_columns_are_found(columns: dict[str, list[Any]], expected: tuple[str, str] | None) -> None:
    if expected is None:
        with pytest.raises(DataError, match="ambiguous-columns"):
            chosen(columns)
    else:
        assert chosen(columns) == expected


def test_chinese_text_without_spaces_is_running_text() -> None:
    texts = [f"这个宾馆比较陈旧了，特价的房间也很一般{word}。" for word in "一二三四五六七八"]
    assert chosen({"a": texts, "b": BINARY}) == ("a", "b")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": TEXTS, "b": OTHERS, "label": BINARY}, "'a', 'b' could each be the column of the text"),
        ({"text": TEXTS, "sentence": OTHERS, "label": BINARY}, "'text', 'sentence' could each"),
        ({"text": TEXTS, "a": BINARY, "b": STARS}, "'a', 'b' could each be the column of the label"),
        ({"text": TEXTS, "rating": STARS, "sentiment": BINARY}, "'rating', 'sentiment' could each"),
    ],
)
def test_ambiguity_is_an_error_that_lists_columns_and_options(
    columns: dict[str, list[Any]], message: str
) -> None:
    with pytest.raises(DataError) as caught:
        choose_columns(table_of(columns))
    text = str(caught.value)
    assert text.startswith(f"a.csv: ambiguous-columns: {message}")
    assert "columns found: " + ", ".join(map(repr, columns)) in text
    assert "--text-column" in text and "--label-column" in text


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"text": TEXTS, "id": IDS}, "missing-label-column"),
        ({"id": [str(index) for index in range(8)], "label": BINARY}, "missing-text-column"),
        ({"tokens": [["a", "b"]] * 8, "label": BINARY}, "missing-text-column"),
        ({"id": [f"{index:032x}" for index in range(8)], "label": BINARY}, "missing-text-column"),
    ],
)
def test_c12_missing_column_lists_the_columns_found(columns: dict[str, list[Any]], code: str) -> None:
    with pytest.raises(DataError) as caught:
        choose_columns(table_of(columns))
    problem = caught.value.problems[0]
    assert problem.code == code
    assert "columns found: " + ", ".join(map(repr, columns)) in problem.what
    assert problem.fix == f"name it with --{code.split('-')[1]}-column"


def test_columns_told_are_taken() -> None:
    columns = {"text": TEXTS, "label": BINARY, "other": OTHERS, "stars": STARS}
    assert chosen(columns, text="other", label="stars") == ("other", "stars")
    assert chosen(columns, text="other") == ("other", "label")
    assert chosen(columns, label="stars") == ("text", "stars")


def test_c12_unknown_column_told_lists_the_columns_and_suggests() -> None:
    table = table_of({"text": TEXTS, "label": BINARY})
    with pytest.raises(
        DataError, match="there is no column 'lable'; columns found: 'text', 'label'"
    ) as caught:
        choose_columns(table, label="lable")
    assert caught.value.problems[0].fix == "did you mean --label-column 'label'?"
    with pytest.raises(DataError, match="name one of them with --text-column"):
        choose_columns(table, text="xyz")


def test_one_column_for_both_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        choose_columns(table_of({"text": TEXTS}), text="text", label="text")


def test_label_is_optional_when_not_needed_and_taken_by_name_only() -> None:
    assert chosen({"text": TEXTS}, need_label=False) == ("text", None)
    assert chosen({"text": TEXTS, "group": BINARY}, need_label=False) == ("text", None)
    assert chosen({"text": TEXTS, "label": BINARY}, need_label=False) == ("text", "label")
    assert chosen({"text": TEXTS, "rating": STARS, "topic": BINARY}, need_label=False) == ("text", None)


def test_reasons_are_sentences_with_figures() -> None:
    columns = choose_columns(table_of({"sentence": TEXTS, "label": BINARY}))
    assert columns.reasons == (
        "text: 'sentence', the only column of running text (mean 36 characters, 8 distinct values)",
        "label: 'label', 2 distinct values in 8 rows",
    )
    columns = choose_columns(table_of({"text": TEXTS, "title": OTHERS, "label": BINARY}), label="label")
    assert columns.reasons == (
        "text: 'text', chosen by its name (mean 36 characters, 8 distinct values)",
        "label: 'label', as told, 2 distinct values in 8 rows",
    )


def test_evaluation_file_takes_the_same_names() -> None:
    train = Columns(text="other", label="stars", reasons=())
    columns = choose_columns(
        table_of({"text": TEXTS, "label": BINARY, "other": OTHERS, "stars": STARS}), like=train
    )
    assert (columns.text, columns.label) == ("other", "stars")
    assert columns.reasons[0].startswith("text: 'other', as in the training file")


def test_evaluation_file_with_other_names_is_searched_and_the_reason_says_so() -> None:
    train = Columns(text="sentence", label="label", reasons=())
    columns = choose_columns(table_of({"class": BINARY, "content": TEXTS}), like=train)
    assert (columns.text, columns.label) == ("content", "class")
    assert columns.reasons[-2:] == (
        "text: the training file calls this column 'sentence'",
        "label: the training file calls this column 'label'",
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("sentence1", "sentence2"),
        ("premise", "hypothesis"),
        ("question1", "question2"),
        ("question", "sentence"),
        ("text_a", "text_b"),
        ("#1 String", "#2 String"),
        ("links A", "links B"),
    ],
)
def test_pairs_are_found(first: str, second: str) -> None:
    columns = choose_columns(table_of({"idx": IDS, second: OTHERS, first: TEXTS, "label": BINARY}))
    assert {columns.text, columns.pair} == {first, second}
    assert columns.label == "label"
    assert any(reason.startswith("pair: ") for reason in columns.reasons)


def test_usual_pairs_have_their_order() -> None:
    columns = choose_columns(table_of({"hypothesis": OTHERS, "premise": TEXTS, "label": BINARY}))
    assert (columns.text, columns.pair) == ("premise", "hypothesis")


def test_pair_of_the_training_file_is_taken_and_a_text_told_stands_alone() -> None:
    table = table_of({"premise": TEXTS, "hypothesis": OTHERS, "label": BINARY})
    train = choose_columns(table)
    assert choose_columns(table, like=train).pair == "hypothesis"
    assert choose_columns(table, text="premise").pair is None


def test_numbered_columns_without_header_are_no_pair() -> None:
    with pytest.raises(DataError, match="ambiguous-columns"):
        choose_columns(table_of({"0": BINARY, "1": TEXTS, "2": OTHERS}))


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("sst2/train.tsv.gz", {}, ("sentence", None, "label")),
        ("sst2/dev.tsv", {}, ("content", None, "label")),
        ("chnsenticorp/train.tsv.gz", {}, ("text_a", None, "label")),
        ("ag_news/alps_train_subset.tsv", {"header": False}, ("0", None, "1")),
        ("rte/train.tsv", {}, ("sentence1", "sentence2", "label")),
        ("mrpc/msr_paraphrase_train.txt.gz", {"format": "tsv"}, ("#1 String", "#2 String", "Quality")),
        ("ocnli/dev.json.gz", {"format": "jsonl"}, ("sentence1", "sentence2", "label")),
    ],
)
def test_columns_of_real_files(
    shared_data: Path, name: str, options: dict[str, Any], expected: tuple[str, str | None, str]
) -> None:
    columns = choose_columns(read_table(shared_data / name, ReadOptions(**options)))
    assert (columns.text, columns.pair, columns.label) == expected


@pytest.mark.data
@pytest.mark.parametrize("name", ["ag_news/test.csv", "imdb/test.tsv.xz", "cola/in_domain_train.tsv"])
def test_real_files_with_two_candidates_are_ambiguous(shared_data: Path, name: str) -> None:
    with pytest.raises(DataError, match="ambiguous-columns"):
        choose_columns(read_table(shared_data / name, ReadOptions(header=False)))


@pytest.mark.data
def test_reasons_for_sst2_are_those_a_person_reads(shared_data: Path) -> None:
    train = choose_columns(read_table(shared_data / "sst2" / "train.tsv.gz"))
    assert train.reasons == (
        "text: 'sentence', the only column of running text (mean 53 characters, 66,978 distinct values)",
        "label: 'label', 2 distinct values in 67,349 rows",
    )
    dev = choose_columns(read_table(shared_data / "sst2" / "dev.tsv"), like=train)
    assert (dev.text, dev.label) == ("content", "label")
    assert dev.reasons[-1] == "text: the training file calls this column 'sentence'"


PAIR = Schema(texts="pair")


@pytest.mark.parametrize(
    ("columns", "asked", "expected"),
    [
        ({"premise": TEXTS, "hypothesis": OTHERS, "label": BINARY}, {}, ("premise", "hypothesis")),
        ({"abstract": TEXTS, "heading": OTHERS, "label": BINARY}, {}, ("abstract", "heading")),
        ({"0": BINARY, "1": TEXTS, "2": OTHERS}, {}, ("1", "2")),
        ({"query": TEXTS, "document": OTHERS, "label": BINARY}, {}, ("query", "document")),
        ({"text": TEXTS, "reply": OTHERS, "label": BINARY}, {}, ("text", "reply")),
        ({"text_a": TEXTS, "text_b": OTHERS, "label": BINARY}, {"text": "text_b"}, ("text_b", "text_a")),
        ({"x": TEXTS, "y": OTHERS, "z": OTHERS, "label": BINARY}, {"text": "z", "pair": "x"}, ("z", "x")),
        ({"text": TEXTS, "word": IDS, "label": BINARY}, {"pair": "word"}, ("text", "word")),
    ],
)  # fmt: skip
def test_both_columns_of_a_pair_are_found_where_pairs_are_read(
    columns: dict[str, list[Any]], asked: dict[str, str], expected: tuple[str, str]
) -> None:
    found = choose_columns(table_of(columns), schema=PAIR, **asked)
    assert (found.text, found.pair) == expected


@pytest.mark.parametrize(
    ("columns", "asked", "named"),
    [
        ({"text": TEXTS, "label": BINARY}, {}, "missing-pair-column.*'text'.*--pair-column"),
        ({"a": TEXTS, "b": OTHERS, "c": TEXTS, "label": BINARY}, {}, "ambiguous-columns"),
        ({"a": TEXTS, "b": OTHERS, "c": TEXTS, "label": BINARY}, {"text": "a"}, "second text"),
        ({"text": TEXTS, "label": BINARY}, {"pair": "reply"}, "no column 'reply'"),
    ],
)
def test_a_pair_that_is_not_there_is_refused(
    columns: dict[str, list[Any]], asked: dict[str, str], named: str
) -> None:
    with pytest.raises(DataError, match=named):
        choose_columns(table_of(columns), schema=PAIR, **asked)


def test_one_column_for_both_texts_is_refused() -> None:
    with pytest.raises(UsageError, match="column of the text and of the pair"):
        choose_columns(table_of({"text": TEXTS, "label": BINARY}), text="text", pair="text", schema=PAIR)
