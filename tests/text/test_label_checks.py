"""Labels that are well formed and wrong all the same; C19 to C22 and C24 of failures.md."""

from pathlib import Path

import pytest

from glassbert.errors import DataError
from glassbert.text.cells import label_strings, text_strings
from glassbert.text.label_checks import (
    check_classes,
    check_unseen_labels,
    conflicts,
    near_duplicate_labels,
    overlap,
)
from glassbert.text.tables import ReadOptions, read_table


def test_c19_labels_that_differ_in_case_and_spaces_are_listed_with_counts() -> None:
    assert near_duplicate_labels([" pos", "pos", "Pos", "pos", "neg"]) == [
        "labels that look alike but are different classes: ' pos' (1), 'Pos' (1) and 'pos' (2); "
        "they are not merged; correct the data if they are one class"
    ]


def test_c20_composed_and_decomposed_labels_are_listed_with_code_points() -> None:
    assert near_duplicate_labels(["\u00e9", "e\u0301", "\u00e9", "a"]) == [
        "labels that look alike but are different classes: "
        "'e\u0301' [U+0065 U+0301] (1) and '\u00e9' [U+00E9] (2); "
        "they are not merged; correct the data if they are one class"
    ]


def test_c19_each_group_is_one_warning_and_distinct_labels_are_none() -> None:
    assert len(near_duplicate_labels(["a", "A", "b", "b ", "c"])) == 2
    assert near_duplicate_labels(["0", "1", "10", "pos", "neg", "pos."]) == []


def test_c21_unseen_labels_are_named_with_their_counts() -> None:
    with pytest.raises(DataError) as caught:
        check_unseen_labels(["pos", "neg"], ["pos", "neutral", "x", "neutral"], source="dev.csv")
    assert str(caught.value) == (
        "dev.csv: unseen-label: label 'neutral' occurs 2 times here and never in the training data"
        " — the training labels are 'neg', 'pos'; correct the data or leave these rows out\n"
        "dev.csv: unseen-label: label 'x' occurs once here and never in the training data"
        " — the training labels are 'neg', 'pos'; correct the data or leave these rows out"
    )
    assert caught.value.exit_code == 65


def test_c21_labels_seen_in_training_pass_even_if_some_are_absent() -> None:
    check_unseen_labels(["pos", "neg"], ["pos"], source="dev.csv")


def test_c21_many_unseen_labels_are_counted() -> None:
    with pytest.raises(DataError) as caught:
        check_unseen_labels(map(str, range(50)), map(str, range(100, 200)), source="dev.csv")  # type: ignore[arg-type]
    assert (len(caught.value.problems), caught.value.total) == (20, 100)
    assert "and 30 more" in caught.value.problems[0].fix


def test_c22_single_class_is_an_error() -> None:
    with pytest.raises(DataError) as caught:
        check_classes(["pos"] * 1200, source="train.csv")
    assert str(caught.value) == (
        "train.csv: single-class: all 1,200 examples have the label 'pos'"
        " — add examples of a second class, check --label-column, or pass --allow-degenerate"
    )
    assert caught.value.exit_code == 65


def test_c22_single_class_is_a_warning_when_allowed() -> None:
    assert check_classes(["pos"] * 3, source="train.csv", allow_degenerate=True) == [
        "train.csv: all 3 examples have the label 'pos'; every prediction will be that label"
    ]


def test_c22_two_classes_pass_and_none_is_an_error_always() -> None:
    assert check_classes(["a", "b"], source="train.csv") == []
    with pytest.raises(DataError, match="no example has a label"):
        check_classes([], source="train.csv", allow_degenerate=True)


def test_c24_contradictory_labels_are_counted_and_the_first_five_shown() -> None:
    texts = [f"film {index}" for index in range(7) for _ in range(2)] + ["Film  0", "alone"]
    labels = ["pos", "neg"] * 7 + ["pos", "pos"]
    warnings = conflicts(texts, labels, range(2, 18))
    assert warnings[0] == "7 texts occur with contradictory labels (15 rows)"
    assert warnings[1] == "rows 2 ('pos'), 3 ('neg') and 16 ('pos'): 'film 0'"
    assert len(warnings) == 6


def test_c24_repeated_text_with_one_label_is_no_contradiction() -> None:
    assert conflicts(["a", "a", "b"], ["x", "x", "y"], [1, 2, 3]) == []


def test_c24_pairs_contradict_only_as_pairs() -> None:
    assert conflicts([("a", "b"), ("a", "c")], ["x", "y"], [1, 2]) == []
    assert conflicts([("a", "b"), ("A", "b")], ["x", "y"], [1, 2])[0].startswith("1 text occurs")


def test_c24_long_and_frequent_texts_are_shortened() -> None:
    line = conflicts(["word " * 50] * 9, ["x", "y"] * 4 + ["x"], range(1, 10))[1]
    assert "and 4 more" in line and "..." in line and len(line) < 150


def test_c24_leaks_are_counted_and_the_first_five_shown() -> None:
    train = [f"film {index}" for index in range(10)]
    evaluation = ["new", *(f" FILM {index}" for index in range(9))]
    warnings = overlap(train, evaluation, rows=range(2, 12), source="dev.csv")
    assert warnings[0] == (
        "dev.csv: 9 of 10 evaluation texts (90.0%) are also training texts; "
        "the score will look better than it is"
    )
    assert warnings[1:] == [f"row {index + 3}: 'FILM {index}'" for index in range(5)]


def test_c24_leaks_are_an_error_when_asked() -> None:
    with pytest.raises(DataError) as caught:
        overlap(["a"], ["b", "A"], source="dev.csv", fail_on_leak=True)
    assert str(caught.value) == (
        "dev.csv: leak: 1 of 2 evaluation texts (50.0%) are also training texts"
        " — remove them from one side; the first: row 2: 'A'"
    )
    assert caught.value.exit_code == 65


def test_c24_no_leak_is_no_warning() -> None:
    assert overlap(["a"], ["b"]) == []
    assert overlap([], [], fail_on_leak=True) == []


@pytest.mark.data
def test_c24_contradictions_of_sst2_are_found(shared_data: Path) -> None:
    table = read_table(shared_data / "sst2" / "train.tsv.gz")
    warnings = conflicts(text_strings(table, "sentence"), label_strings(table, "label"), table.rows.tolist())
    assert warnings[0] == "5 texts occur with contradictory labels (10 rows)"
    assert warnings[1] == "rows 1,435 ('0') and 54,846 ('1'): 'laughably'"


@pytest.mark.data
def test_c24_leaks_of_ag_news_are_found(shared_data: Path) -> None:
    """The source names 35 near-copies; those equal but for case and white space are counted here by hand."""
    no_header = ReadOptions(header=False)
    train = read_table(shared_data / "ag_news" / "alps_train_subset.tsv", no_header).frame["0"].tolist()
    test = read_table(shared_data / "ag_news" / "test.csv", no_header)
    folded = {" ".join(text.lower().split()) for text in train}
    expected = sum(" ".join(text.lower().split()) in folded for text in test.frame["2"])
    assert 0 < expected < 40
    assert overlap(train, test.frame["2"].tolist(), rows=test.rows.tolist())[0].startswith(
        f"the evaluation data: {expected} of 7,600 evaluation texts"
    )
