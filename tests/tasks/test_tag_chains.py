"""Tags of a text as one chain: where chains are cut, what is forbidden, what is answered."""

import itertools

import numpy as np
import pytest
import torch

from glassbert.errors import GlassbertError, UsageError
from glassbert.model.chain import IMPOSSIBLE, Chains, Steps
from glassbert.model.config import HeadConfig
from glassbert.model.tag_head import Crf
from glassbert.tasks import tag_chains
from glassbert.tasks.tag_chains import chain_loss, forbidding, read_chains, word_chains
from glassbert.tasks.tagging import TokenClassification
from glassbert.tasks.viterbi import Edges
from glassbert.text.schemes import count_invalid
from glassbert.text.windows import Windows

LABELS = ("O", "B-X", "I-X", "B-Y", "I-Y")
EDGES = Edges.of(LABELS, "iob2")


def learnt(seed: int = 0, num_labels: int = 5) -> Crf:
    crf = Crf(num_labels)
    for weights in crf.scores():
        torch.nn.init.normal_(weights, generator=torch.Generator().manual_seed(seed))
    return crf


def in_windows(words: list[list[int]], example: list[int]) -> Windows:
    """Windows whose tokens begin these words (-1: none)."""
    flat = np.array([word for each in words for word in each], dtype=np.int32)
    starts = np.concatenate([[0], np.cumsum([len(each) for each in words])])
    zeros = np.zeros(len(flat), dtype=np.int32)
    return Windows(
        input_ids=zeros, token_type_ids=zeros, starts=starts, example=np.array(example, dtype=np.int32),
        scored=flat >= 0, offsets=None, sequence=zeros.astype(np.int8), num_examples=max(example) + 1,
        word=flat,
    )  # fmt: skip


def cut(words: list[list[int]], example: list[int], tags: list[int], counts: list[int]) -> list[list[int]]:
    windows = in_windows(words, example)
    rows = np.flatnonzero(windows.word >= 0)
    found = word_chains(windows, rows, np.array(tags), EDGES, counts=np.array(counts))
    return [list(each) for each in zip(*(part.tolist() for part in found), strict=True)]


def test_a_sentence_in_one_window_is_one_chain() -> None:
    assert cut([[-1, 0, -1, 1, 2, -1]], [0], [1, 2, 0], [3]) == [[3, True, True]]


def test_chains_end_where_a_window_does_and_their_inner_ends_do_not_count() -> None:
    words = [[-1, 0, 1, -1, -1], [-1, 0, 1, -1], [-1, -1, 2, 3, -1]]
    assert cut(words, [0, 1, 0], [0, 0, 1, 2, 0, 0], [4, 2]) == [
        [2, True, False],
        [2, True, True],
        [2, False, True],
    ]


def test_a_word_without_a_token_parts_its_neighbours() -> None:
    assert cut([[-1, 0, 2, -1]], [0], [0, 0], [4]) == [[1, True, False], [1, False, False]]


def test_a_chain_is_cut_where_the_data_breaks_the_scheme() -> None:
    """I-X first, O I-Y, B-X I-Y: none has a likelihood, and what stands between them has."""
    assert cut([[0, 1, 2, 3, 4, 5]], [0], [2, 2, 0, 4, 1, 4], [6]) == [
        [3, False, False],
        [2, False, False],
        [1, False, True],
    ]


def test_what_the_scheme_forbids_is_impossible_and_the_rest_as_learnt() -> None:
    crf = learnt()
    steps = forbidding(crf, EDGES)
    assert steps.first[2] == steps.first[4] == steps.steps[0, 2] == steps.steps[1, 4] == IMPOSSIBLE
    assert steps.steps[1, 2] == crf.steps[1, 2] and torch.equal(steps.last, crf.last)
    assert int((steps.steps == IMPOSSIBLE).sum()) == 6
    with pytest.raises(GlassbertError, match="unbound-chain"):
        forbidding(None, EDGES)


def test_answers_are_the_best_and_the_shares_of_all_paths_that_are_allowed() -> None:
    """Every path enumerated; a word without a token is O."""
    draw = np.random.default_rng(1)
    texts = [3 * draw.normal(size=(count, 5)) for count in (4, 0, 1, 3)]
    texts[0][2] = np.nan
    steps = forbidding(learnt(2), EDGES)
    shares, paths = read_chains(texts, steps, LABELS)
    inner, first, last = (each.detach().double().numpy() for each in steps)
    for text, share, found in zip(texts, shares, paths, strict=True):
        scores = {}
        for path in itertools.product(range(5), repeat=len(text)):
            if count_invalid([LABELS[tag] for tag in path], "iob2"):
                continue
            if any(np.isnan(row[0]) and tag for row, tag in zip(text, path, strict=True)):
                continue
            score = np.nansum([row[tag] for row, tag in zip(text, path, strict=True)])
            score += sum(inner[a, b] for a, b in itertools.pairwise(path))
            scores[path] = score + (first[path[0]] + last[path[-1]] if path else 0)
        assert tuple(found.tolist()) == max(scores, key=scores.__getitem__)
        total = np.logaddexp.reduce(list(scores.values()))
        expected = np.zeros(text.shape)
        for path, score in scores.items():
            expected[np.arange(len(text)), list(path)] += np.exp(score - total)
        np.testing.assert_allclose(np.exp(share), expected, atol=1e-12)


def test_many_texts_are_answered_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """In parts of at most so many words, but of a whole text."""
    monkeypatch.setattr(tag_chains, "ROWS_AT_ONCE", 20)
    draw = np.random.default_rng(3)
    texts = [draw.normal(size=(count, 5)) for count in (30, 7, 3, 12)]
    steps = forbidding(learnt(4), EDGES)
    together = read_chains(texts, steps, LABELS)
    for number, text in enumerate(texts):
        for ours, alone in zip(together, read_chains([text], steps, LABELS), strict=True):
            np.testing.assert_allclose(ours[number], alone[0], atol=1e-9)


def test_without_o_a_word_without_a_token_may_be_any() -> None:
    steps = Steps(torch.zeros(2, 2), torch.tensor([0.0, 1.0]), torch.zeros(2))
    shares, paths = read_chains([np.full((1, 2), np.nan)], steps, ("DET", "NOUN"))
    assert paths[0].tolist() == [1] and np.exp(shares[0][0, 1]) == pytest.approx(np.e / (1 + np.e))


def test_loss_of_a_chain_needs_a_row_for_every_word() -> None:
    chains = Chains.whole(np.array([2]))
    with pytest.raises(GlassbertError, match="3 rows of logits for 2 words"):
        chain_loss(torch.zeros(3, 5), torch.zeros(2, dtype=torch.int64), chains, forbidding(learnt(), EDGES))


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"crf": 1}, "crf is 1"),
        ({"lstm_size": -1}, "--lstm-size is -1"),
        ({"lstm_size": True}, "--lstm-size is True"),
        ({"crf": True, "label_smoothing": 0.1}, "--label-smoothing is given"),
    ],
)
def test_heads_that_cannot_be_are_refused(said: dict[str, object], wrong: str) -> None:
    with pytest.raises(UsageError, match=wrong):
        TokenClassification.learn(None, None, **said)


def test_a_chain_that_was_not_told_its_weights_answers_nothing() -> None:
    task = TokenClassification(head=HeadConfig(kind="token-classification", labels=LABELS, crf=True))
    assert task.chain is None
    with pytest.raises(GlassbertError, match="unbound-chain"):
        forbidding(task.chain, task.edges)
