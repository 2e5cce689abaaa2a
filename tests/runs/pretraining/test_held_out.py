"""Scores on held-out text are what their definitions say, written out; the masks are always the same."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import glassbert as gb
from glassbert.errors import UsageError
from glassbert.model.layout import Rows
from glassbert.model.packed import Packed
from glassbert.runs.models import Model
from glassbert.runs.pretraining import held_out as home
from glassbert.runs.pretraining.evaluate import evaluate_text, reads_text
from glassbert.runs.pretraining.held_out import HeldOut
from glassbert.text.corpus_writing import prepare_corpus
from glassbert.text.tokenizer_training import TrainingOptions, train_tokenizer

LENGTH = 24


@pytest.fixture(scope="module")
def model(pretrained: Path) -> Model:
    return gb.load(pretrained)


@pytest.fixture(scope="module")
def held_out(model: Model, text: Path, tmp_path_factory: pytest.TempPathFactory) -> HeldOut:
    corpus = prepare_corpus([text], model.tokenizer, tmp_path_factory.mktemp("held"))
    return HeldOut(corpus, model.tokenizer, objective="mlm+nsp", max_length=LENGTH)


@torch.no_grad()
def test_losses_and_accuracies_are_means_over_all_that_is_asked(model: Model, held_out: HeldOut) -> None:
    losses, right, pairs = [], [], []
    for batch in held_out.batches:
        packed = Packed.of(batch.input_ids, batch.token_type_ids, batch.lengths)
        said = model.network(packed, rows=Rows.of(packed.layout, np.arange(len(batch.input_ids))))
        for row, label in zip(batch.rows.tolist(), batch.labels.tolist(), strict=True):
            losses.append(-float(said.masked[row].log_softmax(0)[label]))
            right.append(int(said.masked[row].argmax()) == label)
        truth = torch.from_numpy(batch.next_sentence_labels.astype(np.int64))
        pairs += F.cross_entropy(said.next_sentence, truth, reduction="none").tolist()
    scores = held_out.scores(model.network)
    assert scores["mlm_loss"] == pytest.approx(np.mean(losses), abs=1e-5)
    assert scores["mlm_accuracy"] == pytest.approx(np.mean(right))
    assert scores["nsp_loss"] == pytest.approx(np.mean(pairs), abs=1e-5)
    assert len(losses) == held_out.num_masked > 100


def test_what_hiding_every_token_takes_is_told_from_a_part(
    model: Model, held_out: HeldOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = [len(batch.input_ids) for batch in held_out._hidden_one_by_one()]
    read: list[int] = []
    monkeypatch.setattr(home, "_sums", lambda network, batch: read.append(len(batch.input_ids)))
    # a thousandth of a second a token, but for a first call of ten seconds
    monkeypatch.setattr(home.time, "perf_counter", lambda: 10 * bool(read) + sum(read) / 1000)
    assert held_out.seconds_to_hide(model.network) == pytest.approx(sum(tokens) / 1000)
    assert read[1:] == tokens[: len(read) - 1] and 500 <= sum(read[1:]) < sum(tokens) / 2


def test_bits_per_character_count_the_text_that_is_read(model: Model, held_out: HeldOut) -> None:
    """Every word of this text is one token: w words are w tokens, and their letters and spaces are known."""
    tokens = characters = 0
    for batch in held_out.batches:
        ids = batch.input_ids.copy()
        ids[batch.rows] = batch.labels
        for part in np.split(ids, np.cumsum(batch.lengths)[:-1]):
            words = [each for each in model.tokenizer.tokens(part) if not each.startswith("[")]
            tokens += len(words)
            characters += len(" ".join(words).replace(" .", "."))
    scores = held_out.scores(model.network)
    expected = scores["mlm_loss"] / math.log(2) * tokens / characters
    assert scores["bits_per_character"] == pytest.approx(expected)


@torch.no_grad()
def test_pseudo_perplexity_hides_every_token_of_a_sentence_once(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "text.txt").write_text("the warm film sat .\n\na dog ran")
    corpus = prepare_corpus([tmp_path / "text.txt"], model.tokenizer, tmp_path / "c")
    losses = []
    for sentence in ("the warm film sat .", "a dog ran"):
        ids = model.tokenizer.windows([sentence], max_length=LENGTH).input_ids
        for place in range(1, len(ids) - 1):
            hidden = ids.copy()
            hidden[place] = model.tokenizer.mask_token_id
            packed = Packed.of(hidden, np.zeros(len(ids)), np.array([len(ids)]))
            said = model.network(packed, rows=Rows.of(packed.layout, np.array([place]))).masked[0]
            losses.append(-float(said.log_softmax(0)[ids[place]]))
    found = HeldOut(corpus, model.tokenizer, objective="mlm", max_length=LENGTH)
    assert found.pseudo_perplexity(model.network) == pytest.approx(math.exp(np.mean(losses)), rel=1e-4)


@pytest.mark.parametrize("most", [1, 500, 2_000, 10**9])
def test_sentences_are_taken_from_all_of_the_text_as_many_as_may_be_read(
    most: int, held_out: HeldOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "MOST_HIDDEN", most)
    starts = [int(each) for each in held_out.tokens.segments]
    among = [pair for pair in pairwise(starts) if pair[1] - pair[0] <= LENGTH - 2]
    chosen = held_out._sentences()
    places = [among.index(pair) for pair in chosen]
    assert sum(held_out._tokens_hidden()) <= most or len(chosen) == 1
    if most == 10**9:
        assert len(chosen) == min(200, len(among))
    elif most > 1:
        assert sum(held_out._tokens_hidden()) > most / 2
        assert (places[0], places[-1]) == (0, len(among) - 1)
        assert max(np.diff(places)) - min(np.diff(places)) <= 1


def test_the_masks_are_the_same_for_everybody(model: Model, text: Path, tmp_path: Path) -> None:
    corpus = prepare_corpus([text], model.tokenizer, tmp_path)
    one, two = (HeldOut(corpus, model.tokenizer, objective="mlm", max_length=LENGTH) for _ in range(2))
    for mine, theirs in zip(one.batches, two.batches, strict=True):
        assert np.array_equal(mine.rows, theirs.rows)
        assert np.array_equal(mine.input_ids, theirs.input_ids)
    asked = sum(int(batch.lengths.sum() - 2 * len(batch.lengths)) for batch in one.batches)
    assert one.num_masked / asked == pytest.approx(0.15, abs=0.02)


def test_a_masked_word_model_is_evaluated_on_text(
    model: Model, text: Path, encoder: Path, tmp_path: Path
) -> None:
    found = evaluate_text(model, [text])
    assert found["documents"] == 40
    assert {"mlm_loss", "nsp_accuracy", "pseudo_perplexity"} <= set(found["metrics"])
    (tmp_path / "one.txt").write_text("the film is warm .\nthe dog sat .")
    alone = evaluate_text(model, [tmp_path / "one.txt"])
    assert "nsp_accuracy" not in alone["metrics"]
    assert "one document" in alone["notes"][0]
    assert not reads_text(gb.load(encoder))
    with pytest.raises(UsageError, match="no-head"):
        evaluate_text(gb.load(encoder), [text])


def test_bits_per_character_count_the_characters_of_a_chinese_text(tmp_path: Path) -> None:
    """The decoder of WordPiece sets a space between any two of its pieces, and characters counted double."""
    line = "今天天气很好，我们去公园看花。" * 3 + "他读 BERT 的书。"
    (tmp_path / "zh.txt").write_text("\n\n".join([line] * 4), encoding="utf-8")
    tokenizer = train_tokenizer([tmp_path / "zh.txt"], TrainingOptions(vocab_size=90)).tokenizer
    corpus = prepare_corpus([tmp_path / "zh.txt"], tokenizer, tmp_path / "cache")
    held_out = HeldOut(corpus, tokenizer, objective="mlm", max_length=128)
    without_spaces = len(line.replace(" ", ""))
    expected = corpus.num_tokens / (4 * without_spaces)
    assert held_out._tokens_per_character() == pytest.approx(expected, rel=0.03)
