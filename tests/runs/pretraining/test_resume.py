"""A run that dies goes on to the same bits; one that is changed is refused by what was changed."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from glassbert.errors import DataError, Interrupted, MissingInputError, UsageError
from glassbert.model.files import open_tensors
from glassbert.runs.pretraining import job as home
from glassbert.runs.pretraining.pretrain import Watchers, pretrain
from glassbert.runs.resolve import resolve_model
from glassbert.text import bytes_read
from glassbert.train.plan import StepReport
from glassbert.train.stop import Stop
from tests.runs.material import read_json
from tests.runs.pretraining.material import options, rows_of, run, write_text


class Killed(Exception):
    """Nothing is saved on the way out, as at kill -9."""


def weights(place: Path) -> dict[str, torch.Tensor]:
    return dict(open_tensors(place / "model").items())


def same(one: Path, other: Path) -> None:
    mine, theirs = weights(one), weights(other)
    assert set(mine) == set(theirs)
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    assert rows_of(one) == rows_of(other)


def killed_at(step: int) -> Callable[[StepReport], None]:
    def watch(report: StepReport) -> None:
        if report.step == step:
            raise Killed

    return watch


@pytest.mark.parametrize("step", [1, 3])
def test_a_killed_run_goes_on_to_the_same_bits(
    step: int, text: Path, pretrained: Path, tmp_path: Path
) -> None:
    with pytest.raises(Killed):
        run(options(text, tmp_path / "run"), Watchers(on_step=killed_at(step)))
    assert read_json(tmp_path / "run" / "run.json")["status"] == "stopped"
    with pytest.raises(MissingInputError, match="glassbert pretrain --resume"):
        resolve_model(tmp_path / "run")
    run(options(text, tmp_path / "run", resume=True))
    same(tmp_path / "run", pretrained)


def test_a_stopped_run_goes_on_without_saying_anything_again(
    text: Path, pretrained: Path, tmp_path: Path
) -> None:
    stop = Stop()
    watchers = Watchers(on_step=lambda report: stop.request())
    with pytest.raises(Interrupted):
        pretrain(options(text, tmp_path / "run"), stop=stop, watchers=watchers)
    run(options(text, tmp_path / "run", resume=True, texts=()))
    same(tmp_path / "run", pretrained)


@pytest.mark.parametrize("meanwhile", ["learnt from the text", "100 % of 0 MB of text are tokenised"])
def test_a_stop_is_heard_while_the_text_is_read(
    meanwhile: str, text: Path, pretrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bytes_read, "SILENT_SECONDS", 0.0)
    stop, out = Stop(), tmp_path / "run"

    def say(sentence: str) -> None:
        if meanwhile in sentence:
            stop.request()

    wanted = options(text, out, eval_text=str(text))
    with pytest.raises(Interrupted, match="before the first step: the text was still being read"):
        pretrain(wanted, stop=stop, watchers=Watchers(say=say))
    assert read_json(out / "run.json")["status"] == "stopped"
    monkeypatch.setattr(bytes_read, "SILENT_SECONDS", 10.0)
    said: list[str] = []
    run(options(text, out, resume=True), Watchers(say=said.append))
    assert not any("% of" in sentence for sentence in said)
    run(options(text, tmp_path / "other", eval_text=str(text)))
    same(out, tmp_path / "other")


def test_a_loss_that_is_no_number_stops_before_the_update_and_names_the_batch(
    text: Path, pretrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, calls = home.total_loss, iter(range(99))
    bad = lambda sums, **share: honest(sums, **share) * (float("nan") if next(calls) == 2 else 1)  # noqa: E731
    monkeypatch.setattr(home, "total_loss", bad)
    with pytest.raises(DataError, match="non-finite: step 3"):
        run(options(text, tmp_path / "run"))
    replay = read_json(tmp_path / "run" / "replay.json")
    assert len(replay["samples"][0]) == 6
    monkeypatch.setattr(home, "total_loss", honest)
    run(options(text, tmp_path / "run", resume=True))
    same(tmp_path / "run", pretrained)


def test_other_settings_and_other_text_are_refused_by_name(
    text: Path, pretrained: Path, tmp_path: Path
) -> None:
    with pytest.raises(Killed):
        run(options(text, tmp_path / "run"), Watchers(on_step=killed_at(2)))
    again = {"out": tmp_path / "run", "resume": True}
    with pytest.raises(UsageError, match="learning_rate: recorded 0.0001, asked for 0.1"):
        run(options(text, learning_rate=0.1, **again))
    with pytest.raises(UsageError, match="size: recorded 'tiny', asked for 'mini'"):
        run(options(text, size="mini", **again))
    with pytest.raises(DataError, match="changed-data"):
        run(options(write_text(tmp_path / "other.txt", seed=1), **again))
    tokenizer = tmp_path / "run" / "tokenizer"
    vocabulary = (tokenizer / "vocab.txt").read_text()
    for file in tokenizer.iterdir():
        file.write_text(file.read_text().replace("warm", "damp"))
    assert vocabulary != (tokenizer / "vocab.txt").read_text()
    with pytest.raises(DataError, match="changed-tokenizer"):
        run(options(text, **again))


def test_a_budget_ends_the_run_and_a_finished_run_is_left_alone(text: Path, tmp_path: Path) -> None:
    wanted = options(text, tmp_path / "run", steps=None, budget=2.5)
    document = run(wanted).document
    assert document["result"]["stopped_because"] == "budget"
    assert document["result"]["total_steps"] < document["planned_steps"]
    said: list[str] = []
    assert run(options(text, tmp_path / "run", resume=True), Watchers(say=said.append)).document == document
    assert said == ["this run is finished: nothing is left to do"]
