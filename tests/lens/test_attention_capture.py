"""Attention as it was: the maps equal transformers', and the certificate notices when they do not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

import glassbert
from glassbert.errors import UsageError
from glassbert.lens.attention_capture import _certify, attention
from glassbert.lens.words import words_of
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.noise import Rates, SampleNoise
from glassbert.model.packed import Packed
from glassbert.model.pretrained import save_pretrained
from glassbert.model.taps import capture
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows
from tests.contract.workbench import MAX_LENGTH, tiny_config, tiny_tokenizer

TEXT, PAIR = "the film is not warm !", "a dull one"
LONG = "the film is a warm film , it is fine and not cold " * 3


@dataclass(frozen=True)
class Small:
    """All that a lens asks of a model."""

    name: str
    network: Network
    tokenizer: Tokenizer
    max_length: int = MAX_LENGTH

    def windows(self, texts: Any, *, offsets: bool = False) -> Windows:
        found = self.tokenizer.windows(texts, max_length=self.max_length, offsets=offsets)
        if self.network.config.type_vocab_size > 1:
            return found
        return replace(found, token_type_ids=np.zeros_like(found.token_type_ids))


@pytest.fixture(params=["bert", "roberta", "distilbert"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    tokenizer = tiny_tokenizer(tmp_path)
    head = HeadConfig(kind="none")
    return Small(
        request.param, Network(tiny_config(tokenizer.vocab_size, request.param), head, seed=2), tokenizer
    )


def weights_of(record: Any) -> np.ndarray:
    """softmax(Q K^T / sqrt(d)) in float64, [L, N, S, S]."""
    query, key = record.query.astype(np.float64), record.key.astype(np.float64)
    scores = query @ key.swapaxes(-1, -2) / np.sqrt(query.shape[-1])
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def theirs(model: Small, directory: Path, shown: Windows) -> np.ndarray:
    """transformers' eager attention probabilities of one window, [L, N, S, S]."""
    save_pretrained(model.network, directory)
    network = transformers.AutoModel.from_pretrained(directory, attn_implementation="eager").eval()
    inputs = {"input_ids": torch.from_numpy(shown.input_ids.astype(np.int64))[None]}
    if model.name == "bert":
        inputs["token_type_ids"] = torch.from_numpy(shown.token_type_ids.astype(np.int64))[None]
    with torch.no_grad():
        return torch.cat(network(**inputs, output_attentions=True).attentions).numpy()


@pytest.mark.parametrize("pair", [None, PAIR])
def test_the_maps_equal_those_of_transformers(model: Small, tmp_path: Path, pair: str | None) -> None:
    record = attention(model, TEXT, pair=pair)
    shown = model.windows([TEXT if pair is None else (TEXT, pair)])
    wanted = theirs(model, tmp_path / "saved", shown)
    found = weights_of(record)
    assert found.shape == wanted.shape == (2, 5, len(shown.input_ids), len(shown.input_ids))
    assert np.abs(found - wanted).max() < 1e-6
    assert np.abs(found.sum(-1) - 1).max() < 1e-12
    assert record.certificates.shape == (2, 5)
    assert record.certificates.max() <= 1e-5
    assert record.token_type_ids.tolist() == shown.token_type_ids.tolist()


def test_the_maps_equal_those_of_a_padded_batch(model: Small, tmp_path: Path) -> None:
    record, shown, longer = attention(model, TEXT), model.windows([TEXT]), model.windows([(TEXT, PAIR)])
    size, width = len(shown.input_ids), len(longer.input_ids)
    assert size < width
    ids = np.full((2, width), model.network.config.pad_token_id, np.int64)
    ids[0, :size], ids[1] = shown.input_ids, longer.input_ids
    mask = torch.tensor([[1] * size + [0] * (width - size), [1] * width])
    save_pretrained(model.network, tmp_path / "saved")
    network = transformers.AutoModel.from_pretrained(tmp_path / "saved", attn_implementation="eager").eval()
    with torch.no_grad():
        found = network(input_ids=torch.from_numpy(ids), attention_mask=mask, output_attentions=True)
    wanted = torch.stack(found.attentions)[:, 0].numpy()
    assert np.abs(wanted[..., :size, size:]).max() < 1e-12
    maps = np.array([[record.weights(layer, head) for head in range(5)] for layer in range(2)])
    assert np.abs(maps - wanted[..., :size, :size]).max() < 1e-6


