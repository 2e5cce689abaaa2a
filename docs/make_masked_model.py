"""Train a masked-word head on an encoder that has none, so that `glassbert look lens` has something to read.

    python docs/make_masked_model.py minilm reviews.csv --out speaker

Packages that carry an encoder carry no masked-word head. This is the short way for a few reviews;
`glassbert pretrain` is the whole one.
BERT's recipe (Devlin et al. 2019): 15 % of the tokens are guessed, of which 80 % are shown as [MASK], 10 % as
another token and 10 % as they are. Encoder and head are trained; every tenth text is held out. With the 2,388
sentences of the gallery and 4 epochs: some 5 minutes on two cores.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import glassbert as gb
from glassbert.lens.seen import pack
from glassbert.model.config import HeadConfig
from glassbert.model.layout import Rows
from glassbert.model.network import Network
from glassbert.model.pretrained import save_pretrained
from glassbert.runs.models import Model
from glassbert.text.windows import Windows

GUESSED, BATCH = 0.15, 32
HEAD_RATE, ENCODER_RATE = 1e-3, 1e-4
LISTED = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("encoder", help="run, model directory, bundled name or hub id")
    parser.add_argument("texts", type=Path, help="a CSV file with a column named text")
    parser.add_argument("--out", type=Path, required=True, help="the directory that is written")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with options.texts.open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    model = gb.load(options.encoder)
    network = train(model, texts, epochs=options.epochs, seed=options.seed)
    save_pretrained(network, options.out)
    model.tokenizer.save(options.out)


def train(model: Model, texts: list[str], *, epochs: int, seed: int) -> Network:
    """The encoder's own weights under a new head, trained; says how well it guesses texts it has not seen."""
    network = Network(model.network.config, HeadConfig(kind="masked-lm"), seed=seed)
    network.encoder.load_state_dict(model.network.encoder.state_dict())
    draw = np.random.default_rng(seed)
    windows = model.windows(texts, offsets=True)
    held_out = windows.example % 10 == 9
    train_rows, test_rows = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    steps = epochs * -(-len(train_rows) // BATCH)
    head, encoder = list(network.head.parameters()), list(network.encoder.parameters())
    own = [parameter for parameter in head if all(parameter is not other for other in encoder)]
    groups = [{"params": own, "lr": HEAD_RATE}, {"params": encoder, "lr": ENCODER_RATE}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / (0.1 * steps + 1), (steps - step) / (0.9 * steps + 1))
    )
    step = 0
    for _ in range(epochs):
        for chosen in np.array_split(draw.permutation(train_rows), -(-len(train_rows) // BATCH)):
            logits, wanted = guesses(model, network, windows.select(chosen), draw, corrupt=True)
            loss = F.cross_entropy(logits, wanted)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            step += 1
            if step % 20 == 0 or step == steps:
                print(f"step {step} of {steps}: loss {loss.item():.3f}", flush=True)
    print(report(model, network, windows.select(test_rows), draw))
    return network


def guesses(
    model: Model, network: Network, windows: Windows, draw: np.random.Generator, *, corrupt: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits [R, V] at R tokens drawn from the windows, and the tokens that stood there, [R]."""
    content = np.flatnonzero(windows.sequence >= 0)
    places = np.sort(draw.choice(content, max(1, round(GUESSED * len(content))), replace=False))
    wanted = torch.from_numpy(windows.input_ids[places].astype(np.int64))
    shown = windows.input_ids.copy()
    fate = draw.random(len(places)) if corrupt else np.zeros(len(places))
    shown[places[fate < 0.8]] = model.tokenizer.mask_token_id
    other = places[(fate >= 0.8) & (fate < 0.9)]
    shown[other] = draw.integers(0, network.config.vocab_size, len(other))
    packed = pack(replace(windows, input_ids=shown), network)
    logits = network(packed, rows=Rows.of(packed.layout, places))
    assert isinstance(logits, torch.Tensor)
    return logits, wanted


def report(model: Model, network: Network, windows: Windows, draw: np.random.Generator) -> str:
    """How often the hidden word is the first guess, and among the first ten, on texts that were held out."""
    network.eval()
    with torch.inference_mode():
        logits, wanted = guesses(model, network, windows, draw, corrupt=False)
    ranks = (logits > logits.gather(1, wanted[:, None])).sum(1)
    first, listed = (float((ranks < limit).float().mean()) for limit in (1, LISTED))
    return f"held out, {len(wanted)} hidden tokens: {first:.1%} first guess, {listed:.1%} among {LISTED}"


if __name__ == "__main__":
    main()
