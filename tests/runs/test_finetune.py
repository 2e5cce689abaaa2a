"""A run from a file to a finished directory: what it holds, what it refuses, what it is told."""

import json
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from glassbert.errors import DataError, GlassbertError, MissingInputError, OutputError, UsageError
from glassbert.runs.finetune import Watchers, finetune
from glassbert.runs.settings import DEFAULTS
from glassbert.train.log import read_metrics
from glassbert.train.stop import Stop
from tests.runs.material import options, read_json, run, said_by, texts_and_labels, write_rows

RUN_JSON = {
    "format_version", "run_id", "status", "created", "task", "command", "seed", "versions", "hardware",
    "request", "config", "data", "labels", "model", "result",
}  # fmt: skip
RESULT = {
    "metrics", "intervals", "per_class", "baselines", "verdict", "calibration", "confusion", "slices",
    "suspects", "tokens_seen", "windows_used", "long_texts", "tokens_per_second", "seconds",
    "training_seconds", "peak_rss_mb", "best_step", "total_steps", "stopped_because",
}  # fmt: skip


def weights(out: Path) -> dict[str, torch.Tensor]:
    return load_file(out / "model" / "model.safetensors")


def test_run_json_says_everything(finished: Path, rows: Path, encoder: Path) -> None:
    document = read_json(finished / "run.json")
    assert set(document) == RUN_JSON
    assert document["status"] == "finished"
    assert document["labels"] == ["bad", "good"]
    assert document["model"]["source"] == str(encoder)
    assert document["model"]["newly_initialised"] == ["classifier.weight", "classifier.bias"]
    assert document["model"]["num_hidden_layers"] == 2
    assert document["data"]["train"]["path"] == str(rows)
    assert len(document["data"]["train"]["sha256"]) == 64
    assert document["data"]["columns"]["text"] == "text"
    assert len(document["data"]["columns"]["reasons"]) == 2
    assert {"torch", "numpy", "python", "glassbert"} <= set(document["versions"])
    assert document["hardware"]["cores"] >= 1


def test_every_value_has_an_origin_and_a_reason(finished: Path) -> None:
    config = read_json(finished / "run.json")["config"]
    assert config.keys() == DEFAULTS.keys()
    for name, entry in config.items():
        assert set(entry) == {"value", "from", "reason"}, name
        assert entry["from"] in ("default", "recipe", "option", "config file"), name
        assert len(entry["reason"]) > 10, name
    assert config["epochs"]["from"] == "option"
    assert config["max_length"]["from"] == "recipe"


def test_the_result_is_complete_and_consistent(finished: Path) -> None:
    document = read_json(finished / "run.json")
    result, sizes = document["result"], document["data"]["sizes"]
    assert set(result) == RESULT
    confusion = np.array(result["confusion"])
    assert confusion.sum() == sizes["evaluation"]
    assert result["metrics"]["accuracy"] == pytest.approx(np.trace(confusion) / confusion.sum())
    assert result["metrics"]["accuracy"] > 0.9
    for name in ("accuracy", "macro_f1", "mcc"):
        low, high = result["intervals"][name]
        assert low <= result["metrics"][name] <= high
        for baseline in result["baselines"].values():
            assert name in baseline and name in baseline["intervals"]
    assert set(result["baselines"]) == {"majority", "tfidf"}
    assert sum(each["count"] for each in result["calibration"]["bins"]) == sizes["evaluation"]
    assert result["tokens_per_second"] > 0 and result["peak_rss_mb"] > 50
    assert result["best_step"] <= result["total_steps"] == 18
    assert result["stopped_because"] == "finished"
    assert result["windows_used"] == sizes["train"]


def test_predictions_are_those_of_the_result(finished: Path) -> None:
    frame = pd.read_csv(finished / "predictions.csv", keep_default_na=False)
    result = read_json(finished / "run.json")
    assert list(frame["row"]) == result["data"]["split"]["evaluation_rows"]
    counted = pd.crosstab(frame["label"], frame["prediction"]).reindex(
        index=["bad", "good"], columns=["bad", "good"], fill_value=0
    )
    assert counted.to_numpy().tolist() == result["result"]["confusion"]
    assert np.allclose(frame[["score:bad", "score:good"]].sum(axis=1), 1.0, atol=2e-6)


def test_the_log_has_every_step_and_every_validation(finished: Path) -> None:
    found = read_metrics(finished / "metrics.jsonl")
    steps = [row["step"] for row in found if "loss" in row]
    assert steps == list(range(1, 19))
    validations = [row for row in found if "validation_accuracy" in row]
    assert [row["step"] for row in validations] == [3, 6, 9, 12, 15, 18]
    assert {"learning_rate", "gradient_norm", "tokens_per_second", "epoch"} <= set(found[0])
    assert any((finished / "tensorboard").glob("events.out.tfevents.*"))


