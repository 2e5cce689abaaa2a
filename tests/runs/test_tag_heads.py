"""token-classification with a chain of tags and an LSTM: the whole path, stopped, saved, read by others."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import clone

import glassbert as gb
from glassbert.errors import UsageError
from glassbert.runs.evaluate import evaluate
from glassbert.runs.finetune import FinetuneOptions, Watchers, finetune
from glassbert.runs.ground import open_ground
from glassbert.runs.models import load
from glassbert.runs.predict import predict_texts
from glassbert.runs.tagger import TokenTagger
from glassbert.show.run_report import report_run
from glassbert.train.plan import StepReport
from glassbert.train.stop import Stop
from tests.runs.material import options, read_json, run, said_by
from tests.runs.test_resume import same_bits, silent, stop_after
from tests.runs.test_tagging import conll, sentences

QUICK = {"epochs": 3, "patience": 99, "task": "token-classification"}
BOTH = {"crf": True, "lstm_size": 6}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, encoder: Path) -> Path:
    """train.conll, test.txt, both/ (a run with a chain and an LSTM) and chain/ (with a chain alone)."""
    made = tmp_path_factory.mktemp("heads")
    conll(made / "train.conll", 80)
    conll(made / "test.txt", 40, seed=1)
    said_by(wanted(made, encoder, "both", **BOTH))
    said_by(wanted(made, encoder, "chain", crf=True))
    return made


def wanted(place: Path, encoder: Path, name: str, **more: object) -> FinetuneOptions:
    data, evaluation = place / "train.conll", place / "test.txt"
    return options(data, encoder, place / name, evaluation=evaluation, **{**QUICK, **more})


def test_it_learns_and_says_what_it_is(place: Path) -> None:
    document = read_json(place / "both" / "run.json")
    data, model, result = (document[name] for name in ("request", "model", "result"))
    assert data["data"]["crf"] is True and data["data"]["lstm_size"] == 6
    assert model["crf"] is True and model["lstm_size"] == 6
    assert {"crf.transitions", "lstm.weight_hh_l0_reverse"} <= set(model["newly_initialised"])
    assert result["metrics"]["f1"] > 0.3 and result["chain"] is True
    assert load(place / "both").network.head.crf.steps.abs().max() > 0.1


def test_every_answer_follows_the_scheme_and_scores_are_probabilities(place: Path) -> None:
    with (place / "both" / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        tags = json.loads(row["prediction"])
        before = ["O", *tags]
        assert all(tag[0] != "I" or old[2:] == tag[2:] for old, tag in zip(before, tags, strict=False))
    (found,) = predict_texts(load(place / "both"), ["a warm film is not dull"]).as_list()
    assert found and all(0 < each["score"] <= 1 for each in found)
    model = load(place / "both")
    again = evaluate(model, place / "test.txt")
    assert again["metrics"]["f1"] == read_json(place / "both" / "run.json")["result"]["metrics"]["f1"]
    assert 0 <= again["calibration_error"] < 0.5


def test_a_text_of_several_windows_is_answered_as_one_chain(place: Path) -> None:
    """The same logits give the same answer, however the words lie in windows."""
    model = load(place / "chain")
    task, text = model.task, " ".join(sum(sentences(12, seed=4)[0], []))
    examples = task.read(*_one(text))
    long, short = (task.windows(examples, model.tokenizer, max_length=size) for size in (1000, 16))
    assert len(long) == 1 and len(short) > 5
    emissions = np.random.default_rng(0).normal(size=(len(long.input_ids), 5)).astype(np.float32) * 3
    cut = np.zeros((len(short.input_ids), 5), dtype=np.float32)
    cut[short.word >= 0] = emissions[long.word >= 0]
    whole, parts = task.decode(emissions, long, examples), task.decode(cut, short, examples)
    np.testing.assert_array_equal(whole.answers[0], parts.answers[0])
    np.testing.assert_array_equal(whole.scores[0], parts.scores[0])
    alone = task.decode(np.zeros_like(emissions), long, examples)
    assert (alone.answers[0] != whole.answers[0]).any()


def _one(text: str) -> tuple[object, object]:
    import pandas as pd

    from glassbert.runs.rows import read_rows
    from glassbert.text.options import ReadOptions

    rows = read_rows(
        pd.DataFrame({"text": [text]}), ReadOptions(), schema=gb.runs.tagger.TokenClassification.schema,
        need_label=False,
    )  # fmt: skip
    return rows.table, rows.columns


def test_a_stopped_run_goes_on_to_the_same_bits(place: Path, encoder: Path) -> None:
    stop_after(wanted(place, encoder, "parts", **BOTH), 5, of=15)
    said_by(silent(place / "parts"))
    assert same_bits(place / "parts", place / "both")
    with pytest.raises(UsageError, match="lstm_size: recorded 6, asked for 7"):
        said_by(wanted(place, encoder, "parts", resume=True, crf=True, lstm_size=7))


def test_a_run_that_dies_goes_on_from_its_last_checkpoint_to_the_same_bits(
    place: Path, encoder: Path
) -> None:
    def die(report: StepReport) -> None:
        if report.step == 8:
            raise SystemExit(137)

    with pytest.raises(SystemExit):
        finetune(wanted(place, encoder, "dead", **BOTH), stop=Stop(), watchers=Watchers(on_step=die))
    kept = sorted(int(each.name[5:]) for each in (place / "dead" / "checkpoints").glob("step-*"))
    assert 0 < kept[-1] < 8
    said_by(silent(place / "dead"))
    assert same_bits(place / "dead", place / "both")


def test_the_model_card_says_what_others_do_not_read(place: Path) -> None:
    both, chain = ((place / name / "model" / "README.md").read_text() for name in ("both", "chain"))
    assert "refuses the\nhead" in both and "An LSTM of 6 units" in both and "`crf.*`" in both
    assert "leaves the chain out" in chain and "the chain's marginals" in chain


def test_transformers_reads_the_emissions_of_a_chain_and_refuses_an_lstm(place: Path) -> None:
    transformers = pytest.importorskip("transformers")
    kind = transformers.AutoModelForTokenClassification
    theirs, ours = kind.from_pretrained(place / "chain" / "model").eval(), load(place / "chain")
    windows = ours.windows(["the warm film is dull"])
    ids = torch.from_numpy(windows.input_ids.astype(np.int64))[None]
    with torch.no_grad():
        found = gb.runs.inference.head_logits(ours.network, windows)
        np.testing.assert_allclose(found, theirs(ids).logits[0].numpy(), atol=1e-5)
        with pytest.raises(RuntimeError, match="mismatch"):
            kind.from_pretrained(place / "both" / "model")
        encoder = transformers.AutoModel.from_pretrained(place / "both" / "model").eval()
        hidden = load(place / "both").embed(["the warm film is dull"], pooling="none")[0]
        np.testing.assert_allclose(hidden, encoder(ids).last_hidden_state[0].numpy(), atol=1e-5)


def test_what_looks_into_a_model_reads_these_heads(place: Path, tmp_path: Path) -> None:
    model = load(place / "both")
    assert gb.lens.structure(model) is not None
    record = gb.lens.attribution(model, "the warm film", target=(2, None), method="occlusion")
    assert np.abs(record.methods[0].scores).max() > 0
    assert report_run(place / "both", tmp_path / "report.html", looks=1).stat().st_size > 10_000


def test_a_landscape_measures_the_loss_of_the_chain(place: Path) -> None:
    """In float64 and summed in parts, it is that of the run's evaluation rows at the run's weights."""
    ground = open_ground(place / "both")
    training, _ = ground.losses(rows=1000)
    found = sum(part().item() for part in training.parts) / training.weight
    job_loss = _loss(ground)
    assert found == pytest.approx(job_loss, rel=1e-4)


def _loss(ground: object) -> float:
    task, examples = ground.model.task, ground.dataset.train
    windows = task.windows(examples, ground.model.tokenizer, max_length=ground.model.max_length)
    batch = task.batch(windows, np.arange(len(windows)), examples)
    with torch.no_grad():
        return task.loss(ground.model.network(batch.packed, rows=batch.rows), batch).item() / batch.weight


def test_a_pipeline_refuses_tags_that_are_a_chain(place: Path) -> None:
    with pytest.raises(UsageError, match="tags-are-a-chain: the tags of .* are one chain"):
        gb.pipeline("ner", place / "both")("the warm film")


@pytest.mark.parametrize("said", [{"crf": True}, {"lstm_size": 8}])
def test_other_tasks_have_no_such_heads(
    rows: Path, encoder: Path, tmp_path: Path, said: dict[str, object]
) -> None:
    with pytest.raises(UsageError, match=f"--{next(iter(said)).replace('_', '-')} is given, and text-cl"):
        run(rows, encoder, tmp_path / "run", **said)


def test_the_estimator_learns_such_heads(encoder: Path, tmp_path: Path) -> None:
    words, tags = sentences(60)
    common = {"model": str(encoder), "epochs": 3, "learning_rate": 8e-3, "batch_size": 16}
    tagger = clone(TokenTagger(**common, crf=np.True_, lstm_size=np.int64(6))).fit(words, tags)
    assert all(np.allclose(each.sum(1), 1) for each in tagger.predict_proba(words[:3]))
    tagger.save(tmp_path / "model")
    loaded = TokenTagger.load(tmp_path / "model")
    assert (loaded.crf, loaded.lstm_size) == (tagger.crf, tagger.lstm_size) == (True, 6)
    assert loaded.predict(words) == tagger.predict(words) and loaded.score(words, tags) > 0.3
    assert "An LSTM of 6 units" in (tmp_path / "model" / "README.md").read_text()


def test_nothing_is_said_to_be_ignored_that_is_read(place: Path) -> None:
    assert not [warning for warning in load(place / "both").warnings if "glassbert_" in warning]


@pytest.mark.parametrize(
    ("begun", "more", "left", "new"),
    [
        ("chain", {}, ["chain of tags"], []),
        ("chain", {"crf": True}, [], []),
        ("both", {"crf": True}, ["LSTM"], ["classifier.weight"]),
        ("both", {}, ["chain of tags", "LSTM"], ["classifier.weight"]),
        ("both", {"crf": True, "lstm_size": 5}, ["LSTM"], None),
        ("both", BOTH, [], []),
    ],
)
def test_what_a_model_has_before_its_tags_is_not_left_out_in_silence(
    place: Path, tmp_path: Path, begun: str, more: dict[str, object], left: list[str], new: list[str] | None
) -> None:
    _, told = said_by(
        options(place / "train.conll", place / begun, tmp_path / "run", **{**QUICK, "epochs": 1, **more})
    )
    found = [line for line in told if "is left out" in line]
    assert len(found) == len(left) and all(part in line for part, line in zip(left, found, strict=True))
    made = read_json(tmp_path / "run" / "run.json")["model"]["newly_initialised"]
    assert new is None or sorted(made) == sorted(new)
