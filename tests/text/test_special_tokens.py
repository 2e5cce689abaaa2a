"""Row V9: a special token typed in a text is text, whatever the kind of tokenizer."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizer_makers import ROBERTA_SPECIAL, SPECIAL, bpe, read_document, unigram, wordpiece, write_document

from glassbert.errors import DataError
from glassbert.text.special_tokens import BERT_NAMES, ROBERTA_NAMES, build, find_roles
from glassbert.text.tokenizer import Tokenizer

MAKERS = {"wordpiece": wordpiece, "bpe": bpe, "unigram": unigram}


def split_at_spaces(directory: Path) -> Path:
    """WordPiece behind a splitter that keeps [SEP] in one piece."""
    Tokenizer.load(wordpiece(directory)).save(directory)
    document = read_document(directory) | {"pre_tokenizer": {"type": "WhitespaceSplit"}, "normalizer": None}
    return write_document(directory, document)


@pytest.fixture(scope="module", params=[*MAKERS, "spaces"])
def tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    directory = tmp_path_factory.mktemp("tokenizer")
    return Tokenizer.load((MAKERS | {"spaces": split_at_spaces})[request.param](directory))


def content_ids(tokenizer: Tokenizer, text: str) -> list[int]:
    windows = tokenizer.windows([text], max_length=10_000)
    return windows.input_ids[windows.sequence == 0].tolist()


def control_ids(tokenizer: Tokenizer) -> set[int]:
    return {tokenizer.pad_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.mask_token_id}


BITS = st.sampled_from(
    [*SPECIAL, *ROBERTA_SPECIAL, " ", "a", "\u0301", "\u200b", "the", "[", "]", "<", ">", "\t", "x"]
)


def test_v9_no_text_yields_a_control_token(tokenizer: Tokenizer) -> None:
    @given(st.lists(BITS, max_size=8).map("".join))
    def any_text(text: str) -> None:
        assert not control_ids(tokenizer).intersection(content_ids(tokenizer, text))

    any_text()


def test_v9_a_typed_separator_leaves_one_separator(tokenizer: Tokenizer) -> None:
    typed = tokenizer.tokens([tokenizer.sep_token_id])[0]
    windows = tokenizer.windows([f"good film {typed} bad film"], max_length=10_000)
    assert (windows.input_ids == tokenizer.sep_token_id).sum() == 1
    assert windows.input_ids[-1] == tokenizer.sep_token_id


def test_v9_on_request_a_typed_mask_is_the_mask(tokenizer: Tokenizer) -> None:
    typed = tokenizer.tokens([tokenizer.mask_token_id])[0]
    windows = tokenizer.windows([f"the {typed} sat"], max_length=10_000, special_in_text=True)
    assert windows.input_ids.tolist().count(tokenizer.mask_token_id) == 1
    assert tokenizer.mask_token_id not in content_ids(tokenizer, f"the {typed} sat")


def test_v9_respelled_tokens_keep_their_names_and_ids(tmp_path: Path) -> None:
    tokenizer = Tokenizer.load(unigram(tmp_path))
    assert tokenizer.tokens([0, 1, 2, 3, 4]) == ROBERTA_SPECIAL
    assert (tokenizer.cls_token_id, tokenizer.pad_token_id, tokenizer.sep_token_id) == (0, 1, 2)
    assert (tokenizer.unk_token_id, tokenizer.mask_token_id) == (3, 4)


def test_v9_a_tokenizer_that_cannot_be_made_safe_is_refused(tmp_path: Path) -> None:
    """Without any splitter the whole text is one word, spaces included, and can be any piece."""
    directory = split_at_spaces(tmp_path)
    write_document(directory, read_document(directory) | {"pre_tokenizer": None})
    with pytest.raises(DataError, match="forgeable-special-tokens"):
        Tokenizer.load(directory)


def test_markers_of_the_model_itself_still_match(tmp_path: Path) -> None:
    """<e1> was added so that texts can contain it; only the tokens with a role are kept out."""
    Tokenizer.load(wordpiece(tmp_path)).save(tmp_path)
    document = read_document(tmp_path)
    number = len(document["model"]["vocab"])
    document["added_tokens"].append({"id": number, "content": "<e1>", "special": True})
    tokenizer = Tokenizer.load(write_document(tmp_path, document))
    assert tokenizer.tokens(content_ids(tokenizer, "the <e1> cat [SEP]")) == "the <e1> cat [ sep ]".split()


@pytest.mark.parametrize(
    ("vocabulary", "sources", "expected"),
    [
        (SPECIAL, [], BERT_NAMES),
        (ROBERTA_SPECIAL, [], ROBERTA_NAMES),
        (SPECIAL, [{"cls_token": "[X]"}], BERT_NAMES | {"cls": "[X]"}),
        (SPECIAL, [{"cls_token": {"content": "[X]"}}, {"cls_token": "[Y]"}], BERT_NAMES | {"cls": "[X]"}),
        (SPECIAL, [{"cls_token": None}, {"cls_token": "[Y]"}], BERT_NAMES | {"cls": "[Y]"}),
        (SPECIAL, [{"cls_token": 3, "sep_token": {"content": 4}}], BERT_NAMES),
        ([], [], BERT_NAMES),
    ],
)
def test_roles_come_from_the_config_then_from_the_family(
    vocabulary: list[str], sources: list[dict[str, Any]], expected: dict[str, str]
) -> None:
    assert find_roles(vocabulary, *sources) == expected


def test_build_names_the_file_that_the_library_rejects() -> None:
    with pytest.raises(DataError, match="here.json: bad-tokenizer"):
        build({"model": {"type": "WordPiece"}}, file="here.json")
