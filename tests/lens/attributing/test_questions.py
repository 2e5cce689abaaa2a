"""Any head can be asked, at the token that it reads; what cannot be asked is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import glassbert as gb
from glassbert.errors import UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.tasks.names import TASKS
from tests.contract.workbench import tiny_config, tiny_tokenizer
from tests.lens.attributing.planted import Looked

NAMES = [method.name for method in gb.lens.methods()]
TAGS = {"kind": "token-classification", "labels": ("O", "B")}
QUICK = gb.lens.AttributionOptions(randomise=False, samples=50)
TEXT = "the film is warm !"


def model(directory: Path, family: str = "bert", **head: Any) -> Looked:
    tokenizer = tiny_tokenizer(directory)
    config = tiny_config(tokenizer.vocab_size, family)
    return Looked(family, Network(config, HeadConfig(**head), seed=2), tokenizer)


def logits(model: Looked, *, masked: int | None = None) -> np.ndarray:
    """The network's own answer at every token of the text."""
    windows = model.windows([TEXT])
    ids = windows.input_ids.astype(np.int64)
    if masked is not None:
        ids[masked] = model.tokenizer.mask_token_id
    offset = model.network.config.position_offset
    packed = Packed.of(ids, windows.token_type_ids, windows.lengths, position_offset=offset)
    with torch.no_grad():
        found = model.network(packed)
    return (found.masked if hasattr(found, "masked") else found).double().numpy()


def log_odds(row: np.ndarray, column: int) -> float:
    others = np.delete(row, column)
    return float(row[column] - np.log(np.exp(others).sum()))


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_a_tag_is_explained_at_its_token(tmp_path: Path, family: str) -> None:
    tagger = model(tmp_path, family, kind="token-classification", labels=("O", "B", "I"))
    record = gb.lens.attribution(tagger, TEXT, method=NAMES, target=(4, "I"), options=QUICK)
    assert (record.target, record.position, record.kind) == ("I", 4, "log-odds")
    assert record.explained == pytest.approx(log_odds(logits(tagger)[4], 2), abs=1e-4)
    assert all(np.isfinite(method.scores).all() for method in record.methods)
    predicted = gb.lens.attribution(tagger, TEXT, method="saliency", target=(4, None), options=QUICK)
    assert predicted.target == ("O", "B", "I")[logits(tagger)[4].argmax()]


@pytest.mark.parametrize("kind", ["masked-lm", "pretraining"])
def test_a_masked_word_is_explained_by_the_others(tmp_path: Path, kind: str) -> None:
    guesser = model(tmp_path, kind=kind)
    record = gb.lens.attribution(guesser, TEXT, method=NAMES, target=(4, "cold"), options=QUICK)
    assert record.tokens == ("[CLS]", "the", "film", "is", "[MASK]", "!", "[SEP]")
    assert record.sequence.tolist() == [-1, 0, 0, 0, -1, 0, -1]
    column = guesser.tokenizer.tokens(range(guesser.tokenizer.vocab_size)).index("cold")
    assert record.explained == pytest.approx(log_odds(logits(guesser, masked=4)[4], column), abs=1e-4)
    assert record.of("occlusion").scores[4] == 0


def test_the_end_of_a_span_is_explained_by_its_logit(tmp_path: Path) -> None:
    finder = model(tmp_path, kind="span")
    record = gb.lens.attribution(finder, TEXT, method=NAMES, target=(2, "end"), options=QUICK)
    assert (record.unit, record.kind) == ("value", "value")
    assert record.explained == record.prediction == pytest.approx(logits(finder)[2, 1], abs=1e-5)
    shapley = record.of("shapley_sampling")
    assert shapley.scores.sum() == pytest.approx(record.explained - record.masked, abs=1e-5)


