"""Relations: guesses of heads by the definition, and planted heads that know one relation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import glassbert as gb
from glassbert.lens.attention_capture import attention
from glassbert.text.treebank import Sentence, read_treebank
from tests.lens.atlas.planted import planted_model


def sentence(words: str, heads: list[int], relations: list[str]) -> Sentence:
    spans, start = [], 0
    for word in words.split():
        spans.append((start, start + len(word)))
        start += len(word) + 1
    return Sentence(text=words, spans=tuple(spans), heads=tuple(heads), relations=tuple(relations))


def test_planted_heads_know_their_relation(tmp_path: Path) -> None:
    model = planted_model(tmp_path, rules=("previous", "next", "broad"))
    trees = [
        sentence("the film is warm", [1, 3, 3, -1], ["det", "nsubj", "cop", "root"]),
        sentence("a dull film", [2, 2, -1], ["det", "amod", "root"]),
        sentence("the cold is not fine", [1, 4, 4, 4, -1], ["det", "nsubj", "cop", "advmod", "root"]),
    ]
    record = gb.lens.heads(model, [tree.text for tree in trees], treebank=trees)
    found = {relation.name: relation for relation in record.relations}
    assert "root" not in found and (record.num_sentences, record.skipped_sentences) == (3, 0)
    # the word after the dependent: found by "next" looking from it, by "previous" looking from the head
    assert (found["cop"].accuracy[:, 0, :2] == np.array([[0, 0.5], [0.5, 0]])).all()
    assert found["det"].count == 3
    assert found["det"].accuracy[0, 0, 1] == pytest.approx(2 / 3)
    assert found["det"].accuracy[1, 0, 0] == pytest.approx(2 / 3)
    assert (found["det"].baseline, found["det"].offset) == (pytest.approx(2 / 3), 1)
    assert (found["amod"].baseline, found["amod"].offset, found["amod"].count) == (1.0, 1, 1)
    # "det" was chosen on the first and third sentence, where the next word is always right
    assert (found["det"].held_out, found["det"].held_out_count) == (0.0, 1)


def guessed(model: gb.lens, tree: Sentence) -> np.ndarray:
    """[2, L, N, W] guesses from the maps of the lens: what a word attends to, and what attends to it."""
    record = attention(model, tree.text)
    offsets = model.windows([tree.text], offsets=True).offsets
    inside = [
        [i for i, (start, end) in enumerate(offsets) if end > start and start < last and end > first]
        for first, last in tree.spans
    ]
    layers, heads = record.certificates.shape
    holds = np.zeros((len(inside), len(offsets)))
    for word, pieces in enumerate(inside):
        holds[word, pieces] = 1
    found = np.zeros((2, layers, heads, len(inside)), int)
    for layer, head in np.ndindex(layers, heads):
        # from a word: the mean over its pieces; to a word: the sum over its pieces
        merged = (
            holds / holds.sum(1, keepdims=True) @ record.weights(layer, head).astype(np.float64) @ holds.T
        )
        np.fill_diagonal(merged, -1)
        found[:, layer, head] = merged.argmax(1), merged.argmax(0)
    return found


@pytest.mark.data
@pytest.mark.weights
def test_accuracies_are_those_of_the_definition(shared_data: Path, minilm: Path) -> None:
    trees = read_treebank(shared_data / "ud_ewt" / "en_ewt-ud-dev.conllu.gz")[40:52]
    model = gb.load(minilm)
    record = gb.lens.heads(model, [tree.text for tree in trees], treebank=trees)
    guesses = [guessed(model, tree) for tree in trees]
    for relation in record.relations:
        for direction in range(2):
            hits = [
                found[direction, :, :, word] == tree.heads[word]
                for found, tree in zip(guesses, trees, strict=True)
                for word, name in enumerate(tree.relations)
                if name == relation.name
            ]
            assert len(hits) == relation.count
            # float32 here, float64 there: a tie may fall differently
            wrong = np.abs(np.mean(hits, axis=0) - relation.accuracy[direction]) > 1e-6
            assert wrong.mean() < 0.02
    assert record.skipped_sentences == 0


def test_sentences_longer_than_a_window_are_skipped_and_counted(tmp_path: Path) -> None:
    model = planted_model(tmp_path, rules=("previous", "next"))
    long = " ".join(["film"] * 40)
    trees = [
        sentence(long, [*range(1, 40), -1], ["dep"] * 39 + ["root"]),
        sentence("a film", [1, -1], ["det", "root"]),
    ]
    record = gb.lens.heads(model, ["a film"], treebank=trees)
    assert record.skipped_sentences == 1 and [each.name for each in record.relations] == ["det"]
    assert np.isfinite(record.relations[0].held_out)