def test_the_weights_are_the_latest_of_those_that_are_as_good_as_the_best(finished: Path) -> None:
    document = read_json(finished / "run.json")
    log = [row for row in read_metrics(finished / "metrics.jsonl") if "validation_accuracy" in row]
    highest = max(row["validation_accuracy"] for row in log)
    error = (highest * (1 - highest) / document["data"]["sizes"]["validation"]) ** 0.5
    best = [row["step"] for row in log if highest - row["validation_accuracy"] <= error][-1]
    assert document["result"]["best_step"] == best
    saved = load_file(finished / "checkpoints" / f"step-{best}" / "module.safetensors")
    assert torch.equal(weights(finished)["classifier.weight"], saved["head.output.weight"])


def test_the_same_command_gives_the_same_bits(
    tmp_path: Path, rows: Path, encoder: Path, finished: Path
) -> None:
    run(rows, encoder, tmp_path / "again")
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        assert (tmp_path / "again" / "model" / name).read_bytes() == (finished / "model" / name).read_bytes()


def test_another_seed_gives_another_model(tmp_path: Path, rows: Path, encoder: Path, finished: Path) -> None:
    other = run(rows, encoder, tmp_path / "other", seed=5, epochs=0.5)
    assert other.document["seed"] == 5
    assert other.document["data"]["split"] != read_json(finished / "run.json")["data"]["split"]


def test_the_status_is_running_then_finished(tmp_path: Path, rows: Path, encoder: Path) -> None:
    seen = set()
    watchers = Watchers(on_step=lambda report: seen.add(read_json(tmp_path / "run" / "run.json")["status"]))
    finetune(options(rows, encoder, tmp_path / "run", epochs=0.5), stop=Stop(), watchers=watchers)
    assert seen == {"running"}
    assert read_json(tmp_path / "run" / "run.json")["status"] == "finished"


def test_a_run_that_fails_says_stopped(tmp_path: Path, rows: Path, encoder: Path) -> None:
    wild = {"optimizer": "sgd", "learning_rate": 10.0, "weight_decay": 10.0, "max_grad_norm": 1e9}
    with pytest.raises(DataError, match="the weights were not updated") as caught:
        run(rows, encoder, tmp_path / "run", epochs=30, evaluations_per_epoch=0.05, **wild)
    assert caught.value.problems[0].code == "non-finite"
    assert read_json(tmp_path / "run" / "run.json")["status"] == "stopped"
    replay = read_json(tmp_path / "run" / "replay.json")
    assert replay["rows"] and set(replay["rows"][0]) <= set(range(1, 200))


def test_weights_that_overflow_between_two_steps_are_bad_data(
    tmp_path: Path, rows: Path, encoder: Path
) -> None:
    wild = {"optimizer": "sgd", "learning_rate": 10.0, "weight_decay": 10.0, "max_grad_norm": 1e9}
    with pytest.raises(DataError) as caught:
        run(rows, encoder, tmp_path / "run", epochs=30, evaluations_per_epoch=1000, **wild)
    assert caught.value.problems[0].code in ("bad-logits", "non-finite")
    assert read_json(tmp_path / "run" / "run.json")["status"] == "stopped"


@pytest.mark.parametrize(
    ("change", "error", "named"),
    [
        ({"train": "absent.csv"}, MissingInputError, "absent.csv"),
        ({"text_column": "nope"}, DataError, "no column 'nope'"),
        ({"max_length": 1024}, UsageError, r"--max-length 1024: the model has positions for \d+ tokens"),
        ({"epochs": 0}, UsageError, "--epochs is 0"),
        ({"device": "cuda"}, UsageError, "no CUDA device"),
        ({"device": "tpu"}, UsageError, "--device is 'tpu'"),
        ({"task": "translation"}, UsageError, "no task"),
        ({"class_weights": {"ugly": 2.0}}, UsageError, "ugly"),
    ],
)
def test_what_is_refused_before_it_begins_leaves_nothing(
    tmp_path: Path,
    rows: Path,
    encoder: Path,
    change: dict[str, object],
    error: type[GlassbertError],
    named: str,
) -> None:
    if "cuda" in change.values() and torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    with pytest.raises(error, match=named):
        finetune(options(rows, encoder, tmp_path / "run", **change), stop=Stop())
    assert not (tmp_path / "run").exists()


def test_bad_settings_are_refused_before_anything_is_read(tmp_path: Path, encoder: Path) -> None:
    with pytest.raises(UsageError, match="--learning-rate"):
        run(tmp_path / "absent.csv", encoder, tmp_path / "run", learning_rate=float("nan"))


