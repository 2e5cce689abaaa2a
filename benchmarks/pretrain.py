"""Pre-training speed against transformers' BertForPreTraining under its Trainer, in real tokens a second.

    python benchmarks/pretrain.py --size tiny --text ../shared/data/wikitext/wikitext-103.valid.tokens.gz \\
        --vocabulary ../shared/data/vocabs/bert-base-uncased.vocab.txt --seconds 4

Both sides read the same full sequences of 128 tokens, [CLS] A [SEP] B [SEP], 32 an update, 15 % masked,
with the vocabulary of BERT; both learn by AdamW. Contenders, each in its own process, in turns:

* ours: the loop of `glassbert pretrain`, batches and masks made anew in every step
* peer: Trainer as it comes (attention weights are dropped out), its sequences masked beforehand
* tuned: no dropout of attention weights, flushed denormals, nothing logged or saved

Hardware, time and figures of each run stand in benchmarks/results/pretrain.jsonl.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fitting
import numpy as np
from contest import Baton, answer, compete, finish, peak_rss_mb, ratio

from glassbert.errors import Interrupted
from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.network import Network
from glassbert.runs.devices import use_threads
from glassbert.runs.pretraining.fit import BETAS, EPS, parameter_groups
from glassbert.runs.pretraining.job import PretrainingJob
from glassbert.runs.pretraining.settings import HEAD_SIZE, INNER, SIZES, Settings
from glassbert.text.corpus import Corpus
from glassbert.text.corpus_writing import prepare_corpus
from glassbert.text.corrupt import Masking
from glassbert.text.sequences import Batches, Piece
from glassbert.text.tokenizer import Tokenizer
from glassbert.train.adamw import AdamW
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.log import MetricsLog
from glassbert.train.loop import train
from glassbert.train.plan import Plan, StepReport
from glassbert.train.schedule import warmup_decay
from glassbert.train.stop import Stop

BATCH, LENGTH = 32, 128
ROLES = ("ours", "peer", "tuned")
SEQUENCES_OF_PEER = 4096


class FullPairs:
    """Sequences of `length` tokens: neighbouring halves of a piece of a corpus; every other second half is
    one from elsewhere.
    """

    def __init__(self, corpus: Corpus, length: int = LENGTH) -> None:
        self.corpus, self.content = corpus, length - 3
        self.lengths = np.full(corpus.num_tokens // self.content - 1, length)

    def __len__(self) -> int:
        return len(self.lengths)

    def pieces(self, samples: np.ndarray, *, seed: int, step: int) -> tuple[list[list[Piece]], np.ndarray]:
        first, half = samples * self.content, self.content // 2
        random = (samples % 2).astype(np.int8)
        second = (samples * 7919 + 1) % len(self) * self.content * random + first * (1 - random) + half
        made = [
            [Piece(a, a + half, 0), Piece(b, b + self.content - half, 1)]
            for a, b in zip(first.tolist(), second.tolist(), strict=True)
        ]
        return made, random


def material(options: argparse.Namespace, length: int = LENGTH) -> tuple[FullPairs, Tokenizer, EncoderConfig]:
    """The corpus (made once, by whoever comes first), its tokenizer and the network's shape."""
    place = Path(options.cache)
    if not (place / "vocab.txt").exists():
        place.mkdir(parents=True, exist_ok=True)
        (place / "vocab.txt").write_bytes(Path(options.vocabulary).read_bytes())
    tokenizer = Tokenizer.load(place)
    blocks, hidden = SIZES[options.size]
    config = EncoderConfig(
        vocab_size=tokenizer.vocab_size,
        hidden_size=hidden,
        num_hidden_layers=blocks,
        num_attention_heads=hidden // HEAD_SIZE,
        intermediate_size=INNER * hidden,
    )
    return FullPairs(prepare_corpus([options.text], tokenizer, place), length), tokenizer, config


def ours(options: argparse.Namespace) -> None:
    use_threads(options.threads)
    samples, tokenizer, config = material(options)
    network = Network(config, HeadConfig(kind="pretraining"))
    settings = Settings(steps=10**6, batch_size=BATCH, max_length=LENGTH, learning_rate=fitting.RATE)
    job = job_of(network, samples, tokenizer, settings)
    led(job)
    answer({"peak_rss_mb": peak_rss_mb()})


def job_of(network: Network, samples: FullPairs, tokenizer: Tokenizer, settings: Settings) -> PretrainingJob:
    """The job of `glassbert pretrain`, which nobody evaluates."""
    nobody: Any = None
    peak = {"flops_per_second": 1e12}
    return PretrainingJob(network, samples, tokenizer, settings, held_out=nobody, peak=peak)


