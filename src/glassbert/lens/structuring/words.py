"""Amounts and shapes as people read them."""

from __future__ import annotations

from glassbert.lens.structuring.graph import Total

PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def shape_of(shape: tuple[int, ...] | None) -> str:
    return "?" if shape is None else f"[{', '.join(map(str, shape))}]"


def short(amount: float, unit: str) -> str:
    """1.23 M, 456 k, 7: three digits and a prefix."""
    for size, prefix in PREFIXES:
        if amount >= size:
            return f"{amount / size:.3g} {prefix}{unit}"
    return f"{amount:.3g} {unit}".strip()


def amounts(total: Total) -> tuple[str, ...]:
    """A line of what it holds and one of what it costs; nothing is said of zeros."""
    held = f"{total.num_parameters:,} parameters" if total.num_parameters else ""
    flops = short(total.flops, "FLOP") if total.flops else ""
    fresh = short(total.activation_bytes, "B") if total.activation_bytes else ""
    spent = f"{total.seconds * 1e3:.3g} ms" if total.seconds else ""
    costs = " · ".join(each for each in (flops, fresh, spent) if each)
    return tuple(line for line in (held, costs) if line)
