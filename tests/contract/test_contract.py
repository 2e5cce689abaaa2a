"""What every task must keep (design 3.6), on tiny random networks of three families."""

from pathlib import Path

import numpy as np
import pytest
import torch

from glassbert.errors import DataError
from glassbert.tasks.names import TASKS
from glassbert.tasks.task import Examples, Predictions
from glassbert.text.windows import Windows
from tests.contract.cases import CASES, LONG, ODD, Case
from tests.contract.workbench import MAX_LENGTH, Workbench, flat, load, save

UNWINDOWED = 1_000_000


def assert_same(ours: Predictions, theirs: Predictions, *, atol: float = 1e-5) -> None:
    np.testing.assert_allclose(flat(ours.logits), flat(theirs.logits), atol=atol)
    np.testing.assert_allclose(flat(ours.scores), flat(theirs.scores), atol=atol)
    if ours.answers.dtype.kind == "f":
        np.testing.assert_allclose(ours.answers, theirs.answers, atol=atol)
    else:
        np.testing.assert_array_equal(flat(ours.answers), flat(theirs.answers))
    np.testing.assert_array_equal(ours.windows, theirs.windows)


def pick(predictions: Predictions, index: np.ndarray) -> Predictions:
    return Predictions(
        logits=predictions.logits[index],
        scores=predictions.scores[index],
        answers=predictions.answers[index],
        windows=predictions.windows[index],
    )


def content(windows: Windows, text: int) -> list[int]:
    """The scored tokens of a text, window after window; of a pair, those of the first text come first."""
    found: list[int] = []
    for side in (0, 1):
        for window in np.flatnonzero(windows.example == text):
            place = slice(windows.starts[window], windows.starts[window + 1])
            scored = windows.scored[place] & (windows.sequence[place] == side)
            found += windows.input_ids[place][scored].tolist()
    return found


def place_of(text: str, examples: Examples) -> int:
    """The row of a text, or of the pair that begins with it."""
    return [each if isinstance(each, str) else each[0] for each in examples.texts].index(text)


def test_every_task_has_a_case() -> None:
    assert {case.name for case in CASES} == set(TASKS)


def test_every_token_of_a_long_text_is_scored_exactly_once(bench: Workbench, examples: Examples) -> None:
    windows = bench.windows(examples)
    whole = bench.task.windows(examples, bench.tokenizer, max_length=UNWINDOWED)
    assert windows.lengths.max() <= MAX_LENGTH
    long = place_of(LONG, examples) * windows.sides
    assert np.bincount(windows.example)[long] > 5
    assert windows.num_examples == len(examples) * windows.sides
    for text in range(windows.num_examples):
        assert content(windows, text) == content(whole, text)
    assert len(content(whole, long)) > 5 * MAX_LENGTH


def test_every_text_is_predicted_exactly_once_however_odd(
    bench: Workbench, case: Case, examples: Examples
) -> None:
    found = bench.predict(examples)
    assert len(found.answers) == len(examples.texts) == len(found.logits)
    assert np.isfinite(flat(found.logits)).all()
    assert case.scored(flat(found.scores))
    assert found.windows.min() >= 1
    assert found.windows[place_of("", examples)] == 1


def test_predictions_tell_different_texts_apart(bench: Workbench, examples: Examples) -> None:
    """Guards the tests below: a network that says the same of every text would pass them all."""
    logits = flat(bench.predict(examples).logits[:5])
    assert np.ptp(logits, axis=0).max() > 0.05


@pytest.mark.parametrize("batch_size", [1, 3, 1000])
def test_batch_size_does_not_change_a_prediction(
    bench: Workbench, examples: Examples, batch_size: int
) -> None:
    assert_same(bench.predict(examples, batch_size=batch_size), bench.predict(examples))


def test_batch_composition_does_not_change_a_prediction(bench: Workbench, examples: Examples) -> None:
    order = np.random.default_rng(0).permutation(len(bench.windows(examples)))
    assert_same(bench.predict(examples, batch_size=4, order=order), bench.predict(examples))


def test_other_rows_do_not_change_a_prediction(bench: Workbench, examples: Examples) -> None:
    together = bench.predict(examples)
    for row in range(len(examples)):
        alone = bench.predict(examples.select(np.array([row])))
        assert_same(alone, pick(together, np.array([row])))


def test_order_of_rows_does_not_change_a_prediction(bench: Workbench, examples: Examples) -> None:
    order = np.random.default_rng(1).permutation(len(examples))
    assert_same(bench.predict(examples.select(order)), pick(bench.predict(examples), order))


