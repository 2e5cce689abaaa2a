"""text-classification against closed forms: weights of windows and classes, smoothing, decoding, refusals."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from glassbert.errors import DataError, GlassbertError, UsageError
from glassbert.model.config import HeadConfig
from glassbert.tasks.classification import TextClassification
from glassbert.tasks.task import Examples
from glassbert.text.columns import Columns
from glassbert.text.tables import Table, read_table
from glassbert.text.windows import Windows, bounds

LABELS = ("neg", "neutral", "pos")
HEAD = HeadConfig(kind="sequence-classification", labels=LABELS, problem_type="single_label_classification")
COLUMNS = Columns(text="text", label="label", reasons=())
LENGTHS = np.array([5, 3, 4, 5, 3, 7])
EXAMPLE = np.array([0, 1, 1, 2, 3, 3])
TEXTS = Examples(texts=["a", "b", "c", "d"], targets=None, rows=np.arange(4))
TARGETS = np.array([2, 0, 1, 1])


@pytest.fixture
def task() -> TextClassification:
    return TextClassification(head=HEAD)


@pytest.fixture
def windows() -> Windows:
    """Four texts in six windows; the second and the fourth text have two windows each."""
    total = int(LENGTHS.sum())
    return Windows(
        input_ids=np.arange(total, dtype=np.int32),
        token_type_ids=np.zeros(total, dtype=np.uint8),
        starts=bounds(LENGTHS),
        example=EXAMPLE.astype(np.int32),
        scored=np.ones(total, dtype=bool),
        offsets=None,
        sequence=np.zeros(total, dtype=np.int8),
        num_examples=4,
    )


@pytest.fixture
def examples() -> Examples:
    return Examples(texts=["a", "b", "c", "d"], targets=TARGETS, rows=np.arange(2, 6))


def table(labels: list[object], texts: list[object] | None = None) -> Table:
    texts = [f"text {i}" for i in range(len(labels))] if texts is None else texts
    return read_table(pd.DataFrame({"text": texts, "label": labels}, dtype=object))


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def test_labels_are_learnt_from_the_table_in_order() -> None:
    learnt = TextClassification.learn(table(["pos", "neg", "neutral", "neg"]), COLUMNS)
    assert learnt.head == HEAD
    assert TextClassification.learn(table(["10", "9"]), COLUMNS).head.labels == ("9", "10")
    assert TextClassification.learn(table([3, 1, 3]), COLUMNS).head.labels == ("1", "3")


def test_rows_become_examples_with_their_original_numbers(task: TextClassification) -> None:
    found = task.read(table(["pos", "neg"], ["first", ""]), COLUMNS)
    assert found.texts == ["first", ""]
    assert found.targets is not None
    assert found.targets.tolist() == [2, 0]
    assert found.rows.tolist() == [1, 2]


def test_rows_without_a_label_column_become_examples_without_targets(task: TextClassification) -> None:
    found = task.read(table(["whatever"]), Columns(text="text", label=None, reasons=()))
    assert found.targets is None
    assert len(found) == 1


def test_unknown_labels_of_another_file_are_refused(task: TextClassification) -> None:
    with pytest.raises(
        DataError, match=r"DataFrame:2: unknown-label: the label 'possitive'.*known labels: neg"
    ):
        task.read(table(["pos", "possitive"]), COLUMNS)


def test_single_label_file_is_refused() -> None:
    with pytest.raises(DataError, match="single-label"):
        TextClassification.learn(table(["pos", "pos"]), COLUMNS)
    assert TextClassification.learn(table(["pos"]), COLUMNS, allow_single=True).head.labels == ("pos",)


def test_examples_are_selected_in_the_order_asked(examples: Examples) -> None:
    found = examples.select(np.array([3, 0]))
    assert found.texts == ["d", "a"]
    assert found.targets is not None
    assert (found.targets.tolist(), found.rows.tolist()) == ([1, 2], [5, 2])


def test_batch_puts_equal_lengths_side_by_side(
    task: TextClassification, windows: Windows, examples: Examples
) -> None:
    batch = task.batch(windows, np.array([5, 3, 4, 0, 1]), examples)
    assert batch.index.tolist() == [4, 1, 3, 0, 5]
    assert batch.packed.layout.lengths.tolist() == [3, 3, 5, 5, 7]
    assert len(batch.packed.layout.groups) == 3
    expected = np.concatenate([np.arange(windows.starts[w], windows.starts[w + 1]) for w in batch.index])
    assert batch.packed.input_ids.tolist() == expected.tolist()
    assert batch.targets is not None
    assert batch.targets.tolist() == TARGETS[EXAMPLE[batch.index]].tolist()


def test_a_text_of_k_windows_weighs_as_much_as_one_of_one(
    task: TextClassification, windows: Windows, examples: Examples
) -> None:
    batch = task.batch(windows, np.arange(6), examples)
    per_text = np.bincount(EXAMPLE[batch.index], batch.weights.numpy())
    np.testing.assert_allclose(per_text, 1)
    assert batch.weight == pytest.approx(4)


def test_a_window_keeps_its_share_when_its_siblings_are_in_another_batch(
    task: TextClassification, windows: Windows, examples: Examples
) -> None:
    batch = task.batch(windows, np.array([1, 0]), examples)
    assert batch.index.tolist() == [1, 0]
    assert batch.weights.tolist() == [0.5, 1.0]
    assert batch.weight == 1.5


def test_batch_carries_the_position_offset_of_the_encoder(
    task: TextClassification, windows: Windows, examples: Examples
) -> None:
    assert task.batch(windows, np.arange(2), examples, position_offset=2).packed.layout.position_offset == 2


@pytest.mark.parametrize("smoothing", [0.0, 0.15])
@pytest.mark.parametrize("weighted", [False, True])
def test_loss_equals_the_closed_form(
    windows: Windows, examples: Examples, smoothing: float, weighted: bool
) -> None:
    class_weights = np.array([0.5, 2.0, 3.0]) if weighted else None
    task = TextClassification(head=HEAD, class_weights=class_weights, label_smoothing=smoothing)
    batch = task.batch(windows, np.arange(6), examples)
    logits = np.random.default_rng(0).normal(0, 3, (6, 3)).astype(np.float32)
    log_p = log_softmax(logits.astype(np.float64))
    expected, total = 0.0, 0.0
    for row, window in enumerate(batch.index):
        target = TARGETS[EXAMPLE[window]]
        weight = (1.0 if class_weights is None else class_weights[target]) / (
            EXAMPLE == EXAMPLE[window]
        ).sum()
        expected -= weight * ((1 - smoothing) * log_p[row, target] + smoothing * log_p[row].mean())
        total += weight
    assert task.loss(torch.from_numpy(logits), batch).item() == pytest.approx(expected, rel=1e-5)
    assert batch.weight == pytest.approx(total)


def test_loss_is_computed_in_float32_from_half_precision(
    task: TextClassification, windows: Windows, examples: Examples
) -> None:
    batch = task.batch(windows, np.arange(6), examples)
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)).to(torch.bfloat16)
    loss = task.loss(logits, batch)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(task.loss(logits.float(), batch).item())


def test_loss_without_targets_is_refused(task: TextClassification, windows: Windows) -> None:
    batch = task.batch(windows, np.arange(6))
    assert batch.targets is None
    with pytest.raises(UsageError, match="--label-column"):
        task.loss(torch.zeros(6, 3), batch)


def test_predictions_average_the_windows_of_each_text(task: TextClassification, windows: Windows) -> None:
    logits = np.random.default_rng(1).normal(size=(6, 3)).astype(np.float32)
    found = task.decode(logits, windows, TEXTS)
    expected = np.stack([logits[EXAMPLE == text].astype(np.float64).mean(0) for text in range(4)])
    np.testing.assert_allclose(found.logits, expected)
    np.testing.assert_allclose(found.scores, np.exp(log_softmax(expected)))
    assert found.classes.tolist() == expected.argmax(1).tolist()
    assert found.windows.tolist() == [1, 2, 1, 2]


def test_temperature_changes_the_scores_and_never_the_class(
    task: TextClassification, windows: Windows
) -> None:
    logits = np.random.default_rng(2).normal(0, 4, size=(6, 3))
    plain, cool = (
        each.decode(logits, windows, TEXTS) for each in (task, dataclasses.replace(task, temperature=3.0))
    )
    np.testing.assert_array_equal(cool.classes, plain.classes)
    np.testing.assert_array_equal(cool.logits, plain.logits)
    np.testing.assert_allclose(cool.scores, np.exp(log_softmax(plain.logits / 3)))


@pytest.mark.parametrize("bad", [np.zeros((5, 3)), np.full((6, 3), np.nan), np.full((6, 3), np.inf)])
def test_logits_that_cannot_be_right_are_refused(
    task: TextClassification, windows: Windows, bad: np.ndarray
) -> None:
    with pytest.raises(GlassbertError, match="bad-logits"):
        task.decode(bad, windows, TEXTS)


def test_text_without_a_window_is_refused(task: TextClassification, windows: Windows) -> None:
    with pytest.raises(GlassbertError, match="bad-logits"):
        task.decode(np.zeros((5, 3)), windows.select(np.arange(1, 6)), TEXTS)


def test_score_without_labels_is_refused(task: TextClassification, windows: Windows) -> None:
    nameless = Examples(texts=["a"] * 4, targets=None, rows=np.arange(4))
    with pytest.raises(UsageError, match="--label-column"):
        task.score(task.decode(np.zeros((6, 3)), windows, nameless), nameless)


@pytest.mark.parametrize(
    "options",
    [
        {"head": HeadConfig(kind="masked-lm")},
        {"head": HeadConfig(kind="token-classification", labels=LABELS)},
        {"head": HEAD, "label_smoothing": 1.0},
        {"head": HEAD, "label_smoothing": -0.1},
        {"head": HEAD, "temperature": 0.0},
        {"head": HEAD, "temperature": float("nan")},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict) -> None:
    with pytest.raises(UsageError):
        TextClassification(**options)