def test_a_directory_with_something_in_it_is_refused(tmp_path: Path, rows: Path, encoder: Path) -> None:
    (tmp_path / "thesis.docx").touch()
    for overwrite in (False, True):
        with pytest.raises(OutputError):
            run(rows, encoder, tmp_path, overwrite=overwrite)
    assert (tmp_path / "thesis.docx").exists()


def test_an_earlier_run_is_replaced_only_once_the_new_one_can_begin(
    tmp_path: Path, rows: Path, encoder: Path, finished: Path
) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "run"))
    (out / "report.html").touch()
    before = (out / "run.json").read_bytes()
    with pytest.raises(MissingInputError):
        run(tmp_path / "typo.csv", encoder, out, overwrite=True)
    assert (out / "run.json").read_bytes() == before
    assert (out / "model" / "model.safetensors").exists()
    new = run(rows, encoder, out, overwrite=True, epochs=0.5)
    assert new.run_id != json.loads(before)["run_id"]
    assert not (out / "report.html").exists()
    assert not (out / "checkpoints" / "step-18").exists()


def test_rejected_rows_lie_in_the_run(tmp_path: Path, encoder: Path) -> None:
    data = write_rows(tmp_path / "rows.csv", 40)
    data.write_text(data.read_text() + "only one field\n")
    read = type(options(data, encoder, tmp_path).data.read)(on_bad_rows="quarantine")
    done, said = said_by(options(data, encoder, tmp_path / "run", read=read, epochs=0.5))
    lines = (tmp_path / "run" / "rejected.jsonl").read_text().splitlines()
    assert [json.loads(line)["line"] for line in lines] == [42]
    assert done.document["data"]["rejected"] == 1
    assert any("1 row was set aside" in sentence for sentence in said)


def test_a_budget_is_kept(tmp_path: Path, encoder: Path, rows: Path) -> None:
    began = time.monotonic()
    done = run(rows, encoder, tmp_path / "run", epochs=5000, budget=6.0, patience=10**6)
    seconds = time.monotonic() - began
    result = done.document["result"]
    assert result["stopped_because"] == "budget"
    assert result["seconds"] == pytest.approx(seconds, abs=0.5)
    # how far the rate comes down depends on the machine's mood; tests/train has a clock of its own
    steps = [row["step"] for row in read_metrics(done.path / "metrics.jsonl") if "loss" in row]
    assert 1 <= len(steps) == result["total_steps"] < 5000


@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
def test_plain_descent_learns_with_its_recipe(
    tmp_path: Path, rows: Path, encoder: Path, optimizer: str
) -> None:
    rare = {"epochs": 12, "evaluations_per_epoch": 0.25, "patience": 99}
    wanted = options(rows, encoder, tmp_path / "run", optimizer=optimizer, **rare)
    settings = {name: value for name, value in wanted.settings.items() if name != "learning_rate"}
    done = finetune(type(wanted)(**{**vars(wanted), "settings": settings}), stop=Stop())
    assert done.document["config"]["learning_rate"]["from"] == "recipe"
    losses = [row["loss"] for row in read_metrics(done.path / "metrics.jsonl") if "loss" in row]
    assert np.mean(losses[-6:]) < 0.9 * np.mean(losses[:6])


def test_accumulated_gradients_are_those_of_the_large_batch(tmp_path: Path, encoder: Path) -> None:
    """65 rows to learn from: one batch of 65, or four of at most 17, are the same rows in one update."""
    data = write_rows(tmp_path / "rows.csv", 72)
    judged = write_rows(tmp_path / "judged.csv", 20, seed=4)
    # plain descent, because Adam makes a whole step of the rounding noise where a gradient is zero
    common = {"optimizer": "sgd", "learning_rate": 0.05, "hidden_dropout": 0.0, "epochs": 4, "metric": "loss"}
    common["evaluation"] = judged
    whole = run(data, encoder, tmp_path / "whole", batch_size=65, **common)
    parts = run(data, encoder, tmp_path / "parts", batch_size=17, gradient_accumulation_steps=4, **common)
    assert whole.document["data"]["sizes"]["train"] == 65
    assert whole.document["result"]["total_steps"] == parts.document["result"]["total_steps"] == 4
    mine, other = weights(whole.path), weights(parts.path)
    assert max(float((mine[name] - other[name]).abs().max()) for name in mine) < 1e-6


def test_the_metric_chooses_the_best_step(tmp_path: Path, rows: Path, encoder: Path) -> None:
    done = run(rows, encoder, tmp_path / "run", metric="loss", epochs=4)
    log = [row for row in read_metrics(done.path / "metrics.jsonl") if "validation_loss" in row]
    assert done.document["result"]["best_step"] == min(log, key=lambda row: row["validation_loss"])["step"]