def test_prediction_of_a_long_text_depends_on_its_end(bench: Workbench, case: Case) -> None:
    texts = [LONG, LONG[: len(LONG) // 2], LONG + "fine " * 20]
    examples = bench.task.read(case.table(case.labelled(texts)), case.columns)
    logits = bench.predict(examples).logits
    common = min(len(logits[0]), len(logits[2]))
    assert np.abs(logits[0][:common] - logits[2][:common]).max() > 1e-3


def test_saved_and_loaded_model_predicts_the_same(
    bench: Workbench, examples: Examples, tmp_path: Path
) -> None:
    bench = bench.settled(examples)
    save(bench, tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.task.name == bench.task.name
    assert again.task.head == bench.task.head
    assert_same(again.predict(examples), bench.predict(examples), atol=0)


def test_settling_changes_no_number_and_no_class(bench: Workbench, examples: Examples) -> None:
    """Whatever settling does to the head, decoding undoes; sets of labels may change, by their thresholds."""
    before, settled = bench.predict(examples), bench.settled(examples)
    after = settled.predict(examples)
    if bench.task.answer in ("class", "tags"):
        np.testing.assert_array_equal(flat(before.answers), flat(after.answers))
    else:
        np.testing.assert_allclose(before.scores, after.scores, atol=1e-5)
    bench.task.as_trained(settled.network)
    np.testing.assert_allclose(flat(bench.predict(examples).logits), flat(before.logits), atol=1e-5)


def test_unknown_labels_are_refused(bench: Workbench, case: Case) -> None:
    with pytest.raises(DataError, match=case.refused):
        bench.task.read(case.table(case.unknown), case.columns)


def test_rows_keep_their_numbers(bench: Workbench, examples: Examples) -> None:
    assert examples.rows.tolist() == list(range(1, len(examples) + 1))


def test_scores_equal_an_independent_implementation(bench: Workbench, case: Case, examples: Examples) -> None:
    predictions = bench.predict(examples)
    found = bench.task.score(predictions, examples)
    assert found == pytest.approx(case.scores(predictions, examples))


def test_loss_equals_the_closed_form_on_given_logits(
    bench: Workbench, case: Case, examples: Examples
) -> None:
    windows = bench.windows(examples)
    batch = bench.batch(windows, np.random.default_rng(2).permutation(len(windows)), examples)
    shape = tuple(bench.network(batch.packed, rows=batch.rows).shape)
    logits = torch.randn(shape, generator=torch.Generator().manual_seed(3)) * 4
    expected = case.loss(logits.numpy(), batch, examples, windows.example)
    assert bench.task.loss(logits, batch).item() == pytest.approx(expected, rel=1e-5)
    assert batch.weight == pytest.approx(case.weight(examples, windows))
    assert batch.weight == pytest.approx(batch.weights.sum().item())


def gradient(bench: Workbench, windows: Windows, examples: Examples) -> dict[str, torch.Tensor]:
    batch = bench.batch(windows, np.arange(len(windows)), examples)
    # windows that are repeated share no tokens: of texts that are compared, each is to be read whole
    rows = batch.rows if batch.sides is None else None
    bench.network.zero_grad()
    loss = bench.task.loss(bench.network(batch.packed, rows=rows), batch)
    (loss / batch.weight).backward()
    parameters = dict(bench.network.named_parameters())
    return {name: value.grad.clone() for name, value in parameters.items() if value.grad is not None}


def test_gradient_of_a_text_of_many_windows_counts_once(
    bench: Workbench, case: Case, examples: Examples
) -> None:
    one = examples.select(np.array([1]))
    once = bench.windows(one)
    assert len(once) == case.sides
    expected = gradient(bench, once, one)
    found = gradient(bench, once.select(np.repeat(np.arange(case.sides), 3)), one)
    assert sum(float(value.abs().sum()) for value in expected.values()) > 1e-3
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, atol=1e-6, rtol=1e-4, msg=name)


def test_batch_has_no_padding_and_equal_lengths_side_by_side(bench: Workbench, examples: Examples) -> None:
    windows = bench.windows(examples)
    batch = bench.batch(windows, np.random.default_rng(4).permutation(len(windows)), examples)
    assert len(batch.packed.layout.groups) == len(np.unique(windows.lengths))
    assert batch.packed.input_ids.numel() == windows.lengths.sum()
    assert bench.tokenizer.pad_token_id not in batch.packed.input_ids


def test_odd_texts_cover_the_empty_and_the_endless() -> None:
    assert "" in ODD
    assert max(map(len, ODD)) > 10_000