def test_training_mode_changes_no_weight(model: Small) -> None:
    calm = attention(model, TEXT)
    model.network.train()
    assert attention(model, TEXT).to_bytes() == calm.to_bytes()
    assert model.network.training


def test_weights_are_those_before_dropout_while_training(model: Small) -> None:
    windows = model.windows([TEXT])
    config = model.network.config
    packed = Packed.of(
        windows.input_ids,
        windows.token_type_ids,
        windows.lengths,
        position_offset=config.position_offset,
    )
    noise = SampleNoise(Rates(hidden=0.3, attention=0.5), np.array([0]), seed=3, step=1)
    stem = "encoder.blocks.0.attention"
    taps = [f"{stem}.{tap}" for tap in ("query", "key", "value", "weights", "context")]
    with torch.no_grad(), capture(model.network, taps) as seen:
        model.network.train().encoder(packed, noise=noise)
    query, key, value = (seen[name].transpose(0, 1) for name in taps[:3])
    weights = torch.softmax(query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5, dim=-1)
    assert (seen[taps[3]][0] - weights).abs().max() < 1e-6
    assert (seen[taps[3]].sum(-1) - 1).abs().max() < 1e-6
    dropped = (weights @ value).transpose(0, 1) - seen[taps[4]]
    assert dropped.abs().max() > 1e-3, "the context has felt the dropout"


def test_the_map_applied_to_the_values_is_the_context(model: Small) -> None:
    record = attention(model, TEXT, pair=PAIR)
    for layer in range(2):
        for head in range(5):
            found = record.weights(layer, head) @ record.value_witness[layer, head]
            assert np.abs(found - record.context_witness[layer, head]).max() <= 1e-5
            assert record.certificate(layer, head) <= 1e-5


def test_damage_to_one_row_of_a_record_is_noticed(model: Small) -> None:
    record = attention(model, TEXT)
    query = record.query.copy()
    query[1, 3, 2] += 3.0
    spoilt = replace(record, query=query)
    assert spoilt.certificate(1, 3) > 1e-3
    assert spoilt.certificate(1, 2) <= 1e-5


@pytest.mark.parametrize("pair", [None, "", PAIR])
def test_an_empty_text_has_a_defined_record(model: Small, pair: str | None) -> None:
    record = attention(model, "", pair=pair)
    assert record.tokens[0] == "[CLS]" and record.tokens[-1] == "[SEP]"
    assert np.abs(record.weights(1, 4).sum(1) - 1).max() < 1e-6
    assert record.certificates.max() <= 1e-5


def test_a_lens_is_called_by_its_name(model: Small) -> None:
    record = glassbert.lens.attention(model, TEXT, pair=PAIR)
    assert record.to_bytes() == attention(model, TEXT, pair=PAIR).to_bytes()
    assert "attention" in dir(glassbert.lens)
    with pytest.raises(AttributeError, match="no attribute 'atention'"):
        glassbert.lens.atention  # noqa: B018 - the look-up is the test


def test_the_record_says_what_it_shows(model: Small) -> None:
    record = attention(model, TEXT)
    assert (record.model, record.text, record.pair) == (model.name, TEXT, None)
    assert record.tokens == ("[CLS]", "the", "film", "is", "not", "warm", "!", "[SEP]")
    assert record.word.tolist() == [-1, 0, 1, 2, 3, 4, 5, -1]


@pytest.mark.parametrize("spoilt", ["query", "key", "value", "context"])
def test_the_certificate_notices_one_wrong_row(spoilt: str) -> None:
    draw = torch.Generator().manual_seed(0)
    layer = {name: torch.randn(9, 3, 6, generator=draw) for name in ("query", "key", "value")}
    query, key, value = (layer[name].transpose(0, 1) for name in ("query", "key", "value"))
    weights = torch.softmax(query @ key.transpose(-1, -2) / 6**0.5, dim=-1)
    layer["context"] = (weights @ value).transpose(0, 1)
    assert _certify([layer]).max() < 1e-6
    layer[spoilt] = layer[spoilt].clone()
    layer[spoilt][4, 1] += 1.0
    found = _certify([layer])
    assert found[0, 1] > 1e-2
    assert found[0, 0] < 1e-6 and found[0, 2] < 1e-6


