"""Pre-training on one GPU: tokens a second and MFU, beside transformers with sdpa and torch.compile.

    python benchmarks/gpu_pretrain.py --size base --length 512 --batch 128 --seconds 10 \\
        --text ../shared/data/wikitext/wikitext-103.valid.tokens.gz \\
        --vocabulary ../shared/data/vocabs/bert-base-uncased.vocab.txt

Full sequences, so that the peer has no padding either; 15 % masked; bf16 autocast, fp32 weights, AdamW.
Contenders, each in its own process, in turns:

* ours: the loop of `glassbert pretrain` (varlen attention, vocabulary logits of masked rows alone)
* compiled: the same with every feed-forward layer compiled by torch
* peer: BertForPreTraining with sdpa, compiled whole, a plain loop, fused AdamW, its batches ready on the GPU

MFU is the arithmetic of docs/pretraining.md (real tokens, sparse head) over the data sheet's dense bf16, for
all contenders the same numerator. `--device cpu` is the smoke test: no figure of it means anything.
Goal: 45 % on an H100. It has not been run on a GPU yet; rows go to benchmarks/results/gpu_pretrain.jsonl.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import fitting
import numpy as np
import pretrain
import torch
from contest import Baton, answer, compete, finish, ratio

from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.runs.pretraining.costs import machine_peak, training_flops
from glassbert.runs.pretraining.settings import SIZES, Settings
from glassbert.tasks.pretraining import MaskedBatch
from glassbert.text.corrupt import Masking
from glassbert.text.sequences import Batches

ROLES = ("ours", "compiled", "peer")
READY = 8
"""Batches that the peer goes through again and again."""


def settings_of(options: argparse.Namespace) -> Settings:
    return Settings(
        steps=10**6,
        batch_size=options.batch,
        max_length=options.length,
        learning_rate=fitting.RATE,
        hidden_dropout=0.0,
    )


def ours(options: argparse.Namespace) -> None:
    samples, tokenizer, config = pretrain.material(options, options.length)
    network = Network(config, HeadConfig(kind="pretraining")).to(options.device)
    if options.role == "compiled":
        for block in network.encoder.blocks:
            block.feed_forward.compile(dynamic=False)
    pretrain.led(pretrain.job_of(network, samples, tokenizer, settings_of(options)))
    answer({"peak_gb": peak_gb(options.device)})


def peer(options: argparse.Namespace) -> None:
    import transformers

    samples, tokenizer, config = pretrain.material(options, options.length)
    theirs = pretrain.peer_config(
        config, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, attn_implementation="sdpa"
    )
    device = torch.device(options.device)
    model = transformers.BertForPreTraining(theirs).to(device).train()
    ran = torch.compile(model) if device.type == "cuda" else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=fitting.RATE, fused=True)
    made = Batches(samples, tokenizer, Masking(), seed=0)
    ready = [columns(made, number, options, device) for number in range(READY)]
    baton, step = Baton(), 0
    while not baton.over:
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            loss = ran(**ready[step % READY]).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        float(loss.detach())  # as our log does: a block of time must not end before its work
        baton.step(options.batch * options.length)
        step += 1
    answer({"peak_gb": peak_gb(options.device)})


def columns(
    made: Batches, number: int, options: argparse.Namespace, device: torch.device
) -> dict[str, torch.Tensor]:
    """A batch of full sequences as transformers reads it."""
    first = number * options.batch
    numbers = np.arange(first, first + options.batch) % len(made.samples)
    batch = made.batch(numbers, step=0)
    labels = np.full(len(batch.input_ids), -100)
    labels[batch.rows] = batch.labels
    assert batch.next_sentence_labels is not None
    shape = (options.batch, options.length)
    found = {
        "input_ids": batch.input_ids.reshape(shape),
        "token_type_ids": batch.token_type_ids.reshape(shape),
        "labels": labels.reshape(shape),
        "next_sentence_label": batch.next_sentence_labels,
    }
    return {name: torch.from_numpy(values.astype(np.int64)).to(device) for name, values in found.items()}


def peak_gb(device: str) -> float:
    return torch.cuda.max_memory_allocated() / 1e9 if device == "cuda" else 0.0


def flops_per_token(options: argparse.Namespace) -> float:
    """Of one batch, divided by its tokens."""
    samples, tokenizer, config = pretrain.material(options, options.length)
    made = Batches(samples, tokenizer, Masking(), seed=0)
    numbers = np.arange(min(options.batch, len(samples)))
    batch = MaskedBatch.of(made.batch(numbers, step=0))
    return training_flops(config, batch) / (len(numbers) * options.length)


def options_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", choices=list(SIZES), default="base")
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--text", required=True)
    parser.add_argument("--vocabulary", required=True, help="vocab.txt")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a block")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--cache", default=str(Path(tempfile.gettempdir()) / "glassbert-pretrain"))
    parser.add_argument("--role", choices=ROLES, help=argparse.SUPPRESS)
    return parser.parse_args()


def contest(options: argparse.Namespace) -> None:
    if options.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("there is no CUDA device here; --device cpu is the smoke test")
    work, peak = flops_per_token(options), machine_peak(torch.device(options.device))
    said = vars(options) | {"role": None}
    command = [sys.executable, __file__]
    command += [
        word for name, value in said.items() if value is not None for word in (f"--{name}", str(value))
    ]
    roles = ROLES if options.device == "cuda" else ("ours", "peer")  # torch's compiler takes a minute here
    found = compete(
        {role: [*command, "--role", role] for role in roles}, seconds=options.seconds, rounds=options.rounds
    )
    rates = {role: sorted(found[role]["rates"])[options.rounds // 2] for role in roles}
    best = max((role for role in roles if role != "peer"), key=lambda role: rates[role])
    middle, *spread = ratio(found[best]["rates"], found["peer"]["rates"])
    row: dict[str, Any] = {
        "ours": rates[best],
        "peer": rates["peer"],
        "peer_tuned": rates["peer"],  # sdpa, compiled, fused: there is no better one
        "ratio": middle,
        "ratio_tuned": middle,
        "ratio_spread": spread,
        "unit": "real tokens/s",
        "best": best,
        "rates": rates,
        "mfu": {role: rate * work / peak["flops_per_second"] for role, rate in rates.items()},
        "peak": peak,
        "peak_gb": {role: round(found[role]["peak_gb"], 2) for role in roles},
        "gpu": torch.cuda.get_device_name() if options.device == "cuda" else None,
        "size": options.size,
        "batch": options.batch,
        "length": options.length,
        "blocks": options.rounds,
        "block_seconds": options.seconds,
    }
    finish("gpu_pretrain", row)


if __name__ == "__main__":
    asked = options_of()
    {"ours": ours, "compiled": ours, "peer": peer, None: contest}[asked.role](asked)
