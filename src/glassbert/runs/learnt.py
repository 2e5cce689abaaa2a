"""What of a network learns: settings of freezing and of low-rank adapters, and their use on a network."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from glassbert.errors import DataError, Problem, UsageError
from glassbert.model.adapted import LowRank
from glassbert.model.encoder import Encoder
from glassbert.model.lora import LoraPlan, adapters, attach, default_targets, merge
from glassbert.model.network import Network

FREEZABLE = ("embeddings", "encoder")


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """`freeze`: "embeddings", "encoder" (all but the head), or the embeddings and so many blocks from below.

    `lora` is the rank of the adapters, which then learn in place of the encoder's own weights; `lora_alpha`
    their weight, `lora_targets` the layers that get any ("query,value", "all-linear"), `lora_dropout` thins
    their inputs.
    """

    freeze: int | str | None = None
    lora: int | None = None
    lora_alpha: float | None = None
    lora_targets: str | None = None
    lora_dropout: float = 0.0

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Learnt:
        """Those among all settings."""
        return cls(**{field.name: values[field.name] for field in fields(cls)})


def problem_of(name: str, value: Any) -> tuple[str, str] | None:
    """What is wrong with the value of such a setting, and what to do; None where nothing is."""
    if value is None and name != "lora_dropout":
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    whole = isinstance(value, int) and not isinstance(value, bool)
    right = {
        "freeze": (whole and 1 <= value < 1000) or (isinstance(value, str) and value in FREEZABLE),
        "lora": whole and 1 <= value < 100_000,
        "lora_alpha": number and 0 < value < 1e6,
        "lora_targets": isinstance(value, str) and all(part.strip() for part in value.split(",")),
        "lora_dropout": number and 0 <= value <= 0.99,
    }
    fixes = {
        "freeze": "give embeddings, encoder, or a number of blocks from 1 on",
        "lora": "give a rank from 1 on, such as 8",
        "lora_alpha": "give a number above 0",
        "lora_targets": "give names of layers with commas between them, or all-linear",
        "lora_dropout": "give a number from 0 to 0.99",
    }
    return None if right[name] else (f"is {value!r}", fixes[name])


def restrict(network: Network, learnt: Learnt, *, seed: int) -> None:
    """Freeze what shall not learn, and give the adapters to what they are for, in place.

    Raises UsageError for settings that contradict one another or the model, and where nothing would learn.
    """
    encoder, depth = network.encoder, network.config.num_hidden_layers
    if learnt.lora is None and (learnt.lora_alpha or learnt.lora_targets or learnt.lora_dropout):
        raise _bad("--lora-alpha, --lora-targets and --lora-dropout belong to --lora", "give --lora 8 too")
    lowest = _lowest(learnt.freeze, depth)
    if learnt.lora is not None:
        if lowest == depth:
            raise _bad("--freeze leaves no block to which --lora could add", "leave one of them out")
        said = learnt.lora_targets or ",".join(default_targets(network))
        targets = tuple(part.strip() for part in said.split(","))
        plan = LoraPlan(
            rank=learnt.lora,
            alpha=learnt.lora_alpha or 2.0 * learnt.lora,
            targets=targets,
            dropout=learnt.lora_dropout,
            lowest=lowest,
        )
        attach(network, plan, seed=seed)
    elif learnt.freeze is not None:
        _freeze(encoder, lowest)
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise _bad("--freeze encoder leaves nothing that learns: this task has no head", "freeze less")


def release(network: Network) -> list[tuple[str, LowRank]]:
    """Merge the adapters and let everything learn again, in place; the adapters by their layers' names."""
    taken = list(adapters(network))
    merge(network)
    network.requires_grad_(True)
    return taken


def count_learning(network: Network) -> int:
    """How many numbers learn."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def digest_of_frozen(network: Network) -> str | None:
    """SHA-256 of all that does not learn, which no checkpoint holds; None where everything learns."""
    frozen = [(name, each) for name, each in network.named_parameters() if not each.requires_grad]
    if not frozen:
        return None
    digest = hashlib.sha256()
    for name, tensor in frozen:
        digest.update(f"{name} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()


def refuse_changed_base(recorded: str | None, network: Network, *, file: str) -> None:
    """Raise DataError where what does not learn is not what the run began with."""
    if recorded != digest_of_frozen(network):
        what = "the model is not the one that the run began with, and checkpoints hold only what learns"
        fix = "bring the model back, or start a new run"
        raise DataError(Problem(code="changed-model", what=what, fix=fix, file=file))


def frozen_blocks(freeze: int | str | None, depth: int) -> int:
    """How many blocks of a network of so many are frozen, by what is asked."""
    count = {None: 0, "embeddings": 0, "encoder": depth}.get(freeze, freeze)  # type: ignore[arg-type]
    assert isinstance(count, int)
    return count


def _lowest(freeze: int | str | None, depth: int) -> int:
    """The first block that is not frozen."""
    count = frozen_blocks(freeze, depth)
    if count > depth:
        raise _bad(f"--freeze {count}: the model has {depth} blocks", f"give 1 to {depth}, or embeddings")
    return count


def _freeze(encoder: Encoder, lowest: int) -> None:
    encoder.embeddings.requires_grad_(False)
    for block in encoder.blocks[:lowest]:
        block.requires_grad_(False)


def _bad(what: str, fix: str) -> UsageError:
    return UsageError(Problem(code="bad-setting", what=what, fix=fix))