def test_a_long_text_is_seen_window_by_window(model: Small) -> None:
    windows = model.windows([LONG])
    assert len(windows) > 2
    for number in range(len(windows)):
        record = attention(model, LONG, window=number)
        ids = windows.select(np.array([number])).input_ids
        assert record.tokens == tuple(model.tokenizer.tokens(ids))
        assert (record.window, record.num_windows) == (number, len(windows))
        assert record.certificates.max() <= 1e-5
    with pytest.raises(UsageError, match=f"the text has {len(windows)} windows, and window {len(windows)}"):
        attention(model, LONG, window=len(windows))
    with pytest.raises(UsageError, match="window -1 is none of them"):
        attention(model, LONG, window=-1)


def test_windows_are_those_of_the_model_and_not_of_its_positions(model: Small) -> None:
    short = Small(model.name, model.network, model.tokenizer, max_length=8)
    assert len(attention(short, LONG).tokens) <= 8 < len(attention(model, LONG).tokens)


def test_additive_attention_has_no_dot_product(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer(tmp_path)
    config = replace(tiny_config(tokenizer.vocab_size), attention_type="additive")
    with pytest.raises(UsageError, match="no-dot-product"):
        attention(Small("additive", Network(config), tokenizer), TEXT)


def pieces(text: str, *spans: tuple[int, int], pair_from: int | None = None) -> Windows:
    """A window with tokens at these characters, between two special tokens."""
    count = len(spans) + 2
    sequence = np.array([-1, *([0] * len(spans)), -1], dtype=np.int8)
    if pair_from is not None:
        sequence[1 + pair_from : -1] = 1
    return Windows(
        input_ids=np.zeros(count, np.int32),
        token_type_ids=np.zeros(count, np.uint8),
        starts=np.array([0, count]),
        example=np.zeros(1, np.int32),
        scored=sequence >= 0,
        offsets=np.array([(0, 0), *spans, (0, 0)], np.int32),
        sequence=sequence,
        num_examples=1,
    )


@pytest.mark.parametrize(
    ("text", "spans", "words"),
    [
        ("warmly so", [(0, 4), (4, 6), (7, 9)], [0, 0, 1]),
        ("well-made", [(0, 4), (4, 5), (5, 9)], [0, 1, 2]),
        ("don't", [(0, 3), (3, 4), (4, 5)], [0, 1, 2]),
        ("电影好", [(0, 1), (1, 2), (2, 3)], [0, 1, 2]),
        ("a电b", [(0, 1), (1, 2), (2, 3)], [0, 1, 2]),
        ("\uf900\uf901", [(0, 1), (1, 2)], [0, 1]),
        ("안녕하", [(0, 1), (1, 2), (2, 3)], [0, 0, 0]),
        ("so 😂😂", [(0, 2), (3, 4), (4, 5)], [0, 1, 2]),
        ("😂 ok", [(0, 1), (0, 1), (0, 1), (0, 1), (2, 4)], [0, 0, 0, 0, 1]),
        ("cafe\u0301s", [(0, 4), (5, 6)], [0, 0]),
        ("नमस्ते", [(0, 1), (1, 2), (2, 4), (4, 6)], [0, 0, 0, 0]),
        ("3.14", [(0, 1), (1, 2), (2, 4)], [0, 1, 2]),
        ("", [], []),
    ],
    ids=[
        "pieces", "hyphen", "apostrophe", "chinese", "mixed", "compatibility", "korean", "emoji", "bytes",
        "accent", "devanagari", "decimal", "empty",
    ],
)  # fmt: skip
def test_tokens_are_gathered_into_words(text: str, spans: list[tuple[int, int]], words: list[int]) -> None:
    assert words_of(pieces(text, *spans), text, None).tolist() == [-1, *words, -1]


def test_the_second_text_begins_with_a_new_word() -> None:
    windows = pieces("warm", (0, 4), (0, 2), (2, 4), pair_from=1)
    assert words_of(windows, "warm", "dull").tolist() == [-1, 0, 1, 1, -1]
