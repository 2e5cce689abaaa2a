"""A model ready for use equals transformers: logits, hidden states, pairs and windows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from glassbert.errors import DataError, UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.pretrained import save_pretrained
from glassbert.runs.models import Model, Text, load
from tests.contract.workbench import tiny_config, tiny_tokenizer

TEXTS = ["the film is fine .", "", "a", "Not a WARM film!", "好看 the", "zzz q" * 2]
PAIRS = [("the film", "is fine"), ("", "a b"), ("a dull film .", "")]
LONG = "the film is not a warm film , it is dull and cold " * 3
LABELS = ("bad", "good", "ugly")


def make_classifier(directory: Path, model_type: str) -> Path:
    tokenizer = tiny_tokenizer(directory)
    tokenizer.save(directory)
    head = HeadConfig(
        kind="sequence-classification", labels=LABELS, problem_type="single_label_classification"
    )
    save_pretrained(Network(tiny_config(tokenizer.vocab_size, model_type), head, seed=3), directory)
    return directory


@pytest.fixture(scope="module", params=["bert", "roberta", "distilbert"])
def directory(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_classifier(tmp_path_factory.mktemp("model") / request.param, request.param)


def texts_for(model: Model) -> list[Text]:
    """Texts, and pairs where the model has a segment for the second one or needs none."""
    return [*TEXTS, *([] if model.network.config.model_type == "roberta" else PAIRS)]


def theirs(model: Model, directory: Path, text: Text, *, hidden: bool = False) -> np.ndarray:
    """transformers' logits [C], or hidden states [L + 1, S, H], of the ids of one text of one window."""
    windows = model.windows([text])
    inputs = {"input_ids": torch.from_numpy(windows.input_ids.astype(np.int64))[None]}
    if model.network.config.model_type == "bert":
        inputs["token_type_ids"] = torch.from_numpy(windows.token_type_ids.astype(np.int64))[None]
    network = transformers.AutoModelForSequenceClassification.from_pretrained(directory).eval()
    with torch.no_grad():
        out = network(**inputs, output_hidden_states=hidden)
    return torch.cat(out.hidden_states).numpy() if hidden else out.logits[0].numpy()


def test_logits_equal_those_of_transformers(directory: Path) -> None:
    model = load(directory)
    texts = texts_for(model)
    found = model.logits(texts)
    assert found.dtype == np.float32 and found.shape == (len(texts), 3)
    wanted = np.stack([theirs(model, directory, text) for text in texts])
    assert np.abs(found - wanted).max() < 1e-5


def test_a_long_text_is_the_mean_of_its_windows(directory: Path) -> None:
    model = load(directory)
    windows = model.windows([LONG])
    assert len(windows) > 2
    parts = []
    network = transformers.AutoModelForSequenceClassification.from_pretrained(directory).eval()
    for begin, end in zip(windows.starts[:-1], windows.starts[1:], strict=True):
        ids = torch.from_numpy(windows.input_ids[begin:end].astype(np.int64))[None]
        with torch.no_grad():
            parts.append(network(input_ids=ids).logits[0].numpy())
    assert np.abs(model.logits([LONG])[0] - np.mean(parts, axis=0)).max() < 1e-5


@pytest.mark.parametrize("layer", [0, 1, 2, -1, -2, -3])
def test_hidden_states_of_every_layer_equal_those_of_transformers(directory: Path, layer: int) -> None:
    model = load(directory)
    some = texts_for(model)[::3]
    states = [theirs(model, directory, text, hidden=True)[layer] for text in some]
    tokens = model.embed(some, pooling="none", layer=layer)
    assert isinstance(tokens, list)
    for mine, other in zip(tokens, states, strict=True):
        assert mine.shape == other.shape and mine.dtype == np.float32
        assert np.abs(mine - other).max() < 1e-5
    first, mean = (model.embed(some, pooling=pooling, layer=layer) for pooling in ("cls", "mean"))
    assert np.abs(first - np.stack([state[0] for state in states])).max() < 1e-5
    assert np.abs(mean - np.stack([state.mean(0) for state in states])).max() < 1e-5


def test_every_token_of_a_long_text_is_embedded_once(directory: Path) -> None:
    model = load(directory)
    (tokens,) = model.embed([LONG], pooling="none")
    whole = model.tokenizer.windows([LONG], max_length=10_000)
    assert len(tokens) == len(whole.input_ids)
    mean = model.embed(["a", LONG], pooling="mean")[1]
    assert np.abs(mean - tokens.astype(np.float64).mean(0)).max() < 1e-6


def test_no_text_gives_nothing_of_the_right_shape(directory: Path) -> None:
    model = load(directory)
    assert model.logits([]).shape == (0, 3)
    assert model.embed([], pooling="mean").shape == model.embed([], pooling="cls").shape == (0, 30)
    assert model.embed([], pooling="none") == []
    assert model.predict([]).classes.shape == (0,)


