"""The held-out loss that transformers' Trainer reaches in B seconds, and `--recipe modern` in B/6.

    python benchmarks/time_to_loss.py --seconds 600 --set wikitext-2 --size tiny
    python benchmarks/time_to_loss.py --seconds 600 --text TRAIN.txt --eval-text HELD_OUT.txt

Seconds are those of the processor, in training alone, so that other work on the machine counts for neither; a
short pilot of each side says how many steps they are, and the learning rates of both end with them. Both read
the same sequences of at most 128 tokens by the same vocabulary (learnt beforehand; the tokenised text is
ready for both), 16 an update. The peer is BertForMaskedLM of the same blocks and hidden size under Trainer:
AdamW, linear decay after a warm-up of 5 %, no dropout, flushed denormals, masks at 15 %. Its weights are
loaded here, and both are judged by the same masks. Since a pilot may be off, ours is given 1/6.3.

`ours` and `peer` are losses, `ratio` the peer's processor seconds over ours. Figures of each run stand in
benchmarks/results/time_to_loss.jsonl.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from contest import finish
from texts import TEXTS

from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.pretrained import load_pretrained
from glassbert.runs.devices import use_threads
from glassbert.runs.pretraining.held_out import HeldOut
from glassbert.runs.pretraining.pretrain import PretrainOptions, Watchers, pretrain
from glassbert.runs.pretraining.settings import HEAD_SIZE, INNER, size_of
from glassbert.text.corpus_writing import prepare_corpus
from glassbert.text.corrupt import Masking
from glassbert.text.packing import FullSentences
from glassbert.text.sequences import Batches
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.tokenizer_training import TrainingOptions, save_tokenizer, train_tokenizer
from glassbert.train.plan import StepReport
from glassbert.train.stop import Stop

BATCH, LENGTH, VOCABULARY = 16, 128, 8192
SHARE = 6.3
PILOT = (3, 15)
"""Of a pilot, the steps between which seconds are counted."""


class Clock:
    """Processor seconds at the end of every step."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def tick(self, report: StepReport | None = None) -> None:
        self.times.append(time.process_time())

    @property
    def per_step(self) -> float:
        first, last = PILOT
        return (self.times[last - 1] - self.times[first - 1]) / (last - first)

    @property
    def total(self) -> float:
        """Of all steps but the first, and the first counted as their mean."""
        steps = len(self.times)
        return (self.times[-1] - self.times[0]) * steps / max(steps - 1, 1)


def ours(options: argparse.Namespace, place: Path, *, steps: int) -> tuple[Network, Clock]:
    """A run of the modern recipe, from the corpus that is ready."""
    clock = Clock()
    settings = {
        "recipe": "modern", "steps": steps, "batch_size": BATCH, "batch_ramp": 1, "max_length": LENGTH,
        "learning_rate": options.learning_rate, "evaluations": 0,
    }  # fmt: skip
    wanted = PretrainOptions(
        texts=(options.text,),
        out=place / f"run-{steps}",
        eval_text=options.eval_text,
        tokenizer=str(place / "tokenizer"),
        cache=place / "cache",
        size=options.size,
        settings=settings,
    )
    run = pretrain(wanted, stop=Stop(), watchers=Watchers(on_step=clock.tick))
    return load_pretrained(run.model).network, clock


def peer(options: argparse.Namespace, place: Path, *, steps: int) -> tuple[Network, Clock]:
    """Trainer's, loaded here."""
    import transformers

    clock = Clock()
    tokenizer = transformers.AutoTokenizer.from_pretrained(place / "tokenizer")
    blocks, hidden = size_of(options.size)
    transformers.set_seed(0)
    model = transformers.BertForMaskedLM(
        transformers.BertConfig(
            vocab_size=len(tokenizer), hidden_size=hidden, num_hidden_layers=blocks,
            num_attention_heads=hidden // HEAD_SIZE, intermediate_size=INNER * hidden,
            max_position_embeddings=LENGTH, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        )
    )  # fmt: skip

    class Ticking(transformers.TrainerCallback):  # type: ignore[misc, name-defined]
        def on_step_end(self, *_: Any, **__: Any) -> None:
            clock.tick()

    with tempfile.TemporaryDirectory() as directory:
        arguments = transformers.TrainingArguments(
            output_dir=directory, max_steps=steps, per_device_train_batch_size=BATCH,
            learning_rate=options.peer_learning_rate, warmup_steps=max(1, steps // 20), save_strategy="no",
            logging_strategy="no", report_to=[], disable_tqdm=True, use_cpu=True, seed=0,
        )  # fmt: skip
        transformers.Trainer(
            model,
            arguments,
            train_dataset=sequences(options, place, count=steps * BATCH),
            data_collator=transformers.DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15),
            callbacks=[Ticking()],
        ).train()
        model.save_pretrained(directory)
        return load_pretrained(Path(directory), head=HeadConfig(kind="masked-lm")).network, clock


