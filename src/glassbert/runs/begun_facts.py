"""What run.json says of settings and model before training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glassbert.model.network import Network
from glassbert.runs.learnt import count_learning, digest_of_frozen
from glassbert.runs.prepare import Prepared


def config_facts(prepared: Prepared) -> dict[str, dict[str, Any]]:
    """Every setting with its value, where it came from, and why."""
    return {
        name: {"value": setting.value, "from": setting.origin, "reason": setting.reason}
        for name, setting in prepared.settings.items()
    }


def model_facts(prepared: Prepared) -> Mapping[str, Any]:
    """The model's name, its size and its shape."""
    network = prepared.model.network
    config, head = network.config, network.head_config
    return {
        "source": prepared.model.name,
        **({} if prepared.base is None else {"base": str(prepared.base)}),
        "family": config.model_type,
        "num_parameters": config.num_parameters + network.head_config.num_parameters(config),
        **_restriction(network),
        "hidden_size": config.hidden_size,
        "num_hidden_layers": config.num_hidden_layers,
        "num_attention_heads": config.num_attention_heads,
        **({"crf": True} if head.crf else {}),
        **({"lstm_size": head.lstm_size} if head.lstm_size else {}),
        "newly_initialised": list(prepared.newly_initialised),
    }


def _restriction(network: Network) -> dict[str, Any]:
    """Of a network that learns in parts: how many numbers learn, and what the others are."""
    frozen = digest_of_frozen(network)
    return {} if frozen is None else {"num_learning": count_learning(network), "frozen_sha256": frozen}
