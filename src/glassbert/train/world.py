"""The processes that train one model together: who they are, and the few ways in which they talk.

R processes. Everything here is collective: every process calls the same methods in the same order.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import PrefixStore, Store

from glassbert.errors import GlassbertError, Problem, StorageError
from glassbert.train.told import told, understood

# how long a process may keep the others waiting: an evaluation and a save by the first one included
TIMEOUT = timedelta(minutes=30)
# and where all of a text is tokenised meanwhile: one that dies is noticed at once, whatever the limit
PATIENCE = timedelta(days=7)
# how long one that lost another listens for why that one failed
LISTENING_SECONDS = 3.0
LOST = "process-lost"


@dataclass(frozen=True, kw_only=True)
class World:
    """`rank` of `size` processes, `local_rank` of those on this machine; in `store` a failing one leaves why,
    in `patient` the others wait for days.

    Tensors travel through gloo where they are on the host, through NCCL where they are on CUDA devices.
    A world of one is `World()`: nothing is ever sent. Errors of every collective: StorageError, or the
    failure of the process that failed, where another process is gone or silent for longer than the timeout.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    store: Store | None = None
    patient: dist.ProcessGroup | None = None

    @property
    def is_first(self) -> bool:
        """Whether this process writes checkpoints, log and report."""
        return self.rank == 0

    def gather(self, numbers: Tensor) -> Tensor:
        """[n] of every process as [R, n], by rank."""
        if self.size == 1:
            return numbers[None]
        found = [torch.empty_like(numbers) for _ in range(self.size)]
        with self._hearing():
            dist.all_gather(found, numbers.contiguous())
        return torch.stack(found)

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over all processes; all are under way at once."""
        if self.size == 1:
            return
        with self._hearing():
            works = [dist.all_reduce(tensor, async_op=True) for tensor in tensors]
            for work in works:
                if work is not None:
                    work.wait()

    def wait(self) -> None:
        """Return when all have come here, however long one of them is at work before."""
        if self.size > 1:
            with self._hearing():
                dist.barrier(group=self.patient)

    def share(self, value: Any) -> Any:
        """The first process's value, which is JSON, in every process."""
        if self.size == 1:
            return value
        text = torch.tensor(list(json.dumps(value).encode()) if self.is_first else [], dtype=torch.uint8)
        length = self._from_first(torch.tensor([text.numel()]))
        received = text if self.is_first else torch.empty(int(length), dtype=torch.uint8)
        return json.loads(self._from_first(received).numpy().tobytes())

    def share_tensors(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The first process's tensors by name, in every process; the others' argument does not count."""
        if self.size == 1:
            return dict(tensors)
        shapes = {name: [str(each.dtype), list(each.shape)] for name, each in tensors.items()}
        found = {}
        for name, (kind, shape) in self.share(shapes).items():
            empty = torch.empty(shape, dtype=getattr(torch, kind.removeprefix("torch.")))
            found[name] = self._from_first(tensors[name].detach() if self.is_first else empty)
        return found

    def gather_json(self, value: Any) -> list[Any]:
        """Every process's value, by rank."""
        text = torch.tensor(list(json.dumps(value).encode()), dtype=torch.uint8)
        lengths = self.gather(torch.tensor([text.numel()])).flatten().tolist()
        padded = torch.zeros(max(lengths), dtype=torch.uint8)
        padded[: text.numel()] = text
        rows = self.gather(padded)
        return [json.loads(row[:length].numpy().tobytes()) for row, length in zip(rows, lengths, strict=True)]

    def gather_rows(self, rows: Tensor, counts: Sequence[int]) -> list[Tensor]:
        """[n_r, ...] of every process, whose lengths n_r everybody knows."""
        padded = rows.new_zeros((max(counts), *rows.shape[1:]))
        padded[: rows.shape[0]] = rows
        return [each[:count] for each, count in zip(self.gather(padded), counts, strict=True)]

    def _from_first(self, tensor: Tensor) -> Tensor:
        """The first process's tensor, on the host."""
        here = tensor.cpu().contiguous()
        with self._hearing():
            dist.broadcast(here, src=0)
        return here

    @contextmanager
    def _hearing(self) -> Iterator[None]:
        """Turn what the library says of a lost process into what that process said, if it did."""
        try:
            yield
        except RuntimeError as error:
            raise self._failure() or _lost(error) from error

    def tell_failure(self, error: BaseException) -> None:
        """Leave the reason for which this process is about to end, for those who will wait for it."""
        if self.store is not None:
            with suppress(RuntimeError):  # the store may be gone with the process that kept it
                self.store.set(f"failed-{self.rank}", json.dumps(told(error)))

    def said_by(self, rank: int, *, seconds: float) -> dict[str, Any] | None:
        """What a process that failed has left, waiting so long for it."""
        until = time.monotonic() + seconds
        while self.store is not None:
            try:
                if self.store.check([f"failed-{rank}"]):
                    return dict(json.loads(self.store.get(f"failed-{rank}")))
            except RuntimeError:
                return None
            if time.monotonic() >= until:
                return None
            time.sleep(0.05)
        return None

    def leave(self, *, seconds: float) -> None:
        """The last word of a process that failed; the first one waits so long for those of the others: the
        store may live in it.
        """
        if self.store is None:
            return
        with suppress(RuntimeError):
            self.store.set(f"left-{self.rank}", "")
            if self.is_first:
                self.store.wait([f"left-{rank}" for rank in range(self.size)], timedelta(seconds=seconds))

    def _failure(self) -> GlassbertError | None:
        """What made another process fail; one that only lost a third is no reason."""
        until = time.monotonic() + LISTENING_SECONDS
        while time.monotonic() < until:
            for rank in range(self.size):
                said = self.said_by(rank, seconds=0.0) if rank != self.rank else None
                if said is not None and said["problems"][0]["code"] != LOST:
                    return understood(said, by=rank)
            time.sleep(0.05)
        return None


def _lost(error: RuntimeError) -> StorageError:
    """The error for a process that has gone without a word, or hangs."""
    said = str(error).partition("] ")[2] or str(error)
    what = (
        f"another process of this run is gone or does not answer ({said.splitlines()[0].partition('. ')[0]})"
    )
    fix = "see which one died and why (memory?); continue from the last checkpoint with --resume"
    return StorageError(Problem(code=LOST, what=what, fix=fix))


@contextmanager
def joined(
    store: Store, *, rank: int, size: int, local_rank: int = 0, timeout: timedelta = TIMEOUT
) -> Iterator[World]:
    """The world of `size` processes that meet at `store`, within the block.

    A block that ends by an error tells the others why, through the store.
    """
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
    meeting = PrefixStore("torch", store)
    dist.init_process_group(backend, store=meeting, rank=rank, world_size=size, timeout=timeout)
    patient = dist.new_group(backend="gloo", timeout=PATIENCE)
    reasons = PrefixStore("glassbert", store)
    world = World(rank=rank, size=size, local_rank=local_rank, store=reasons, patient=patient)
    try:
        yield world
    except BaseException as error:
        world.tell_failure(error)
        raise
    finally:
        dist.destroy_process_group()
