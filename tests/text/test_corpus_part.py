"""Part of a corpus is a corpus of the chosen documents; what is held out depends on what documents say."""

from pathlib import Path

import numpy as np
import pytest
from tokenizer_makers import wordpiece

from glassbert.errors import DataError
from glassbert.text.corpus import Corpus, Tokens
from glassbert.text.corpus_part import CorpusPart, split_by_content
from glassbert.text.corpus_writing import CorpusOptions, prepare_corpus
from glassbert.text.packing import FullSentences
from glassbert.text.tokenizer import Tokenizer

WORDS = "the a cat dog sat on mat".split()


def documents_of(corpus: Tokens) -> list[list[list[int]]]:
    """Ids of every segment of every document."""
    segments = [
        corpus.read(int(a), int(b))[0].tolist()
        for a, b in zip(corpus.segments[:-1], corpus.segments[1:], strict=True)
    ]
    return [segments[a:b] for a, b in zip(corpus.documents[:-1], corpus.documents[1:], strict=True)]


def corpus_of(texts: list[str], place: Path) -> Corpus:
    place.mkdir(exist_ok=True)
    (place / "text.txt").write_text("\n\n".join(texts))
    tokenizer = Tokenizer.load(wordpiece(place))
    return prepare_corpus([place / "text.txt"], tokenizer, place / "c", CorpusOptions(shard_tokens=64))


@pytest.fixture(scope="module")
def texts() -> list[str]:
    draw = np.random.default_rng(0)
    return [
        "\n".join(" ".join(draw.choice(WORDS, draw.integers(1, 9))) for _ in range(draw.integers(1, 6)))
        for _ in range(40)
    ]


@pytest.fixture(scope="module")
def corpus(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return corpus_of(texts, tmp_path_factory.mktemp("part"))


def test_a_part_holds_the_chosen_documents(corpus: Corpus) -> None:
    chosen = np.array([0, 3, 4, 17, 39])
    part = CorpusPart(corpus, chosen)
    every = documents_of(corpus)
    assert documents_of(part) == [every[each] for each in chosen]
    ids, starts = part.read(0, part.num_tokens)  # across all documents
    assert ids.tolist() == [each for document in documents_of(part) for run in document for each in run]
    assert len(starts) == part.num_tokens == FullSentences(part, max_length=9).starts[-1]


def test_split_is_by_content_and_keeps_copies_on_one_side(texts: list[str], tmp_path: Path) -> None:
    rest, held = split_by_content(corpus_of(texts, tmp_path / "one"), share=0.2)
    before = documents_of(held)
    assert held.num_documents == 8
    assert rest.num_documents == 32
    shuffled = [*reversed(texts), texts[held.chosen[0]]]  # another order, and a copy of a held-out text
    again = documents_of(split_by_content(corpus_of(shuffled, tmp_path / "two"), share=0.2)[1])
    assert sorted(again) == sorted([*before, before[0]])


def test_too_few_documents_are_refused(tmp_path: Path) -> None:
    for texts in (["a cat", "a dog", "a mat"], ["a cat"] * 9):
        with pytest.raises(DataError, match="too-few-documents"):
            split_by_content(corpus_of(texts, tmp_path / str(len(texts))), share=0.01)
