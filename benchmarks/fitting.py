"""What the contests of fine-tuning share: our loop and the transformers Trainer, each led by a baton."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from contest import Baton, answer, compete, finish, peak_rss_mb, ratio

RATE = 1e-4
# the role in which the Trainer runs as it comes
PEER = "peer"


def options_of(description: str | None, roles: Sequence[str], *, rounds: int) -> argparse.Namespace:
    """The options of a contest; `role` is set in the process of a contender."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a block")
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--role", choices=roles, help=argparse.SUPPRESS)
    return parser.parse_args()


def main(
    name: str,
    script: str,
    description: str | None,
    roles: Sequence[str],
    *,
    task: str,
    batch: int,
    length: int,
    rounds: int,
    peer: Callable[[argparse.Namespace], None],
) -> None:
    """A script of a contest: all contenders in turns, or, in the process of one, that one."""
    started = time.perf_counter()
    options = options_of(description, roles, rounds=rounds)
    if options.role == "ours":
        ours(options, task=task, batch=batch, length=length)
    elif options.role:
        peer(options)
    else:
        contest(name, script, options, roles, batch=batch)
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)


def contest(name: str, script: str, options: argparse.Namespace, roles: Sequence[str], *, batch: int) -> None:
    """All contenders in turns; the first of `roles` is ours, then come "peer" and "tuned", and others."""
    command = [sys.executable, script, "--data", options.data, "--model", options.model]
    command += ["--threads", str(options.threads)]
    found = compete(
        {role: [*command, "--role", role] for role in roles}, seconds=options.seconds, rounds=options.rounds
    )
    rates = {role: sorted(found[role]["rates"])[options.rounds // 2] for role in roles}
    row: dict[str, Any] = {"ours": rates["ours"]}
    for role in roles[1:]:
        middle, *spread = ratio(found["ours"]["rates"], found[role]["rates"])
        suffix = "" if role == PEER else f"_{role}"
        row |= {f"peer{suffix}": rates[role], f"ratio{suffix}": middle, f"ratio{suffix}_spread": spread}
    finish(
        name,
        {
            **row,
            "peak_rss_mb": {role: round(found[role]["peak_rss_mb"]) for role in roles},
            "unit": "real tokens/s",
            "data": Path(options.data).name,
            "model": Path(options.model).name,
            "batch": batch,
            "blocks": options.rounds,
            "block_seconds": options.seconds,
            "threads": options.threads,
        },
    )


def ours(options: argparse.Namespace, *, task: str, batch: int, length: int) -> None:
    """The loop of `glassbert finetune` on the windows of a file, until the baton is over."""
    from glassbert.errors import Interrupted
    from glassbert.model.pretrained import load_pretrained
    from glassbert.runs.data import DataOptions, read_dataset
    from glassbert.runs.groups import parameter_groups
    from glassbert.runs.job import FinetuneJob, Split
    from glassbert.runs.models import use_threads
    from glassbert.runs.recipe import Settings
    from glassbert.text.tokenizer import Tokenizer
    from glassbert.train.checkpoint import Checkpoints
    from glassbert.train.log import MetricsLog
    from glassbert.train.loop import train
    from glassbert.train.optimizer import make_optimizer
    from glassbert.train.plan import Plan, StepReport
    from glassbert.train.schedule import warmup_decay
    from glassbert.train.stop import Stop

    use_threads(options.threads)
    dataset = read_dataset(DataOptions(train=options.data, task=task))
    network = load_pretrained(Path(options.model), head=dataset.task.head, replace_head=True).network
    tokenizer = Tokenizer.load(Path(options.model), vocab_size=network.config.vocab_size)
    settings = Settings(learning_rate=RATE, batch_size=batch, weight_decay=0.0, layer_decay=1.0)
    split = Split(dataset.train, dataset.task.windows(dataset.train, tokenizer, max_length=length))
    job = FinetuneJob(network, dataset.task, settings, train=split, validation=split)
    network.encoder.embeddings.word.sparse = True
    network.train()
    baton, stop = Baton(), Stop()
    groups = parameter_groups(network, layer_decay=1.0, weight_decay=0.0)

    def on_step(report: StepReport) -> None:
        baton.step(float(split.windows.lengths[job.order.batch(report.step - 1)].sum()))
        if baton.over:
            stop.request()

    plan = Plan(
        total_steps=10**6, learning_rate=RATE, eval_every=10**7, metric="loss", save_every_seconds=1e9
    )
    with tempfile.TemporaryDirectory() as directory, MetricsLog(Path(directory), tensorboard=False) as log:
        try:
            train(
                network,
                make_optimizer("adamw", groups, announced=True),
                job,
                plan,
                schedule=warmup_decay("linear", warmup_fraction=0.0),
                checkpoints=Checkpoints(Path(directory) / "checkpoints", run_id="benchmark"),
                log=log,
                stop=stop,
                on_step=on_step,
            )
        except Interrupted:
            pass
    answer({"peak_rss_mb": peak_rss_mb()})


def trainer(options: argparse.Namespace, model: Any, data: Any, *, batch: int, parts: dict[str, Any]) -> None:
    """The Trainer on the same data until the baton is over; `parts` are its tokenizer and its collator.

    As "peer" it runs as it comes; else it groups by length and logs nothing.
    """
    import transformers

    as_it_comes = options.role == PEER
    baton, tokens = Baton(), [0]
    model.register_forward_pre_hook(lambda _, __, inputs: _count(tokens, inputs), with_kwargs=True)
    with tempfile.TemporaryDirectory() as directory:
        quiet: dict[str, Any] = {} if as_it_comes else {"logging_strategy": "no"}
        arguments = transformers.TrainingArguments(
            output_dir=directory,
            learning_rate=RATE,
            per_device_train_batch_size=batch,
            num_train_epochs=1000,
            train_sampling_strategy="random" if as_it_comes else "group_by_length",
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
            **quiet,
        )
        callback = _callback(transformers.TrainerCallback, baton, tokens)
        transformers.Trainer(model, arguments, train_dataset=data, callbacks=[callback], **parts).train()
    answer({"peak_rss_mb": peak_rss_mb()})


def _count(tokens: list[int], inputs: dict[str, Any]) -> None:
    mask = inputs.get("attention_mask")  # none where nothing is padded
    tokens[0] += inputs["input_ids"].numel() if mask is None else int(mask.sum())


def _callback(base: type, baton: Baton, tokens: list[int]) -> Any:
    class Count(base):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> Any:
            baton.step(tokens[0])
            tokens[0] = 0
            control.should_training_stop = baton.over
            return control

    return Count()
