"""Freezing and adapters in a run: what moves, what is saved, and that a continuation repeats every bit."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.base import clone

from glassbert import TextClassifier
from glassbert.errors import DataError, UsageError
from glassbert.model.network import Network
from glassbert.model.pretrained import load_pretrained, save_pretrained
from glassbert.runs.ground import open_ground
from glassbert.runs.learnt import Learnt, count_learning, digest_of_frozen, release, restrict
from glassbert.runs.recipe import recipe, settle
from glassbert.runs.settings import check
from tests.model.small import batch, build
from tests.runs.material import options, run, said_by, texts_and_labels
from tests.runs.test_resume import same_bits, silent, stop_after

EMBEDDINGS, FIRST, HEAD = "embeddings.", "encoder.layer.0.", ("classifier.", "bert.pooler.")


def moved(run: Path, encoder: Path) -> set[str]:
    """Which tensors of the run's model are not those that it began with."""
    now, before = load_file(run / "model" / "model.safetensors"), load_file(encoder / "model.safetensors")
    before = {f"bert.{name.removeprefix('bert.')}": tensor for name, tensor in before.items()}
    return {name for name, tensor in now.items() if not torch.equal(tensor, before.get(name, tensor + 1))}


@pytest.mark.parametrize("freeze", ["embeddings", 1, "encoder"])
def test_what_is_frozen_keeps_every_bit_and_is_in_no_checkpoint(
    freeze: int | str, tmp_path: Path, rows: Path, encoder: Path
) -> None:
    done = run(rows, encoder, tmp_path / "run", freeze=freeze, epochs=1, keep_checkpoints=2)
    changed = {name.removeprefix("bert.") for name in moved(done.path, encoder)}
    still = {"embeddings": (EMBEDDINGS,), 1: (EMBEDDINGS, FIRST), "encoder": (EMBEDDINGS, "encoder.")}[freeze]
    assert not any(name.startswith(still) for name in changed)
    assert "pooler.dense.weight" in changed
    assert ("encoder.layer.1.attention.self.value.weight" in changed) == (freeze != "encoder")
    for file in ("module.safetensors", "optimizer.safetensors"):
        held = load_file(done.checkpoints / "step-6" / file)
        count = sum(each.numel() for name, each in held.items() if not name.endswith("/step"))
        times = 1 if file.startswith("module") else 2
        assert count == times * done.document["model"]["num_learning"], file


