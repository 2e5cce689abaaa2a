"""Matrix products in float32 on a CPU, by the quicker of the two libraries that torch brings.

torch multiplies such matrices by Intel's MKL. On an AMD EPYC with AVX-512 oneDNN, by which torch convolves,
is twice as fast: 285 to 355 GFLOP/s forward where MKL has 144 to 161 (two cores, `benchmarks/products.py`);
on an Intel Xeon they were equal. So large products go to oneDNN on AMD's processors with AVX-512, and
everything else goes where torch sends it: small ones, for a call of oneDNN takes 10 microseconds more, other
types, other devices. The choice depends on the processor and on shapes, never on a measurement: a run that is
continued computes the same bits.

oneDNN compiles code for every shape that it meets and never gives it back, half a megabyte each. Packed
batches have as many shapes as sums of lengths, so that rows are counted in steps of an eighth or less
(`padded`): rows of zeros in, what comes of them cut off. On batches of SST-2 a process of MiniLM stays at
1.4 GB where steps of one row made it 2.1, as soon.

Letters: T rows, `in` and `out` the sides of a weight.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

# multiplications from which the two take equally long on one core and on two
SMALLEST = 2**21
FINEST_STEP = 32
STEPS_PER_OCTAVE = 8
# what the code for 300 to 380 shapes takes, as a run on packed batches meets them: 206 to 236 MB by the peaks
# of runs with it and without, for encoders of 2 to 6 blocks
BYTES_OF_CODE = 220_000_000
PROCESSOR = Path("/proc/cpuinfo")
_all_by_torch: ContextVar[bool] = ContextVar("all_by_torch", default=False)


class Linear(nn.Linear):
    """x W^T + b, as nn.Linear."""

    def forward(self, given: Float[Tensor, "T in"]) -> Float[Tensor, "T out"]:
        return linear(given, self.weight, self.bias)


def linear(
    given: Float[Tensor, "T in"], weight: Float[Tensor, "out in"], bias: Float[Tensor, "out"] | None = None
) -> Float[Tensor, "T out"]:
    """x W^T + b, differentiable as often as one likes."""
    if not suits(given, weight):
        return F.linear(given, weight, bias)
    return _multiplied(padded(given), weight, bias)[: len(given)]


def product(left: Float[Tensor, "T out"], right: Float[Tensor, "out in"]) -> Float[Tensor, "T in"]:
    """A B."""
    return linear(left, right.t())


def linear_into(
    out: Float[Tensor, "T out"],
    given: Float[Tensor, "T in"],
    weight: Float[Tensor, "out in"],
    bias: Float[Tensor, "out"],
) -> Float[Tensor, "T out"]:
    """x W^T + b, in the memory of `out` where the library can write there; has no derivative."""
    return (
        linear(given, weight, bias) if suits(given, weight) else torch.addmm(bias, given, weight.t(), out=out)
    )


def product_onto(
    total: Float[Tensor, "T in"], left: Float[Tensor, "T out"], right: Float[Tensor, "out in"]
) -> Float[Tensor, "T in"]:
    """C + A B, in place; has no derivative."""
    return total.add_(product(left, right)) if suits(left, right.t()) else total.addmm_(left, right)


def product_of_columns(left: Float[Tensor, "T out"], right: Float[Tensor, "T in"]) -> Float[Tensor, "out in"]:
    """A^T B, the gradient of a weight from that of its outputs and from its inputs."""
    if not suits(left.t(), right.t()):
        return left.t().mm(right)
    rows, (out, width) = len(left), (left.shape[1], right.shape[1])
    left, right = padded(left), padded(right)
    # oneDNN reads its first factor row by row, so that one side is copied: of two, the narrower
    if 2 * width * (rows + out) < rows * out:
        return _multiplied(right.t(), left.t()).t().contiguous()
    return _multiplied(left.t(), right.t())


def columns_onto(
    total: Float[Tensor, "out in"], left: Float[Tensor, "T out"], right: Float[Tensor, "T in"]
) -> None:
    """C + A^T B, in place; has no derivative. `total` is best one of `zeros_for_columns`."""
    if suits(right.t(), left.t()):
        total.add_(_multiplied(padded(right).t(), padded(left).t()).t())
    else:
        total.addmm_(left.t(), right)


def zeros_for_columns(weight: Float[Tensor, "out in"]) -> Float[Tensor, "out in"]:
    """Zeros of the weight's shape, laid out as `columns_onto` adds to them soonest."""
    if weight.device.type == "cpu" and onednn_is_quicker():
        return weight.new_zeros(weight.shape[1], weight.shape[0]).t()
    return torch.zeros_like(weight)


@contextmanager
def all_by_torch() -> Iterator[None]:
    """Within it every product goes where torch sends it: for who notes or counts torch's operations, which
    shall be the same on every processor.
    """
    before = _all_by_torch.set(True)
    try:
        yield
    finally:
        _all_by_torch.reset(before)


def suits(given: Float[Tensor, "T in"], weight: Float[Tensor, "out in"]) -> bool:
    """Whether oneDNN forms x W^T sooner."""
    return (
        given.numel() * len(weight) >= SMALLEST
        and given.dtype == weight.dtype == torch.float32
        and given.device.type == "cpu"
        and given.dim() == 2
        and _asks_onednn()
    )


def padded(given: Float[Tensor, "T in"]) -> Float[Tensor, "S in"]:
    """Zeros below, up to the next of few numbers of rows; as it is where oneDNN is not asked."""
    lacking = padded_rows(len(given)) - len(given)
    if not lacking or not _asks_onednn():
        return given
    return torch.cat((given, given.new_zeros(lacking, given.shape[1])))


def padded_rows(rows: int) -> int:
    """The next multiple of 32, above 512 of a power of two that keeps 8 steps to an octave."""
    step = max(FINEST_STEP, 2 ** (max(rows, 1).bit_length() - 1) // STEPS_PER_OCTAVE)
    return -(-rows // step) * step


class _Multiplied(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, given: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(given, weight)
        return _by_onednn(given, weight, bias)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        given, weight = ctx.saved_tensors
        needs = ctx.needs_input_grad
        return (
            product(grad, weight) if needs[0] else None,
            product_of_columns(grad, given) if needs[1] else None,
            grad.sum(0) if needs[2] else None,
        )


def _multiplied(given: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    if torch.is_grad_enabled():
        return cast(Tensor, _Multiplied.apply(given, weight, bias))
    return _by_onednn(given, weight, bias)


def _by_onednn(given: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    if 1 not in weight.stride() or 0 in weight.stride():
        weight = weight.contiguous()
    return cast(Tensor, torch.ops.mkldnn._linear_pointwise(given, weight, bias, "none", [], ""))


def _asks_onednn() -> bool:
    return onednn_is_quicker() and not _all_by_torch.get()


@cache
def onednn_is_quicker() -> bool:
    """Whether this processor is AMD's with AVX-512, and torch has both libraries."""
    known = torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()
    wide = torch.backends.cpu.get_cpu_capability() == "AVX512"
    return known and wide and hasattr(torch.ops.mkldnn, "_linear_pointwise") and _is_by_amd(PROCESSOR)


def bytes_of_code() -> int:
    """What a run's products take besides their matrices."""
    return BYTES_OF_CODE if onednn_is_quicker() else 0


def _is_by_amd(description: Path) -> bool:
    try:
        return "AuthenticAMD" in description.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
