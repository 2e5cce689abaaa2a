"""The lens from texts to record: all points or a sample that says so, layers laid upon one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances

import glassbert
from glassbert.errors import DataError, UsageError
from glassbert.lens.embedding import cost, states
from glassbert.lens.embedding import embeddings as lens
from glassbert.lens.embedding.embeddings import embeddings
from glassbert.lens.embedding.options import EmbeddingOptions
from glassbert.lens.embeddings_record import EmbeddingsRecord
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.runs.models import Model
from tests.contract.workbench import tiny_config, tiny_tokenizer

WORDS = "the film is not warm ! a dull , it fine and cold".split()


def sentences(count: int, seed: int = 0) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, random.integers(2, 9))) for _ in range(count)]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Model]:
    tokenizer = tiny_tokenizer(tmp_path_factory.mktemp("words"))

    def made(seed: int) -> Model:
        network = Network(tiny_config(tokenizer.vocab_size), HeadConfig(kind="none"), seed=seed)
        return Model(network.eval(), tokenizer, f"model {seed}")

    return made


@pytest.fixture(scope="module")
def model(make: Callable[[int], Model]) -> Model:
    return make(2)


def look(model: Any, texts: list[str], **options: Any) -> EmbeddingsRecord:
    return embeddings(model, texts, options=EmbeddingOptions(**options))


@pytest.mark.parametrize("pooling", ["mean", "cls", "max", "token", "static"])
@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_no_point_is_left_out(model: Model, pooling: Any, method: Any) -> None:
    texts = sentences(40)
    record = look(model, texts, pooling=pooling, map=method)
    windows = model.windows(texts)
    expected = {
        "token": np.count_nonzero(windows.scored),
        "static": len(np.unique(windows.input_ids[windows.scored])),
    }.get(pooling, 40)
    assert len(record.text_of) == record.total == expected and record.sample is None
    assert record.maps[0].coordinates.shape == (expected, 2)
    assert np.isfinite(record.maps[0].coordinates).all()


def test_neighbours_in_the_record_are_those_of_the_vectors(model: Model) -> None:
    texts = sentences(60)
    record = look(model, texts, neighbours=6, map="tsne")
    apart = pairwise_distances(model.embed(texts).astype(np.float64), metric="cosine")
    np.fill_diagonal(apart, np.inf)
    found = record.maps[0]
    nearest = np.sort(apart, axis=1)[:, :6]
    np.testing.assert_allclose(found.distances, nearest, atol=1e-6)
    taken = np.take_along_axis(apart, found.neighbours.astype(np.int64), axis=1)
    np.testing.assert_allclose(taken, nearest, atol=1e-6)


def test_a_sample_is_in_the_record_and_is_a_part_of_the_whole(model: Model) -> None:
    texts = sentences(50)
    whole = look(model, texts)
    record = look(model, texts, sample=20, seed=7)
    assert (len(record.text_of), record.total, record.sample, record.seed) == (20, 50, 20, 7)
    assert len(set(record.rows.tolist())) == 20 and set(record.rows) <= set(whole.rows)
    assert all(texts[row - 1] == text for row, text in zip(record.rows.tolist(), record.texts, strict=True))
    assert look(model, texts, sample=20, seed=7).to_bytes() == record.to_bytes()
    assert look(model, texts, sample=50).sample is None, "a sample of all is no sample"


def test_sampled_tokens_are_where_they_were(model: Model) -> None:
    texts = sentences(30)
    record = look(model, texts, pooling="token", sample=25)
    assert len(record.text_of) == 25 and record.total > 25
    for point in range(25):
        ids = model.windows([record.texts[record.text_of[point]]]).input_ids
        assert record.name_of(point) == model.tokenizer.tokens(ids)[1 + record.position[point]]


def test_a_record_cannot_hide_a_sample(model: Model) -> None:
    record = look(model, sentences(12), sample=8)
    with pytest.raises(ValueError, match="8 points of 12, and no sample was asked for"):
        replace(record, sample=None)


def test_layers_are_laid_upon_one_another(model: Model) -> None:
    texts = sentences(40)
    record = look(model, texts, layers=(0, 1, 2))
    assert [each.layer for each in record.maps] == [0, 1, 2]
    alone = [look(model, texts, layers=(layer,)).maps[0] for layer in (0, 1, 2)]
    np.testing.assert_array_equal(record.maps[0].coordinates, alone[0].coordinates)
    for before, laid, plain in zip(record.maps, record.maps[1:], alone[1:], strict=False):
        back = laid.scale * (plain.coordinates @ laid.rotation) + laid.shift
        np.testing.assert_allclose(laid.coordinates, back, atol=1e-5)
        np.testing.assert_allclose(laid.rotation @ laid.rotation.T, np.eye(2), atol=1e-9)
        assert laid.trust == plain.trust, "turning a map changes no neighbour"
        moved = np.square(laid.coordinates - before.coordinates).sum()
        assert moved <= np.square(plain.coordinates * laid.scale - before.coordinates).sum() + 1e-6


def test_steps_of_a_training_are_maps_of_one_record(make: Callable[[int], Model]) -> None:
    record = look([make(2), make(3)], sentences(20), layers=(1, 2))
    assert [(each.model, each.layer) for each in record.maps] == [
        ("model 2", 1), ("model 2", 2), ("model 3", 1), ("model 3", 2),
    ]  # fmt: skip
    same = look([make(2), make(2)], sentences(20))
    assert same.maps[1].disparity == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(same.maps[1].coordinates, same.maps[0].coordinates, atol=1e-5)
    tokens = look([make(2), make(3)], sentences(20), pooling="token")
    assert len(tokens.maps[0].coordinates) == len(tokens.maps[1].coordinates)


def test_models_with_other_tokens_cannot_share_points(make: Callable[[int], Model]) -> None:
    short = make(2)
    other = replace(short, notes=replace(short.notes, max_length=6), name="short")
    texts = ["the film is not warm ! a dull one"] * 3
    with pytest.raises(DataError, match="other-tokens: 'model 2' and 'short'"):
        look([short, other], texts, pooling="token")
    assert len(look([short, other], texts).maps) == 2


def test_columns_are_categories_or_numbers(model: Model) -> None:
    texts = sentences(70)
    columns = {
        "label": ["pos", "neg", "pos", None, "neg"] * 14,
        "score": [i / 70 for i in range(70)],
        "year": [str(1950 + i) for i in range(70)],
    }
    record = embeddings(model, texts, columns=columns, rows=range(2, 72))
    label, score, year = record.columns
    assert label.categories == ("neg", "pos") or label.categories == ("pos", "neg")
    assert [None if c < 0 else label.categories[c] for c in label.code[:5]] == [
        "pos",
        "neg",
        "pos",
        None,
        "neg",
    ]
    np.testing.assert_allclose(score.number, columns["score"], rtol=1e-6)
    assert year.number[:3].tolist() == [1950, 1951, 1952] and not year.categories
    assert record.rows[:2].tolist() == [2, 3]
    with pytest.raises(UsageError, match="not-a-colour: the column 'name' has 70 distinct values"):
        embeddings(model, texts, columns={"name": [f"n{i}" for i in range(70)]})
    with pytest.raises(UsageError, match="70 texts and 3 values of 'label'"):
        embeddings(model, texts, columns={"label": ["a", "b", "c"]})


def test_columns_of_tokens_are_those_of_their_texts(model: Model) -> None:
    options = EmbeddingOptions(pooling="token")
    record = embeddings(model, ["the film", "a dull film"], columns={"label": ["x", "y"]}, options=options)
    (label,) = record.columns
    assert [label.categories[code] for code in label.code] == ["x", "x", "y", "y", "y"]


def test_the_cost_is_said_before_the_work(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def reading(*_: Any, **__: Any) -> Any:
        raise RuntimeError(said[0])

    monkeypatch.setattr(lens, "read_vectors", reading)
    with pytest.raises(
        RuntimeError, match=r"model 2: 40 points, \d+ tokens through 2 blocks \(about \d+ s\); "
    ):
        look(model, sentences(40), say=said.append)
    assert "1,600 pairs for the neighbours" in said[0] and "GB" in said[0]


def test_how_far_the_work_is_is_said_now_and_then(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(lens, "SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(states, "TOKENS_PER_BATCH", 60)
    look(model, sentences(40), say=said.append)
    shares = [int(line.split()[0]) for line in said if line.endswith("% of the texts")]
    assert len(shares) > 2 and shares == sorted(shares) and shares[-1] < 100


def test_more_points_than_memory_holds_are_refused_with_the_sample_that_fits(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost, "free_memory", lambda: 128 * 2**20 + 4_000)
    with pytest.raises(UsageError, match=r"too-many-points: 40 of 40 points .* --sample \d+") as refused:
        look(model, sentences(40))
    assert "nothing is left out unasked" in str(refused.value)


def test_memory_for_100_000_points_is_bounded() -> None:
    for method, most in (("pca", 0.5e9), ("tsne", 1.3e9), ("umap", 1.1e9)):
        assert cost.needed_bytes(100_000, 384, maps=1, method=method) < most


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"layers": (3,)}, "no-such-layer: layer is 3, and the model has 2"),
        ({"layers": (-4,)}, "no-such-layer"),
        ({"layers": ()}, "no-layer"),
        ({"pooling": "median"}, "unknown-pooling: .* — choose mean, cls, max, token, static"),
        ({"metric": "manhattan"}, "unknown-metric: .* — choose cosine, euclidean"),
        ({"map": "som"}, "unknown-map"),
        ({"sample": 0}, "bad-sample"),
        ({"neighbours": 0}, "bad-neighbours"),
    ],
)
def test_what_cannot_be_chosen_is_refused(model: Model, given: Any, code: str) -> None:
    with pytest.raises(UsageError, match=code):
        look(model, ["the film"], **given)


def test_no_texts_are_refused(model: Model) -> None:
    with pytest.raises(UsageError, match="no-texts"):
        look(model, [])
    with pytest.raises(UsageError, match="no-tokens"):
        look(model, ["", " "], pooling="token")
    with pytest.raises(UsageError, match="not-a-list"):
        embeddings(model, "the film")


def test_few_and_equal_texts_have_a_record(model: Model) -> None:
    one = look(model, ["the film"])
    assert one.maps[0].coordinates.tolist() == [[0, 0]] and np.isnan(one.maps[0].trust)
    assert one.maps[0].neighbours.shape == (1, 0)
    same = look(model, ["the film"] * 7)
    assert same.maps[0].neighbours.shape == (7, 6) and same.maps[0].distances.max() < 1e-6


def test_pairs_are_texts(model: Model) -> None:
    record = embeddings(model, [("the film", "a dull one"), ("warm", "cold")])
    assert record.texts == ("the film ‖ a dull one", "warm ‖ cold")


def test_the_lens_is_called_by_its_name(model: Model) -> None:
    texts = sentences(9)
    record = glassbert.lens.embeddings(model, texts, options=glassbert.lens.EmbeddingOptions(layers=(1,)))
    assert record.to_bytes() == look(model, texts, layers=(1,)).to_bytes()
    assert EmbeddingsRecord.from_bytes(record.to_bytes()).to_bytes() == record.to_bytes()
