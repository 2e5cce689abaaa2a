"""The arithmetic of an estimate, by hand; and its parts against a loop that is really run."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glassbert.model.tag_head import TagHead
from glassbert.runs.check.costs import Pace, Work, run_bytes, run_seconds
from glassbert.runs.check.data_check import check
from glassbert.runs.check.estimate import work_of
from glassbert.runs.check.measure import Measured, measure
from glassbert.runs.data import DataOptions, Dataset, read_dataset
from glassbert.runs.fit import make_plan
from glassbert.runs.job import FinetuneJob, Split
from glassbert.runs.learnt import count_learning
from glassbert.runs.prepare import Request, prepare_model
from glassbert.runs.recipe import values
from tests.runs.material import texts_and_labels
from tests.runs.test_tagging import conll

PACE = Pace(per_token=0.01, per_token_read=0.002, per_step=0.5, per_save=3.0, bytes_per_token=1000)
WORK = Work(steps=10, tokens=2000, evaluations=4, validation_tokens=100, judged_tokens=300, largest_batch=250)


def test_seconds_are_the_sum_of_their_parts() -> None:
    seconds, loop = run_seconds(WORK, PACE, others=7)
    assert loop == pytest.approx(2000 * 0.01 + 10 * 0.5 + 4 * 100 * 0.002 + 4 * 3)
    assert seconds == pytest.approx(loop + (100 + 300) * 0.002 + 1 + 7)


def test_bytes_are_process_weights_optimiser_and_the_largest_batch() -> None:
    assert (
        run_bytes(WORK, PACE, process=5e6, parameters=1000, learning=100, numbers=3) == 5e6 + 5_200 + 250_000
    )


def test_twelve_blocks_lie_on_the_line_through_one_and_three() -> None:
    """A cost a + b L is found again at any depth, in every part."""
    one, three, twelve = (
        Pace(**{name: 2 + depth * value for name, value in vars(PACE).items()}) for depth in (1, 3, 12)
    )
    found = one.at_depth(three, depths=(1, 3), depth=12)
    assert vars(found) == pytest.approx(vars(twelve))


def test_a_line_that_falls_below_nothing_is_nothing() -> None:
    """Noise may make the deeper network the faster one."""
    faster = Pace(**{name: value / 2 for name, value in vars(PACE).items()})
    assert set(vars(PACE.at_depth(faster, depths=(1, 3), depth=12)).values()) == {0.0}


@pytest.fixture
def job(encoder: Path, rows: Path) -> FinetuneJob:
    return job_of(encoder, read_dataset(DataOptions(train=rows)))


def job_of(encoder: Path, dataset: Dataset) -> FinetuneJob:
    prepared = prepare_model(
        Request(model=str(encoder), settings={"epochs": 2.5}, config={}),
        dataset.task,
        num_rows=len(dataset.train),
    )
    model = prepared.model
    windows = [
        dataset.task.windows(each, model.tokenizer, max_length=model.max_length)
        for each in (dataset.train, dataset.validation)
    ]
    return FinetuneJob(
        model.network,
        dataset.task,
        values(prepared.settings),
        train=Split(dataset.train, windows[0]),
        validation=Split(dataset.validation, windows[1]),
    )


@pytest.mark.parametrize("task", ["text-classification", "sentence-similarity"])
def test_the_work_is_that_of_the_loop(encoder: Path, rows: Path, tmp_path: Path, task: str) -> None:
    """Of pairs that are compared both texts are drawn together: two windows, one draw."""
    if task == "sentence-similarity":
        first = rows.read_text(encoding="utf-8").splitlines()[1:]
        texts = [line.partition(",")[0] for line in first]
        rows = tmp_path / "pairs.csv"
        scored = (f"{a},{b},{n % 5}" for n, (a, b) in enumerate(zip(texts[::2], texts[1::2], strict=True)))
        rows.write_text("\n".join(["sentence1,sentence2,score", *scored]), encoding="utf-8")
    dataset = read_dataset(DataOptions(train=rows, task=task))
    job = job_of(encoder, dataset)
    plan = make_plan(job)
    work = work_of(job, dataset)
    assert work.steps == plan.total_steps
    assert work.evaluations == -(-plan.total_steps // plan.eval_every)
    seen = sum(job.tokens(batch) for step in range(plan.total_steps) for batch in job.batches(step))
    assert work.tokens == pytest.approx(seen, rel=0.05)
    sizes = [job.tokens(batch) for step in range(job.steps_per_epoch) for batch in job.batches(step)]
    assert work.largest_batch == max(sizes)
    found = measure(job, seconds=0.01)
    assert found.tokens > 0 and found.pace.bytes_per_token > 0


BLOCK = 4 * (768 * 768 + 768) + 2 * 768 * 3072 + 3072 + 768 + 4 * 768


@pytest.mark.parametrize(
    ("settings", "learning"),
    [({"lora": 3}, 12 * 2 * 3 * (768 + 768)), ({"freeze": 2}, 10 * BLOCK)],
    ids=["lora", "freeze"],
)
def test_what_stays_as_it_is_is_not_counted(
    encoder: Path, rows: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, int], learning: int
) -> None:
    """The numbers that learn of a base model are counted by hand: adapters or blocks, pooler and head."""
    monkeypatch.setattr("glassbert.runs.check.estimate.SECONDS", 0.01)
    monkeypatch.setattr("glassbert.runs.check.estimate.BASE_TOKENS", 32)
    ours, base = check(rows, model=str(encoder), settings=settings).document["estimates"]
    request = Request(model=str(encoder), settings=settings, config={})
    dataset = read_dataset(DataOptions(train=rows))
    network = prepare_model(request, dataset.task, num_rows=len(dataset.train)).model.network
    assert ours["num_learning"] == count_learning(network) < ours["num_parameters"]
    assert base["num_learning"] == learning + 768 * 768 + 768 + 2 * 768 + 2


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[FinetuneJob, Measured]]:
    """Every job that an estimate measures, for a moment, and what was measured."""
    found: list[tuple[FinetuneJob, Measured]] = []

    def briefly(job: FinetuneJob, *, seconds: float, tokens: int) -> Measured:
        found.append((job, measure(job, seconds=0.01, tokens=min(tokens, 64))))
        return found[-1][1]

    monkeypatch.setattr("glassbert.runs.check.estimate.measure", briefly)
    return found


def test_the_head_that_is_asked_for_is_measured(
    encoder: Path, tmp_path: Path, measured: list[tuple[FinetuneJob, Measured]]
) -> None:
    """Its numbers by hand: C tags, N units in each direction, H wide; and what the LSTM keeps for its way
    back.
    """
    file, c, n = conll(tmp_path / "x.conll", 40), 5, 7
    plain = check(file, model=str(encoder)).document["estimates"]
    asked = check(file, model=str(encoder), crf=True, lstm_size=n).document["estimates"]
    before, after = measured[:3], measured[3:]
    assert not any(isinstance(job.network.head, TagHead) for job, _ in before)
    for (job, found), (_, without) in zip(after, before, strict=True):
        assert job.task.head.crf and job.network.head.crf.steps.shape == (c, c)
        assert job.network.head.lstm.hidden_size == n
        assert found.pace.bytes_per_token > without.pace.bytes_per_token
    widths = (after[0][0].network.config.hidden_size, 768)
    for h, ours, theirs in zip(widths, asked, plain, strict=True):
        more = 2 * 4 * n * (h + n + 2) + 2 * n * c + c * (c + 2)
        assert ours["num_parameters"] - theirs["num_parameters"] == more
        assert ours["num_learning"] - theirs["num_learning"] == more


def test_the_loss_and_the_pooling_that_are_asked_for_are_measured(
    encoder: Path, measured: list[tuple[FinetuneJob, Measured]]
) -> None:
    texts, _ = texts_and_labels(120)
    table = pd.DataFrame({"anchor": texts[::3], "positive": texts[1::3], "negative": texts[2::3]})
    check(table, model=str(encoder), loss="triplet", pooling="max")
    assert len(measured) == 3
    assert {(job.task.objective, job.network.head_config.pooling) for job, _ in measured} == {
        ("triplet", "max")
    }


def test_frozen_blocks_cost_what_reading_them_costs() -> None:
    """Of twelve blocks nine are frozen: three learn at 4 a token, and nine more are read at 0.5."""
    three, twelve = (replace(PACE, per_token=4.0, per_token_read=0.5 * n) for n in (3, 12))
    found = three.above(twelve)
    assert found.per_token == 4.0 + 9 * 0.5 and found.per_token_read == 6.0
    assert found.bytes_per_token == three.bytes_per_token and found.per_save == three.per_save


def test_measuring_takes_about_as_long_as_asked_and_leaves_a_usable_network(job: FinetuneJob) -> None:
    started = time.monotonic()
    found = measure(job, seconds=0.2)
    assert time.monotonic() - started < 30
    assert found.tokens > 0
    assert all(np.isfinite(value) and value > 0 for value in vars(found.pace).values())
    assert np.isfinite(job.evaluate()["loss"])
