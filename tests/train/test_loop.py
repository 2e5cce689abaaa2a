"""The loop against its own arithmetic, and every way in which a run ends and goes on."""

import json
from pathlib import Path

import pytest
import torch
from small_job import Bag, SmallJob, small_run

from glassbert.errors import DataError, UsageError
from glassbert.train.log import read_metrics
from glassbert.train.loop import StepReport
from glassbert.train.schedule import warmup_decay


def test_the_loop_equals_torch_written_out(tmp_path: Path) -> None:
    run = small_run(tmp_path)
    run.go({"total_steps": 25})
    module = Bag()
    job = SmallJob(module)
    groups = [
        {"params": [module.words], "weight_decay": 0.1, "scale": 0.5},
        {"params": [module.head], "weight_decay": 0.0, "scale": 1.0},
    ]
    optimizer = torch.optim.AdamW(groups)
    for step in range(25):
        batches = job.batches(step)
        loss = sum(job.loss(batch, step, micro) for micro, batch in enumerate(batches)) / 8
        optimizer.zero_grad()
        loss.backward()
        module.words.grad = module.words.grad.to_dense()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = 0.03 * warmup_decay("linear")(step, 25) * group["scale"]
        optimizer.step()
    torch.testing.assert_close(run.module.words, module.words, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(run.module.head, module.head, rtol=1e-5, atol=1e-6)


def test_the_loop_learns_and_keeps_the_best(tmp_path: Path) -> None:
    run = small_run(tmp_path)
    outcome = run.go({"total_steps": 300, "eval_every": 50, "learning_rate": 0.05, "save_every_seconds": 1e9})
    losses = [row["loss"] for row in outcome.history]
    assert outcome.stopped_because == "finished" and outcome.steps == 300
    assert outcome.best_metric == min(losses) < 0.5 * losses[0]
    assert outcome.best_step == outcome.history[losses.index(min(losses))]["step"]
    assert outcome.best_step in run.checkpoints.list()
    assert outcome.tokens_seen == 300 * 8 * 7
    best = run.checkpoints.load(outcome.best_step)
    run.module.load_state_dict(best.module)
    assert run.job.evaluate()["loss"] == outcome.best_metric


def test_the_log_has_a_row_for_every_step_and_evaluation(tmp_path: Path) -> None:
    reports: list[StepReport] = []
    small_run(tmp_path).go({"total_steps": 20, "epochs": lambda steps: steps / 8}, on_step=reports.append)
    rows = read_metrics(tmp_path / "metrics.jsonl")
    steps = [row for row in rows if "loss" in row]
    evaluations = [row for row in rows if "validation_loss" in row]
    assert [row["step"] for row in steps] == list(range(1, 21))
    assert [row["step"] for row in evaluations] == [10, 20]
    assert set(steps[0]) == {
        "step",
        "time",
        "epoch",
        "loss",
        "learning_rate",
        "gradient_norm",
        "tokens_per_second",
    }
    assert steps[7]["epoch"] == 1.0
    assert [report.loss for report in reports] == [row["loss"] for row in steps]
    assert reports[-1].step == reports[-1].total_steps == 20 and reports[0].eta_seconds > 0


def test_the_probe_sees_every_step_and_the_start(tmp_path: Path) -> None:
    run = small_run(tmp_path)
    seen = []
    run.go({"total_steps": 5}, probe=lambda step, module: seen.append((step, module is run.module)))
    assert seen == [(step, True) for step in range(6)]


def test_a_plan_without_steps_is_evaluated_and_done(tmp_path: Path) -> None:
    outcome = small_run(tmp_path).go({"total_steps": 0})
    assert outcome.steps == 0 and len(outcome.history) == 1


def test_early_stopping_waits_for_its_patience(tmp_path: Path) -> None:
    run = small_run(tmp_path)
    values = iter([0.5, 0.4, 0.45, 0.39, 0.6, 0.39, 0.7])
    run.job.evaluate = lambda: {"loss": next(values)}
    outcome = run.go({"total_steps": 100, "patience": 3})
    assert (outcome.stopped_because, outcome.best_step, outcome.steps) == ("early stopping", 40, 70)
    again = small_run(tmp_path)
    assert again.go({"total_steps": 100, "patience": 3}, resume=True).steps == 70


def test_a_metric_that_is_not_a_number_is_never_the_best(tmp_path: Path) -> None:
    run = small_run(tmp_path)
    values = iter([float("nan"), 0.4, float("nan"), float("-inf")])
    run.job.evaluate = lambda: {"loss": next(values)}
    assert run.go().best_step == 20


def test_an_unknown_metric_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no metric 'f1' — choose one of accuracy, loss"):
        small_run(tmp_path).go({"metric": "f1"})


@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_a_number_that_is_not_finite_stops_before_the_update(tmp_path: Path, where: str) -> None:
    run = small_run(tmp_path, poison=17 if where == "loss" else None)
    if where == "gradient":
        finite = run.job.loss
        run.job.loss = lambda batch, step, micro: (  # a finite loss with an infinite slope
            finite(batch, step, micro) + (run.module.head - run.module.head.detach()).abs().sum().sqrt()
            if step == 17
            else finite(batch, step, micro)
        )
    before = {}
    keep = lambda step, module: before.update({step: module.words.detach().clone()})  # noqa: E731
    with pytest.raises(DataError, match=f"step 18: the {where}.* is (nan|inf)"):
        run.go({"save_every_seconds": 1e9}, probe=keep)
    assert torch.equal(run.module.words, before[17])
    replay = json.loads((tmp_path / "replay.json").read_text())
    assert replay["step"] == 18 and replay["seed"] == 3
    assert replay["ids"] == [batch.ids.tolist() for batch in run.job.batches(17)]
    assert run.checkpoints.list() == (10,)
    assert json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1])["reason"] == "non-finite"
