"""AdamW against torch.optim, against the paper's formula, and its row-sparse form against the dense one."""

import copy
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from glassbert.errors import DataError, GlassbertError
from glassbert.train.adamw import AdamW
from glassbert.train.group import ParameterGroup
from glassbert.train.rows import RowMoments

SHAPES = {"a.weight": (7, 5), "a.bias": (5,), "b": (3, 2, 4), "c": ()}


def draw_parameters(seed: int = 0) -> dict[str, nn.Parameter]:
    draw = torch.Generator().manual_seed(seed)
    return {name: nn.Parameter(torch.randn(shape, generator=draw)) for name, shape in SHAPES.items()}


def two_groups(parameters: dict[str, nn.Parameter]) -> list[ParameterGroup]:
    named = list(parameters.items())
    return [
        ParameterGroup(name="low", parameters=named[:2], lr_scale=0.3, weight_decay=0.2),
        ParameterGroup(name="high", parameters=named[2:], weight_decay=0.0),
    ]


def give_gradients(parameters: dict[str, nn.Parameter], step: int) -> None:
    draw = torch.Generator().manual_seed(100 + step)
    for name, parameter in parameters.items():
        parameter.grad = torch.randn(parameter.shape, generator=draw)
        if name == "b" and step % 3 == 1:
            parameter.grad = None  # a parameter that the step did not use is left alone


def torch_groups(groups: list[ParameterGroup]) -> list[dict]:
    return [
        {"params": [parameter for _, parameter in group.parameters], "weight_decay": group.weight_decay}
        for group in groups
    ]


def test_adamw_equals_torch() -> None:
    ours, theirs = draw_parameters(), draw_parameters()
    optimizer = AdamW(two_groups(ours))
    peer = torch.optim.AdamW(torch_groups(two_groups(theirs)), foreach=False, fused=False)
    for step in range(50):
        rate = 0.02 * (1 - step / 50)
        give_gradients(ours, step)
        give_gradients(theirs, step)
        peer.param_groups[0]["lr"], peer.param_groups[1]["lr"] = 0.3 * rate, rate
        optimizer.step(rate)
        peer.step()
    for name in SHAPES:
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-6, atol=1e-6)


def test_adamw_equals_the_formula() -> None:
    weight, mean, square = 0.7, 0.0, 0.0
    parameter = nn.Parameter(torch.tensor([0.7], dtype=torch.float64))
    group = ParameterGroup(name="all", parameters=[("p", parameter)], weight_decay=0.1)
    optimizer = AdamW([group], betas=(0.8, 0.95), eps=1e-3)
    for step in range(1, 30):
        gradient, rate = math.sin(step), 0.1 / step
        parameter.grad = torch.tensor([2 * gradient], dtype=torch.float64)
        optimizer.step(rate, scale=0.5)
        mean = 0.8 * mean + 0.2 * gradient
        square = 0.95 * square + 0.05 * gradient**2
        weight -= rate * 0.1 * weight
        weight -= rate * (mean / (1 - 0.8**step)) / (math.sqrt(square / (1 - 0.95**step)) + 1e-3)
        assert parameter.item() == pytest.approx(weight, rel=1e-6)


def test_adamw_clips_as_if_the_gradients_were_smaller() -> None:
    ours, theirs = draw_parameters(), draw_parameters()
    first, second = AdamW(two_groups(ours)), AdamW(two_groups(theirs))
    for step in range(10):
        give_gradients(ours, step)
        give_gradients(theirs, step)
        for parameter in theirs.values():
            if parameter.grad is not None:
                parameter.grad *= 0.37
        first.step(0.01, scale=0.37)
        second.step(0.01)
    for name in SHAPES:
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-6, atol=1e-6)


def test_adamw_state_round_trips() -> None:
    ours = draw_parameters()
    optimizer = AdamW(two_groups(ours))
    for step in range(7):
        give_gradients(ours, step)
        optimizer.step(0.01)
    twins = {name: nn.Parameter(parameter.detach().clone()) for name, parameter in ours.items()}
    twin = AdamW(two_groups(twins))
    twin.load_state_tensors({name: tensor.clone() for name, tensor in optimizer.state_tensors().items()})
    for step in range(7, 12):
        give_gradients(ours, step)
        give_gradients(twins, step)
        optimizer.step(0.01)
        twin.step(0.01)
    assert all(torch.equal(ours[name], twins[name]) for name in SHAPES)


