"""Data parallelism: every process computes its share of a global batch, and all take the same step.

R processes, P parameters. With l_r the sum of rank r's losses and w_r their weight, the step is by the
gradient of sum_r l_r / sum_r w_r: that of one process with the whole batch, however unevenly tokens are
shared out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from glassbert.train.exchange import Sums, Wishes
from glassbert.train.group import Optimizer, named_parameters
from glassbert.train.state import State
from glassbert.train.weights import load_module, module_tensors
from glassbert.train.world import World

# what a parameter's gradient is in a process: absent, dense, or so many rows
ABSENT, DENSE = 0.0, -1.0
# numbers of a bucket: large enough for the network, small enough to be copied while another travels
BUCKET = 1 << 22


class Shared:
    """The exchange of a run in which every process holds the same weights.

    A step has one small gathering (losses, weights, wishes, which gradients there are) and then the
    gradients: dense ones are summed in flat buckets; of tables with row-sparse gradients only the touched
    rows travel. A wish is obeyed by all after the step that follows it.
    """

    def __init__(self, world: World, module: nn.Module) -> None:
        self.world = world
        self.module = module
        self._own = Wishes()
        self._agreed = Wishes()

    def agree(self, wishes: Wishes) -> Wishes:
        self._own = wishes
        return self._agreed

    def divisor(self, weight: float) -> float:
        return 1.0

    def reduce(self, sums: Sums, optimizer: Optimizer) -> Sums:
        parameters = list(named_parameters(optimizer.groups))
        kinds = [_kind(parameter) for _, parameter in parameters]
        total, by_rank = self._facts(sums, kinds)
        dense = []
        for (name, parameter), column in zip(parameters, by_rank.T.tolist(), strict=True):
            if DENSE in column:
                dense.append(parameter)
            elif any(column):
                self._gather_rows(parameter, [int(count) for count in column])
                assert parameter.grad is not None
                # rows of other processes were not announced here before the forward pass
                optimizer.will_read(name, parameter.grad.indices()[0])
            else:
                parameter.grad = None
        self._add(dense)
        for _, parameter in parameters:
            if parameter.grad is not None:
                _divide(parameter.grad, total.weight)
        return total

    def _facts(self, sums: Sums, kinds: list[float]) -> tuple[Sums, Tensor]:
        """The sums of all, the wishes of all, and the kinds of gradients [R, P]."""
        own = self._own
        told = [sums.weight, float(sums.tokens), float(own.stop), float(own.late), float(own.save), *kinds]
        # here a GPU is waited for: what it computed has to be complete anyway before gradients travel
        facts = torch.tensor([float(sums.loss), *told], dtype=torch.float64)
        found = self.world.gather(facts)
        loss_sum, weight, tokens, stop, _, _ = found[:, :6].sum(dim=0).tolist()
        first = found[0]
        self._agreed = Wishes(stop=stop > 0, late=bool(first[4]), save=bool(first[5]))
        mean = torch.tensor(loss_sum / weight if weight else float("nan"))
        return Sums(loss=mean, weight=weight, tokens=int(tokens)), found[:, 6:]

    def _gather_rows(self, parameter: nn.Parameter, counts: Sequence[int]) -> None:
        """The sum of all row-sparse gradients, coalesced; rows are added in the order of ranks everywhere."""
        grad = parameter.grad
        if grad is None:
            rows = torch.empty(0, dtype=torch.int64, device=parameter.device)
            values = parameter.new_empty((0, *parameter.shape[1:]))
        else:
            rows, values = grad.indices()[0], grad.values()
        every = torch.cat(self.world.gather_rows(rows, counts))
        summands = torch.cat(self.world.gather_rows(values, counts))
        total = torch.sparse_coo_tensor(every[None], summands, parameter.shape, check_invariants=False)
        parameter.grad = total.coalesce()

    def _add(self, parameters: Sequence[nn.Parameter]) -> None:
        """The sum of all dense gradients; a process without one adds nothing."""
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            elif parameter.grad.is_sparse:
                parameter.grad = parameter.grad.to_dense()
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        buckets = [(part, torch.cat([each.flatten() for each in part])) for part in _buckets(gradients)]
        self.world.add([flat for _, flat in buckets])
        for part, flat in buckets:
            for gradient, summed in zip(part, flat.split([each.numel() for each in part]), strict=True):
                gradient.copy_(summed.view_as(gradient))

    def meet(self) -> None:
        """All weights are the same at any time."""

    def of_first(self, work: Callable[[], dict[str, float]]) -> dict[str, float]:
        return dict(self.world.share(work() if self.world.is_first else None))

    def begin(self, load: Callable[[], State], optimizer: Optimizer) -> State:
        loaded = load() if self.world.is_first else None
        state = self.world.share(None if loaded is None else loaded.to_json())
        module = self.world.share_tensors(module_tensors(self.module))
        remembered = self.world.share_tensors(optimizer.state_tensors())
        if loaded is not None:
            return loaded
        load_module(self.module, module)
        if remembered:
            optimizer.load_state_tensors(remembered)
        return State.from_json(state)

    def follow(self, state: State) -> None:
        state.take(State.from_json(self.world.share(state.to_json())))


def _kind(parameter: nn.Parameter) -> float:
    """What there is to send; a row-sparse gradient is coalesced on the way."""
    if parameter.grad is None:
        return ABSENT
    if not parameter.grad.is_sparse:
        return DENSE
    parameter.grad = parameter.grad.coalesce()
    return float(parameter.grad.indices().shape[1])


def _divide(gradient: Tensor, weight: float) -> None:
    (gradient.values() if gradient.is_sparse else gradient).div_(weight)


def _buckets(gradients: Sequence[Tensor]) -> list[list[Tensor]]:
    """The gradients in order, about BUCKET numbers of one type at a time."""
    parts: list[list[Tensor]] = []
    room, kind = 0, None
    for gradient in gradients:
        if room < gradient.numel() or gradient.dtype != kind:
            parts.append([])
            room, kind = BUCKET, gradient.dtype
        parts[-1].append(gradient)
        room -= gradient.numel()
    return parts
