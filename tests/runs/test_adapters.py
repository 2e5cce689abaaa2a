"""Adapters of others: merged into their base, or refused by what is wrong with them."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from glassbert.errors import DataError, GlassbertError, MissingInputError, UsageError
from glassbert.model.packed import Packed
from glassbert.runs.finetune import finetune
from glassbert.runs.models import Model, load
from glassbert.train.stop import Stop
from tests.runs.material import options, run, texts_and_labels
from tests.stand_ins import make_stand_ins

TEXTS = texts_and_labels(6, seed=3)[0]
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
QUERY = "base_model.model.bert.encoder.layer.0.attention.self.query"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, rows: Path, encoder: Path) -> Path:
    """A finished run of adapters; to be read, never written."""
    place = tmp_path_factory.mktemp("adapters") / "run"
    return run(rows, encoder, place, lora=3, learning_rate=2e-2, lora_targets="query,output.dense").path


@pytest.fixture
def adapter(trained: Path, tmp_path: Path) -> Path:
    """A copy of its adapter, as a stranger would have it: without our notes."""
    shutil.copytree(trained / "adapter", tmp_path / "adapter")
    (tmp_path / "adapter" / "glassbert.json").unlink()
    return tmp_path / "adapter"


def configure(adapter: Path, **changes: Any) -> None:
    config = json.loads((adapter / CONFIG).read_text()) | changes
    (adapter / CONFIG).write_text(json.dumps(config))


def rewrite(adapter: Path, change: Callable[[dict[str, Tensor]], None]) -> None:
    tensors = load_file(adapter / WEIGHTS)
    change(tensors)
    save_file(tensors, adapter / WEIGHTS)


def test_the_adapter_of_a_run_gives_the_model_of_the_run(trained: Path) -> None:
    whole, again = load(trained), load(trained / "adapter")
    assert np.abs(whole.logits(TEXTS) - again.logits(TEXTS)).max() <= 1e-5
    assert (again.labels, again.notes, again.untrained) == (whole.labels, whole.notes, ())
    np.testing.assert_allclose(again.predict(TEXTS).scores, whole.predict(TEXTS).scores, atol=1e-6)


def test_a_strangers_adapter_is_read_with_classes_by_number(adapter: Path, trained: Path) -> None:
    found = load(adapter)
    assert found.labels == ("LABEL_0", "LABEL_1")
    assert np.abs(found.logits(TEXTS) - load(trained).logits(TEXTS)).max() <= 1e-5


def test_the_base_may_lie_elsewhere(adapter: Path, encoder: Path, trained: Path, tmp_path: Path) -> None:
    configure(adapter, base_model_name_or_path="somebody/bert-of-theirs")
    with pytest.raises(MissingInputError, match="no-base: .*'somebody/bert-of-theirs'.*--base MODEL"):
        load(adapter)
    shutil.copytree(encoder, tmp_path / "moved")
    found = load(adapter, base=str(tmp_path / "moved"))
    assert np.abs(found.logits(TEXTS) - load(trained).logits(TEXTS)).max() <= 1e-5
    with pytest.raises(UsageError, match="--base is given, and .* is a whole model"):
        load(encoder, base=str(encoder))
    with pytest.raises(DataError, match="base-is-adapter"):
        load(adapter, base=str(adapter))


def test_the_stabilised_factor_is_one_number(adapter: Path, trained: Path) -> None:
    """alpha / sqrt(r) with alpha = 6 / sqrt(3) is alpha / r with alpha = 6."""
    configure(adapter, use_rslora=True, lora_alpha=6 / 3**0.5)
    assert np.abs(load(adapter).logits(TEXTS) - load(trained).logits(TEXTS)).max() <= 1e-5
    configure(adapter, use_rslora=False)
    assert np.abs(load(adapter).logits(TEXTS) - load(trained).logits(TEXTS)).max() > 1e-3


def test_a_whole_model_beside_an_adapter_is_read_and_the_adapter_named(adapter: Path, encoder: Path) -> None:
    shutil.copytree(encoder, adapter, dirs_exist_ok=True)
    assert f"{CONFIG} was not read: the directory holds a whole model" in load(adapter).warnings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"peft_type": "IA3"}, "unknown-adapter: peft_type is 'IA3'"),
        ({"use_dora": True}, "unknown-adapter: the adapter asks for use_dora = True"),
        ({"alpha_pattern": {"query": 4}}, "alpha_pattern"),
        ({"a_key_of_tomorrow": "yes"}, "a_key_of_tomorrow = 'yes'"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights = 'pissa'"),
        ({"bias": "all"}, "bias = 'all'"),
        ({"r": "8"}, "bad-config: r is '8'"),
        ({"r": 0}, "bad-config: r is 0"),
        ({"r": 4}, "wrong-shape: .* with r = 4"),
        ({"lora_alpha": -1}, "bad-config: lora_alpha is -1"),
        ({"target_modules": ["query", "value"]}, "missing-tensors: target_modules names layers without"),
        ({"target_modules": ["query"]}, "unexpected-tensors: target_modules does not name .*output.dense"),
        ({"target_modules": {"query": 1}}, "bad-config: target_modules"),
        ({"layers_to_transform": ["a"]}, "bad-config: layers_to_transform"),
        ({"modules_to_save": None}, "unexpected-tensors: .* is neither an adapter nor in modules_to_save"),
        ({"base_model_name_or_path": 7}, "bad-config: base_model_name_or_path is 7"),
        ({"base_model_name_or_path": "x" * 5000}, "no-base"),
        ({"base_model_name_or_path": None}, "no-base: the adapter does not name its base"),
    ],
    ids=str,
)
def test_a_configuration_that_is_not_known_is_refused(
    adapter: Path, changes: dict[str, Any], message: str
) -> None:
    configure(adapter, **changes)
    with pytest.raises(GlassbertError, match=message) as caught:
        load(adapter)
    assert caught.value.exit_code == (66 if "no-base" in message else 65)


def poison(tensors: dict[str, Tensor]) -> None:
    tensors[f"{QUERY}.lora_A.weight"][0, 0] = torch.nan


def turn(tensors: dict[str, Tensor]) -> None:
    tensors[f"{QUERY}.lora_B.weight"] = torch.zeros(31, 3)


def halve(tensors: dict[str, Tensor]) -> None:
    del tensors[f"{QUERY}.lora_B.weight"]


def wander(tensors: dict[str, Tensor]) -> None:
    for part in "AB":
        name = f"{QUERY}.lora_{part}.weight"
        tensors[name.replace("layer.0", "layer.7")] = tensors.pop(name)


def count(tensors: dict[str, Tensor]) -> None:
    name = f"{QUERY}.lora_A.weight"
    tensors[name] = torch.zeros(tensors[name].shape, dtype=torch.int64)


def flatten(tensors: dict[str, Tensor]) -> None:
    name = "base_model.model.classifier.weight"
    tensors[name] = torch.zeros(2, 29)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (poison, "non-finite-weights: .*query.lora_A.weight"),
        (turn, r"wrong-shape: .*query.weight is \[30, 30\] in the base, and its adapter \[31, 30\]"),
        (halve, "missing-tensors: .*query has lora_A alone"),
        (wander, "missing-tensors: .*layer.0.attention.self.query"),
        (count, "bad-tensor: .* is torch.int64"),
        (flatten, r"classifier.weight is \[2, 29\]"),
        (dict.clear, "missing-tensors: it holds no lora_A and lora_B"),
    ],
)
def test_damaged_tensors_are_refused(
    adapter: Path, change: Callable[[dict[str, Tensor]], None], message: str
) -> None:
    rewrite(adapter, change)
    with pytest.raises(DataError, match=message):
        load(adapter)


def test_adapters_of_layers_that_the_base_lacks_are_refused_whatever_is_targeted(adapter: Path) -> None:
    configure(adapter, target_modules=".*(query|dense)")
    rewrite(adapter, wander)
    with pytest.raises(DataError, match="unknown-layer: encoder.layer.7.attention.self.query.weight is no"):
        load(adapter)


def test_a_pickle_is_refused_and_nothing_is_missing_input(adapter: Path) -> None:
    (adapter / WEIGHTS).rename(adapter / "adapter_model.bin")
    with pytest.raises(DataError, match="pickle-refused"):
        load(adapter)
    (adapter / "adapter_model.bin").unlink()
    with pytest.raises(MissingInputError, match="no-weights: there is no adapter_model.safetensors"):
        load(adapter)


def test_a_link_out_of_the_directory_is_refused(adapter: Path, tmp_path: Path) -> None:
    (adapter / WEIGHTS).rename(tmp_path / "elsewhere.safetensors")
    (adapter / WEIGHTS).symlink_to(tmp_path / "elsewhere.safetensors")
    with pytest.raises(DataError):
        load(adapter)


def test_bytes_that_are_no_safetensors_are_refused(adapter: Path) -> None:
    content = (adapter / WEIGHTS).read_bytes()
    for broken in (b"", content[:7], content[:-1], content + b"x"):
        (adapter / WEIGHTS).write_bytes(broken)
        with pytest.raises(DataError):
            load(adapter)


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("stand-ins")
    make_stand_ins(place)
    return place


@pytest.mark.parametrize(
    ("task", "data"),
    [
        ("text-pair-classification", "pairs.csv"),
        ("text-regression", "ratings.csv"),
        ("multi-label-classification", "topics.csv"),
        ("sentence-similarity", "alike.csv"),
        ("question-answering", "questions.json"),
        ("token-classification", "entities.conll"),
        ("chain", "entities.conll"),
    ],
)
def test_every_task_learns_by_adapters_and_reads_them_again(
    task: str, data: str, stand_ins: Path, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"lora": 2, "epochs": 1, "metric": "loss", "learning_rate": 1e-2}
    if task == "chain":
        task, settings = "token-classification", {**settings, "crf": True, "lstm_size": 3}
    done = run(stand_ins / data, stand_ins / "minilm", tmp_path / "run", task=task, **settings)
    whole, again = load(done.path), load(done.adapter)
    text: Any = ("the film is warm .", "a cold plot !")
    if task in ("text-regression", "multi-label-classification", "token-classification"):
        text = text[0]
    one, other = (model.network(pack(model, [text])).detach().numpy() for model in (whole, again))
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)
    assert (again.notes, again.network.head_config) == (whole.notes, whole.network.head_config)
    plain = load(stand_ins / "minilm").network.encoder.blocks[0].attention.qkv.weight
    assert not torch.equal(whole.network.encoder.blocks[0].attention.qkv.weight, plain)


def pack(model: Model, texts: list[Any]) -> Packed:
    windows = model.windows(texts)
    return Packed.of(windows.input_ids, windows.token_type_ids, windows.lengths)


def test_a_run_goes_on_from_an_adapter_merged_into_its_base(
    trained: Path, adapter: Path, rows: Path, encoder: Path, tmp_path: Path
) -> None:
    """A step of rate zero leaves what went in: the merged model, its head and labels included."""
    shutil.copy(trained / "adapter" / "glassbert.json", adapter)
    still = {"epochs": 0.2, "learning_rate": 1e-12, "weight_decay": 0.0}
    found = run(rows, adapter, tmp_path / "on", **still)
    assert found.document["model"]["newly_initialised"] == []
    assert found.document["model"]["base"] == str(encoder)
    assert found.document["request"]["base"] is None
    assert np.abs(load(found.path).logits(TEXTS) - load(trained).logits(TEXTS)).max() <= 1e-4
    assert not (found.path / "adapter").exists()


def test_a_run_on_an_adapter_names_the_base_that_it_lacks(
    adapter: Path, rows: Path, encoder: Path, tmp_path: Path
) -> None:
    configure(adapter, base_model_name_or_path="somebody/bert-of-theirs")
    with pytest.raises(MissingInputError, match="no-base: .*'somebody/bert-of-theirs'.*--base MODEL"):
        run(rows, adapter, tmp_path / "on")
    with pytest.raises(UsageError, match="adapter-on-adapter: --lora adds adapters.*leave --lora out"):
        run(rows, adapter, tmp_path / "on", base=str(encoder), lora=2)
    with pytest.raises(UsageError, match="--base is given, and .* is a whole model"):
        run(rows, encoder, tmp_path / "on", base=str(encoder))
    assert not (tmp_path / "on").exists()
    begun = run(rows, adapter, tmp_path / "on", base=str(encoder), epochs=0.2)
    assert begun.document["request"]["base"] == str(encoder)
    again = replace(options(rows, adapter, begun.path, resume=True), settings={}, base=str(adapter))
    with pytest.raises(UsageError, match="changed-setting: base: recorded"):
        finetune(again, stop=Stop())
