"""Ids, segment ids and offsets equal those of transformers' AutoTokenizer on the same directory."""

import gzip
import json
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizer_makers import CORPUS, HOSTILE, bpe, unigram, wordpiece, write_config

from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows

transformers = pytest.importorskip("transformers")

VOCABULARIES = ["bert-base-cased", "bert-base-chinese", "bert-base-multilingual-cased", "bert-base-uncased"]
LONG = 100_000
# typed by a user; transformers is asked for the same reading by split_special_tokens
FORGED = [
    "a [SEP] b",
    "[CLS][MASK]",
    "[PAD] [UNK]x",
    "[sep] x[SEP]y",
    "<s>a</s> <mask>",
    "<pad><unk> </s></s>",
]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def oracle(directory: Path) -> Any:
    return transformers.AutoTokenizer.from_pretrained(directory, local_files_only=True)


def per_window(windows: Windows, name: str) -> list[Any]:
    bounds = zip(windows.starts, windows.starts[1:], strict=False)
    return [getattr(windows, name)[begin:end].tolist() for begin, end in bounds]


def check(directory: Path, texts: list[Any], **options: Any) -> None:
    """One window a text, equal to what transformers makes of it, be it of texts or of pairs."""
    theirs = oracle(directory)
    ours = Tokenizer.load(directory).windows(texts, max_length=LONG, offsets=True)
    columns = (
        [list(column) for column in zip(*texts, strict=True)] if isinstance(texts[0], tuple) else [texts]
    )
    expected = theirs(
        *columns,
        truncation=False,
        padding=False,
        return_offsets_mapping=True,
        return_token_type_ids=True,
        **options,
    )
    assert ours.example.tolist() == list(range(len(texts)))
    assert per_window(ours, "input_ids") == expected["input_ids"]
    assert per_window(ours, "token_type_ids") == expected["token_type_ids"]
    offsets = [[tuple(pair) for pair in window] for window in per_window(ours, "offsets")]
    assert offsets == [[tuple(pair) for pair in window] for window in expected["offset_mapping"]]
    sides = [[-1 if side is None else side for side in expected.sequence_ids(k)] for k in range(len(texts))]
    assert per_window(ours, "sequence") == sides
    scored = [[side >= 0 for side in window] for window in sides]
    assert per_window(ours, "scored") == scored


def pairs_of(texts: list[str]) -> list[tuple[str, str]]:
    return list(zip(texts, texts[3:] + texts[:3], strict=True))


def check_all(directory: Path, texts: list[str]) -> None:
    check(directory, texts)
    check(directory, pairs_of(texts))
    check(directory, FORGED, split_special_tokens=True)
    check(directory, pairs_of(FORGED), split_special_tokens=True)


@pytest.mark.parametrize("maker", [wordpiece, bpe], ids=["wordpiece", "bpe"])
def test_small_tokenizers_agree_with_transformers(tmp_path: Path, maker: Callable[[Path], Path]) -> None:
    check_all(maker(tmp_path), HOSTILE + CORPUS)


def test_a_bpe_in_tokenizer_json_agrees_with_transformers(tmp_path: Path) -> None:
    check_all(bpe(tmp_path, files=False), HOSTILE + CORPUS)


def test_a_bpe_with_a_prefix_space_agrees_with_transformers(tmp_path: Path) -> None:
    check(bpe(tmp_path, add_prefix_space=True), HOSTILE + CORPUS)


def test_a_unigram_agrees_with_transformers(tmp_path: Path) -> None:
    unigram(tmp_path)
    check(tmp_path, HOSTILE + CORPUS)
    check(tmp_path, pairs_of(HOSTILE))


@pytest.mark.parametrize(
    "options",
    [
        {"do_lower_case": False},
        {"do_lower_case": False, "strip_accents": True},
        {"strip_accents": False},
        {"tokenize_chinese_chars": False},
    ],
    ids=str,
)
def test_the_options_of_tokenizer_config_agree_with_transformers(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    check(wordpiece(tmp_path, **options), HOSTILE)


@pytest.mark.parametrize("options", [{"do_lower_case": False}, {"do_lower_case": True}, {}], ids=str)
@pytest.mark.parametrize("kind", ["BertTokenizer", "DistilBertTokenizer", "PreTrainedTokenizerFast"])
def test_a_config_that_contradicts_tokenizer_json_is_read_as_transformers_reads_it(
    tmp_path: Path, kind: str, options: dict[str, Any]
) -> None:
    (tmp_path / "first").mkdir()
    Tokenizer.load(wordpiece(tmp_path / "first", do_lower_case=False)).save(tmp_path)
    special = json.loads((tmp_path / "special_tokens_map.json").read_text())
    write_config(tmp_path, tokenizer_class=kind, **special, **options)
    check(tmp_path, ["The Cat", "É 的", "UN"])
    warned = any("the latter is used" in warning for warning in Tokenizer.load(tmp_path).warnings)
    assert warned == (kind != "PreTrainedTokenizerFast" and options != {"do_lower_case": False})


@pytest.mark.weights
def test_minilm_agrees_with_transformers_although_it_stores_truncation_and_padding(minilm: Path) -> None:
    check_all(minilm, HOSTILE + CORPUS)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("name", VOCABULARIES)
def test_the_official_vocabularies_agree_with_transformers(
    shared_data: Path, tmp_path: Path, name: str, lowercase: bool
) -> None:
    (tmp_path / "vocab.txt").write_bytes((shared_data / "vocabs" / f"{name}.vocab.txt").read_bytes())
    write_config(tmp_path, tokenizer_class="BertTokenizer", do_lower_case=lowercase)
    check_all(tmp_path, HOSTILE + CORPUS)
    check(tmp_path, multilingual(shared_data))


def multilingual(shared_data: Path) -> list[str]:
    """English, German, Chinese and French prose, enough to go through the words' cache."""
    texts = []
    for language in ("en", "de", "zh"):
        with gzip.open(shared_data / "xquad" / f"xquad.{language}.json.gz", "rt", encoding="utf-8") as file:
            articles = json.load(file)["data"]
        texts += [paragraph["context"] for article in articles[:8] for paragraph in article["paragraphs"]]
    with gzip.open(shared_data / "multi30k" / "val.fr.gz", "rt", encoding="utf-8") as file:
        texts += file.read().splitlines()[:200]
    return texts


@pytest.mark.data
@pytest.mark.weights
@pytest.mark.slow
def test_reviews_with_markup_agree_with_transformers(shared_data: Path, minilm: Path) -> None:
    with lzma.open(shared_data / "imdb" / "test.tsv.xz", "rt", encoding="utf-8") as file:
        texts = [line for _, line in zip(range(300), file, strict=False)]
    check(minilm, texts)


def test_special_tokens_in_a_text_are_special_on_request_as_in_transformers(tmp_path: Path) -> None:
    for place, maker in ((tmp_path / "wordpiece", wordpiece), (tmp_path / "bpe", bpe)):
        place.mkdir()
        maker(place)
        windows = Tokenizer.load(place).windows(FORGED, max_length=LONG, special_in_text=True)
        assert per_window(windows, "input_ids") == oracle(place)(FORGED)["input_ids"]


def test_the_oracle_ran_offline() -> None:
    assert os.environ["HF_HUB_OFFLINE"] == "1"