def led(job: PretrainingJob) -> None:
    """The loop of `glassbert pretrain` until the baton is over."""
    network, baton, stop = job.network, Baton(), Stop()
    tokens = job.settings.batch_size * job.settings.max_length

    def on_step(report: StepReport) -> None:
        baton.step(tokens)
        if baton.over:
            stop.request()

    plan = Plan(
        total_steps=10**6, learning_rate=fitting.RATE, eval_every=10**7, metric="loss", save_every_seconds=1e9
    )
    network.train()
    groups = parameter_groups(network, weight_decay=0.0)
    with tempfile.TemporaryDirectory() as directory, MetricsLog(Path(directory), tensorboard=False) as log:
        checkpoints = Checkpoints(Path(directory) / "checkpoints", run_id="benchmark")
        with stopped():
            train(
                network,
                AdamW(groups, betas=BETAS, eps=EPS),
                job,
                plan,
                schedule=warmup_decay("linear", warmup_fraction=0.0),
                checkpoints=checkpoints,
                log=log,
                stop=stop,
                on_step=on_step,
            )


@contextmanager
def stopped() -> Iterator[None]:
    try:
        yield
    except Interrupted:
        pass


def peer_config(config: EncoderConfig, **others: Any) -> Any:
    """transformers' words for an encoder of this size."""
    import transformers

    return transformers.BertConfig(
        vocab_size=config.vocab_size,
        hidden_size=config.hidden_size,
        num_hidden_layers=config.num_hidden_layers,
        num_attention_heads=config.num_attention_heads,
        intermediate_size=config.intermediate_size,
        **others,
    )


def peer(options: argparse.Namespace) -> None:
    import torch
    import transformers

    torch.set_num_threads(options.threads)
    as_it_comes = options.role == fitting.PEER
    torch.set_flush_denormal(not as_it_comes)
    samples, tokenizer, config = material(options)
    theirs = peer_config(config, attention_probs_dropout_prob=0.1 if as_it_comes else 0.0)
    made = Batches(samples, tokenizer, Masking(), seed=0)
    numbers = np.random.default_rng(0).permutation(len(samples))[:SEQUENCES_OF_PEER]
    batch = made.batch(numbers, step=0)
    labels = np.full(len(batch.input_ids), -100)
    labels[batch.rows] = batch.labels
    assert batch.next_sentence_labels is not None
    columns = {
        "input_ids": batch.input_ids.reshape(-1, LENGTH),
        "token_type_ids": batch.token_type_ids.reshape(-1, LENGTH),
        "labels": labels.reshape(-1, LENGTH),
        "next_sentence_label": batch.next_sentence_labels,
    }
    tensors = {name: torch.from_numpy(values.astype(np.int64)) for name, values in columns.items()}
    data = [{name: values[k] for name, values in tensors.items()} for k in range(len(numbers))]
    parts = {"data_collator": transformers.default_data_collator}
    fitting.trainer(options, transformers.BertForPreTraining(theirs), data, batch=BATCH, parts=parts)


def options_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=list(SIZES), default="tiny")
    parser.add_argument("--text", required=True)
    parser.add_argument("--vocabulary", required=True, help="vocab.txt")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a block")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cache", default=str(Path(tempfile.gettempdir()) / "glassbert-pretrain"))
    parser.add_argument("--role", choices=ROLES, help=argparse.SUPPRESS)
    return parser.parse_args()


def contest(options: argparse.Namespace) -> None:
    material(options)
    said = vars(options) | {"role": None}
    command = [sys.executable, __file__]
    command += [
        word for name, value in said.items() if value is not None for word in (f"--{name}", str(value))
    ]
    found = compete(
        {role: [*command, "--role", role] for role in ROLES}, seconds=options.seconds, rounds=options.rounds
    )
    rates = {role: sorted(found[role]["rates"])[options.rounds // 2] for role in ROLES}
    row: dict[str, Any] = dict(rates)
    for role in ROLES[1:]:
        middle, *spread = ratio(found["ours"]["rates"], found[role]["rates"])
        suffix = "" if role == fitting.PEER else f"_{role}"
        row |= {f"ratio{suffix}": middle, f"ratio{suffix}_spread": spread}
    row["peer_tuned"] = row.pop("tuned")
    facts = {
        "peak_rss_mb": {role: round(found[role]["peak_rss_mb"]) for role in ROLES},
        "unit": "real tokens/s",
        "size": options.size,
        "data": Path(options.text).name,
        "batch": BATCH,
        "length": LENGTH,
        "blocks": options.rounds,
        "block_seconds": options.seconds,
        "threads": options.threads,
    }
    finish("pretrain", {**row, **facts})


if __name__ == "__main__":
    started = time.perf_counter()
    asked = options_of()
    {"ours": ours, "peer": peer, "tuned": peer, None: contest}[asked.role](asked)
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