def test_order_and_company_do_not_matter(directory: Path) -> None:
    model = load(directory)
    texts = [*texts_for(model), LONG] * 3
    order = np.random.default_rng(0).permutation(len(texts))
    together = model.logits(texts)
    shuffled = model.logits([texts[i] for i in order])
    alone = np.concatenate([model.logits([text]) for text in texts])
    assert np.abs(shuffled - together[order]).max() < 5e-6
    assert np.abs(alone - together).max() < 5e-6
    embedded = model.embed(texts)
    assert np.abs(model.embed([texts[i] for i in order]) - embedded[order]).max() < 5e-6


def test_a_segment_that_the_model_lacks_is_refused(tmp_path: Path) -> None:
    model = load(make_classifier(tmp_path / "model", "roberta"))
    with pytest.raises(DataError, match="numbers second texts, and the model has 1"):
        model.logits(PAIRS)


@pytest.mark.parametrize("call", ["logits", "embed"])
def test_one_string_is_no_list_of_texts(directory: Path, call: str) -> None:
    with pytest.raises(UsageError, match=r"give a list of texts: \[text\]"):
        getattr(load(directory), call)("the film")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"layer": 3}, "layer is 3, and the model has 2"),
        ({"layer": -4}, "layer is -4"),
        ({"pooling": "median"}, "'median'"),
    ],
)
def test_what_does_not_exist_is_refused(directory: Path, options: dict, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        load(directory).embed(["a"], **options)


def test_a_device_that_is_not_there_is_refused(directory: Path) -> None:
    with pytest.raises(UsageError, match="--device is 'quantum'"):
        load(directory, device="quantum")


def test_an_encoder_embeds_but_does_not_predict(encoder: Path) -> None:
    model = load(encoder)
    assert model.embed(["a film"]).shape == (1, 30)
    for call in (model.logits, model.predict):
        for texts in (["a"], []):
            with pytest.raises(
                UsageError, match="encoder without a .*head — train one with `glassbert finetune`"
            ):
                call(texts)


def test_a_head_that_was_never_trained_is_named(tmp_path: Path, encoder: Path) -> None:
    """transformers would make the head up and predict with it."""
    place = Path(shutil.copytree(encoder, tmp_path / "model"))
    config = json.loads((place / "config.json").read_text())
    config["architectures"] = ["BertForSequenceClassification"]
    config |= {"id2label": {"0": "a", "1": "b"}, "label2id": {"a": 0, "b": 1}}
    (place / "config.json").write_text(json.dumps(config))
    model = load(place)
    with pytest.raises(UsageError) as caught:
        model.logits(["a film"])
    problem = caught.value.problems[0]
    assert problem.code == "no-head"
    assert "classifier.weight" in problem.what and "would be random" in problem.what
    assert "glassbert finetune" in problem.fix


def test_the_notes_of_a_run_decide_windows_and_scores(tmp_path: Path, finished: Path) -> None:
    place = Path(shutil.copytree(finished / "model", tmp_path / "model"))
    notes = json.loads((place / "glassbert.json").read_text())
    plain = load(place)
    assert plain.max_length == notes["max_length"]
    (place / "glassbert.json").write_text(json.dumps({**notes, "max_length": 8, "temperature": 2.0}))
    short: Model = load(place)
    assert short.windows(["the film is fine ."]).lengths.max() <= 8
    mine = short.predict(["a film"])
    powers = np.exp(mine.logits / 2.0)
    assert np.abs(mine.scores - powers / powers.sum(-1, keepdims=True)).max() < 1e-9


def test_a_model_without_notes_is_read_whole(tmp_path: Path, finished: Path) -> None:
    place = Path(shutil.copytree(finished / "model", tmp_path / "model"))
    (place / "glassbert.json").unlink()
    model = load(place)
    assert model.max_length == model.network.config.max_length
    assert model.notes.temperature == 1.0


def test_bad_notes_are_bad_data(tmp_path: Path, finished: Path) -> None:
    place = Path(shutil.copytree(finished / "model", tmp_path / "model"))
    (place / "glassbert.json").write_text('{"format_version": 1, "temperature": 0}')
    with pytest.raises(DataError, match="temperature is 0"):
        load(place)


def test_a_broken_model_is_refused_and_can_be_opened_to_be_looked_into(
    finished: Path, tmp_path: Path
) -> None:
    """S9 of failures.md."""
    broken = Path(shutil.copytree(finished / "model", tmp_path / "broken"))
    tensors = load_file(broken / "model.safetensors")
    tensors["classifier.bias"][0] = float("nan")
    save_file(tensors, broken / "model.safetensors")
    with pytest.raises(
        DataError, match=r"non-finite-weights: .* classifier.bias \(1\).*allow_nonfinite=True"
    ):
        load(broken)
    model = load(broken, allow_nonfinite=True)
    (bias,) = [each for name, each in model.network.named_parameters() if name == "head.output.bias"]
    assert torch.isnan(bias).tolist() == [True, False]
    with pytest.raises(DataError, match="bad-logits"):
        model.logits(["a fine film"])
