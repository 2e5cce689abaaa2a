"""Low-rank adaptation (Hu et al. 2021, arXiv 2106.09685): which layers get adapters, and merging them.

    W x + b  becomes  W x + b + s B A x,      A [r, in], B [out, r],      s = alpha / r, or alpha / sqrt(r)

with the rank-stabilised factor of Kalajdzievski 2023 (arXiv 2312.03732). Of the encoder only A and B learn.
B begins at zero, so that the first step sees the model itself; A is drawn uniformly from +-1 / sqrt(in).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from glassbert.errors import Problem, UsageError
from glassbert.model.adapted import Adapted, LowRank, parts_of
from glassbert.model.config import BARE
from glassbert.model.names import PREFIX, Name, encoder_names
from glassbert.model.network import Network
from glassbert.products import Linear

ALL = "all-linear"
IN_BLOCK = re.compile(r"\blayers?\.(\d+)\.(.+)")
DEFAULT = ("query", "value")
FUSED_DEFAULT = ("Wqkv",)
"""ModernBERT's first projection is one layer, in peft too."""
# what the parts of attention's first projection are called in BERT, beside a family's own names
PARTS = {"query": "q_lin", "key": "k_lin", "value": "v_lin"}


@dataclass(frozen=True, kw_only=True)
class LoraPlan:
    """Which layers get an adapter, of which rank r and weight alpha.

    `targets`: names of layers as transformers has them ("query", "attention.output.dense"), or "all-linear";
    `lowest`: the first block that gets any. `dropout` thins the adapters' inputs in training.
    """

    rank: int
    alpha: float
    targets: tuple[str, ...] = DEFAULT
    dropout: float = 0.0
    lowest: int = 0
    stabilised: bool = False

    @property
    def scale(self) -> float:
        """What B A counts."""
        return self.alpha / (math.sqrt(self.rank) if self.stabilised else self.rank)


def attach(network: Network, plan: LoraPlan, *, seed: int) -> None:
    """Give every targeted layer its adapters, in place; nothing else of the encoder learns from now on.

    A is drawn by `seed`. Raises UsageError for a layer that the family does not have, and for a rank that is
    not below both sides of a layer.
    """
    generator = torch.Generator().manual_seed(seed)
    chosen = set(targeted(network, plan))
    network.encoder.requires_grad_(False)
    for row in linear_rows(network):
        place = row.ours.removesuffix(".weight")
        linear = network.get_submodule(place)
        assert isinstance(linear, nn.Linear)
        count = linear.out_features // len(row.theirs)
        if plan.rank >= min(count, linear.in_features):
            what = f"--lora {plan.rank}: a layer is {count} x {linear.in_features}"
            raise UsageError(Problem(code="bad-setting", what=what, fix="give a smaller rank, such as 8"))
        adapters = {}
        for part, name in enumerate(row.theirs):
            if name.removesuffix(".weight") in chosen:
                start = part * count
                width, scale = linear.in_features, plan.scale
                low = LowRank(plan.rank, width, start=start, stop=start + count, scale=scale)
                nn.init.kaiming_uniform_(low.a, a=math.sqrt(5), generator=generator)
                adapters[str(part)] = low.to(linear.weight)
        if adapters:
            _put(network, place, Adapted(linear, adapters, dropout=plan.dropout))


def merge(network: Network) -> None:
    """W <- W + s B A in place, and plain layers again: the same function, without adapters."""
    for place, layer in list(network.named_modules()):
        if isinstance(layer, Adapted):
            plain = Linear(layer.in_features, layer.out_features, device="meta")
            with torch.no_grad():
                layer.weight.copy_(layer.merged_weight())
            plain.weight, plain.bias = layer.weight, layer.bias
            _put(network, place, plain.train(layer.training))


def adapters(network: Network) -> Iterator[tuple[str, LowRank]]:
    """Every adapter, with the name that transformers gives to its layer in a model with this head."""
    prefix = module_prefix(network)
    for row in linear_rows(network):
        layer = network.get_submodule(row.ours.removesuffix(".weight"))
        assert isinstance(layer, nn.Linear)
        count = layer.out_features // len(row.theirs)
        for low in parts_of(layer):
            yield prefix + row.theirs[low.start // count].removesuffix(".weight"), low


def module_prefix(network: Network) -> str:
    """What transformers puts before the encoder's names: nothing where the model is the bare encoder."""
    return "" if network.head_config.kind in BARE else PREFIX[network.config.model_type]


def default_targets(network: Network) -> tuple[str, ...]:
    """The layers that get an adapter where nobody says which."""
    return FUSED_DEFAULT if network.config.model_type == "modernbert" else DEFAULT


def targeted(network: Network, plan: LoraPlan) -> list[str]:
    """Names of the layers that get an adapter, as transformers has them, without the family's prefix."""
    every = {
        theirs.removesuffix(".weight"): _block_of(row)
        for row in linear_rows(network)
        for theirs in row.theirs
    }
    chosen = set[str]()
    for target in plan.targets:
        found = {name for name in every if target == ALL or is_named(name, target)}
        if not found:
            what = f"--lora-targets: the model has no layer '{target}'"
            fix = f"give {ALL}, or some of {', '.join(kinds(list(every)))}"
            raise UsageError(Problem(code="no-such-layer", what=what, fix=fix))
        chosen |= found
    return [name for name, block in every.items() if name in chosen and block >= plan.lowest]


def kinds(names: list[str]) -> list[str]:
    """Layers by their names within a block, each once: "attention.self.query", ..."""
    return list(dict.fromkeys(place_of(name)[1] for name in names))


def place_of(name: str) -> tuple[int, str]:
    """The block of a layer that transformers calls so, and its name within: (3, "attention.self.query")."""
    found = IN_BLOCK.search(name)
    assert found is not None, name
    return int(found[1]), found[2]


def is_named(name: str, target: str) -> bool:
    """As peft matches: the whole name, or its end from a dot on; "query" is q_lin in DistilBERT."""
    return any(name == each or name.endswith(f".{each}") for each in (target, PARTS.get(target, target)))


def linear_rows(network: Network) -> list[Name]:
    """The rows of the table of names that are weights of linear layers within blocks."""
    return [
        row
        for row in encoder_names(network.config)
        if row.ours.endswith(".weight")
        and network.get_parameter(row.ours).ndim == 2
        and ".blocks." in row.ours
    ]


def _put(network: Network, place: str, module: nn.Module) -> None:
    parent, _, last = place.rpartition(".")
    setattr(network.get_submodule(parent), last, module)


def _block_of(row: Name) -> int:
    return int(row.ours.partition("blocks.")[2].partition(".")[0])