def test_adamw_refuses_the_state_of_other_parameters() -> None:
    parameters = draw_parameters()
    optimizer = AdamW(two_groups(parameters))
    give_gradients(parameters, 0)
    optimizer.step(0.01)
    state = optimizer.state_tensors()
    with pytest.raises(DataError, match="state for z, which the model does not have"):
        optimizer.load_state_tensors({"z/step": state["c/step"]})
    with pytest.raises(DataError, match=r"a.bias/exp_avg has shape \[3\], not \[5\]"):
        optimizer.load_state_tensors(state | {"a.bias/exp_avg": torch.zeros(3)})
    with pytest.raises(DataError, match=r"c has the state \['exp_avg', 'step'\]"):
        optimizer.load_state_tensors({name: t for name, t in state.items() if name != "c/exp_avg_sq"})


ROWS, WIDTH = 97, 11
Gradients = Callable[[int], Tensor]


def sparse_gradient(step: int) -> Tensor:
    """A few rows, some of them twice, and more and more of the table as the steps go on."""
    draw = torch.Generator().manual_seed(step)
    rows = torch.randint(0, min(ROWS, 10 + 3 * step), (9,), generator=draw)
    values = torch.randn(9, WIDTH, generator=draw)
    return torch.sparse_coo_tensor(rows[None], values, (ROWS, WIDTH), check_invariants=True)


