"""Which of a directory's files define its tokenizer, and what is read from the others."""

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizer_makers import (
    SPECIAL,
    WORDS,
    bpe,
    read_document,
    unigram,
    wordpiece,
    write_config,
    write_document,
)

from glassbert.errors import DataError
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.tokenizer_files import read_definition


def saved(directory: Path) -> Path:
    """A directory with tokenizer.json and all the others."""
    Tokenizer.load(wordpiece(directory)).save(directory)
    return directory


def tokens(directory: Path, text: str) -> list[str]:
    loaded = Tokenizer.load(directory)
    return loaded.tokens(loaded.windows([text], max_length=100).input_ids)[1:-1]


def test_tokenizer_json_comes_first(tmp_path: Path) -> None:
    document = read_document(saved(tmp_path))
    document["model"]["unk_token"] = "the"
    assert tokens(write_document(tmp_path, document), "zzz") == ["the"]
    (tmp_path / "tokenizer.json").unlink()
    assert tokens(tmp_path, "zzz") == ["[UNK]"]


def test_a_tokenizer_json_alone_is_enough(tmp_path: Path) -> None:
    for path in saved(tmp_path).iterdir():
        if path.name != "tokenizer.json":
            path.unlink()
    assert tokens(tmp_path, "The cat!") == ["the", "cat", "!"]


def test_a_vocab_txt_alone_is_read_as_an_uncased_bert(tmp_path: Path) -> None:
    wordpiece(tmp_path)
    (tmp_path / "tokenizer_config.json").unlink()
    assert tokens(tmp_path, "The É cat!") == ["the", "[UNK]", "cat", "!"]


@pytest.mark.parametrize("kind", ["BPE", "Unigram", "WordPiece"])
def test_a_model_without_a_type_is_recognised(tmp_path: Path, kind: str) -> None:
    from_ = {
        "BPE": {"merges": [], "vocab": {}},
        "Unigram": {"unk_id": 0, "vocab": []},
        "WordPiece": {"vocab": {}},
    }
    write_document(tmp_path, {"model": from_[kind]})
    with pytest.raises(
        DataError
    ) as caught:  # an empty vocabulary is refused, but later than an unknown model
        read_definition(tmp_path)
    assert "a model of type" not in str(caught.value)


def test_roles_are_taken_from_special_tokens_map_too(tmp_path: Path) -> None:
    lines = [{"[CLS]": "[START]"}.get(piece, piece) for piece in SPECIAL + WORDS]
    (tmp_path / "vocab.txt").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match=r"missing-special-tokens: .* lacks \[CLS\]"):
        Tokenizer.load(tmp_path)
    (tmp_path / "special_tokens_map.json").write_text(
        '{"cls_token": {"content": "[START]", "lstrip": false}}'
    )
    assert Tokenizer.load(tmp_path).cls_token_id == 2


def test_legacy_added_tokens_are_read(tmp_path: Path) -> None:
    number = len(SPECIAL + WORDS)
    wordpiece(tmp_path)
    (tmp_path / "added_tokens.json").write_text(json.dumps({"<e1>": number, "<e2>": number + 1}))
    assert tokens(tmp_path, "the<e2>cat <e1>") == ["the", "<e2>", "cat", "<e1>"]
    assert Tokenizer.load(tmp_path, vocab_size=number + 2).vocab_size == number + 2


def test_added_tokens_of_the_config_are_read(tmp_path: Path) -> None:
    number = len(SPECIAL + WORDS)
    listed: dict[str, Any] = {"0": {"content": "[PAD]", "special": True}, str(number): {"content": "<e1>"}}
    wordpiece(tmp_path, added_tokens_decoder=listed)
    assert tokens(tmp_path, "the<e1>cat [PAD]") == ["the", "<e1>", "cat", "[", "[UNK]", "]"]


@pytest.mark.parametrize("number", [3, 7, 1000])
def test_an_added_token_with_the_wrong_id_is_refused(tmp_path: Path, number: int) -> None:
    wordpiece(tmp_path, added_tokens_decoder={str(number): {"content": "<e1>"}})
    with pytest.raises(DataError, match=rf"bad-added-token: .*'<e1>' has id {number} and should have"):
        Tokenizer.load(tmp_path)


