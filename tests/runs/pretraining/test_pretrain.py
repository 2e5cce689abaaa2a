"""A run of pre-training: what it leaves, what it says, and what it refuses without leaving anything."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

import glassbert as gb
import glassbert.runs.pretraining.pretrain as pretrain_module
from glassbert.errors import DataError, MissingInputError, OutputError, UsageError
from glassbert.model.files import read_json
from glassbert.model.layout import Rows
from glassbert.model.packed import Packed
from glassbert.model.pretrained import load_pretrained
from glassbert.runs.finetune import finetune
from glassbert.runs.pretraining.networks import begin_network
from glassbert.runs.pretraining.pretrain import Watchers
from glassbert.runs.pretraining.settings import settled
from glassbert.train.log import read_metrics
from glassbert.train.stop import Stop
from tests.runs import material as finetuning
from tests.runs.pretraining.material import options, run


@torch.no_grad()
def test_the_model_is_what_transformers_reads(pretrained: Path) -> None:
    model = transformers.AutoModelForPreTraining.from_pretrained(pretrained / "model").eval()
    assert type(model).__name__ == "BertForPreTraining"
    network = gb.load(pretrained).network
    ids = np.random.default_rng(0).integers(1, network.config.vocab_size, 13)
    kinds = (np.arange(13) > 6).astype(int)
    theirs = model(torch.from_numpy(ids)[None], token_type_ids=torch.from_numpy(kinds)[None])
    packed = Packed.of(ids, kinds, np.array([13]))
    ours = network(packed, rows=Rows.of(packed.layout, np.arange(13)))
    assert float((ours.masked - theirs.prediction_logits[0]).abs().max()) <= 1e-5
    assert float((ours.next_sentence - theirs.seq_relationship_logits).abs().max()) <= 1e-5
    masked = transformers.AutoModelForMaskedLM.from_pretrained(pretrained / "model").eval()
    assert float((masked(torch.from_numpy(ids)[None]).logits[0]).isfinite().all())
    tokenizer = transformers.AutoTokenizer.from_pretrained(pretrained / "model")
    assert tokenizer("the warm film")["input_ids"] == list(
        gb.load(pretrained).tokenizer.windows(["the warm film"], max_length=9).input_ids
    )


def test_masks_are_filled_and_classifiers_are_trained_on_it(
    pretrained: Path, rows: Path, tmp_path: Path
) -> None:
    assert len(gb.fill_mask(str(pretrained), "the film is [MASK] .", top_k=3)) == 3
    wanted = finetuning.options(rows, pretrained, tmp_path / "run", epochs=0.2)
    tuned = finetune(wanted, stop=Stop()).document
    assert tuned["model"]["num_hidden_layers"] == 2
    assert all("cls." not in name for name in tuned["model"]["newly_initialised"])


def test_every_step_says_what_it_cost(pretrained: Path) -> None:
    rows = [row for row in read_metrics(pretrained / "metrics.jsonl") if "loss" in row]
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    for row in rows:
        assert row["loss"] == pytest.approx(row["mlm_loss"] + row["nsp_loss"], abs=1e-5)
        assert 0 <= row["mlm_accuracy"] <= 1
        assert 0 <= row["nsp_accuracy"] <= 1
        assert row["padding"] == 0
        assert row["data_wait_seconds"] > 0
        assert 0 < row["mfu"] < 1


def test_run_json_says_what_was_run_on_what(pretrained: Path) -> None:
    document = finetuning.read_json(pretrained / "run.json")
    assert document["status"] == "finished"
    assert document["config"]["batch_size"] == {"value": 6, "from": "option", "reason": ""}
    assert document["config"]["weight_decay"]["from"] == "default"
    assert document["data"]["train"]["documents"] + document["data"]["evaluation"]["documents"] == 40
    assert "512" in document["peak"]["from"]
    assert set(document["result"]["metrics"]) == {
        "mlm_loss", "mlm_accuracy", "bits_per_character", "nsp_loss", "nsp_accuracy", "pseudo_perplexity",
    }  # fmt: skip


def test_a_checkpoint_without_the_heads_gets_new_ones_and_they_are_named(
    encoder: Path, text: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    wanted = options(text, tmp_path / "run", model=str(encoder), objective="mlm", steps=1, max_length=16)
    document = run(wanted, Watchers(say=said.append)).document
    new = document["model"]["newly_initialised"]
    assert "cls.predictions.transform.dense.weight" in new
    assert any("new and random" in sentence for sentence in said)
    model = transformers.AutoModelForMaskedLM.from_pretrained(tmp_path / "run" / "model")
    assert type(model).__name__ == "BertForMaskedLM"
    assert model.config.hidden_size == 30


def test_a_new_head_learns_ten_times_as_fast_as_the_encoder_below_it(
    encoder: Path, pretrained: Path, text: Path, tmp_path: Path
) -> None:
    for model, factor in ((encoder, 10), (pretrained, 1)):
        said = {"objective": "mlm", "steps": 1, "max_length": 16, "weight_decay": 0.0, "warmup_ratio": 0.0}
        wanted = options(text, tmp_path / f"run-{factor}", model=str(model), learning_rate=1e-4, **said)
        begun = begin_network(wanted, settled(wanted.said), gb.load(model).tokenizer)
        before = dict(begun.network.named_parameters())
        after = dict(load_pretrained(run(wanted).model).network.named_parameters())
        moved = {name: float((after[name] - each).detach().abs().max()) for name, each in before.items()}
        body = moved["encoder.blocks.0.feed_forward.up.weight"]
        assert moved["head.dense.weight"] == pytest.approx(factor * body, rel=0.01)
        assert body == pytest.approx(moved["encoder.embeddings.position.weight"], rel=0.01)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "no-text"),
        (b"\n\n  \n", "no-text"),
        (b"\x00\x01\x02" * 99, "nul-character"),
        (b"one line", "too-few-documents"),
    ],
)
def test_text_that_is_none_is_refused_and_nothing_is_left(content: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(content)
    with pytest.raises((DataError, UsageError), match=code):
        run(options(tmp_path / "bad.txt", tmp_path / "run"))
    assert not (tmp_path / "run" / "run.json").exists()
    assert not (tmp_path / "run" / "corpus").exists()


@pytest.mark.slow
def test_a_line_of_ten_megabytes_is_read(text: Path, pretrained: Path, tmp_path: Path) -> None:
    long = tmp_path / "text.txt"
    long.write_bytes(text.read_bytes() + b"\n\n" + (b"a" * 101 + b" ") * 100_000)  # a token a word: unknown
    tokenizer = str(pretrained / "tokenizer")
    document = run(
        options(long, tmp_path / "run", steps=1, tokenizer=tokenizer, eval_text=str(text))
    ).document
    assert document["data"]["train"]["tokens"] > 100_000


def test_what_cannot_be_is_refused(text: Path, pretrained: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        run(options(text, tmp_path / "file" / "run"))
    with pytest.raises(OutputError, match="output-exists"):
        run(options(text, pretrained))
    with pytest.raises(MissingInputError):
        run(options(tmp_path / "nothing.txt", tmp_path / "run"))
    for changes, code in (
        ({"model": str(pretrained), "size": "tiny"}, "contradiction"),
        ({"size": "huge"}, "bad-setting"),
        ({"objective": "clm"}, "bad-setting"),
        ({"masking_rate": 0.0}, "bad-setting"),
        ({"steps": None}, "no-length"),
    ):
        with pytest.raises(UsageError, match=code):
            run(options(text, tmp_path / "run", **changes))
    with pytest.raises(UsageError, match="too-long"):
        run(options(text, tmp_path / "run", model=str(pretrained), max_length=99))
    assert not (tmp_path / "run").exists() or not list((tmp_path / "run").iterdir())


def test_what_no_network_can_learn_is_refused_before_any_text_is_read(
    text: Path, pretrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*given: object, **named: object) -> None:
        raise AssertionError("the texts are read")

    monkeypatch.setattr(pretrain_module, "read_texts", read)
    (tmp_path / "words").write_text("银行\n", encoding="utf-8")
    roberta = Path(shutil.copytree(pretrained / "model", tmp_path / "roberta"))
    config = read_json(roberta / "config.json")
    (roberta / "config.json").write_text(json.dumps({**config, "model_type": "roberta"}))
    named = {"size": None, "vocabulary": None}
    for changes, said in (
        ({**named, "model": str(pretrained), "max_length": 99}, "too-long"),
        ({**named, "teacher": str(pretrained), "max_length": 99}, "too-long"),
        ({**named, "teacher": str(pretrained), "objective": "mlm+nsp"}, "distillation has no next-sentence"),
        ({**named, "model": str(roberta), "objective": "mlm+nsp"}, "the roberta family, which has no next"),
        ({"recipe": "modern", "objective": "mlm+nsp"}, "modern recipe's encoder has no next-sentence"),
        ({"chinese_words": str(tmp_path / "words")}, "no whole words are hidden"),
    ):
        with pytest.raises(UsageError, match=said):
            run(options(text, tmp_path / "run", **changes))
        assert not (tmp_path / "run").exists()
