"""Row V14: only the components of BERT-like tokenizers reach the library, and nothing without bound."""

import base64
import copy
from pathlib import Path
from typing import Any

import pytest
from tokenizer_makers import bpe, read_document, unigram, wordpiece, write_document

from glassbert.errors import DataError
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.tokenizer_audit import audit

Change = dict[str, Any]
PATH = Path("tokenizer.json")


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    places = {kind: tmp_path_factory.mktemp(kind) for kind in ("WordPiece", "BPE", "Unigram")}
    Tokenizer.load(wordpiece(tmp_path_factory.mktemp("files"))).save(places["WordPiece"])
    bpe(places["BPE"], files=False)
    unigram(places["Unigram"])
    return {kind: read_document(place) for kind, place in places.items()}


@pytest.mark.parametrize("kind", ["WordPiece", "BPE", "Unigram"])
def test_the_tokenizers_of_each_family_pass(documents: dict[str, dict[str, Any]], kind: str) -> None:
    audit(documents[kind], PATH)


@pytest.mark.weights
def test_a_real_tokenizer_passes(minilm: Path) -> None:
    audit(read_document(minilm), minilm)


def replace(content: str) -> Change:
    return {"type": "Replace", "pattern": {"String": "a"}, "content": content}


def normalizers(*members: Change) -> Change:
    return {"normalizer": {"type": "Sequence", "normalizers": list(members)}}


def added(**change: Any) -> Change:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    return {"added_tokens": [{"id": 999, "content": "x", **flags, **change}]}


REFUSED: list[tuple[Change, str]] = [
    (
        {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated"}},
        r"\(a\+\)\+\$",
    ),
    (
        {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "a{1000000}"}, "behavior": "Isolated"}},
        "1000000",
    ),
    (
        {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": ["a"]}, "behavior": "Isolated"}},
        "regular expression",
    ),
    ({"pre_tokenizer": {"type": "UnicodeScripts"}}, "pre_tokenizer of type 'UnicodeScripts'"),
    ({"pre_tokenizer": "BertPreTokenizer"}, "pre_tokenizer of type"),
    ({"pre_tokenizer": {"type": ["BertPreTokenizer"]}}, "pre_tokenizer of type"),
    ({"normalizer": {"type": "Custom"}}, "normalizer of type 'Custom'"),
    (normalizers({"type": "Sequence", "normalizers": [{"type": "Custom"}]}), "normalizer of type 'Custom'"),
    (normalizers(*[{"type": "NFC"}] * 17), "17 components"),
    (normalizers(replace("aaaaa")), "multiply a text"),
    (normalizers(*[replace("aa")] * 5), "multiply a text"),
    ({"normalizer": {"type": "Prepend", "prepend": "x" * 100}}, "multiply a text"),
    ({"normalizer": {"type": "Replace", "pattern": {"String": "a" * 201}, "content": ""}}, "string of 201"),
    ({"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}}, "unsound"),
    (normalizers(*[{"type": "Precompiled", "precompiled_charsmap": None}] * 2), "more than one"),
    ({"post_processor": {"type": "Custom"}}, "post_processor of type 'Custom'"),
    ({"post_processor": {"type": "TemplateProcessing", "single": [{}] * 300}}, "list of 300"),
    ({"decoder": {"type": "CTC"}}, "decoder of type 'CTC'"),
    ({"auto_map": {}}, "unknown entries"),
    ({"added_tokens": [{"id": 1, "content": "a"}] * 100_001}, "added tokens"),
    ({"added_tokens": {}}, "added tokens"),
    ({"added_tokens": ["a"]}, "added token"),
    (added(content=""), "added token"),
    (added(content="x" * 1001), "added token"),
    (added(content=None), "added token"),
    (added(id=-1), "added token"),
    (added(id=True), "added token"),
    (added(id=10**12), "added token"),
    (added(special="yes"), "added token"),
    (added(more=1), "added token"),
    ({"model": None}, "a model of type None"),
    ({"model": {"type": "WordLevel", "vocab": {}}}, "a model of type 'WordLevel'"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_v14_anything_else_is_refused(
    documents: dict[str, dict[str, Any]], tmp_path: Path, change: Change, message: str
) -> None:
    with pytest.raises(DataError, match=f"unsafe-tokenizer: .*{message}"):
        Tokenizer.load(write_document(tmp_path, documents["WordPiece"] | change))


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("WordPiece", {"max_input_chars_per_word": 10**9}, "max_input_chars_per_word"),
        ("WordPiece", {"vocab": ["a", "b"]}, "not a table"),
        ("WordPiece", {"vocab": {"a": "0"}}, "holds"),
        ("WordPiece", {"vocab": {"a": -1}}, "holds"),
        ("WordPiece", {"vocab": {"a" * 1001: 1}}, "holds"),
        ("BPE", {"merges": ["a b c"]}, "a merge is 'a b c'"),
        ("BPE", {"merges": [["a"]]}, "a merge is"),
        ("BPE", {"merges": 3}, "merges"),
        ("Unigram", {"vocab": {"a": 0}}, "not a table"),
        ("Unigram", {"vocab": [["a", "0"]]}, "holds"),
        ("Unigram", {"vocab": [["a", True]]}, "holds"),
        ("Unigram", {"unk_id": 10**6}, "unk_id"),
        ("Unigram", {"unk_id": None}, "unk_id"),
    ],
)
def test_v14_a_model_with_unsound_tables_is_refused(
    documents: dict[str, dict[str, Any]], kind: str, change: Change, message: str
) -> None:
    document = copy.deepcopy(documents[kind])
    document["model"] |= change
    with pytest.raises(DataError, match=f"unsafe-tokenizer: .*{message}"):
        audit(document, PATH)


@pytest.mark.timeout(60)
def test_v14_refusing_is_quick(documents: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    """The library itself would compile the expression and run it for hours on 'aaaa...b'."""
    split = {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated"}
    write_document(tmp_path, documents["WordPiece"] | {"pre_tokenizer": split})
    with pytest.raises(DataError):
        Tokenizer.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{" + '"a":{' * 200, "too-deep"),
        ('{"model": {"vocab": {"a": 0, "a": 1}}}', "duplicate-key"),
        ('{"model": NaN}', "not-json"),
        ("[]", "not-an-object"),
        ("version https://git-lfs.github.com/spec/v1", "git-lfs-pointer"),
    ],
)
def test_v14_and_v8_what_is_no_sound_json_is_refused(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "tokenizer.json").write_text(text)
    with pytest.raises(DataError, match=code):
        Tokenizer.load(tmp_path)


def test_what_the_library_rejects_is_bad_data(documents: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    document = copy.deepcopy(documents["BPE"])
    document["model"]["merges"] = ["nonesuch pair"]
    with pytest.raises(DataError, match=r"bad-tokenizer: the tokenizers library rejects it"):
        Tokenizer.load(write_document(tmp_path, document))


def test_a_null_charsmap_is_no_charsmap(documents: dict[str, dict[str, Any]]) -> None:
    audit(documents["Unigram"] | {"normalizer": {"type": "Precompiled", "precompiled_charsmap": None}}, PATH)
    with pytest.raises(DataError, match="unsound"):
        text = base64.b64encode(b"\xff" * 99).decode()
        audit(
            documents["Unigram"] | {"normalizer": {"type": "Precompiled", "precompiled_charsmap": text}}, PATH
        )
