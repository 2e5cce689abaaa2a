"""Samples of a corpus: full sentences and pairs, packed, each token where it belongs."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom
from tokenizer_makers import bpe, wordpiece

from glassbert.errors import DataError, UsageError
from glassbert.text.corpus import Corpus
from glassbert.text.corpus_writing import CorpusOptions, prepare_corpus
from glassbert.text.corrupt import Masking
from glassbert.text.order import BatchOrder
from glassbert.text.packing import FullSentences
from glassbert.text.sentence_pairs import SentencePairs
from glassbert.text.sequences import Batches, PretrainingBatch
from glassbert.text.tokenizer import Tokenizer

WORDS = "the a cat dog sat on mat happi un é".split()


def document(number: int, rng: np.random.Generator) -> str:
    sentences = [" ".join(rng.choice(WORDS, rng.integers(1, 9))) for _ in range(rng.integers(1, 12))]
    if number == 3:
        sentences.append("cat " * 70)  # longer than a sample
    return "\n".join(sentences)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Corpus, Tokenizer]:
    place = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    (place / "a.txt").write_text("\n\n".join(document(number, rng) for number in range(60)))
    tokenizer = Tokenizer.load(wordpiece(place))
    return prepare_corpus(
        [place / "a.txt"], tokenizer, place / "c", CorpusOptions(shard_tokens=512)
    ), tokenizer


def sequences_of(batch: PretrainingBatch, values: np.ndarray) -> list[list[int]]:
    return [part.tolist() for part in np.split(values, np.cumsum(batch.lengths)[:-1])]


def restored(batch: PretrainingBatch) -> np.ndarray:
    """The ids before anything was hidden."""
    ids = batch.input_ids.copy()
    ids[batch.rows] = batch.labels
    return ids


def test_full_sentences_are_the_corpus_with_separators(made: tuple[Corpus, Tokenizer]) -> None:
    corpus, tokenizer = made
    samples = FullSentences(corpus, max_length=48)
    numbers = np.arange(len(samples))
    batch = Batches(samples, tokenizer, Masking(), seed=0).batch(numbers, step=3)
    assert (np.diff(batch.lengths) >= 0).all() and batch.lengths.max() <= 48
    assert (batch.lengths == samples.lengths[batch.samples]).all() and not batch.token_type_ids.any()
    by_sample = dict(zip(batch.samples.tolist(), sequences_of(batch, restored(batch)), strict=True))
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    stream = [token for number in numbers for token in by_sample[int(number)][1:] if token != sep]
    assert stream == corpus.read(0, corpus.num_tokens)[0].tolist()
    assert all(sequence[0] == cls and sequence[-1] == sep for sequence in by_sample.values())
    inside = sum(sequence.count(sep) - 1 for sequence in by_sample.values())
    starts = set(corpus.segments[corpus.documents[:-1]].tolist())
    assert inside == len(starts - set(samples.starts.tolist()))  # one for each document that begins inside
    segment_starts = set(corpus.segments.tolist())
    assert sum(int(each) not in segment_starts for each in samples.starts) == 1  # the long one is cut
    assert batch.next_sentence_labels is None and samples.lengths.mean() > 44


def test_pairs_are_next_or_of_another_document(made: tuple[Corpus, Tokenizer]) -> None:
    corpus, tokenizer = made
    samples = SentencePairs(corpus, max_length=32)
    document_of = np.repeat(np.arange(corpus.num_documents), np.diff(corpus.segments[corpus.documents]))
    single = np.diff(samples.chunks, axis=1)[:, 0] == 1
    random_labels: dict[bool, list[int]] = {True: [], False: []}
    short = 0
    for step in range(12):
        numbers = np.arange(len(samples))
        pieces, labels = samples.pieces(numbers, seed=1, step=step)
        for number, (a, b), label in zip(numbers, pieces, labels, strict=True):
            begin, end = samples.segments[samples.chunks[number]]
            size = (a.end - a.begin) + (b.end - b.begin)
            assert (a.kind, b.kind) == (0, 1) and a.end > a.begin and b.end > b.begin and size <= 29
            assert begin <= a.begin and a.end <= end
            if label:
                assert document_of[b.begin] != document_of[a.begin]
                assert document_of[b.end - 1] == document_of[b.begin]
            else:
                assert a.end == b.begin or (
                    a.end < b.begin and end - begin > 29
                )  # what is too long loses ends
                assert b.end <= end
                short += b.end < end and not single[number]
        for alone in (True, False):
            random_labels[alone] += labels[single == alone].tolist()
    assert 0 < short < 0.15 * sum(map(len, random_labels.values()))  # one in ten, where that leaves some out
    for found in random_labels.values():
        count = len(found)
        assert count > 50
        assert binom.ppf(0.0005, count, 0.5) <= sum(found) <= binom.ppf(0.9995, count, 0.5)


def test_a_segment_longer_than_a_sample_is_read_to_its_end(made: tuple[Corpus, Tokenizer]) -> None:
    """It was one sample, of which a step read as much as fits: of text without full stops hardly anything."""
    corpus, tokenizer = made
    samples = SentencePairs(corpus, max_length=32)
    assert samples.lengths.max() <= 32
    held = np.sort(samples.segments[samples.chunks], axis=0)
    assert held[0, 0] == 0 and held[-1, 1] == corpus.num_tokens and (held[1:, 0] == held[:-1, 1]).all()
    assert (np.diff(held, axis=1) <= 29).all()
    assert set(corpus.segments.tolist()) < set(samples.segments.tolist())
    assert (samples.segments[samples.documents] == corpus.segments[corpus.documents]).all()


def test_a_pair_is_two_segments_of_one_sequence(made: tuple[Corpus, Tokenizer]) -> None:
    corpus, tokenizer = made
    samples = SentencePairs(corpus, max_length=32)
    batch = Batches(samples, tokenizer, Masking(), seed=1).batch(np.arange(len(samples)), step=4)
    pieces, labels = samples.pieces(batch.samples, seed=1, step=4)
    assert batch.next_sentence_labels is not None and (batch.next_sentence_labels == labels).all()
    ids, kinds = sequences_of(batch, restored(batch)), sequences_of(batch, batch.token_type_ids)
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    for (a, b), sequence, kind in zip(pieces, ids, kinds, strict=True):
        first, second = (corpus.read(piece.begin, piece.end)[0].tolist() for piece in (a, b))
        assert sequence == [cls, *first, sep, *second, sep]
        assert kind == [0] * (len(first) + 2) + [1] * (len(second) + 1)
    special = np.isin(restored(batch), [cls, sep])
    assert not special[batch.rows].any() and len(batch.rows) > 0.13 * (~special).sum()


@pytest.mark.parametrize("kind", [SentencePairs, FullSentences])
def test_batches_are_the_same_for_any_number_of_processes(
    made: tuple[Corpus, Tokenizer], kind: type[SentencePairs] | type[FullSentences]
) -> None:
    corpus, tokenizer = made
    samples = kind(corpus, max_length=40)
    batches = Batches(samples, tokenizer, Masking(whole_words=True), seed=5)
    order = BatchOrder(lengths=samples.lengths, batch_size=12, seed=5)

    def told(batch: PretrainingBatch) -> dict[int, tuple[list[int], list[int], int]]:
        hidden = np.zeros(len(batch.input_ids), dtype=np.int64)
        hidden[batch.rows] = batch.labels + 1
        labels = batch.next_sentence_labels
        random = [0] * len(batch.samples) if labels is None else labels.tolist()
        parts = zip(sequences_of(batch, batch.input_ids), sequences_of(batch, hidden), random, strict=True)
        return dict(zip(batch.samples.tolist(), parts, strict=True))

    for step in (0, 7):
        numbers = order.batch(step)
        whole = told(batches.batch(numbers, step=step))
        ranks = [told(batches.batch(numbers[rank::3], step=step)) for rank in range(3)]
        assert {key: value for rank in ranks for key, value in rank.items()} == whole
        again = Batches(samples, tokenizer, Masking(whole_words=True), seed=5)
        assert told(again.batch(numbers[::-1], step=step)) == whole
        assert told(batches.batch(numbers, step=step + 1)) != whole
    fixed = Batches(samples, tokenizer, Masking(fixed=True), seed=5)
    assert told(fixed.batch(numbers, step=1)) == told(fixed.batch(numbers, step=2))


def test_words_of_a_byte_level_vocabulary_are_hidden_whole(tmp_path: Path) -> None:
    tokenizer = Tokenizer.load(bpe(tmp_path))
    (tmp_path / "a.txt").write_text("unbelievable happiness of cats " * 40 + "\n\nx")
    corpus = prepare_corpus([tmp_path / "a.txt"], tokenizer, tmp_path / "c")
    masking = Masking(whole_words=True, rate=0.3, masked=1.0, random=0.0)
    samples = FullSentences(corpus, max_length=64)
    batch = Batches(samples, tokenizer, masking, seed=0).batch(np.arange(len(samples)), step=0)
    assert tokenizer.mask_token_id not in tokenizer.ordinary_ids
    spelled = tokenizer.tokens(restored(batch))
    hidden = np.isin(np.arange(len(spelled)), batch.rows)
    goes_on = [not (token.startswith("Ġ") or token[0] == "<") for token in spelled]
    pairs = [(k - 1, k) for k in range(1, len(spelled)) if goes_on[k] and spelled[k - 1][0] != "<"]
    assert len(pairs) > 100 and all(hidden[before] == hidden[after] for before, after in pairs)


def test_what_gives_no_samples_is_refused(made: tuple[Corpus, Tokenizer], tmp_path: Path) -> None:
    corpus, tokenizer = made
    for kind, length in ((FullSentences, 2), (SentencePairs, 4)):
        with pytest.raises(UsageError, match="bad-max-length"):
            kind(corpus, max_length=length)
    (tmp_path / "one.txt").write_text("the cat\nsat")
    one = prepare_corpus([tmp_path / "one.txt"], tokenizer, tmp_path / "c")
    with pytest.raises(DataError, match="at least two documents"):
        SentencePairs(one, max_length=32)
