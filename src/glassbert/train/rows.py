"""AdamW for a table of which each step touches few rows, such as word embeddings.

V rows of the table, K rows that ever had a gradient (active), R rows with a gradient in this step.
An active row is updated in every step, because its momentum goes on; a row that never had a gradient has zero
moments, so its dense update is the decay alone: p_t = p_0 * prod(1 - lr_s * wd). Each row of moments lives in
a slot, in the order of first touch, and so does its weight: the kernel then walks through three arrays from
end to end, where gathering the rows of the table and scattering them again would take as long as the update
itself (12.5 ms in place of 5.4 ms with 11,000 active rows of 384). Only the rows that somebody is about to
read are written into the table. A step costs O(K), the memory is 3 K rows in place of 2 V.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from glassbert.errors import GlassbertError, Problem
from glassbert.train.group import misfit
from glassbert.train.update import Betas, Update, fused_update

# Rows handled at once on a CPU, so that the gradients of a chunk, nearly all zero, stay in the cache
# (4096 x 384 floats are 6 MB).
CHUNK = 4096
FIRST_CAPACITY = 1024


class RowMoments:
    """The state of one [V, ...] table: a slot with a weight and two running means for each active row.

    With `announced`, rows of the table that have a slot are written when they are announced, and all of them
    by `write_back`; the decay of the rows without a slot is one pending factor for all of them, applied to a
    row when it is activated, and to all by `settle`. Without it every update ends with `settle`.
    """

    def __init__(self, name: str, table: Tensor, *, announced: bool) -> None:
        self.name = name
        self.table = table.detach()
        self.announced = announced
        self.pending = 1.0
        self.step = torch.zeros((), dtype=torch.float32, device=table.device)
        self.slot_of = torch.full((table.shape[0],), -1, dtype=torch.int64, device=table.device)
        self.rows = torch.empty(0, dtype=torch.int64, device=table.device)
        self._weights = self.table.new_empty((0, *table.shape[1:]))
        self._exp_avg = self._weights.clone()
        self._exp_avg_sq = self._weights.clone()
        self._zeros = self._weights.clone()
        self._behind = False  # whether the table misses updates
        # the version of the table that the weights belong to; none when anybody may have changed it since
        self._seen: int | None = self.table._version
        self._read = torch.zeros(table.shape[0], dtype=torch.bool, device=table.device)

    def announce(self, rows: Tensor) -> None:
        """Bring `rows` (int64, any shape, repeats allowed) of the table up to date."""
        rows = rows.flatten()
        self._take_over()
        self._activate(rows)
        if self._behind:
            self._write(rows)
        self._read[rows] = True

    def _take_over(self) -> None:
        """Follow a table that somebody else has changed, which is fine as long as it had every update."""
        if self.table._version == self._seen:
            return
        if self._behind:
            what = f"{self.name} was changed while updates of it were put off"
            fix = "call settle() before changing parameters during training"
            raise GlassbertError(Problem(code="table-changed", what=what, fix=fix))
        self._weights[: self.rows.numel()] = self.table[self.rows]
        self._seen = self.table._version

    def _write(self, rows: Tensor) -> None:
        self.table.index_copy_(0, rows, self._weights.index_select(0, self.slot_of[rows]))
        self._seen = self.table._version

    def write_back(self) -> None:
        """Bring every row that has a slot up to date."""
        if self._behind:
            self.table.index_copy_(0, self.rows, self._weights[: self.rows.numel()])
            self._behind, self._seen = False, self.table._version

    def _activate(self, rows: Tensor) -> None:
        """Give each of the rows a slot and its pending decay."""
        new = torch.unique(rows[self.slot_of[rows] < 0])
        if new.numel() == 0:
            return
        if self.pending != 1.0:
            self.table[new] *= self.pending
            self._seen = self.table._version
        start, stop = self.rows.numel(), self.rows.numel() + new.numel()
        self._reserve(stop)
        self._weights[start:stop] = self.table[new]
        self.slot_of[new] = torch.arange(start, stop, device=new.device)
        self.rows = torch.cat([self.rows, new])

    def _reserve(self, count: int) -> None:
        """Grow geometrically, so that all growth together copies each row about once."""
        if count <= self._exp_avg.shape[0]:
            return
        capacity = min(max(count, 2 * self._exp_avg.shape[0], FIRST_CAPACITY), self.table.shape[0])
        self._weights = _grown(self._weights, capacity)
        self._exp_avg = _grown(self._exp_avg, capacity)
        self._exp_avg_sq = _grown(self._exp_avg_sq, capacity)

    def update(self, gradient: Tensor, betas: Betas, update: Update) -> None:
        """One step with a coalesced row-sparse gradient: R indices and an [R, ...] block of values."""
        rows = gradient.indices()[0]
        self._take_over()
        self._refuse_unannounced(rows)
        self._activate(rows)
        self.step += 1
        self._decay_inactive(1.0 - update.learning_rate * update.weight_decay)
        slots, order = self.slot_of[rows].sort()
        self._update_active(slots, gradient.values()[order], betas, update)
        if not self.announced:
            self.settle()

    def _refuse_unannounced(self, rows: Tensor) -> None:
        late = (self._behind or self.pending != 1.0) and not bool(self._read[rows].all())
        self._read.zero_()
        if late:
            what = f"{self.name} got a gradient for rows that will_read did not announce"
            fix = "announce every row before the forward pass, or build AdamW with announced=False"
            raise GlassbertError(Problem(code="row-not-announced", what=what, fix=fix))

    def _decay_inactive(self, factor: float) -> None:
        if factor == 1.0 or self.rows.numel() == self.table.shape[0]:
            return
        self.pending *= factor

    def settle(self) -> None:
        """Bring every row up to date, the pending decay of those without a slot included.

        Afterwards the table may be changed by anybody.
        """
        self.write_back()
        self._seen = None
        if self.pending == 1.0:
            return
        factor = torch.full(
            (self.table.shape[0],), self.pending, dtype=self.table.dtype, device=self.table.device
        )
        factor[self.rows] = 1.0
        self.table *= factor.view(-1, *[1] * (self.table.dim() - 1))
        self.pending = 1.0

    def _update_active(self, slots: Tensor, values: Tensor, betas: Betas, update: Update) -> None:
        """Update all active rows, chunk by chunk; `slots` ascend and `values` are their gradients."""
        count = self.rows.numel()
        size = CHUNK if self.table.device.type == "cpu" else count
        starts = torch.arange(0, count + size, size, device=slots.device)
        cuts = torch.searchsorted(slots, starts).tolist()
        buffer = self._buffer_of(min(size, count))
        for chunk, start in enumerate(range(0, count, size)):
            stop = min(start + size, count)
            mine = slice(cuts[chunk], cuts[chunk + 1])
            gradients, touched = buffer[: stop - start], slots[mine] - start
            gradients.index_copy_(0, touched, values[mine])
            fused_update(
                [self._weights[start:stop]],
                [gradients],
                moments=[(self._exp_avg[start:stop], self._exp_avg_sq[start:stop])],
                steps=[self.step],
                betas=betas,
                update=update,
            )
            gradients.index_fill_(0, touched, 0.0)
        self._behind = True

    def _buffer_of(self, size: int) -> Tensor:
        """At least `size` rows of zeros for the gradients of a chunk; whoever writes there makes them zero
        again, which is cheaper than zeroing all of them in every step.
        """
        if self._zeros.shape[0] < size:
            self._zeros = self.table.new_zeros((size, *self.table.shape[1:]))
        return self._zeros

    def tensors(self) -> dict[str, Tensor]:
        """The state by name, moments in slot order: with it a continuation repeats every rounding."""
        count = self.rows.numel()
        return {
            "step": self.step,
            "rows": self.rows,
            "pending": torch.tensor(self.pending, dtype=torch.float64),
            "exp_avg": self._exp_avg[:count],
            "exp_avg_sq": self._exp_avg_sq[:count],
        }

    def load(self, saved: Mapping[str, Tensor]) -> None:
        rows = saved["rows"].to(self.table.device)
        shape = (rows.numel(), *self.table.shape[1:])
        if saved["exp_avg"].shape != shape or saved["exp_avg_sq"].shape != shape:
            raise misfit(
                f"{self.name} has moments of shape {list(saved['exp_avg'].shape)}, not {list(shape)}"
            )
        if rows.numel() and not 0 <= int(rows.min()) <= int(rows.max()) < self.table.shape[0]:
            raise misfit(f"{self.name} has state for a row outside its {self.table.shape[0]} rows")
        self._reserve(rows.numel())
        self._exp_avg[: rows.numel()] = saved["exp_avg"].to(self.table.device)
        self._exp_avg_sq[: rows.numel()] = saved["exp_avg_sq"].to(self.table.device)
        self._weights[: rows.numel()] = self.table[rows]
        self._behind, self._seen = False, self.table._version
        self.rows = rows.clone()
        self.slot_of[rows] = torch.arange(rows.numel(), device=rows.device)
        self.step.copy_(saved["step"])
        self.pending = float(saved["pending"])


def _grown(moments: Tensor, capacity: int) -> Tensor:
    grown = moments.new_zeros((capacity, *moments.shape[1:]))
    grown[: moments.shape[0]] = moments
    return grown
