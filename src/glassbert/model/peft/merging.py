"""An adapter merged into the tensors of its base model, one by one as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from glassbert.model.aliases import canonical, key_of
from glassbert.model.config import CLASSIFIERS, EncoderConfig, HeadConfig
from glassbert.model.files import TensorFiles
from glassbert.model.lora import place_of
from glassbert.model.names import encoder_names, head_names
from glassbert.model.peft.reading import Adapter, bad
from glassbert.model.peft.writing import WEIGHTS

LISTED = 8


class Merged(Mapping[str, Tensor]):
    """The tensors of a base with W + s B A for every adapted layer, and the adapter's own in place of theirs.

    Each is computed when it is asked for. Raises DataError where adapter and base do not belong together.
    """

    def __init__(self, base: TensorFiles, adapter: Adapter, config: EncoderConfig) -> None:
        self._base, self._scale = base, adapter.scale
        file = str(adapter.directory / WEIGHTS)
        found = canonical(base, config, file=file)
        places = {key_of(f"{name}.weight", config): pair for name, pair in adapter.pairs.items()}
        _check_places(places, adapter, config, file)
        self._changes = {}
        for key, pair in places.items():
            if key not in found:
                raise bad("unknown-layer", f"{key} is no layer of the base model", file)
            _check_shapes(key, pair, tuple(base.specs[found[key]].shape), file)
            self._changes[found[key]] = pair
        heads = {key_of(name, config): name for name in adapter.replaced}
        self._replaced = {found.get(key, name): adapter.replaced[name] for key, name in heads.items()}
        self._names = list(dict.fromkeys([*base, *self._replaced]))

    def __getitem__(self, name: str) -> Tensor:
        if name in self._replaced:
            return self._replaced[name]
        tensor = self._base[name]
        if name not in self._changes:
            return tensor
        a, b = self._changes[name]
        return tensor.float() + self._scale * (b.float() @ a.float())

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def head_of(adapter: Adapter, config: EncoderConfig, saved: HeadConfig) -> HeadConfig:
    """The head of the merged model: the adapter's kind and classes, by the base's names where they fit."""
    if adapter.head is not None:
        return adapter.head
    if adapter.head_kind is None or (adapter.head_kind == saved.kind and not _brings(adapter, config)):
        return saved
    if adapter.head_kind not in CLASSIFIERS:
        return HeadConfig(kind=adapter.head_kind)
    count = _brings(adapter, config)
    if count is None:
        what = f"it is for {adapter.head_kind}, and neither it nor its base has logits for that"
        raise bad("missing-tensors", what, str(adapter.directory / WEIGHTS))
    if adapter.head_kind == saved.kind and count == saved.num_labels:
        return saved
    return HeadConfig(kind=adapter.head_kind, labels=tuple(f"LABEL_{i}" for i in range(count)))


def _brings(adapter: Adapter, config: EncoderConfig) -> int | None:
    """How many logits the adapter's own head has; None where it brings none."""
    names = head_names(config, adapter.head_kind) if adapter.head_kind else None
    for name in names or []:
        if name.ours == "head.output.weight" and name.theirs[0] in adapter.replaced:
            return len(adapter.replaced[name.theirs[0]])
    return None


def _check_places(places: Mapping[str, Any], adapter: Adapter, config: EncoderConfig, file: str) -> None:
    """The layers with adapters are those that the configuration promises."""
    if adapter.targets is None:
        return
    layers = [
        theirs
        for name in encoder_names(config)
        for theirs in name.theirs
        if ".blocks." in name.ours and theirs.endswith(".weight") and "norm" not in theirs.lower()
    ]
    promised = {key_of(each, config) for each in layers if _is_promised(each, adapter)}
    if missing := sorted(promised - set(places)):
        raise bad("missing-tensors", f"target_modules names layers without adapters: {_some(missing)}", file)
    foreign = sorted(
        key
        for key in places
        if not any(_named(key.removesuffix(".weight"), each) for each in adapter.targets)
    )
    if foreign:
        raise bad("unexpected-tensors", f"target_modules does not name {_some(foreign)}", file)


def _is_promised(name: str, adapter: Adapter) -> bool:
    layer = name.removesuffix(".weight")
    block, _ = place_of(layer)
    chosen = adapter.blocks is None or block in adapter.blocks
    return chosen and any(_named(layer, target) for target in adapter.targets or ())


def _named(layer: str, target: str) -> bool:
    return layer == target or layer.endswith(f".{target}") or target.endswith(f".{layer}")


def _check_shapes(key: str, pair: tuple[Tensor, Tensor], shape: tuple[int, ...], file: str) -> None:
    a, b = pair
    if (b.shape[0], a.shape[1]) != shape:
        what = f"{key} is {list(shape)} in the base, and its adapter {[b.shape[0], a.shape[1]]}"
        raise bad("wrong-shape", what, file)


def _some(names: list[str]) -> str:
    return ", ".join(names[:LISTED]) + (f", ... ({len(names) - LISTED} more)" if len(names) > LISTED else "")
