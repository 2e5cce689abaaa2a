"""Names of columns as people write them."""

import pytest

from glassbert.text.names import are_numbered_alike, is_usual_name, names_identity, plain, usual_pair


@pytest.mark.parametrize("name", ["Review Text", "review-text", " REVIEW_TEXT ", "review  text"])
def test_case_spaces_and_dashes_make_no_difference(name: str) -> None:
    assert plain(name) == "review_text"


@pytest.mark.parametrize("name", ["text", "Sentence1", "premise", "Label", "id", "Quality", "标签"])
def test_usual_names_are_known(name: str) -> None:
    assert is_usual_name(name)


@pytest.mark.parametrize("name", ["", "pos", "0", "great film", "v1"])
def test_data_is_no_usual_name(name: str) -> None:
    assert not is_usual_name(name)


@pytest.mark.parametrize("name", ["id", "IDX", "template_id", "Timestamp"])
def test_names_of_keys_are_known(name: str) -> None:
    assert names_identity(name)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("#1 String", "#2 String", True),
        ("Text A", "text b", True),
        ("s0", "s1", True),
        ("1", "2", False),
        ("s1", "s3", False),
        ("s1", "s1", False),
        ("s11", "s22", False),
        ("s1", "s10", False),
    ],
)
def test_numbered_names_differ_in_one_place(first: str, second: str, expected: bool) -> None:
    assert are_numbered_alike(first, second) is expected


def test_usual_pair_keeps_the_names_as_written() -> None:
    assert usual_pair(["Label", "Hypothesis", "PREMISE"]) == ("PREMISE", "Hypothesis")
    assert usual_pair(["sentence1", "label"]) is None
