"""Texts and labels that are one to a reader."""

from hypothesis import given
from hypothesis import strategies as st

from glassbert.text.folding import fold_label, fold_text


def test_case_and_white_space_of_texts_fold_and_nothing_else() -> None:
    assert fold_text(" A\tfilm \n") == fold_text("a Film")
    assert fold_text("STRASSE") == fold_text("straße")
    assert fold_text("a film.") != fold_text("a film")
    assert fold_text("é") != fold_text("e\u0301")


def test_pairs_fold_part_by_part() -> None:
    assert fold_text(("A ", "b")) == ("a", "b")
    assert fold_text(("a b", "c")) != fold_text(("a", "b c"))


def test_composition_and_width_of_labels_fold() -> None:
    assert fold_label("é") == fold_label("e\u0301") == fold_label("É")
    assert fold_label("１") == fold_label("1")
    assert fold_label("pos") != fold_label("neg")


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold_text(fold_text(text)) == fold_text(text)
