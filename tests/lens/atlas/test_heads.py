"""The atlas: planted heads get their names, and every number is what the maps themselves say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.stats
import torch

import glassbert
from glassbert.errors import DataError, UsageError
from glassbert.lens.atlas.maps import TOKENS_PER_BATCH, WEIGHTS_PER_LAYER, equal_batches
from glassbert.lens.attention_capture import attention
from glassbert.lens.heads_record import PATTERNS, HeadsRecord
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from tests.contract.workbench import tiny_config, tiny_tokenizer
from tests.lens.atlas.planted import PLAN, TEXTS, Planted, planted_model

heads = glassbert.lens.heads


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> HeadsRecord:
    return heads(planted_model(tmp_path_factory.mktemp("planted")), TEXTS)


@pytest.fixture(params=["bert", "roberta", "distilbert"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Planted:
    tokenizer = tiny_tokenizer(tmp_path)
    config = tiny_config(tokenizer.vocab_size, request.param)
    return Planted(request.param, Network(config, HeadConfig(kind="none"), seed=2).eval(), tokenizer)


def all_maps(model: Planted, texts: tuple[str, ...]) -> list[tuple[tuple[str, ...], np.ndarray]]:
    """(tokens, maps [L, N, S, S]) of every window, by the attention lens."""
    config = model.network.config
    found = []
    for text in texts:
        count = attention(model, text).num_windows
        for window in range(count):
            record = attention(model, text, window=window)
            places = np.ndindex(config.num_hidden_layers, config.num_attention_heads)
            maps = np.array([record.weights(layer, head) for layer, head in places])
            shape = (config.num_hidden_layers, config.num_attention_heads, *maps.shape[1:])
            found.append((record.tokens, maps.reshape(shape).astype(np.float64)))
    return found


def content(tokens: tuple[str, ...]) -> list[int]:
    return [i for i, token in enumerate(tokens) if token not in ("[CLS]", "[SEP]")]


def targets(name: str, tokens: tuple[str, ...], row: int, offset: int | None = None) -> list[int]:
    """The columns that a pattern means for a row."""
    steps = {"previous": -1, "next": 1, "itself": 0, "offset": offset}
    if name in steps:
        column = row + int(steps[name] or 0)
        return [column] if 0 <= column < len(tokens) else []
    matches = {
        "same": lambda j: j != row and tokens[j] == tokens[row],
        "cls": lambda j: tokens[j] == "[CLS]",
        "sep": lambda j: tokens[j] == "[SEP]",
        "punctuation": lambda j: tokens[j] in (".", ",", "!"),
    }[name]
    return [j for j in range(len(tokens)) if matches(j)]


def test_planted_patterns_are_labelled_without_error(planted: HeadsRecord) -> None:
    names = [[planted.name(layer, head) for head in range(len(PLAN))] for layer in range(2)]
    assert names == [list(PLAN), list(PLAN[::-1])]
    assert planted.score.min() > 0.999
    assert (planted.margin > 0.05).all()


def test_two_equal_aims_are_nothing_clear(tmp_path: Path) -> None:
    record = heads(planted_model(tmp_path, rules=("both sides", "previous")), TEXTS)
    assert record.name(0, 0) == "nothing clear" == record.name(1, 1)
    assert record.name(0, 1) == "previous" == record.name(1, 0)
    assert record.margin[0, 0] < 0 and record.label[0, 0] == -1
    assert PATTERNS[record.candidate[0, 0]] in ("previous", "next")
    assert record.score[0, 0] == pytest.approx(0.5, abs=0.06)


def test_every_score_is_the_mean_over_the_maps(model: Planted) -> None:
    record = heads(model, TEXTS)
    maps = all_maps(model, TEXTS)
    for layer, head in np.ndindex(record.label.shape):
        for place, name in enumerate(PATTERNS):
            offset = int(record.offset[layer, head])
            shares, evens = [], []
            for tokens, weights in maps:
                for row in content(tokens):
                    if found := targets(name, tokens, row, offset):
                        shares.append(weights[layer, head, row, found].sum())
                        evens.append(len(found) / len(tokens))
            assert record.scores[layer, head, place] == pytest.approx(np.mean(shares), abs=1e-5)
            if name != "offset":
                assert record.counts[place] == len(shares)
                assert record.chance[place] == pytest.approx(np.mean(evens), abs=1e-6)


def test_entropy_is_scipys_and_of_even_attention_the_logarithm(model: Planted, planted: HeadsRecord) -> None:
    record = heads(model, TEXTS)
    maps = all_maps(model, TEXTS)
    for layer, head in np.ndindex(record.label.shape):
        rows = [weights[layer, head, row] for tokens, weights in maps for row in content(tokens)]
        entropies = [scipy.stats.entropy(row) for row in rows]
        sizes = [np.log(len(row)) for row in rows]
        assert record.entropy[layer, head] == pytest.approx(np.mean(entropies), abs=1e-5)
        broad = np.mean(np.array(entropies) / np.array(sizes))
        assert record.broadness[layer, head] == pytest.approx(broad, abs=1e-5)
    place = PLAN.index("broad")
    even = np.mean([np.log(len(row)) for row in rows])
    assert planted.entropy[0, place] == pytest.approx(even, abs=1e-4)
    assert planted.broadness[0, place] == pytest.approx(1, abs=1e-5)
    assert planted.entropy[0, PLAN.index("previous")] < 1e-4


def test_distance_is_scipys_jensen_shannon_divergence(model: Planted) -> None:
    record = heads(model, TEXTS)
    maps = [(tokens, weights.reshape(-1, *weights.shape[2:])) for tokens, weights in all_maps(model, TEXTS)]
    assert record.distance_rows == sum(len(content(tokens)) for tokens, _ in maps)
    for one, other in np.ndindex(record.distance.shape):
        found = [
            scipy.spatial.distance.jensenshannon(weights[one, row], weights[other, row]) ** 2
            for tokens, weights in maps
            for row in content(tokens)
        ]
        assert record.distance[one, other] == pytest.approx(np.mean(found), abs=1e-5)


def test_equal_heads_are_on_top_of_one_another_and_of_the_pruning_list(planted: HeadsRecord) -> None:
    count = len(PLAN)
    twins = {count + count - 1 - head: head for head in range(count)}
    for one, other in twins.items():
        assert planted.distance[one, other] < 1e-6
        np.testing.assert_allclose(planted.place[one], planted.place[other], atol=1e-3)
    first = {frozenset(pair) for pair in zip(planted.spared[:count], planted.twin[:count], strict=True)}
    assert first == {frozenset(pair) for pair in twins.items()}
    assert planted.gap[:count].max() < 1e-6 < planted.gap[count]
    assert len(set(planted.spared.tolist())) == 2 * count - 1
    assert (np.diff(planted.gap) >= 0).all()


def test_place_shows_the_share_of_the_distances_that_it_says(planted: HeadsRecord) -> None:
    gaps = ((planted.place[:, None] - planted.place[None]) ** 2).sum(-1)
    assert planted.place_share == pytest.approx(gaps.sum() / planted.distance.sum(), abs=1e-4)
    assert (gaps <= planted.distance + 1e-4).all()


def test_long_texts_are_windows_and_none_is_left_out(model: Planted) -> None:
    long = "the film is a warm film , it is fine and not cold " * 3
    record = heads(model, [long, "", "warm"])
    assert (record.num_texts, record.num_windows) == (3, len(model.windows([long])) + 1)
    assert record.num_tokens > 36


def test_order_and_company_change_nothing(model: Planted) -> None:
    there, back = heads(model, TEXTS), heads(model, TEXTS[::-1])
    np.testing.assert_allclose(there.scores, back.scores, atol=1e-6)
    np.testing.assert_allclose(there.distance, back.distance, atol=1e-6)
    assert (there.label == back.label).all()


def test_a_pattern_without_targets_has_no_score(model: Planted) -> None:
    record = heads(model, ["warm film"])
    place = PATTERNS.index("punctuation")
    assert record.counts[place] == 0 and np.isnan(record.scores[..., place]).all()
    assert (record.candidate != place).all()
    assert HeadsRecord.from_bytes(record.to_bytes()).to_bytes() == record.to_bytes()


def test_what_cannot_be_looked_at_is_refused(model: Planted) -> None:
    for texts, said in [([], "there is no text"), (["", ""], "every text is empty"), ("warm", "one string")]:
        with pytest.raises(UsageError, match=said):
            heads(model, texts)
    with torch.no_grad():
        model.network.encoder.blocks[1].attention.qkv.weight[3, 3] = float("nan")
    with pytest.raises(DataError, match="not-finite: encoder.blocks.1.attention.query is not a finite"):
        heads(model, TEXTS)


def test_memory_is_bounded_whatever_the_lengths() -> None:
    lengths = np.array([512] * 5 + [2] * 3000 + [100] * 40 + [5])
    batches = list(equal_batches(lengths, 12))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    for batch in batches:
        (length,) = set(lengths[batch].tolist())
        small = len(batch) * length <= TOKENS_PER_BATCH and len(batch) * 12 * length**2 <= WEIGHTS_PER_LAYER
        assert small or len(batch) == 1
