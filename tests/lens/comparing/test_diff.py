"""The diff: nothing where nothing changed, one cell where one head changed, and formulas of others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.spatial.distance
import torch

import glassbert
from glassbert.errors import DataError, UsageError
from glassbert.lens.attention_capture import attention
from glassbert.lens.comparing.flips import probabilities
from glassbert.lens.comparing.matrices import change
from glassbert.lens.comparing.states import CKA_TOKENS, Samples, states_of
from glassbert.lens.diff_record import KINDS, DiffRecord
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from tests.contract.workbench import tiny_tokenizer
from tests.lens.atlas.planted import Planted
from tests.lens.comparing.material import TEXTS, deep, twin

diff = glassbert.lens.diff
LAYER, HEAD = 7, 3


@pytest.fixture(params=["bert", "roberta", "distilbert"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Planted:
    return deep(tmp_path, request.param)


def perturbed(model: Planted, *, layer: int = LAYER, head: int = HEAD) -> Planted:
    """Another query projection of one head."""
    found = twin(model)
    width = model.network.config.head_size
    with torch.no_grad():
        weight = found.network.encoder.blocks[layer].attention.qkv.weight
        weight[head * width : (head + 1) * width] *= -3
    return found


def test_a_model_against_itself_is_exactly_zero(model: Planted) -> None:
    record = diff(model, twin(model), TEXTS)
    for name in ("divergence", "own", "update", "rank"):
        assert (getattr(record, name) == 0).all(), name
    assert all(each.update == each.rank == 0 for each in record.others)
    assert (np.diag(record.cka) == 1).all()
    np.testing.assert_array_equal(record.cka, record.cka.T)
    assert (record.num_flips, record.flips) == (0, ())
    assert not any(np.any(record.difference(layer, head)) for layer, head in np.ndindex(9, 5))


def test_one_perturbed_head_lights_its_cell_only(model: Planted) -> None:
    record = diff(model, perturbed(model), TEXTS)
    lit = np.zeros((9, 5), bool)
    lit[LAYER, HEAD] = True
    assert (record.own[~lit] == 0).all() and record.own[LAYER, HEAD] > 1e-7
    # as the models run, later layers read other states; up to its layer it is alone there too
    assert (record.divergence[:8][~lit[:8]] == 0).all()
    assert record.divergence[LAYER, HEAD] == record.own[LAYER, HEAD]
    assert record.update[LAYER, KINDS.index("query")] > 0
    assert (record.update > 0).sum() == 1
    assert (np.diag(record.cka)[:8] == 1).all()


def test_divergence_is_scipys(model: Planted) -> None:
    other = perturbed(model, layer=2)
    record = diff(model, other, TEXTS)
    sums, count = np.zeros((9, 5)), 0
    for text in TEXTS:
        one, two = attention(model, text), attention(other, text)
        rows = np.flatnonzero(one.word >= 0)
        count += len(rows)
        for layer, head in np.ndindex(9, 5):
            before, after = one.weights(layer, head)[rows], two.weights(layer, head)[rows]
            found = scipy.spatial.distance.jensenshannon(before.astype(float), after.astype(float), axis=1)
            sums[layer, head] += np.nansum(found**2)
    assert record.num_tokens == count
    np.testing.assert_allclose(record.divergence, sums / count, atol=1e-6)


def test_difference_of_the_shown_text_is_that_of_the_attention_lens(model: Planted) -> None:
    other = perturbed(model, layer=4)
    record = diff(model, other, TEXTS, show=1)
    one, two = attention(model, TEXTS[1]), attention(other, TEXTS[1])
    assert (record.text, record.tokens) == (TEXTS[1], one.tokens)
    for layer, head in np.ndindex(9, 5):
        wanted = two.weights(layer, head) - one.weights(layer, head)
        np.testing.assert_allclose(record.difference(layer, head), wanted, atol=1e-6)
    assert record.whole[0] == record.divergence.argmax()


def test_update_and_effective_rank_have_their_closed_form() -> None:
    draw = torch.Generator().manual_seed(1)
    before = torch.randn(7, 12, generator=draw)
    left = torch.linalg.qr(torch.randn(7, 7, generator=draw))[0]
    right = torch.linalg.qr(torch.randn(12, 12, generator=draw))[0]
    for values in ([3.0], [2.0, 2.0, 2.0], [4.0, 1.0]):
        step = left[:, : len(values)] @ torch.diag(torch.tensor(values)) @ right[:, : len(values)].T
        update, rank = change(before, before + step)
        assert update == pytest.approx(np.linalg.norm(values) / float(before.norm()), rel=1e-5)
        shares = np.array(values) / sum(values)
        # rounding to float32 is a change in every direction, of 1e-7 each
        assert rank == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-4)
    assert change(before, before.clone()) == (0.0, 0.0)
    assert change(torch.zeros(2, 2), torch.eye(2)) == (float("inf"), pytest.approx(2))


def test_cka_equals_the_formula_of_gram_matrices(model: Planted) -> None:
    other = perturbed(model, layer=1)
    windows = model.windows([TEXTS[0]])
    states = (states_of(model.network, windows), states_of(other.network, windows))
    samples = Samples(len(windows.input_ids))
    samples.add(states)
    found, count = samples.cka()
    assert count == len(windows.input_ids)
    centre = np.eye(count) - 1 / count
    grams = [
        [centre @ (layer.double().numpy() @ layer.double().numpy().T) @ centre for layer in part]
        for part in states
    ]
    for i, j in np.ndindex(found.shape):
        one, two = grams[0][i], grams[1][j]
        wanted = (one * two).sum() / np.sqrt((one * one).sum() * (two * two).sum())
        assert found[i, j] == pytest.approx(wanted, abs=1e-7)


def test_cka_does_not_see_a_rotation(model: Planted) -> None:
    windows = model.windows([TEXTS[0]])
    states = states_of(model.network, windows)
    draw = torch.Generator().manual_seed(2)
    turn = torch.linalg.qr(torch.randn(30, 30, generator=draw, dtype=torch.float64))[0]
    samples = Samples(len(windows.input_ids))
    turned = [2.5 * layer.double() @ turn for layer in states]
    samples.add((states, turned))
    found, _ = samples.cka()
    np.testing.assert_allclose(np.diag(found), 1, atol=1e-9)


def test_cka_samples_evenly_and_says_how_many(model: Planted) -> None:
    samples = Samples(3 * CKA_TOKENS)
    for size in (5, CKA_TOKENS, 2 * CKA_TOKENS - 5):
        part = [torch.arange(size, dtype=torch.float32)[:, None]]
        samples.add((part, part))
    assert samples.stride == 3 and samples.cka()[1] == CKA_TOKENS


def test_flips_are_the_rows_with_another_answer(model: Planted) -> None:
    other = twin(model)
    with torch.no_grad():
        other.network.head.output.weight.mul_(-1)
        other.network.head.output.bias.mul_(-1)
    record = diff(model, other, TEXTS, rows=[2, 4, 6, 8])
    before, after = probabilities(model, TEXTS), probabilities(other, TEXTS)
    assert record.num_flips == 4 == (before.argmax(1) != after.argmax(1)).sum()
    assert [flip.row for flip in record.flips] == [2, 4, 6, 8]
    for flip, text, first, second in zip(record.flips, TEXTS, before, after, strict=True):
        assert flip.text == text
        assert (flip.before, flip.after) == tuple(("good", "bad")[each.argmax()] for each in (first, second))
        assert (flip.before_score, flip.after_score) == pytest.approx((first.max(), second.max()))


def test_models_that_do_not_classify_alike_have_no_flips(model: Planted) -> None:
    encoder = Network(model.network.config, HeadConfig(kind="none"), seed=3).eval()
    record = diff(replace(model, network=encoder), model, TEXTS)
    assert record.num_flips is None and record.flips == ()
    assert DiffRecord.from_bytes(record.to_bytes()).to_bytes() == record.to_bytes()


def test_models_of_another_shape_or_vocabulary_are_refused(tmp_path: Path) -> None:
    model = deep(tmp_path)
    config = replace(model.network.config, num_hidden_layers=2, num_attention_heads=3)
    small = replace(model, network=Network(config, seed=0))
    said = r"other-shape: 'A' and 'A' differ in num_hidden_layers \(9, 2\), num_attention_heads \(5, 3\)"
    with pytest.raises(UsageError, match=said):
        diff(model, small, TEXTS)
    other = tiny_tokenizer(tmp_path / "other")
    vocabulary = (tmp_path / "other" / "vocab.txt").read_text(encoding="utf-8").replace("film", "book")
    (tmp_path / "other" / "vocab.txt").write_text(vocabulary, encoding="utf-8")
    other = type(other).load(tmp_path / "other")
    with pytest.raises(UsageError, match=r"other-vocabulary: .* 1 tokens differ, the first is 5 \('film'"):
        diff(model, replace(twin(model), tokenizer=other), TEXTS)


def test_bad_numbers_and_bad_texts_are_refused(model: Planted) -> None:
    with pytest.raises(UsageError, match="no-such-text: show is 4, and there are 4 texts"):
        diff(model, twin(model), TEXTS, show=4)
    other = twin(model)
    with torch.no_grad():
        other.network.encoder.blocks[2].feed_forward.down.weight[0, 0] = float("nan")
    with pytest.raises(DataError, match="not-finite: encoder.blocks.2.output"):
        diff(model, other, TEXTS)


def test_long_texts_are_compared_in_all_their_windows(model: Planted) -> None:
    long = "the film is a warm film , it is fine and not cold " * 3
    record = diff(model, perturbed(model), [long, ""])
    assert record.num_windows == len(model.windows([long])) > 2
    assert (record.window, record.text_windows) == (0, record.num_windows)
    empty = diff(model, perturbed(model), [long, ""], show=1)
    assert empty.tokens == ("[CLS]", "[SEP]") and empty.text_windows == 1
    head = divmod(int(empty.whole[0]), empty.divergence.shape[1])
    assert empty.difference(*head).shape == (2, 2) and empty.difference(*head).any()
    assert len(record.tokens) <= model.max_length
