"""What a run of pre-training cannot do says what it is, and which verbs fit it."""

from collections.abc import Callable
from pathlib import Path

import pytest

import glassbert as gb
from glassbert.errors import DataError, GlassbertError, MissingInputError, UsageError
from glassbert.runs.finetune import finetune
from glassbert.runs.ground import open_ground
from glassbert.runs.pretraining.pretrain import Watchers
from glassbert.train.stop import Stop
from tests.cli.process import Answer, inside  # noqa: F401 - a fixture
from tests.runs import material as finetuning
from tests.runs.pretraining.material import options, run
from tests.runs.pretraining.test_resume import Killed, killed_at

FITTING = ("glassbert finetune DATA --model", "glassbert fill-mask", "glassbert evaluate")


def refusal(call: Callable[[], object], kind: type[GlassbertError]) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def test_a_landscape_and_a_comparison_name_the_run_and_the_verbs(pretrained: Path) -> None:
    for call in (lambda: open_ground(pretrained), lambda: gb.compare(pretrained, pretrained)):
        said = refusal(call, DataError)
        assert "this is a run of pre-training" in said
        assert all(verb in said for verb in FITTING)


def test_predictions_name_the_encoder_and_the_verbs(pretrained: Path) -> None:
    said = refusal(lambda: gb.load(pretrained).predict(["a film"]), UsageError)
    assert "is a pre-trained encoder: its head guesses hidden words" in said
    assert all(verb in said for verb in FITTING)


def test_a_label_that_is_no_piece_is_refused_with_the_verb_that_learns_labels(pretrained: Path) -> None:
    model = gb.load(pretrained)
    said = refusal(lambda: gb.lens.attribution(model, "the film", target=(1, "positive")), UsageError)
    assert "guesses hidden words" in said and "no piece of its vocabulary is 'positive'" in said
    assert "glassbert finetune DATA --model" in said
    assert gb.lens.attribution(model, "the film", target=(1, "film")).target == "film"


def test_finetune_does_not_go_on_with_it(pretrained: Path, rows: Path, encoder: Path) -> None:
    wanted = finetuning.options(rows, encoder, pretrained, resume=True)
    said = refusal(lambda: finetune(wanted, stop=Stop()), DataError)
    assert "glassbert pretrain --resume" in said


def test_an_unfinished_run_is_loaded_by_nobody(text: Path, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        run(options(text, tmp_path / "run"), Watchers(on_step=killed_at(1)))
    said = refusal(lambda: gb.load(tmp_path / "run"), MissingInputError)
    assert "the run has not finished" in said and "glassbert pretrain --resume" in said


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("look", "landscape"), 65),
        (("predict", "--text", "a film"), 2),
        (("look", "attribution", "--text", "a film", "--target", "positive"), 2),
    ],
)
def test_verbs_end_with_the_verbs_that_fit(
    words: tuple[str, ...],
    code: int,
    pretrained: Path,
    inside: Callable[..., Answer],  # noqa: F811
) -> None:
    done = inside(*words, pretrained)
    assert done.code == code
    assert "glassbert finetune DATA --model" in done.err
