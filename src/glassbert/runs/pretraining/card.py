"""README.md of a pre-trained model: what it is, what it read, how well it guesses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

NAMES = {
    "mlm_loss": "masked-word loss (nats)",
    "mlm_accuracy": "masked-word accuracy",
    "nsp_loss": "next-sentence loss (nats)",
    "nsp_accuracy": "next-sentence accuracy",
    "bits_per_character": "bits per character (estimate)",
    "pseudo_perplexity": "pseudo-perplexity of sentences",
}


def _reader(model: Mapping[str, Any]) -> str:
    name = model.get("transformers")
    if name is None:
        return "No class of transformers computes this network: glassbert alone reads it."
    return f"transformers reads it as `{name}`."


def pretraining_card(document: Mapping[str, Any]) -> str:
    """The card from run.json."""
    front = {"library_name": "transformers", "pipeline_tag": "fill-mask", "tags": ["glassbert", "fill-mask"]}
    header = "\n".join(f"{key}: {json.dumps(value)}" for key, value in front.items())
    model, data, result = document["model"], document["data"], document["result"]
    config = {name: entry["value"] for name, entry in document["config"].items()}
    longest = config["max_length"]
    scores = "\n".join(f"| {NAMES[name]} | {value:.4f} |" for name, value in result["metrics"].items())
    return f"""---
{header}
---

# {model["num_hidden_layers"]} x {model["hidden_size"]} {model["family"]} encoder

Pre-trained by glassbert (`{config["objective"]}`) from `{model["source"]}`: {result["total_steps"]:,} updates
of {config["batch_size"]:,} sequences of at most {longest} tokens, {result["tokens_seen"]:,} tokens in all.
Sequences of more than {longest} tokens it has never read. {_reader(model)}

The text: {data["train"]["documents"]:,} documents, {data["train"]["tokens"]:,} tokens. Held out:
{data["evaluation"]["documents"]:,} documents, of which a bounded part with fixed masks at 15 % gives

| measure | value |
|---|---|
{scores}
"""
