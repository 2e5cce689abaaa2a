"""A model directory that every reader understands: transformers 4 and 5, sentence-transformers, tokenizers,
ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glassbert.durable import write_file
from glassbert.model.config import HeadConfig
from glassbert.model.pretrained import save_pretrained
from glassbert.runs.models import Model
from glassbert.runs.notes import write_notes
from glassbert.runs.pooling_files import write_pooling
from glassbert.tasks.names import find_task
from glassbert.tasks.wording import HUB_METRICS, RIVAL_NAMES


def save_model(model: Model, directory: Path, *, card: str, more: Mapping[str, Any] | None = None) -> None:
    """Write configuration, weights, tokenizer, our notes, the pooling of sentence-transformers and the
    model card.

    Each file is written whole; raises OutputError or StorageError and leaves what was there.
    """
    save_pretrained(model.network, directory)
    limit = model.tokenizer.model_max_length or model.network.config.max_length
    config = model.network.config
    segments = config.model_type != "modernbert" or config.type_vocab_size > 0
    limit = min(limit, config.max_length)
    model.tokenizer.save(directory, model_max_length=limit, segments=segments)
    write_notes(directory, model.notes, more=more)
    head, width = model.network.head_config, model.network.config.hidden_size
    # of a head that makes no vectors, what `embed` does by default
    pooling = head.pooling if head.kind == "sentence" else "mean"
    write_pooling(directory, pooling=pooling, width=width, max_length=model.max_length)
    write_file(directory / "README.md", [card.encode(), _of_head(head).encode()])


def model_card(document: Mapping[str, Any]) -> str:
    """README.md of a fine-tuned model from its run.json: what it is, its data, its scores."""
    result, data = document["result"], document["data"]
    name, pipeline = document["model"]["source"], find_task(document["task"]).pipeline
    front = {
        "library_name": "transformers",
        "pipeline_tag": pipeline,
        "tags": list(dict.fromkeys(("glassbert", pipeline, document["task"]))),
        "metrics": list(dict.fromkeys(HUB_METRICS[metric] for metric in result["intervals"])),
    }
    header = "\n".join(f"{key}: {json.dumps(value)}" for key, value in front.items())
    rival, beside = list(result["baselines"].items())[-1]
    rows = "\n".join(
        f"| {metric} | {result['metrics'][metric]:.4f} | {low:.4f} to {high:.4f} | {beside[metric]:.4f} |"
        for metric, (low, high) in result["intervals"].items()
    )
    sizes = data["sizes"]
    return f"""---
{header}
---

# {document["task"]}{_with_labels(document)}

Fine-tuned by glassbert from `{name}` on {sizes["train"]:,} rows (validation {sizes["validation"]:,});
scored once on {sizes["evaluation"]:,} evaluation rows that took part in no choice.

| metric | value | 95 % interval | {RIVAL_NAMES[rival]} |
|---|---|---|---|
{rows}

{result["verdict"]["text"]}

{_labels(document)}{_of_scores(result)} Training data SHA-256:
`{data["train"]["sha256"]}`.
"""


def _with_labels(document: Mapping[str, Any]) -> str:
    return f" with {len(document['labels'])} labels" if document["labels"] else ""


def _labels(document: Mapping[str, Any]) -> str:
    names = ", ".join(json.dumps(label, ensure_ascii=False) for label in document["labels"])
    return f"Labels: {names}.\n" if names else ""


def _of_head(head: HeadConfig) -> str:
    """What other programs do not read of the head."""
    if head.lstm_size:
        chain = ", and the tags are one chain (`crf.*`)" if head.crf else ""
        return f"""
An LSTM of {head.lstm_size} units in each direction (`lstm.*`) stands between the encoder and the linear
layer (`classifier`){chain}. transformers reads the encoder (`AutoModel`) and refuses the
head, whose linear layer is wider than the encoder. glassbert reads all of it.
"""
    if head.crf:
        return """
The tags of a text are one chain (a CRF, `crf.*`): transformers reads the encoder and the linear layer
(`classifier`), whose logits are the chain's emissions, and leaves the chain out, so that it may answer
otherwise. glassbert reads all of it.
"""
    return ""


def _of_scores(result: Mapping[str, Any]) -> str:
    """What stands between the model's logits and the answers."""
    if "thresholds" in result:
        return """Each label is given from a score of its own on (`thresholds` in `glassbert.json`);
plain transformers pipelines know none."""
    if "null_threshold" in result:
        return f"""A question has no answer where its null score exceeds the best answer's by more than
{result["null_threshold"]["value"]:.4f} (`glassbert.json`); plain transformers pipelines know no threshold."""
    if "scoring" in result:
        return "Every question gets an answer: the training data has none without."
    if "similarity" in result:
        unit = result["similarity"]
        return f"""A text's vector is the {unit["pooling"]} of its tokens' states (`1_Pooling/config.json`);
a score is {unit["low"]:g} + {unit["span"]:g} times the cosine of two vectors."""
    if result.get("chain"):
        return f"""Scores are the chain's marginals p, calibrated as p^(1/T) over their sum with T =
{result["calibration"]["temperature"]:.4f} (`glassbert.json`)."""
    if "calibration" not in result:
        return "Answers are in the unit of the training data, and are clipped nowhere."
    return f"""Scores are calibrated by dividing the logits by {result["calibration"]["temperature"]:.4f}
(`glassbert.json`); plain transformers pipelines show them uncalibrated."""
