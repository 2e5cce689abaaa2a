"""Adapters compute what peft's do: outputs, gradients, the files of a run; peft is asked, not read."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
import transformers

from glassbert.model.lora import LoraPlan, adapters, attach, merge
from glassbert.model.network import Network
from glassbert.model.peft.writing import Trained, write_adapter
from glassbert.runs.models import load
from tests.parity.references import ours, packed, padded, reference
from tests.runs.material import make_encoder, run, write_rows

# peft asks transformers by a name that transformers is about to give up
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")

PLAN = LoraPlan(rank=3, alpha=5.0)
CASES = [
    ("bert", PLAN),
    ("bert", replace(PLAN, targets=("all-linear",), lowest=1)),
    ("roberta", replace(PLAN, targets=("key", "output.dense"))),
    ("distilbert", replace(PLAN, targets=("query", "ffn.lin2"))),
]


def pair(family: str, plan: LoraPlan, directory: Path) -> tuple[Network, Any]:
    """Our network with random adapters, and peft's model from the files that we wrote."""
    model = reference(family, "sequence-classification")
    network = ours(model, "sequence-classification")
    attach(network, plan, seed=4)
    generator = torch.Generator().manual_seed(6)
    for _, low in adapters(network):
        low.b.data.normal_(0, 0.3, generator=generator)
    write_adapter(directory, network, Trained(adapters=list(adapters(network)), base="base", dropout=0.0))
    theirs = peft.PeftModel.from_pretrained(model, str(directory), is_trainable=True).eval()
    return network, theirs


@pytest.mark.parametrize(("family", "plan"), CASES)
def test_logits_and_gradients_of_adapters_are_those_of_peft(
    family: str, plan: LoraPlan, tmp_path: Path
) -> None:
    network, theirs = pair(family, plan, tmp_path)
    logits, expected = network(packed(network.config)), theirs(**padded(network.config)).logits
    assert float((logits - expected).detach().abs().max()) <= 1e-5
    weights = torch.randn(expected.shape, generator=torch.Generator().manual_seed(1))
    (logits * weights).sum().backward()
    (expected * weights).sum().backward()
    found = dict(theirs.named_parameters())
    learning = {name for name, each in found.items() if each.requires_grad}
    for name, low in adapters(network):
        for mine, part in ((low.a, "A"), (low.b, "B")):
            full = f"base_model.model.{name}.lora_{part}.default.weight"
            learning.remove(full)
            gradient, other = mine.grad, found[full].grad
            assert gradient is not None and other is not None
            torch.testing.assert_close(gradient, other, rtol=1e-4, atol=1e-5, msg=name)
    assert all("lora" not in name for name in learning), "peft trains adapters that we do not have"


@pytest.mark.parametrize(("family", "plan"), CASES)
def test_merged_weights_are_those_of_peft(family: str, plan: LoraPlan, tmp_path: Path) -> None:
    network, theirs = pair(family, plan, tmp_path)
    merge(network)
    expected = theirs.merge_and_unload()(**padded(network.config)).logits
    assert float((network(packed(network.config)) - expected).detach().abs().max()) <= 1e-5


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of adapters in the upper block."""
    place = tmp_path_factory.mktemp("lora")
    make_encoder(place / "encoder")
    write_rows(place / "rows.csv")
    changes = {"lora": 4, "lora_dropout": 0.1, "freeze": 1, "learning_rate": 2e-2}
    run(place / "rows.csv", place / "encoder", place / "run", **changes)
    return place


def test_a_run_is_read_by_transformers_and_by_peft_with_the_same_logits(learnt: Path) -> None:
    mine = load(learnt / "run")
    texts = ["the film is warm .", "a b c the film is dull ."]
    windows = mine.windows(texts)
    ids = [windows.input_ids[windows.starts[i] : windows.starts[i + 1]] for i in range(2)]
    expected = torch.from_numpy(mine.logits(texts))
    kind = transformers.AutoModelForSequenceClassification
    merged = kind.from_pretrained(learnt / "run" / "model").eval()
    base = kind.from_pretrained(learnt / "encoder", num_labels=2)
    adapted = peft.PeftModel.from_pretrained(base, str(learnt / "run" / "adapter")).eval()
    for row, tokens in enumerate(ids):
        given = torch.from_numpy(tokens.astype("int64"))[None]
        for model in (merged, adapted):
            with torch.no_grad():
                found = model(input_ids=given).logits[0]
            assert float((found - expected[row]).abs().max()) <= 1e-5
    config = json.loads((learnt / "run" / "adapter" / "adapter_config.json").read_text())
    assert (config["layers_to_transform"], config["r"], config["lora_alpha"]) == ([1], 4, 8)


@pytest.mark.parametrize("targets", [["query", "dense"], "all-linear", "bert.*(key|value)"], ids=str)
def test_what_peft_saves_is_read_with_the_same_logits(targets: Any, learnt: Path, tmp_path: Path) -> None:
    """The pooler among the layers with adapters, and a pattern in place of names."""
    kind = transformers.AutoModelForSequenceClassification
    base = kind.from_pretrained(learnt / "encoder", num_labels=3)
    config = peft.LoraConfig(task_type="SEQ_CLS", r=4, lora_alpha=6, use_rslora=True, target_modules=targets)
    model = peft.get_peft_model(base, config).eval()
    generator = torch.Generator().manual_seed(3)
    for name, parameter in model.named_parameters():
        if "lora_B" in name or "classifier" in name:
            parameter.data.normal_(0, 0.3, generator=generator)
    model.save_pretrained(tmp_path / "theirs")
    found = load(tmp_path / "theirs")
    assert found.labels == ("LABEL_0", "LABEL_1", "LABEL_2")
    text = "the film is warm ."
    tokens = torch.from_numpy(found.windows([text]).input_ids.astype("int64"))[None]
    with torch.no_grad():
        expected = model(input_ids=tokens).logits[0]
    assert float((torch.from_numpy(found.logits([text])[0]) - expected).abs().max()) <= 1e-5
