"""Pooled vectors are the model's hidden states: those of transformers and sentence-transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from sentence_transformers import SentenceTransformer

from glassbert.errors import DataError
from glassbert.lens.embedding import states
from glassbert.lens.embedding.options import EmbeddingOptions, Pooling
from glassbert.lens.embedding.points import choose_points
from glassbert.lens.embedding.states import read_vectors
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.pretrained import save_pretrained
from glassbert.runs.models import Model, load
from tests.contract.workbench import tiny_config, tiny_tokenizer

TEXTS = ["the film is not warm !", "a dull one", "", "the film is a warm film , it is fine", "fine"]
LONG = "the film is a warm film , it is fine and not cold " * 4
LAYERS = (0, 1, 2)


@pytest.fixture(params=["bert", "roberta", "distilbert"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Model:
    tokenizer = tiny_tokenizer(tmp_path)
    config = tiny_config(tokenizer.vocab_size, request.param)
    return Model(Network(config, HeadConfig(kind="none"), seed=2).eval(), tokenizer, request.param)


def vectors_of(
    model: Any, texts: list[str], pooling: Pooling, layers: tuple[int, ...] = LAYERS
) -> list[np.ndarray]:
    options = EmbeddingOptions(pooling=pooling)
    points = choose_points(model, texts, np.arange(len(texts)), options=options)
    return read_vectors(model.network, points, layers, pooling=pooling)


def theirs(model: Model, directory: Path, text: str) -> list[np.ndarray]:
    """transformers' hidden states of one text after every layer, [S, H]."""
    save_pretrained(model.network, directory)
    network = transformers.AutoModel.from_pretrained(directory).eval()
    windows = model.windows([text])
    with torch.no_grad():
        found = network(torch.from_numpy(windows.input_ids.astype(np.int64))[None], output_hidden_states=True)
    return [hidden[0].numpy() for hidden in found.hidden_states]


@pytest.mark.parametrize("batch", [7, 2048])
def test_pooled_vectors_are_those_of_transformers(
    model: Model, tmp_path: Path, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "TOKENS_PER_BATCH", batch)
    found = {pooling: vectors_of(model, TEXTS, pooling) for pooling in ("mean", "max", "cls", "token")}
    tokens = 0
    for i, text in enumerate(TEXTS):
        hidden = theirs(model, tmp_path / "saved", text)
        for layer, wanted in enumerate(hidden):
            np.testing.assert_allclose(found["mean"][layer][i], wanted.mean(axis=0), atol=1e-5)
            np.testing.assert_allclose(found["max"][layer][i], wanted.max(axis=0), atol=1e-5)
            np.testing.assert_allclose(found["cls"][layer][i], wanted[0], atol=1e-5)
            inner = found["token"][layer][tokens : tokens + len(wanted) - 2]
            np.testing.assert_allclose(inner, wanted[1:-1], atol=1e-5)
        tokens += len(hidden[0]) - 2
    assert len(found["token"][0]) == tokens


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("layer", LAYERS)
def test_long_texts_are_pooled_as_the_model_itself_does(model: Model, pooling: Pooling, layer: int) -> None:
    texts = [LONG, "a dull one", LONG + "cold", ""]
    assert len(model.windows(texts)) > 6
    wanted = model.embed(texts, pooling=pooling, layer=layer)  # type: ignore[arg-type]
    np.testing.assert_allclose(vectors_of(model, texts, pooling)[layer], wanted, atol=1e-6)


def test_every_token_of_a_long_text_is_a_point_once(model: Model) -> None:
    texts = [LONG, "fine"]
    windows, (found,) = model.windows(texts), vectors_of(model, texts, "token", (2,))
    states_of = model.embed(texts, pooling="none", layer=2)
    np.testing.assert_allclose(found, np.concatenate([each[1:-1] for each in states_of]), atol=1e-6)
    assert len(found) == np.count_nonzero(windows.scored)


def test_the_largest_elements_of_a_long_text_are_those_of_all_its_tokens(model: Model) -> None:
    (found,) = vectors_of(model, [LONG], "max", (2,))
    np.testing.assert_allclose(
        found[0], np.max(model.embed([LONG], pooling="none", layer=2)[0], axis=0), atol=1e-6
    )


def test_static_vectors_are_rows_of_the_word_table(model: Model) -> None:
    options = EmbeddingOptions(pooling="static")
    table = model.network.encoder.embeddings.word.weight.detach().numpy()
    every = choose_points(model, [], np.arange(0), options=options)
    (found,) = read_vectors(model.network, every, (), pooling="static")
    np.testing.assert_array_equal(found, table[: model.tokenizer.vocab_size])
    some = choose_points(model, ["the film , the"], np.arange(1), options=options)
    (found,) = read_vectors(model.network, some, (), pooling="static")
    assert sorted(some.tokens) == [",", "film", "the"]
    for row, token in zip(found, some.tokens, strict=True):
        place = model.tokenizer.tokens(list(range(model.tokenizer.vocab_size))).index(token)
        np.testing.assert_array_equal(row, table[place])


def test_no_block_beyond_the_last_layer_runs(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("this block was not asked for")

    monkeypatch.setattr(model.network.encoder.blocks[1], "forward", never)
    assert len(vectors_of(model, TEXTS, "mean", (0, 1))) == 2


def test_weights_that_are_not_finite_are_said(model: Model) -> None:
    with torch.no_grad():
        model.network.encoder.blocks[1].feed_forward.down.weight[0, 0] = float("nan")
    with pytest.raises(DataError, match="not-finite: the hidden states of 5 points after layer 2"):
        vectors_of(model, TEXTS, "mean")


@pytest.mark.weights
def test_mean_pooling_is_that_of_sentence_transformers(minilm: Path) -> None:
    texts = ["the film is warm and unusually quiet .", "", "A dull one!", "电影 is 中文", "word " * 300]
    encoder = SentenceTransformer(str(minilm), device="cpu")
    encoder.max_seq_length = 512
    wanted = encoder.encode(texts, normalize_embeddings=False, convert_to_numpy=True)
    (found,) = vectors_of(load(minilm), texts, "mean", (6,))
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    alike = wanted / np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(found / lengths, alike, atol=1e-5)
