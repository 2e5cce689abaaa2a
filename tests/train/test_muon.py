"""Muon against torch's, whose iteration is made to run in single precision, and against its formula."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from glassbert.errors import DataError, UsageError
from glassbert.train.group import ParameterGroup
from glassbert.train.muon import Muon
from glassbert.train.optimizer import AdamW, make_optimizer
from glassbert.train.orthogonal import newton_schulz, orthogonalised

SHAPES = {"qkv": (21, 9), "up": (16, 9), "down": (9, 16), "square": (9, 9), "norm": (9,), "table": (13, 9)}
MATRICES = {"qkv": 3, "up": 2, "down": 1, "square": 1}


def draw_parameters(seed: int = 0, dtype: torch.dtype = torch.float32) -> dict[str, nn.Parameter]:
    draw = torch.Generator().manual_seed(seed)
    return {
        name: nn.Parameter(torch.randn(shape, generator=draw).to(dtype)) for name, shape in SHAPES.items()
    }


def give_gradients(parameters: dict[str, nn.Parameter], step: int) -> None:
    draw = torch.Generator().manual_seed(100 + step)
    for parameter in parameters.values():
        parameter.grad = torch.randn(parameter.shape, generator=draw).to(parameter.dtype)


def groups_of(parameters: dict[str, nn.Parameter]) -> list[ParameterGroup]:
    named = list(parameters.items())
    return [
        ParameterGroup(name="low", parameters=named[:2], lr_scale=0.3, weight_decay=0.2),
        ParameterGroup(name="high", parameters=named[2:], weight_decay=0.1),
    ]


def test_muon_equals_torch_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Tensor, "bfloat16", lambda self: self.clone()
    )  # torch's iteration, in single precision
    ours, theirs = draw_parameters(), draw_parameters()
    optimizer = Muon(groups_of(ours), matrices=MATRICES)
    apart = {
        name: [nn.Parameter(part.detach().clone()) for part in theirs[name].chunk(parts)]
        for name, parts in MATRICES.items()
    }
    peers = {
        name: torch.optim.Muon(
            parts, adjust_lr_fn="match_rms_adamw", weight_decay=0.2 if name in ("qkv", "up") else 0.1
        )
        for name, parts in apart.items()
    }
    rest = AdamW(
        [
            ParameterGroup(
                name="rest", parameters=[(n, theirs[n]) for n in ("norm", "table")], weight_decay=0.1
            )
        ]
    )
    for step in range(20):
        rate = 0.05 * (1 - step / 20)
        give_gradients(ours, step)
        give_gradients(theirs, step)
        optimizer.step(rate, scale=0.7)
        for name, peer in peers.items():
            for part, gradient in zip(apart[name], theirs[name].grad.chunk(MATRICES[name]), strict=True):
                part.grad = 0.7 * gradient
            peer.param_groups[0]["lr"] = rate * (0.3 if name in ("qkv", "up") else 1.0)
            peer.step()
        rest.step(rate, scale=0.7)
        for name, parts in apart.items():
            torch.testing.assert_close(ours[name], torch.cat(parts), rtol=1e-6, atol=1e-6, check_stride=False)
    for name in ("norm", "table"):
        assert torch.equal(ours[name], theirs[name])


def test_a_first_step_has_its_closed_form_in_double_precision() -> None:
    """u = (1 - 0.95^2) g; its direction by the iteration's polynomial on the singular values of an SVD."""
    parameters = draw_parameters(dtype=torch.float64)
    weight = parameters["down"].detach().clone()
    give_gradients(parameters, 0)
    Muon(groups_of(parameters), matrices=MATRICES).step(0.02)
    left, values, right = torch.linalg.svd(parameters["down"].grad, full_matrices=False)
    values = values / values.norm()
    for _ in range(5):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    expected = (1 - 0.02 * 0.1) * weight - 0.02 * 0.2 * 4 * (left @ values.diag() @ right)
    torch.testing.assert_close(parameters["down"].detach(), expected, rtol=1e-9, atol=1e-9)


def test_singular_values_end_in_their_band() -> None:
    draw = torch.Generator().manual_seed(3)
    batch = torch.randn(4, 64, 192, generator=draw)
    batch[1] *= 1e-4
    batch[2] *= 1e5
    found = torch.linalg.svdvals(newton_schulz(batch))
    assert 0.65 < found.min() and found.max() < 1.25
    assert (newton_schulz(torch.zeros(1, 3, 5)) == 0).all()
    # the size of an update is AdamW's: a root mean square of 0.2 r, r near 1
    update = 0.2 * 192**0.5 * newton_schulz(batch)
    assert 0.15 < update.square().mean().sqrt() < 0.25