def test_class_weights_pull_towards_the_rare_class(tmp_path: Path, encoder: Path) -> None:
    texts, _ = texts_and_labels(200)
    noise = pd.DataFrame({"text": texts, "label": ["rare" if i % 8 == 0 else "common" for i in range(200)]})
    common = {"epochs": 2, "metric": "loss", "learning_rate": 1e-3}
    plain = run(noise, encoder, tmp_path / "plain", **common)
    balanced = run(noise, encoder, tmp_path / "balanced", class_weights="balanced", **common)
    even = run(noise, encoder, tmp_path / "even", class_weights={"rare": 7.0}, **common)

    def rare(done: object) -> float:
        return float(pd.read_csv(done.path / "predictions.csv")["score:rare"].mean())

    def raw(done: object) -> float:
        bias = weights(done.path)["classifier.bias"]
        return float(bias[1] - bias[0])

    assert raw(plain) < raw(balanced)
    assert raw(plain) < raw(even)
    assert balanced.document["config"]["class_weights"]["value"] == "balanced"


def test_label_smoothing_raises_the_loss_that_is_reached(tmp_path: Path, rows: Path, encoder: Path) -> None:
    last = {}
    for smoothing in (0.0, 0.3):
        done = run(rows, encoder, tmp_path / str(smoothing), label_smoothing=smoothing, epochs=6, patience=99)
        losses = [row["loss"] for row in read_metrics(done.path / "metrics.jsonl") if "loss" in row]
        last[smoothing] = np.mean(losses[-3:])
    floor = -(0.85 * np.log(0.85) + 0.15 * np.log(0.15))  # the entropy of the smoothed target
    assert last[0.0] < 0.3 < 0.99 * floor < last[0.3]


def test_settings_of_a_file_are_named_as_such(tmp_path: Path, rows: Path, encoder: Path) -> None:
    config = {"num_train_epochs": 1, "hidden_dropout": 0.2, "learning_rate": 1.0}
    done = run(rows, encoder, tmp_path / "run", config=config, epochs=None)
    assert done.document["config"]["epochs"] == {
        "value": 1,
        "from": "config file",
        "reason": "given in the configuration file",
    }
    assert done.document["config"]["learning_rate"]["from"] == "option"


def test_a_run_may_learn_from_a_data_frame(tmp_path: Path, encoder: Path) -> None:
    texts, labels = texts_and_labels(60)
    done = run(pd.DataFrame({"text": texts, "label": labels}), encoder, tmp_path / "run", epochs=0.5)
    assert done.document["data"]["train"]["path"] == "DataFrame"
    assert len(done.document["data"]["train"]["sha256"]) == 64


def test_long_texts_are_counted_and_read_whole(tmp_path: Path, encoder: Path) -> None:
    texts, labels = texts_and_labels(60)
    texts[0] += " the film" * 40
    done = run(pd.DataFrame({"text": texts, "label": labels}), encoder, tmp_path / "run", epochs=0.5)
    result = done.document["result"]
    windows = pd.read_csv(tmp_path / "run" / "predictions.csv")["windows"]
    assert result["long_texts"] >= 1
    assert result["windows_used"] > done.document["data"]["sizes"]["train"] or windows.max() > 1


def test_a_finished_run_can_be_learnt_from_again(tmp_path: Path, rows: Path, finished: Path) -> None:
    done = run(rows, finished, tmp_path / "run", epochs=0.5)
    assert done.document["model"]["newly_initialised"] == []
    assert done.document["model"]["source"] == str(finished)


def test_one_class_alone_can_be_run_on_request(tmp_path: Path, encoder: Path) -> None:
    texts, _ = texts_and_labels(40)
    data = pd.DataFrame({"text": texts, "label": ["only"] * 40})
    done = run(data, encoder, tmp_path / "run", allow_degenerate=True, epochs=0.5)
    assert done.document["result"]["verdict"]["better"] is False


def test_contradictions_and_leaks_are_said_and_do_not_stop_a_run(tmp_path: Path, encoder: Path) -> None:
    """C24: a warning with counts; `--fail-on-leak` makes an error of the leak before anything is written."""
    texts, labels = texts_and_labels(40)
    turned = ["bad" if label == "good" else "good" for label in labels]
    data = pd.DataFrame({"text": texts * 2, "label": [*labels, *turned]})
    wanted = options(data, encoder, tmp_path / "run", evaluation=data.iloc[:40], epochs=0.5)  # type: ignore[arg-type]
    done, said = said_by(wanted)
    assert read_json(done.path / "run.json")["status"] == "finished"
    assert any("contradictory labels" in each and "40" in each for each in said)
    assert any("40 of 40 evaluation texts (100.0%) are also training texts" in each for each in said)
    refused = options(data, encoder, tmp_path / "refused", evaluation=data.iloc[:40], fail_on_leak=True)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="leak"):
        finetune(refused, stop=Stop())
    assert not (tmp_path / "refused").exists()