@pytest.mark.parametrize(
    ("problem", "labels", "kind", "unit"),
    [
        ("single_label_classification", ("a", "b", "c"), "log-odds", "probability"),
        (None, ("a", "b"), "log-odds", "probability"),
        ("multi_label_classification", ("a", "b", "c"), "sigmoid", "probability"),
        ("regression", ("score",), "value", "value"),
        (None, ("score",), "value", "value"),
    ],
)
def test_what_is_explained_follows_from_the_head(
    tmp_path: Path, problem: str | None, labels: tuple[str, ...], kind: str, unit: str
) -> None:
    asked = model(tmp_path, kind="sequence-classification", labels=labels, problem_type=problem)
    record = gb.lens.attribution(asked, TEXT, method="occlusion", target=labels[-1], options=QUICK)
    row = logits(asked)[0]
    assert (record.kind, record.unit) == (kind, unit)
    if kind == "log-odds":
        shares = np.exp(row) / np.exp(row).sum()
        assert record.prediction == pytest.approx(shares[-1], abs=1e-5)
        assert record.explained == pytest.approx(log_odds(row, len(row) - 1), abs=1e-4)
    elif kind == "sigmoid":
        assert record.prediction == pytest.approx(1 / (1 + np.exp(-row[-1])), abs=1e-5)
    else:
        assert record.prediction == record.explained == pytest.approx(row[0], abs=1e-5)


def test_whether_a_sentence_follows_is_a_question_too(tmp_path: Path) -> None:
    record = gb.lens.attribution(
        model(tmp_path, kind="next-sentence"), TEXT, pair="a dull one", target="follows", options=QUICK
    )
    assert record.target == "follows" and record.kind == "log-odds"


@pytest.mark.parametrize(
    ("head", "target", "message"),
    [
        ({"kind": "none"}, None, "has no trained head, so it predicts nothing to explain.*finetune"),
        ({"kind": "pooling"}, None, "classifies.*tags.*finds spans.*guesses masked words — train one"),
        ({"kind": "pooling"}, None, "has no trained head"),
        ({"kind": "span"}, None, "no token was named.*add --token N .*tokens: 1 the, 2 film, .* 5 !$"),
        ({"kind": "span"}, "middle", "no label is called 'middle'.*use start, end"),
        (TAGS, None, "no token was named.*add --token N .*tokens: 1 the, "),
        (TAGS, "X", "no label is called 'X'.*use O, B"),
        (TAGS, (99, "X"), "no label is called 'X'.*use O, B"),
        ({"kind": "span"}, (0, "end"), "token 0 is none of the text"),
        ({"kind": "span"}, (7, "end"), "token 7 is none of the text"),
        ({"kind": "span"}, (2, "middle"), "no label is called 'middle'.*use start, end"),
        ({"kind": "masked-lm"}, (2, "warmish"), "no piece of its vocabulary is 'warmish'"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    tmp_path: Path, head: dict[str, Any], target: Any, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        gb.lens.attribution(model(tmp_path, **head), TEXT, target=target)


def test_an_empty_text_has_no_token_to_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give a text that is not empty, and --token N"):
        gb.lens.attribution(model(tmp_path, kind="span"), "", target=(1, "end"))


def test_a_head_that_was_never_trained_is_named(tmp_path: Path) -> None:
    class Untrained(Looked):
        untrained = ("head.output.weight",)

    known = model(tmp_path, kind="sequence-classification", labels=("a", "b"))
    with pytest.raises(UsageError, match=r"no trained head \(head.output.weight would be random\)"):
        gb.lens.attribution(Untrained(known.name, known.network, known.tokenizer), TEXT)


def test_a_mask_in_the_text_is_said_to_be_letters(tmp_path: Path) -> None:
    guesser = model(tmp_path, kind="masked-lm")
    with pytest.raises(
        UsageError, match=r"\[MASK\] in a text is read as letters: write any word there"
    ) as no:
        gb.lens.attribution(guesser, "the film is [MASK] !")
    assert "tokens: 1 the, 2 film, 3 is, 4 " in str(no.value)
    with pytest.raises(UsageError) as without:
        gb.lens.attribution(guesser, TEXT)
    assert "read as letters" not in str(without.value)


def test_the_tasks_named_to_one_without_a_head_make_heads_that_can_be_asked(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as no:
        gb.lens.attribution(model(tmp_path, kind="none"), TEXT)
    named = {name for name in TASKS if name in str(no.value)}
    assert named == set(TASKS) - {"sentence-similarity"}  # which leaves a bare encoder