@pytest.mark.parametrize(
    "changes", [{"freeze": 1}, {"lora": 3, "lora_dropout": 0.2, "lora_targets": "all-linear"}], ids=str
)
def test_a_stopped_run_goes_on_to_the_same_bits(
    changes: dict[str, Any], tmp_path: Path, rows: Path, encoder: Path
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run(rows, encoder, whole, **changes)
    stop_after(options(rows, encoder, parts, **changes), 7)
    said_by(silent(parts))
    assert same_bits(parts, whole)
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        if "lora" in changes:
            assert (parts / "adapter" / name).read_bytes() == (whole / "adapter" / name).read_bytes()


def test_a_run_does_not_go_on_from_another_base(tmp_path: Path, rows: Path, encoder: Path) -> None:
    """A checkpoint holds only what learns: the rest must be what it was."""
    base = tmp_path / "base"
    shutil.copytree(encoder, base)
    stop_after(options(rows, base, tmp_path / "run", lora=2), 3)
    network = load_pretrained(base).network
    with torch.no_grad():
        network.encoder.blocks[0].feed_forward.up.weight[0, 0] += 1e-3
    save_pretrained(network, base)
    with pytest.raises(DataError, match="changed-model: the model is not the one that the run began with"):
        said_by(silent(tmp_path / "run"))


def test_a_landscape_of_adapters_stands_on_merged_weights(tmp_path: Path, rows: Path, encoder: Path) -> None:
    run(rows, encoder, tmp_path / "run", lora=3, keep_checkpoints=3, learning_rate=2e-2)
    ground = open_ground(tmp_path / "run")
    final, best = ground.weights("final"), ground.weights(f"step-{ground.best_step}")
    begun = ground.weights("pretrained")
    assert final.keys() == best.keys() == begun.keys()
    for name, tensor in final.items():
        torch.testing.assert_close(best[name], tensor, rtol=0, atol=1e-6)
    name = "encoder.blocks.0.attention.qkv.weight"
    assert (final[name] - begun[name]).abs().max() > 1e-3


@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_below_the_lowest_learning_block_nothing_is_recorded(family: str) -> None:
    network = build("sequence-classification", family)
    restrict(network, Learnt(freeze=1), seed=0)
    packed = batch(network.config)
    hidden = network.encoder.embeddings(packed)
    hidden = network.encoder.blocks[0](hidden, packed.layout)
    assert not hidden.requires_grad
    assert network(packed).requires_grad


def test_release_gives_a_plain_network_that_learns_whole() -> None:
    network, plain = build("sequence-classification"), build("sequence-classification")
    restrict(network, Learnt(lora=2), seed=0)
    head = sum(parameter.numel() for parameter in network.head.parameters())
    assert count_learning(network) == 2 * 2 * 2 * (30 + 30) + head
    assert digest_of_frozen(network) is not None
    assert len(release(network)) == 4
    assert digest_of_frozen(network) is None
    assert [name for name, _ in network.named_parameters()] == [name for name, _ in plain.named_parameters()]


@pytest.mark.parametrize(
    ("learnt", "message"),
    [
        (Learnt(freeze=3), "--freeze 3: the model has 2 blocks"),
        (Learnt(freeze="encoder", lora=2), "--freeze leaves no block to which --lora could add"),
        (Learnt(freeze=2, lora=2), "--freeze leaves no block"),
        (Learnt(lora_alpha=8.0), "belong to --lora"),
        (Learnt(lora=2, lora_targets="quer"), "no layer 'quer'"),
    ],
    ids=str,
)
def test_what_contradicts_itself_is_refused(learnt: Learnt, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        restrict(build("sequence-classification"), learnt, seed=0)


def test_a_task_without_a_head_cannot_freeze_the_encoder() -> None:
    network = Network(build().config)
    with pytest.raises(UsageError, match="leaves nothing that learns"):
        restrict(network, Learnt(freeze="encoder"), seed=0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("freeze", 0), ("freeze", "all"), ("freeze", True), ("freeze", np.array([1, 2])), ("lora", 0),
        ("lora", 2.5), ("lora", np.array([8])), ("lora_alpha", 0), ("lora_alpha", float("nan")),
        ("lora_targets", "query,"), ("lora_targets", 3), ("lora_dropout", 1.0),
    ],
)  # fmt: skip
def test_a_value_without_sense_is_refused(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"--{name.replace('_', '-')} is "):
        check({name: value})


def test_the_recipe_says_why_adapters_learn_faster() -> None:
    advice = recipe(num_parameters=110_000_000, num_rows=5000, max_length=512, lora=8)
    settings = settle({"lora": 8}, {}, advice)
    assert settings["learning_rate"].value == pytest.approx(5e-4)
    assert "ten times the rate" in settings["learning_rate"].reason
    assert (settings["lora_alpha"].value, settings["layer_decay"].value) == (16.0, 1.0)
    head = recipe(num_parameters=110_000_000, num_rows=5000, max_length=512, freeze="encoder")
    assert "only the head learns" in head["learning_rate"][1]
    plain = recipe(num_parameters=22_000_000, num_rows=1, max_length=1, lora=8, optimizer="sgd")
    assert plain["learning_rate"][0] == 0.1


def test_an_estimator_of_adapters_ends_as_a_plain_model(encoder: Path, tmp_path: Path) -> None:
    texts, labels = texts_and_labels()
    wanted = TextClassifier(model=str(encoder), lora=3, epochs=6, learning_rate=2e-2)
    model = clone(wanted).fit(texts, labels)
    assert model.score(texts, labels) > 0.9
    assert all(parameter.requires_grad for parameter in model.network.parameters())
    model.save(tmp_path / "saved")
    assert (TextClassifier.load(tmp_path / "saved").predict_proba(texts) == model.predict_proba(texts)).all()