def test_batching_changes_no_matrix_and_keeps_the_order() -> None:
    draw = torch.Generator().manual_seed(4)
    matrices = [torch.randn(shape, generator=draw) for shape in ((5, 9), (9, 5), (7, 7), (5, 9), (9, 5))]
    for one, together in zip(matrices, orthogonalised(matrices), strict=True):
        assert together.shape == one.shape
        torch.testing.assert_close(together, orthogonalised([one])[0], rtol=1e-5, atol=1e-6)


def test_the_parts_of_a_fused_matrix_do_not_know_of_one_another() -> None:
    """A key gradient a thousand times larger leaves the update of queries and values as it was."""
    updates = []
    for size in (1.0, 1000.0):
        parameters = draw_parameters()
        before = parameters["qkv"].detach().clone()
        give_gradients(parameters, 0)
        parameters["qkv"].grad[7:14] *= size
        Muon(groups_of(parameters), matrices=MATRICES).step(0.02)
        updates.append(parameters["qkv"].detach() - before)
    torch.testing.assert_close(updates[0], updates[1], rtol=1e-4, atol=1e-6)


def test_a_resumed_muon_is_the_same_to_the_bit() -> None:
    ours, twins = draw_parameters(), draw_parameters()
    first = Muon(groups_of(ours), matrices=MATRICES)
    for step in range(6):
        give_gradients(ours, step)
        first.step(0.01)
    for name, parameter in ours.items():
        twins[name].data.copy_(parameter.data)
    twin = Muon(groups_of(twins), matrices=MATRICES)
    twin.load_state_tensors({name: tensor.clone() for name, tensor in first.state_tensors().items()})
    for step in range(6, 10):
        for optimizer, parameters in ((first, ours), (twin, twins)):
            give_gradients(parameters, step)
            optimizer.step(0.01)
    assert all(torch.equal(ours[name], twins[name]) for name in SHAPES)


def test_state_of_another_optimiser_is_refused() -> None:
    parameters = draw_parameters()
    optimizer = Muon(groups_of(parameters), matrices=MATRICES)
    give_gradients(parameters, 0)
    optimizer.step(0.01)
    state = optimizer.state_tensors()
    assert {key for key in state if key.endswith("/momentum")} == {f"{name}/momentum" for name in MATRICES}
    for wrong in (
        {"qkv/exp_avg": torch.zeros(21, 9)},
        {"qkv/momentum": torch.zeros(9, 21)},
        {"norm/momentum": torch.zeros(9)},
        {"gone/step": torch.zeros(())},
    ):
        with pytest.raises(DataError) as error:
            optimizer.load_state_tensors(state | wrong)
        assert error.value.problems[0].code == "optimizer-state"


def test_rows_of_a_table_are_announced_through_it() -> None:
    table = nn.Parameter(torch.randn(13, 9))
    parameters = {"table": table, "square": nn.Parameter(torch.randn(9, 9))}
    group = ParameterGroup(name="all", parameters=list(parameters.items()), weight_decay=0.5)
    optimizer = make_optimizer("muon", [group], matrices={"square": 1}, announced=True)
    before = table.detach().clone()
    table.grad = torch.sparse_coo_tensor(
        torch.tensor([[2]]), torch.ones(1, 9), (13, 9), check_invariants=True
    )
    optimizer.step(0.1)
    assert torch.equal(table, before)  # put off
    optimizer.will_read("table", torch.tensor([2]))
    assert not torch.equal(table[2], before[2]) and torch.equal(table[3], before[3])
    optimizer.settle()
    torch.testing.assert_close(table[3], 0.95 * before[3])


@pytest.mark.parametrize(
    ("matrices", "code"),
    [
        ({}, "no-matrices"),
        ({"gone": 1}, "no-such-matrix"),
        ({"norm": 1}, "no-such-matrix"),
        ({"square": 2}, "no-such-matrix"),
    ],
)
def test_what_is_no_matrix_is_refused(matrices: dict[str, int], code: str) -> None:
    with pytest.raises(UsageError) as error:
        make_optimizer("muon", groups_of(draw_parameters()), matrices=matrices)
    assert error.value.problems[0].code == code
