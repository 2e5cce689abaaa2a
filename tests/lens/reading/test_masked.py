"""The masked-word lens: its last layer is the model, and the tuned lens never reads worse than none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import torch

import glassbert as gb
from glassbert.errors import DataError, UsageError
from glassbert.lens.masked_record import MaskedRecord
from glassbert.lens.reading.masked import TOP, masked
from glassbert.lens.reading.states import decode, head_of, states
from glassbert.lens.reading.tuned import tune
from glassbert.lens.seen import see
from glassbert.model.config import HeadConfig
from glassbert.model.files import write_tensors
from glassbert.model.network import Network
from glassbert.model.pretrained import save_pretrained
from glassbert.model.weights import export
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


def output(model: Planted, *, hide: int | None = None, pair: str | None = None) -> torch.Tensor:
    """The network's own logits [S, V]."""
    seen = see(model, TEXT, pair=pair)
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


def test_the_last_layer_of_a_pair_is_the_models_output_exactly(model: Planted) -> None:
    text, pair = "the film is warm", "a dull one"
    hide = 6
    record = masked(model, text, pair=pair, hide=[hide], words=["dull"])
    assert (record.text, record.pair) == (text, pair)
    ids = model.windows([(text, pair)]).input_ids
    assert record.tokens == tuple(model.tokenizer.tokens(ids.tolist())) and record.tokens.count("[SEP]") >= 2
    seen = see(model, text, pair=pair)
    ids[hide] = model.tokenizer.mask_token_id
    shown = replace(seen, windows=replace(seen.windows, input_ids=ids))
    with torch.inference_mode():
        logits = model.network(shown.packed(model.network))
    logits = logits if isinstance(logits, torch.Tensor) else logits.masked
    best = logits.float().log_softmax(-1).topk(TOP)
    np.testing.assert_array_equal(record.probability[-1], best.values.exp().numpy())
    guesses = [record.words(-1, token) for token in range(len(record.tokens))]
    assert guesses == [tuple(model.tokenizer.tokens(row)) for row in best.indices.tolist()]
    assert (record.kl[-1] == 0).all() and record.ranks.shape == (1, *record.kl.shape)
    alone = masked(model, text, words=["dull"])
    assert record.probability[-1, 1, 0] != alone.probability[-1, 1, 0]  # the second text was read


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


def test_a_next_sentence_head_may_be_missing_and_no_other_part(tmp_path: Path) -> None:
    """A BertForPreTraining whose checkpoint has only part of its heads."""
    tokenizer = tiny_tokenizer(tmp_path / "words")
    network = Network(tiny_config(tokenizer.vocab_size), HeadConfig(kind="pretraining"), seed=5)
    tensors = export(network)
    lacks = {
        "next": ("cls.seq_relationship.", "bert.pooler."),
        "words": ("cls.predictions.transform.dense.",),
        "both": ("cls.",),
    }
    for name, stems in lacks.items():
        save_pretrained(network, tmp_path / name)
        tokenizer.save(tmp_path / name)
        kept = {key: tensor for key, tensor in tensors.items() if not key.startswith(stems)}
        assert 0 < len(kept) < len(tensors)
        write_tensors(tmp_path / name / "model.safetensors", kept, metadata={"format": "pt"})
    loaded = gb.load(tmp_path / "next")
    assert set(loaded.untrained) == {key for key in tensors if key.startswith(lacks["next"])}
    whole = Planted("whole", network.eval(), tokenizer)
    np.testing.assert_array_equal(masked(loaded, TEXT).probability, masked(whole, TEXT).probability)
    for name in ("words", "both"):
        with pytest.raises(UsageError, match="no trained masked-word head .its head: pretraining"):
            masked(gb.load(tmp_path / name), TEXT)


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
