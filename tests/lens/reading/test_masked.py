"""The masked-word lens: its last layer is the model, and the tuned lens never reads worse than none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import torch

from glassbert.errors import DataError, UsageError
from glassbert.lens.masked_record import MaskedRecord
from glassbert.lens.reading.masked import TOP, masked
from glassbert.lens.reading.states import decode, head_of, states
from glassbert.lens.reading.tuned import tune
from glassbert.lens.seen import see
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from tests.contract.workbench import tiny_config, tiny_tokenizer
from tests.lens.atlas.planted import Planted

TEXT = "the film is not warm , the film is cold !"
TEXTS = (TEXT, "a film , a dull film .", "fine", "not fine , not warm , not dull .")


@pytest.fixture(params=["bert", "roberta", "distilbert", "pretraining"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Planted:
    tokenizer = tiny_tokenizer(tmp_path)
    pretraining = request.param == "pretraining"
    config = tiny_config(tokenizer.vocab_size, "bert" if pretraining else request.param)
    head = HeadConfig(kind="pretraining" if pretraining else "masked-lm")
    return Planted(request.param, Network(config, head, seed=5).eval(), tokenizer)


def output(model: Planted, *, hide: int | None = None) -> torch.Tensor:
    """The network's own logits [S, V]."""
    seen = see(model, TEXT)
    if hide is not None:
        ids = seen.windows.input_ids.copy()
        ids[hide] = model.tokenizer.mask_token_id
        seen = replace(seen, windows=replace(seen.windows, input_ids=ids))
    with torch.inference_mode():
        found = model.network(seen.packed(model.network))
    return found if isinstance(found, torch.Tensor) else found.masked


def test_the_last_layer_is_the_models_output_exactly(model: Planted) -> None:
    seen = see(model, TEXT)
    inside = states(model.network, seen.packed(model.network))
    with torch.inference_mode():
        assert torch.equal(decode(head_of(model), inside[-1]), output(model))
    record = masked(model, TEXT)
    best = output(model).float().log_softmax(-1).topk(TOP)
    np.testing.assert_array_equal(record.probability[-1], best.values.exp().numpy())
    for token in range(len(record.tokens)):
        words = tuple(model.tokenizer.tokens(best.indices[token].tolist()))
        assert record.words(-1, token) == words
    assert (record.kl[-1] == 0).all() and (record.rank_final[-1] == 0).all()


def test_every_layer_is_the_head_on_its_states(model: Planted) -> None:
    record = masked(model, TEXT, words=["film", "warm"], hide=[2])
    seen = see(model, TEXT)
    ids = seen.windows.input_ids.copy()
    ids[2] = model.tokenizer.mask_token_id
    hidden = replace(seen, windows=replace(seen.windows, input_ids=ids))
    final = output(model, hide=2).double().softmax(-1).numpy()
    inside = states(model.network, hidden.packed(model.network))
    film = int(model.windows(["film"]).input_ids[1])
    for layer, state in enumerate(inside):
        with torch.inference_mode():
            shares = decode(head_of(model), state).double().softmax(-1).numpy()
        np.testing.assert_allclose(record.entropy[layer], scipy.stats.entropy(shares, axis=1), atol=1e-5)
        np.testing.assert_allclose(record.kl[layer], scipy.stats.entropy(final, shares, axis=1), atol=1e-5)
        for token, row in enumerate(shares):
            order = np.argsort(-row, kind="stable").tolist()
            assert record.ranks[0, layer, token] == order.index(film)
            assert record.rank_own[layer, token] == order.index(int(seen.windows.input_ids[token]))
    assert record.hidden.tolist() == [2] and record.asked == ("film", "warm")
    assert MaskedRecord.from_bytes(record.to_bytes()).to_bytes() == record.to_bytes()


def test_the_tuned_lens_reads_no_worse_and_leaves_the_last_layer_alone(model: Planted) -> None:
    lens = tune(model, TEXTS, steps=60)
    assert all(after <= before for before, after in zip(lens.before, lens.after, strict=True))
    assert lens.after[0] < 0.8 * lens.before[0]
    plain, tuned = masked(model, TEXT), masked(model, TEXT, tuned=lens)
    assert (plain.lens, tuned.lens) == ("logit", "tuned")
    np.testing.assert_array_equal(plain.probability[-1], tuned.probability[-1])
    assert (tuned.kl[-1] == 0).all() and not lens.matrix[-1].any() and not lens.shift[-1].any()
    hidden = torch.randn(3, lens.matrix.shape[-1])
    assert lens.translate(len(lens.matrix) - 1, hidden) is hidden
    before, after = tune(model, [TEXT], steps=40), masked(model, TEXT, tuned=tune(model, [TEXT], steps=40))
    for layer in range(len(after.kl)):
        assert after.kl[layer].mean() == pytest.approx(before.after[layer], abs=1e-4)
        assert after.kl[layer].mean() <= plain.kl[layer].mean() + 1e-6


def test_a_lens_that_was_not_trained_is_the_logit_lens(model: Planted) -> None:
    lens = tune(model, TEXTS, steps=0)
    assert lens.before == lens.after and not lens.matrix.any()
    np.testing.assert_array_equal(masked(model, TEXT).kl, masked(model, TEXT, tuned=lens).kl)


def test_a_model_without_the_head_is_refused(model: Planted) -> None:
    for kind in ("none", "pooling"):
        head = HeadConfig(kind=kind)
        bare = replace(model, network=Network(tiny_config(model.tokenizer.vocab_size), head).eval())
        with pytest.raises(UsageError, match=f"no trained masked-word head .its head: {kind}"):
            masked(bare, TEXT)


def test_what_does_not_exist_is_refused(model: Planted) -> None:
    for asked, said in [
        ({"words": ["unheard of"]}, "unknown-word"),
        ({"words": [""]}, "unknown-word"),
        ({"hide": [40]}, "no-such-token: the window has tokens 0 to"),
        ({"window": 3}, "no-such-window"),
    ]:
        with pytest.raises(UsageError, match=said):
            masked(model, TEXT, **asked)
    with torch.no_grad():
        model.network.encoder.blocks[0].feed_forward.down.weight[0, 0] = float("nan")
    with pytest.raises(DataError, match="not-finite"):
        masked(model, TEXT)


def test_an_empty_text_has_a_record(model: Planted) -> None:
    record = masked(model, "")
    assert len(record.tokens) == 2 and record.word.tolist() == [-1, -1]