def tables(weight_decay: float) -> tuple[nn.Parameter, nn.Parameter, ParameterGroup]:
    table = nn.Parameter(torch.randn(ROWS, WIDTH, generator=torch.Generator().manual_seed(5)))
    group = ParameterGroup(name="words", parameters=[("words", table)], weight_decay=weight_decay)
    return table, nn.Parameter(table.detach().clone()), group


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize("announced", [False, True])
@pytest.mark.parametrize("chunk", [4, 1024])
def test_row_sparse_adamw_equals_the_dense_one(
    weight_decay: float, announced: bool, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glassbert.train.rows.CHUNK", chunk)
    monkeypatch.setattr("glassbert.train.rows.FIRST_CAPACITY", 4)
    table, twin, group = tables(weight_decay)
    optimizer = AdamW([group], announced=announced)
    peer = torch.optim.AdamW([twin], weight_decay=weight_decay)
    for step in range(50):
        rate = 0.02 * (1 - step / 60)
        table.grad = sparse_gradient(step)
        rows = table.grad._indices()[0]
        optimizer.will_read("words", rows)
        torch.testing.assert_close(table[rows], twin[rows], rtol=1e-6, atol=1e-6)  # what a forward would read
        twin.grad = table.grad.to_dense()
        for entry in peer.param_groups:
            entry["lr"] = rate
        optimizer.step(rate)
        peer.step()
        if step % 20 == 19 or not announced:
            optimizer.settle()
            torch.testing.assert_close(table, twin, rtol=1e-6, atol=1e-6)
    optimizer.settle()
    torch.testing.assert_close(table, twin, rtol=1e-6, atol=1e-6)


def test_rows_without_a_gradient_follow_the_closed_form_of_decay() -> None:
    table, twin, group = tables(0.3)
    optimizer = AdamW([group], announced=True)
    factor = 1.0
    for step in range(30):
        table.grad = sparse_gradient(0)
        optimizer.will_read("words", table.grad._indices()[0])
        optimizer.step(0.01 / (step + 1))
        factor *= 1 - 0.3 * 0.01 / (step + 1)
    assert torch.equal(table[20:], twin[20:])  # nothing is touched before it must be
    optimizer.settle()
    torch.testing.assert_close(table[20:], twin[20:] * factor, rtol=1e-6, atol=0)


def test_row_sparse_state_is_compact_and_grows_with_the_rows() -> None:
    table, _, group = tables(0.0)
    optimizer = AdamW([group])
    touched: set[int] = set()
    for step in range(20):
        table.grad = sparse_gradient(step)
        touched |= set(table.grad._indices()[0].tolist())
        optimizer.step(0.01)
        assert optimizer.state_tensors()["words/exp_avg"].shape == (len(touched), WIDTH)


def test_a_row_nobody_announced_is_refused() -> None:
    table, _, group = tables(0.3)
    optimizer = AdamW([group], announced=True)
    table.grad = sparse_gradient(0)
    optimizer.step(0.01)
    table.grad = sparse_gradient(20)
    with pytest.raises(GlassbertError, match="words got a gradient for rows that will_read did not announce"):
        optimizer.step(0.01)


def test_a_known_row_nobody_announced_is_refused_because_its_reader_saw_an_old_weight() -> None:
    table, _, group = tables(0.0)
    optimizer = AdamW([group], announced=True)
    for step in (0, 1):
        table.grad = sparse_gradient(step)
        optimizer.will_read("words", table.grad._indices()[0])
        optimizer.step(0.01)
    table.grad = sparse_gradient(0)
    with pytest.raises(GlassbertError, match="row-not-announced"):
        optimizer.step(0.01)


def test_only_announced_rows_are_written_before_everything_is_settled() -> None:
    table, twin, group = tables(0.0)
    optimizer = AdamW([group], announced=True)
    for step in (0, 1):
        table.grad = sparse_gradient(step)
        rows = table.grad._indices()[0]
        optimizer.will_read("words", rows)
        optimizer.step(0.01)
    behind = (table != twin).any(dim=1)
    assert set(behind.nonzero().flatten().tolist()) <= set(rows.tolist())
    optimizer.write_back()
    written = (table != twin).any(dim=1)
    assert set(rows.tolist()) < set(written.nonzero().flatten().tolist())


@pytest.mark.parametrize("change", [lambda table: table.data.zero_(), lambda table: nn.init.ones_(table)])
def test_who_changes_a_settled_table_is_followed(change: Callable[[Tensor], Tensor]) -> None:
    table, _, group = tables(0.0)
    optimizer = AdamW([group], announced=True)
    table.grad = sparse_gradient(0)
    rows = table.grad._indices()[0]
    optimizer.step(0.01)
    optimizer.settle()
    change(table)
    changed = table.detach().clone()
    table.grad = sparse_gradient(0)
    optimizer.will_read("words", rows)
    optimizer.step(0.0)
    optimizer.settle()
    assert torch.equal(table, changed)


def test_who_changes_a_table_that_misses_updates_is_refused() -> None:
    table, _, group = tables(0.0)
    optimizer = AdamW([group], announced=True)
    table.grad = sparse_gradient(0)
    optimizer.step(0.01)
    nn.init.ones_(table)
    with pytest.raises(GlassbertError, match="words was changed while updates of it were put off"):
        optimizer.will_read("words", torch.tensor([1]))


@pytest.mark.parametrize("announced", [False, True])
def test_row_sparse_state_round_trips_bit_for_bit(announced: bool) -> None:
    table, twin, group = tables(0.3)
    optimizer = AdamW([group], announced=announced)
    other = ParameterGroup(name="words", parameters=[("words", twin)], weight_decay=0.3)
    second = AdamW([other], announced=announced)
    for step in range(30):
        if step == 13:
            optimizer.write_back()
            twin.data.copy_(table.data)
            second.load_state_tensors(copy.deepcopy(optimizer.state_tensors()))
        pairs = [(optimizer, table)] if step < 13 else [(optimizer, table), (second, twin)]
        for each, parameter in pairs:
            parameter.grad = sparse_gradient(step)
            each.will_read("words", parameter.grad._indices()[0])
            each.step(0.02, scale=0.8)
    optimizer.settle()
    second.settle()
    assert torch.equal(table, twin)


def test_row_sparse_state_of_another_table_is_refused() -> None:
    table, _, group = tables(0.0)
    optimizer = AdamW([group])
    table.grad = sparse_gradient(0)
    optimizer.step(0.01)
    state = optimizer.state_tensors()
    with pytest.raises(DataError, match="has state for a row outside its 97 rows"):
        optimizer.load_state_tensors(state | {"words/rows": state["words/rows"] + 95})
    with pytest.raises(DataError, match="has moments of shape"):
        optimizer.load_state_tensors(state | {"words/exp_avg": torch.zeros(2, WIDTH)})


def test_a_table_that_meets_a_dense_gradient_goes_on_as_a_dense_one() -> None:
    table, twin, group = tables(0.3)
    optimizer, peer = AdamW([group]), torch.optim.AdamW([twin], lr=0.01, weight_decay=0.3)
    for step in range(10):
        gradient = sparse_gradient(step)
        table.grad = gradient if step != 4 else torch.ones(ROWS, WIDTH)
        twin.grad = table.grad.to_dense() if table.grad.is_sparse else table.grad.clone()
        optimizer.step(0.01)
        peer.step()
    torch.testing.assert_close(table, twin, rtol=1e-6, atol=1e-6)


def test_growth_copies_each_row_about_once() -> None:
    moments = RowMoments("words", torch.zeros(100_000, 1), announced=False)
    capacities = set()
    for row in range(0, 50_000, 100):
        moments.announce(torch.arange(row, row + 100))
        capacities.add(moments._exp_avg.shape[0])
    assert len(capacities) <= 8