def sequences(options: argparse.Namespace, place: Path, *, count: int) -> list[dict[str, list[int]]]:
    """The same samples as ours reads, unmasked, in an order of chance."""
    tokenizer = Tokenizer.load(place / "tokenizer")
    samples = FullSentences(prepare_corpus([options.text], tokenizer, place / "cache"), max_length=LENGTH)
    made = Batches(samples, tokenizer, Masking(rate=0.15), seed=0)
    chosen = np.random.default_rng(0).permutation(len(samples))[:count]
    found = []
    for number in chosen:
        batch = made.batch(np.array([number]), step=0)
        batch.input_ids[batch.rows] = batch.labels
        found.append({"input_ids": batch.input_ids.tolist()})
    return found


def main() -> None:
    options = options_of()
    use_threads(options.threads)
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        tokenizer = prepared(options, place)
        held = prepare_corpus([options.eval_text], tokenizer, place / "cache")
        judge = HeldOut(held, tokenizer, objective="mlm", max_length=LENGTH)
        for name, contender, seconds in (
            ("ours", ours, options.seconds / SHARE),
            ("peer", peer, options.seconds),
        ):
            _, pilot = contender(options, place, steps=PILOT[1])
            network, clock = contender(options, place, steps=max(1, round(seconds / pilot.per_step)))
            scores = judge.scores(network.eval())
            results[name] = {"steps": len(clock.times), "processor_seconds": clock.total, **scores}
            print(name, results[name], flush=True)
    finish("time_to_loss", row_of(results, options))


def options_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    texts = parser.add_mutually_exclusive_group(required=True)
    texts.add_argument("--set", choices=list(TEXTS), help="public text")
    texts.add_argument("--text", help="of one's own, with --eval-text")
    parser.add_argument("--eval-text")
    parser.add_argument("--data", type=Path, default=Path(__file__).parent.parent.parent / "shared" / "data")
    parser.add_argument("--size", default="tiny")
    parser.add_argument("--seconds", type=float, default=600.0, help="the peer's; ours gets a sixth")
    parser.add_argument("--learning-rate", type=float, default=1e-2)
    parser.add_argument("--peer-learning-rate", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--cache", type=Path, help="keeps vocabulary and tokenised text")
    options = parser.parse_args()
    if options.text is not None and options.eval_text is None:
        parser.error("--text needs --eval-text")
    return options


def prepared(options: argparse.Namespace, place: Path) -> Tokenizer:
    """The texts and the vocabulary, learnt where it is not kept."""
    if options.cache is not None:
        options.cache.mkdir(parents=True, exist_ok=True)
        for name in ("tokenizer", "cache"):
            (options.cache / name).mkdir(exist_ok=True)
            (place / name).symlink_to((options.cache / name).resolve())
    if options.set is not None:
        options.text, options.eval_text = map(str, TEXTS[options.set](options.data, place / "text"))
    if not (place / "tokenizer" / "vocab.txt").exists():
        learnt = train_tokenizer((options.text,), TrainingOptions(vocab_size=VOCABULARY, lowercase=True))
        save_tokenizer(learnt.tokenizer, place / "tokenizer")
    return Tokenizer.load(place / "tokenizer")


def row_of(results: dict[str, dict[str, float]], options: argparse.Namespace) -> dict[str, Any]:
    own, other = results["ours"], results["peer"]
    ratio = other["processor_seconds"] / own["processor_seconds"]
    return {
        "ours": own["mlm_loss"],
        "peer": other["mlm_loss"],
        "ratio": ratio,
        "peer_tuned": other["mlm_loss"],
        "ratio_tuned": ratio,
        "unit": "nats of held-out masked words; processor seconds of the peer over ours",
        "reached": own["mlm_loss"] <= other["mlm_loss"],
        "size": options.size,
        "text": options.set or Path(options.text).name,
        "seconds": options.seconds,
        "learning_rate": options.learning_rate,
        "peer_learning_rate": options.peer_learning_rate,
        "threads": torch.get_num_threads(),
        "results": results,
    }


if __name__ == "__main__":
    main()
