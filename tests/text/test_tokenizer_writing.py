"""What is saved loads in every reader with equal ids, and again in ours to the same bytes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizer_makers import CORPUS, HOSTILE, SPECIAL, bpe, read_document, unigram, wordpiece, write_document
from tokenizers import BertWordPieceTokenizer, ByteLevelBPETokenizer
from tokenizers import Tokenizer as Library

from glassbert.errors import OutputError
from glassbert.text.tokenizer import Tokenizer

transformers = pytest.importorskip("transformers")

Maker = Callable[[Path], Path]


def uncased(directory: Path) -> Path:
    return wordpiece(directory, model_max_length=99)


def cased(directory: Path) -> Path:
    return wordpiece(directory, do_lower_case=False, strip_accents=False, tokenize_chinese_chars=False)


def distil(directory: Path) -> Path:
    return wordpiece(directory, tokenizer_class="DistilBertTokenizer", do_lower_case=False)


def normalised(directory: Path) -> Path:
    """A WordPiece that no class of transformers rebuilds."""
    Tokenizer.load(wordpiece(directory)).save(directory)
    parts = {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"}]}
    write_document(directory, read_document(directory) | {"normalizer": parts})
    (directory / "tokenizer_config.json").unlink()
    return directory


def marked(directory: Path) -> Path:
    number = len((wordpiece(directory) / "vocab.txt").read_text(encoding="utf-8").splitlines())
    listed = {str(number): {"content": "<e1>", "special": True}, str(number + 1): {"content": "covfefe"}}
    return wordpiece(directory, added_tokens_decoder=listed)


def bpe_json(directory: Path) -> Path:
    mask = {"__type": "AddedToken", "content": "<mask>", "lstrip": True, "normalized": False, "special": True}
    document = read_document(bpe(directory, files=False, mask_token=mask))
    document["added_tokens"][4]["lstrip"] = True
    return write_document(directory, document)


MAKERS: list[Maker] = [uncased, cased, distil, normalised, marked, bpe, bpe_json, unigram]


@pytest.fixture(params=MAKERS, ids=lambda maker: maker.__name__)
def original(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "original").mkdir()
    return request.param(tmp_path / "original")


def ids_of(directory: Path, texts: list[Any], **options: Any) -> list[list[int]]:
    windows = Tokenizer.load(directory).windows(texts, max_length=100_000, **options)
    return [part.tolist() for part in np.split(windows.input_ids, windows.starts[1:-1])]


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_saving_what_was_saved_gives_the_same_bytes(original: Path, tmp_path: Path) -> None:
    Tokenizer.load(original).save(tmp_path / "first")
    Tokenizer.load(tmp_path / "first").save(tmp_path / "second")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    assert Tokenizer.load(tmp_path / "first").warnings == ()


def test_saving_keeps_every_id(original: Path, tmp_path: Path) -> None:
    Tokenizer.load(original).save(tmp_path / "saved")
    texts = [*HOSTILE, *CORPUS, "<e1> covfefe the <e1>"]
    assert ids_of(tmp_path / "saved", texts) == ids_of(original, texts)


def test_transformers_reads_what_was_saved_with_equal_ids(original: Path, tmp_path: Path) -> None:
    Tokenizer.load(original).save(tmp_path / "saved", model_max_length=64)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "saved", local_files_only=True)
    texts = [*HOSTILE, *CORPUS, "<e1> covfefe the <e1>x"]
    assert theirs(texts)["input_ids"] == ids_of(original, texts)
    special = ["a [MASK] b <mask> c", "[SEP]</s> <pad>[PAD] "]
    assert theirs(special)["input_ids"] == ids_of(original, special, special_in_text=True)
    assert theirs(HOSTILE, CORPUS[:1] * len(HOSTILE))["input_ids"] == ids_of(
        original, [(text, CORPUS[0]) for text in HOSTILE]
    )
    ours = Tokenizer.load(original)
    assert theirs.model_max_length == 64
    assert len(theirs) == ours.vocab_size
    assert (theirs.pad_token_id, theirs.mask_token_id) == (ours.pad_token_id, ours.mask_token_id)


def test_the_tokenizers_library_reads_tokenizer_json_alone(original: Path, tmp_path: Path) -> None:
    Tokenizer.load(original).save(tmp_path / "saved")
    library = Library.from_file(str(tmp_path / "saved" / "tokenizer.json"))
    assert [one.ids for one in library.encode_batch(HOSTILE)] == ids_of(original, HOSTILE)
    assert library.truncation is None and library.padding is None


def test_the_older_files_hold_the_same_vocabulary(original: Path, tmp_path: Path) -> None:
    Tokenizer.load(original).save(tmp_path / "saved")
    names = set(contents(tmp_path / "saved"))
    always = {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"}
    kind = read_document(tmp_path / "saved")["model"]["type"]
    older = {"WordPiece": {"vocab.txt"}, "BPE": {"vocab.json", "merges.txt"}, "Unigram": set()}
    assert names == always | older[kind]


@pytest.mark.parametrize("maker", [uncased, cased, bpe], ids=lambda maker: maker.__name__)
def test_readers_of_the_vocabulary_files_get_equal_ids(tmp_path: Path, maker: Maker) -> None:
    Tokenizer.load(maker(tmp_path)).save(tmp_path / "saved")
    folder = tmp_path / "saved"
    if maker is bpe:
        reader = ByteLevelBPETokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    else:
        options = {"lowercase": maker is uncased, "handle_chinese_chars": maker is uncased}
        accents = None if maker is uncased else False
        reader = BertWordPieceTokenizer(str(folder / "vocab.txt"), strip_accents=accents, **options)
    expected = [ids[1:-1] for ids in ids_of(folder, HOSTILE)]
    assert [reader.encode(text, add_special_tokens=False).ids for text in HOSTILE] == expected


def test_only_what_a_reader_needs_is_written(tmp_path: Path) -> None:
    noise = {
        "local_files_only": True,
        "is_local": True,
        "name_or_path": "/home/someone",
        "backend": "tokenizers",
    }
    Tokenizer.load(wordpiece(tmp_path, model_max_length=32, **noise)).save(tmp_path / "saved")
    config = json.loads((tmp_path / "saved" / "tokenizer_config.json").read_text())
    assert config == {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": True,
        "strip_accents": None,
        "tokenize_chinese_chars": True,
        "model_max_length": 32,
        **{f"{token[1:-1].lower()}_token": token for token in SPECIAL},
    }
    special = json.loads((tmp_path / "saved" / "special_tokens_map.json").read_text())
    assert special == {f"{token[1:-1].lower()}_token": token for token in SPECIAL}


def test_the_class_written_rebuilds_the_tokenizer(tmp_path: Path) -> None:
    expected = [
        "BertTokenizer",
        "BertTokenizer",
        "DistilBertTokenizer",
        "PreTrainedTokenizerFast",
        "BertTokenizer",
    ]
    expected += ["RobertaTokenizer", "RobertaTokenizer", "XLMRobertaTokenizer"]
    for maker, name in zip(MAKERS, expected, strict=True):
        place = tmp_path / maker.__name__
        place.mkdir()
        Tokenizer.load(maker(place)).save(place / "saved")
        assert json.loads((place / "saved" / "tokenizer_config.json").read_text())["tokenizer_class"] == name


@pytest.mark.weights
def test_minilm_survives_a_round_trip(minilm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    Tokenizer.load(minilm).save(tmp_path / "first")
    Tokenizer.load(tmp_path / "first").save(tmp_path / "second")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    assert (tmp_path / "first" / "vocab.txt").read_bytes() == (minilm / "vocab.txt").read_bytes()
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "first", local_files_only=True)
    assert theirs(HOSTILE)["input_ids"] == ids_of(minilm, HOSTILE)
    assert theirs.model_max_length == 512


def test_a_place_that_cannot_take_a_directory_is_an_output_error(tmp_path: Path) -> None:
    loaded = Tokenizer.load(wordpiece(tmp_path))
    with pytest.raises(OutputError, match="cannot-create"):
        loaded.save(tmp_path / "vocab.txt")