def test_a_gap_in_the_ids_is_refused(tmp_path: Path) -> None:
    document = read_document(saved(tmp_path))
    del document["model"]["vocab"]["cat"]
    with pytest.raises(DataError, match="ids-not-consecutive"):
        Tokenizer.load(write_document(tmp_path, document))


def test_v3_a_piece_that_a_unigram_model_has_twice_is_refused(tmp_path: Path) -> None:
    document = read_document(unigram(tmp_path))
    document["model"]["vocab"][40][0] = document["model"]["vocab"][30][0]
    with pytest.raises(DataError, match=r"duplicate-piece: .* has the ids 30 and 40"):
        Tokenizer.load(write_document(tmp_path, document))


def test_a_tokenizer_that_knows_no_character_is_refused(tmp_path: Path) -> None:
    document = read_document(bpe(tmp_path, files=False))
    kept = {piece: number for piece, number in document["model"]["vocab"].items() if number < 5}
    document["model"] |= {"vocab": kept | {f"{k}" * 9: k for k in range(5, 30)}, "merges": []}
    with pytest.raises(DataError, match="turns every probe into nothing"):
        Tokenizer.load(write_document(tmp_path, document))


def test_a_tokenizer_that_adds_no_special_tokens_gets_its_familys(tmp_path: Path) -> None:
    for place, maker in ((tmp_path / "wordpiece", saved), (tmp_path / "bpe", bpe)):
        place.mkdir()
        if maker is bpe:
            document = read_document(bpe(place, files=False))
        else:
            document = read_document(saved(place))
        write_document(place, document | {"post_processor": None})
        loaded = Tokenizer.load(place)
        assert "adds no special tokens" in loaded.warnings[0]
        ids = loaded.windows([("the", "cat")], max_length=100).input_ids.tolist()
        separators = 2 if maker is saved else 3
        assert ids[0] == loaded.cls_token_id and ids.count(loaded.sep_token_id) == separators


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (["B", "A"], "in order"),
        (["A", "B", "A"], "whole"),
    ],
)
def test_a_post_processor_that_reorders_its_texts_is_refused(
    tmp_path: Path, pair: list[str], message: str
) -> None:
    document = read_document(saved(tmp_path))
    document["post_processor"]["pair"] = [{"Sequence": {"id": side, "type_id": 0}} for side in pair]
    with pytest.raises(DataError, match=f"unsupported-post-processor: .*{message}"):
        Tokenizer.load(write_document(tmp_path, document))


@pytest.mark.parametrize(
    ("merges", "message"),
    [
        ("#version: 0.2\na b\nc\n", ":3: bad-merge: 'c'"),
        ("a b c\n", ":1: bad-merge"),
        ("a b\n\nc d\n", ":2: bad-merge"),
        ("a zz\n", "bad-tokenizer"),
    ],
)
def test_an_unsound_merges_txt_is_refused(tmp_path: Path, merges: str, message: str) -> None:
    bpe(tmp_path)
    (tmp_path / "merges.txt").write_text(merges)
    with pytest.raises(DataError, match=message):
        Tokenizer.load(tmp_path)


def test_merges_that_are_not_utf_8_are_refused(tmp_path: Path) -> None:
    bpe(tmp_path)
    (tmp_path / "merges.txt").write_bytes(b"a \xff\n")
    with pytest.raises(DataError, match="not-utf-8: byte 2"):
        Tokenizer.load(tmp_path)


def test_a_vocab_json_that_is_no_vocabulary_is_refused(tmp_path: Path) -> None:
    vocabulary = json.loads((bpe(tmp_path) / "vocab.json").read_text(encoding="utf-8"))
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary | {"a": "b"}))
    with pytest.raises(DataError, match="unsafe-tokenizer: the vocabulary holds"):
        Tokenizer.load(tmp_path)


def test_a_linked_file_from_outside_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (wordpiece(tmp_path) / "vocab.txt").rename(tmp_path / "outside.txt")
    (tmp_path / "model" / "vocab.txt").symlink_to("../outside.txt")
    with pytest.raises(DataError, match="link-escapes"):
        Tokenizer.load(write_config(tmp_path / "model"))
