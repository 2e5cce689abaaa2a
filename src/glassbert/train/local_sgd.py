"""Local steps with rare meetings, for slow networks: DiLoCo (Douillard et al. 2023, arXiv 2311.08105).

Each of R processes takes H steps of its own with its own gradients and its own inner optimiser, from common
weights x to x_r. Then they meet, with the outer gradient d = x - mean_r x_r and Nesterov's momentum:

    v <- mu v + d;    x <- x - eta (d + mu v)

and all go on from x; inner optimisers keep their state. mu = 0.9 and eta = 0.7 are the paper's. With H = 1,
mu = 0 and eta = 1 a meeting is the mean of the weights. The weights are sent once in H steps, and nothing in
between.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from glassbert.train.descent import Descent
from glassbert.train.distributed import Shared
from glassbert.train.exchange import Sums
from glassbert.train.group import Optimizer, ParameterGroup, named_parameters
from glassbert.train.world import World

OUTER_RATE, OUTER_MOMENTUM = 0.7, 0.9
INNER, OUTER = "inner/", "outer/"


class LocalSteps:
    """An optimiser that takes `inner` steps and meets the other processes after every `every` of them.

    A state is that of a meeting, and holds the inner state of the process that asks for it: the others' are
    not sent for it, which would cost what `every` saves. After a resume all begin with the first one's.
    """

    def __init__(
        self,
        inner: Optimizer,
        world: World,
        *,
        every: int,
        outer_rate: float = OUTER_RATE,
        momentum: float = OUTER_MOMENTUM,
    ) -> None:
        self.inner, self.world, self.every, self.outer_rate = inner, world, every, outer_rate
        self.groups = inner.groups
        self.taken = 0
        self._anchors = {
            name: nn.Parameter(parameter.detach().clone(), requires_grad=False)
            for name, parameter in named_parameters(inner.groups)
        }
        outer = ParameterGroup(name="outer", parameters=list(self._anchors.items()))
        self._outer = Descent([outer], momentum=momentum, nesterov=momentum > 0)

    @property
    def ends_round(self) -> bool:
        """Whether the next step is followed by a meeting."""
        return self.taken + 1 >= self.every

    @torch.no_grad()
    def step(self, learning_rate: float, *, scale: float = 1.0) -> None:
        if self.taken == 0:
            self.inner.settle()
            for name, parameter in named_parameters(self.groups):
                self._anchors[name].copy_(parameter)
        self.inner.step(learning_rate, scale=scale)
        self.taken += 1
        if self.taken >= self.every:
            self.meet()

    @torch.no_grad()
    def meet(self) -> None:
        """The outer step; nothing where no step was taken since the last one."""
        if self.taken == 0:
            return
        self.inner.settle()
        parameters = dict(named_parameters(self.groups))
        for name, anchor in self._anchors.items():
            anchor.grad = parameters[name].detach().clone()
        self.world.add([anchor.grad for anchor in self._anchors.values() if anchor.grad is not None])
        for anchor in self._anchors.values():
            assert anchor.grad is not None
            anchor.grad = anchor - anchor.grad / self.world.size
        self._outer.step(self.outer_rate)
        for name, anchor in self._anchors.items():
            parameters[name].copy_(anchor)
            anchor.grad = None
        self.taken = 0

    def will_read(self, name: str, rows: Tensor) -> None:
        self.inner.will_read(name, rows)

    def write_back(self) -> None:
        self.inner.write_back()

    def settle(self) -> None:
        self.inner.settle()

    def state_tensors(self) -> dict[str, Tensor]:
        inner = {INNER + name: tensor for name, tensor in self.inner.state_tensors().items()}
        return inner | {OUTER + name: tensor for name, tensor in self._outer.state_tensors().items()}

    def load_state_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        for part, optimizer in ((INNER, self.inner), (OUTER, self._outer)):
            own = {name.removeprefix(part): each for name, each in tensors.items() if name.startswith(part)}
            optimizer.load_state_tensors(own)
        self.taken = 0


class Local(Shared):
    """The exchange of a run whose processes take local steps: they speak at meetings only.

    Between two meetings loss and norm are this process's own, and a wish waits for the next one.
    """

    def __init__(self, world: World, module: nn.Module, steps: LocalSteps) -> None:
        super().__init__(world, module)
        self.steps = steps
        self._counted = 0

    def divisor(self, weight: float) -> float:
        return weight or 1.0

    def reduce(self, sums: Sums, optimizer: Optimizer) -> Sums:
        if not self.steps.ends_round:
            self._counted += sums.tokens
            return sums
        counted, self._counted = self._counted, 0
        summed = Sums(loss=sums.loss * sums.weight, weight=sums.weight, tokens=counted + sums.tokens)
        total, _ = self._facts(summed, [])
        # what was counted on the way is this process's own
        return Sums(loss=total.loss, weight=total.weight, tokens=total.tokens - counted)

    def meet(self) -> None:
        self.steps.meet()
