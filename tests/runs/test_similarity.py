"""sentence-similarity end to end on a tiny encoder, up to directories that sentence-transformers reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentence_transformers
from sklearn.base import clone

import glassbert as gb
from glassbert.errors import DataError, UsageError
from glassbert.runs.data import DataOptions
from glassbert.runs.finetune import FinetuneOptions, finetune
from glassbert.runs.inference import head_logits
from glassbert.tasks.sides import side_windows, text_vectors
from glassbert.tasks.similarity import SentenceSimilarity, others
from glassbert.tasks.task import Examples
from glassbert.text.columns import choose_columns
from glassbert.text.tables import read_table
from glassbert.train.stop import Stop

THINGS = ("film", "plot", "cast", "score", "scene", "end", "actor", "song", "role", "line")
WORDS = ("fine", "warm", "dull", "cold")
GOOD = {"fine", "warm"}
LONG = "the film is not warm , a dull fine cold film ! " * 30
SETTINGS = {"epochs": 2, "learning_rate": 5e-3, "batch_size": 8, "seed": 0}


def scored() -> list[tuple[str, str, str]]:
    """0 to 5 by whether the same thing is judged alike."""
    rows = []
    for place, thing in enumerate(THINGS):
        for word in WORDS:
            other = WORDS[(place + WORDS.index(word)) % 4]
            score = 5 if word == other else 3 if (word in GOOD) == (other in GOOD) else 0
            rows.append((f"the {thing} is {word} .", f"a {other} {thing} !", str(score)))
    return rows


def write(path: Path, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Path:
    path.write_text("".join("\t".join(row) + "\n" for row in [header, *rows]), encoding="utf-8")
    return path


def triplets() -> list[tuple[str, str, str]]:
    return [
        (f"the {thing} is {word} .", f"a {word} {thing} !", f"a {WORDS[3 - WORDS.index(word)]} {thing} !")
        for thing in THINGS
        for word in WORDS
    ]


FILES = {
    "scored": (("sentence1", "sentence2", "score"), scored()),
    "pairs": (("anchor", "positive"), [row[:2] for row in triplets()]),
    "triplets": (("anchor", "positive", "negative"), triplets()),
}


def run(
    tmp_path: Path, encoder: Path, kind: str, *, loss: Any = None, pooling: Any = None, epochs: float = 2
) -> Any:
    data = write(tmp_path / f"{kind}.tsv", *FILES[kind])
    options = FinetuneOptions(
        data=DataOptions(train=data, task="sentence-similarity", loss=loss, pooling=pooling),
        out=tmp_path / f"run-{kind}",
        model=str(encoder),
        settings={**SETTINGS, "epochs": epochs},
    )
    return finetune(options, stop=Stop())


@pytest.mark.parametrize(
    ("kind", "loss", "pooling"),
    [
        ("scored", None, "mean"),
        ("scored", "cosine", "cls"),
        ("pairs", None, "max"),
        ("triplets", "multiple-negatives", "mean"),
        ("triplets", "triplet", "cls"),
    ],
)
def test_a_run_is_measured_and_sentence_transformers_reads_its_model(
    tmp_path: Path, encoder: Path, kind: str, loss: str | None, pooling: str
) -> None:
    done = run(tmp_path, encoder, kind, loss=loss, pooling=pooling)
    result = done.document["result"]
    assert list(result["metrics"]) == ["pearson", "spearman", "mse", "loss"]
    assert list(result["intervals"]) == ["pearson", "spearman", "mse"]
    assert list(result["baselines"]) == ["tfidf_cosine", "untuned"]
    assert result["verdict"]["text"] and done.document["model"]["newly_initialised"] == []
    assert result["similarity"]["pooling"] == pooling
    assert result["similarity"]["span"] == (5.0 if kind == "scored" else 1.0)
    assert ("told_apart" in result) == (kind != "scored")
    model = gb.load(done.path)
    texts = ["the film is warm .", "a cold plot !", "好看 the", ""]
    theirs = sentence_transformers.SentenceTransformer(str(done.model), device="cpu")
    vectors = model.embed(texts)
    assert np.abs(vectors - theirs.encode(texts)).max() < 1e-5
    assert np.abs(vectors - model.embed(texts, pooling=pooling)).max() == 0
    saved = json.loads((done.model / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    assert [name for name, value in saved.items() if value is True] == [
        f"pooling_mode_{pooling}_token{'s' if pooling != 'cls' else ''}"
    ]
    pair = model.predict([(texts[0], texts[1])])
    unit = vectors[:2] / np.linalg.norm(vectors[:2], axis=1, keepdims=True)
    low, span = (result["similarity"][name] for name in ("low", "span"))
    assert pair.answers[0] == pytest.approx(low + span * float(unit[0] @ unit[1]), abs=1e-4)
    table = read_table(done.predictions).frame
    first = model.predict([(table["text"][0], table["pair"][0])]).answers[0]
    assert float(table["prediction"][0]) == pytest.approx(first, abs=1e-4)


def test_training_beats_the_untuned_vectors_on_what_it_was_taught(tmp_path: Path, encoder: Path) -> None:
    result = run(tmp_path, encoder, "scored", epochs=25).document["result"]
    assert result["metrics"]["spearman"] > result["baselines"]["untuned"]["spearman"] + 0.1


def test_the_same_seed_gives_the_same_vectors(tmp_path: Path, encoder: Path) -> None:
    whole = gb.load(run(tmp_path, encoder, "triplets").path)
    (tmp_path / "again").mkdir()
    again = gb.load(run(tmp_path / "again", encoder, "triplets").path)
    texts = ["the film is warm .", "a cold plot !"]
    assert np.array_equal(whole.embed(texts), again.embed(texts))


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
def test_a_long_text_is_one_vector_of_all_its_tokens(tmp_path: Path, encoder: Path, pooling: Any) -> None:
    done = run(tmp_path, encoder, "scored", pooling=pooling, epochs=0.1)
    model = gb.load(done.path)
    windows = model.windows([LONG])
    assert len(windows) > 5
    own = model.embed([LONG])[0]
    if pooling != "cls":
        (tokens,) = model.embed([LONG], pooling="none")
        wanted = tokens.mean(0) if pooling == "mean" else tokens.max(0)
        assert np.abs(own - wanted).max() < 1e-5
    examples = Examples(texts=[(LONG, "a film")], targets=None, rows=np.array([1]))
    sides = side_windows(examples, model.tokenizer, max_length=model.max_length)
    found = text_vectors(head_logits(model.network, sides), sides, pooling=pooling)
    assert found.shape == (1, 2, 30) and np.abs(found[0, 0] - own).max() < 1e-5
    other = model.predict([(LONG, "a film"), (LONG + "好 " * 9, "a film")])
    assert other.windows.tolist() == [len(windows), len(model.windows([LONG + "好 " * 9]))]
    assert abs(other.answers[0] - other.answers[1]) > 1e-6


def test_a_batch_holds_all_texts_of_its_examples(tmp_path: Path, encoder: Path) -> None:
    model = gb.load(encoder)
    task = SentenceSimilarity.of_scores(None)
    pairs: list[Any] = [("a film", "the film"), (LONG, "warm"), ("cold", LONG + "cold"), ("it", "is")]
    third = others([second for _, second in pairs])
    texts = Examples(texts=pairs, targets=np.ones(4), rows=np.arange(4), negatives=third)
    windows = task.windows(texts, model.tokenizer, max_length=model.max_length)
    assert windows.sides == 3 and windows.num_examples == 12
    draws = windows.draws
    assert draws.example.tolist() == [0, 1, 2, 3] and draws.lengths.sum() == windows.lengths.sum()
    chosen = draws.windows(np.array([2, 0]))
    assert set(windows.example[chosen] // 3) == {0, 2}
    batch = task.batch(windows, chosen, texts)
    assert batch.weight == 2 and batch.sides is not None and batch.sides.num_sides == 2
    # texts that were drawn for the score alone are not computed
    assert set(windows.example[batch.index].tolist()) == {0, 1, 6, 7}
    sums = np.bincount(batch.sides.text.numpy(), batch.sides.share.numpy())
    assert sums == pytest.approx(np.ones(4))


def test_drawn_negatives_differ_from_the_positive() -> None:
    assert others(["a", "b", "c"]) == ["b", "c", "a"]
    assert others(["a", "a", "b", "b"]) == ["b", "b", "a", "a"]
    assert others(["a", "a"]) == ["a", "a"] and others(["a"]) == ["a"] and others([]) == []


def test_the_estimator_learns_encodes_predicts_and_comes_back(tmp_path: Path, encoder: Path) -> None:
    pairs, scores = [row[:2] for row in scored()], [float(row[2]) for row in scored()]
    made = gb.SentenceEncoder(model=str(encoder), pooling="max", epochs=1, learning_rate=1e-3)
    fitted = clone(made).fit(pairs, scores)
    vectors = fitted.transform(["the film is warm .", "a cold plot !"])
    assert vectors.shape == (2, 30) and vectors.dtype == np.float32
    assert fitted.predict(pairs).shape == (40,) and -1 <= fitted.score(pairs, scores) <= 1
    fitted.save(tmp_path / "saved")
    again = gb.SentenceEncoder.load(tmp_path / "saved")
    assert again.pooling == "max"
    assert np.array_equal(again.transform(["the film"]), fitted.transform(["the film"]))
    assert np.allclose(again.predict(pairs), fitted.predict(pairs), atol=1e-6)
    for X in (FILES["triplets"][1], np.array(FILES["triplets"][1], dtype=object), FILES["pairs"][1]):
        assert clone(made).set_params(pooling=None).fit(X).transform(["a film"]).shape == (1, 30)
    with pytest.raises(UsageError, match="triplets come with scores"):
        clone(made).fit(FILES["triplets"][1], scores)
    with pytest.raises(UsageError, match="'triplet' cannot learn from pairs without scores"):
        clone(made).set_params(loss="triplet").fit(FILES["pairs"][1])
    with pytest.raises(UsageError, match="--pooling is 'median'"):
        clone(made).set_params(pooling="median").fit(pairs, scores)
    with pytest.raises(UsageError, match="made for sentence-similarity"):
        gb.TextRegressor.load(tmp_path / "saved")


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (("sentence1", "sentence2", "score"), ("sentence1", "sentence2", "score", None)),
        (("anchor", "positive"), ("anchor", "positive", "positive", None)),
        (("anchor", "positive", "negative"), ("anchor", "positive", "positive", "negative")),
        (("query", "passage", "label"), ("query", "passage", "label", None)),
    ],
)
def test_columns_are_found_by_name(tmp_path: Path, header: tuple[str, ...], chosen: tuple[str, ...]) -> None:
    table = read_table(write(tmp_path / "a.tsv", header, [row[: len(header)] for row in scored()]))
    found = choose_columns(table, schema=SentenceSimilarity.schema)
    assert (found.text, found.pair, found.label, found.negative) == chosen


@pytest.mark.parametrize(
    ("task", "kind", "told", "said"),
    [
        ("sentence-similarity", "scored", {"loss": "triplet"}, "'triplet' cannot learn from pairs with"),
        ("sentence-similarity", "pairs", {"loss": "cosine"}, "'cosine' cannot learn from pairs without"),
        ("sentence-similarity", "pairs", {"loss": "hinge"}, "'hinge' cannot learn from .*multiple-negatives"),
        ("sentence-similarity", "scored", {"pooling": "median"}, "--pooling is 'median'"),
        ("text-pair-classification", "scored", {"pooling": "max"}, "--pooling is given, and text-pair"),
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, encoder: Path, task: str, kind: str, told: Any, said: str
) -> None:
    data = write(tmp_path / "a.tsv", *FILES[kind])
    options = FinetuneOptions(
        data=DataOptions(train=data, task=task, **told), out=tmp_path / "run", model=str(encoder)
    )
    with pytest.raises(UsageError, match=said):
        finetune(options, stop=Stop())
    assert not (tmp_path / "run").exists()


def test_scores_that_are_all_alike_are_refused(tmp_path: Path, encoder: Path) -> None:
    rows = [(*row[:2], "3") for row in scored()]
    data = write(tmp_path / "a.tsv", FILES["scored"][0], rows)
    options = FinetuneOptions(
        data=DataOptions(train=data, task="sentence-similarity"), out=tmp_path / "run", model=str(encoder)
    )
    with pytest.raises(DataError, match="all 40 pairs have the same score"):
        finetune(options, stop=Stop())


def test_a_pooling_that_we_lack_is_refused(tmp_path: Path, encoder: Path) -> None:
    done = run(tmp_path, encoder, "scored", epochs=0.1)
    path = done.model / "1_Pooling" / "config.json"
    for wrong in ({"pooling_mode": "lasttoken"}, {"pooling_mode_lasttoken": True}, {}):
        path.write_text(json.dumps(wrong), encoding="utf-8")
        with pytest.raises(DataError, match="unknown-pooling: the pooling is"):
            gb.load(done.model)
    path.write_text(json.dumps({"pooling_mode": "cls"}), encoding="utf-8")
    assert gb.load(done.model).network.head_config.pooling == "cls"
