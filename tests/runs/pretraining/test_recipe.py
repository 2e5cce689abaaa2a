"""The modern recipe: transformers calls its network ModernBERT, it goes on to the bit, its batch grows."""

from pathlib import Path

import pytest
import torch
import transformers

import glassbert as gb
from glassbert.errors import UsageError
from glassbert.model.packed import Packed
from glassbert.runs.pretraining.job import PretrainingJob
from glassbert.runs.pretraining.pretrain import Watchers
from glassbert.runs.pretraining.settings import Settings, settled
from tests.runs.material import read_json
from tests.runs.pretraining.material import options, run
from tests.runs.pretraining.test_job import PEAK, parts  # noqa: F401 - a fixture
from tests.runs.pretraining.test_resume import Killed, killed_at, same

MODERN = {"recipe": "modern", "batch_size": 8, "batch_ramp": 2}


@pytest.fixture(scope="module")
def modern(text: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(options(text, tmp_path_factory.mktemp("modern") / "run", **MODERN)).path


@torch.no_grad()
def test_the_model_is_what_transformers_calls_modernbert(modern: Path) -> None:
    model = transformers.AutoModelForMaskedLM.from_pretrained(modern / "model").eval()
    assert type(model).__name__ == "ModernBertForMaskedLM"
    tokenizer = transformers.AutoTokenizer.from_pretrained(modern / "model")
    given = tokenizer(["the warm film", "a dull cat sat on the mat ."], padding=True, return_tensors="pt")
    ours = gb.load(modern)
    theirs = model(**given).logits[given["attention_mask"].bool()]
    windows = ours.windows(["the warm film", "a dull cat sat on the mat ."])
    mine = ours.network(Packed.of(windows.input_ids, windows.token_type_ids, windows.lengths))
    assert float((theirs - mine).abs().max()) <= 1e-5
    card = (modern / "model" / "README.md").read_text(encoding="utf-8")
    assert "transformers reads it as `ModernBertForMaskedLM`." in card


def test_run_json_says_what_comes_from_the_recipe(modern: Path, pretrained: Path) -> None:
    config = read_json(modern / "run.json")["config"]
    assert config["optimizer"] == {"value": "muon", "from": "recipe", "reason": "the modern recipe's"}
    assert config["batch_size"]["from"] == config["recipe"]["from"] == "option"
    assert config["evaluations"]["from"] == "option" and config["seed"]["from"] == "default"
    paper = read_json(pretrained / "run.json")
    assert (
        paper["config"]["recipe"]["value"] == "paper"
        and paper["model"]["transformers"] == "BertForPreTraining"
    )


def test_a_killed_run_goes_on_to_the_same_bits(text: Path, modern: Path, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        run(options(text, tmp_path / "run", **MODERN), Watchers(on_step=killed_at(3)))
    run(options(text, tmp_path / "run", resume=True))
    same(tmp_path / "run", modern)


def test_a_batch_grows_and_takes_every_sample_once(parts: tuple) -> None:  # noqa: F811
    network, samples, tokenizer, held_out = parts
    settings = Settings(batch_size=12, batch_ramp=3, max_length=24)
    job = PretrainingJob(network, samples, tokenizer, settings, held_out=held_out, peak=PEAK)
    assert len(sum(job.replay(0)["samples"], [])) == 12  # what a step costs is measured on a full one
    job.grow_over(6)
    taken = [sorted(sum(job.replay(step)["samples"], [])) for step in range(5)]
    assert [len(each) for each in taken] == [4, 8, 12, 12, 12]
    per_epoch = -(-len(job.lengths) // 4)
    assert [job.epochs(steps) for steps in range(4)] == [0, 1 / per_epoch, 3 / per_epoch, 6 / per_epoch]
    first_epoch = sum(taken, [])[: len(job.lengths)]
    assert len(set(first_epoch)) == len(first_epoch)
    whole = PretrainingJob(
        network, samples, tokenizer, Settings(batch_size=4, max_length=24), held_out=held_out, peak=PEAK
    )
    assert taken[1] == sorted(sum((sum(whole.replay(step)["samples"], []) for step in (1, 2)), []))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"recipe": "ancient"}, "bad-setting"),
        ({"optimizer": "sgd"}, "bad-setting"),
        ({"batch_size": 8, "batch_ramp": 3}, "bad-setting"),
        ({"recipe": "modern", "objective": "mlm+nsp", "batch_ramp": 1}, "no-such-head"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, object], code: str, text: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=code):
        run(options(text, tmp_path / "run", **changes))
    assert not (tmp_path / "run").exists() or not list((tmp_path / "run").iterdir())


def test_a_recipes_ramp_bends_to_the_batch_and_a_said_one_does_not(text: Path, tmp_path: Path) -> None:
    for batch, ramp in ((6, 3), (7, 1), (2, 2), (64, 4)):
        assert settled({"recipe": "modern", "batch_size": batch}).batch_ramp == ramp
    with pytest.raises(
        UsageError, match="does not divide into 4 parts — give --batch-ramp 3, or --batch-size 8"
    ):
        settled({"recipe": "modern", "batch_size": 6, "batch_ramp": 4})
    config = run(options(text, tmp_path / "run", recipe="modern", batch_size=6, steps=1)).document["config"]
    reason = "the recipe's 4, made to divide the batch"
    assert config["batch_ramp"] == {"value": 3, "from": "recipe", "reason": reason}


def test_what_is_said_beats_the_recipe_and_the_recipe_the_paper() -> None:
    found = settled({"recipe": "modern", "learning_rate": 0.5})
    assert (found.learning_rate, found.optimizer, found.max_length) == (0.5, "muon", 128)
    assert settled({}) == Settings()
