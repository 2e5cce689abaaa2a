"""Fine-tuning speed against the transformers Trainer, in real tokens a second.

    python benchmarks/finetune.py --data ../shared/data/sst2/train.tsv.gz --model DIR

Same model, data, batch size and optimiser. Contenders, each in its own process, in turns:

* ours: the loop of `glassbert finetune` (hidden dropout as the checkpoint says, none on attention weights)
* peer: Trainer as it comes: random batches, padded to the longest
* tuned: Trainer with group_by_length, flushed denormals, nothing logged or saved
* equal: tuned, and no dropout on attention weights either, which gives it the fast attention kernel

Hardware, time and figures of each run stand in benchmarks/results/finetune.jsonl.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from contest import Baton, answer, compete, finish, peak_rss_mb, ratio

BATCH, RATE = 32, 1e-4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a block")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--role", choices=["ours", "peer", "tuned", "equal"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role == "ours":
        ours(options)
    elif options.role:
        peer(options)
    else:
        contest(options)


def contest(options: argparse.Namespace) -> None:
    command = [sys.executable, __file__, "--data", options.data, "--model", options.model]
    command += ["--threads", str(options.threads)]
    roles = ("ours", "peer", "tuned", "equal")
    found = compete(
        {role: [*command, "--role", role] for role in roles}, seconds=options.seconds, rounds=options.rounds
    )
    rates = {role: sorted(found[role]["rates"])[options.rounds // 2] for role in roles}
    ratios = {role: ratio(found["ours"]["rates"], found[role]["rates"]) for role in roles[1:]}
    finish(
        "finetune",
        {
            "ours": rates["ours"],
            "peer": rates["peer"],
            "ratio": ratios["peer"][0],
            "ratio_spread": ratios["peer"][1:],
            "peer_tuned": rates["tuned"],
            "ratio_tuned": ratios["tuned"][0],
            "ratio_tuned_spread": ratios["tuned"][1:],
            "peer_equal_dropout": rates["equal"],
            "ratio_equal_dropout": ratios["equal"][0],
            "ratio_equal_dropout_spread": ratios["equal"][1:],
            "peak_rss_mb": {role: round(found[role]["peak_rss_mb"]) for role in roles},
            "unit": "real tokens/s",
            "data": Path(options.data).name,
            "model": Path(options.model).name,
            "batch": BATCH,
            "blocks": options.rounds,
            "block_seconds": options.seconds,
            "threads": options.threads,
        },
    )


def ours(options: argparse.Namespace) -> None:
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
    dataset = read_dataset(DataOptions(train=options.data))
    network = load_pretrained(Path(options.model), head=dataset.task.head, replace_head=True).network
    tokenizer = Tokenizer.load(Path(options.model), vocab_size=network.config.vocab_size)
    settings = Settings(learning_rate=RATE, batch_size=BATCH, weight_decay=0.0, layer_decay=1.0)
    split = Split(dataset.train, dataset.task.windows(dataset.train, tokenizer, max_length=128))
    job = FinetuneJob(network, dataset.task, settings, train=split, validation=split)
    network.encoder.embeddings.word.sparse = True
    network.train()
    baton, stop = Baton(), Stop()

    def on_step(report: StepReport) -> None:
        baton.step(float(split.windows.lengths[job.order.batch(report.step - 1)].sum()))
        if baton.over:
            stop.request()

    with tempfile.TemporaryDirectory() as directory, MetricsLog(Path(directory), tensorboard=False) as log:
        try:
            train(
                network,
                make_optimizer(
                    "adamw", parameter_groups(network, layer_decay=1.0, weight_decay=0.0), announced=True
                ),
                job,
                Plan(
                    total_steps=10**6,
                    learning_rate=RATE,
                    eval_every=10**7,
                    metric="loss",
                    save_every_seconds=1e9,
                ),
                schedule=warmup_decay("linear", warmup_fraction=0.0),
                checkpoints=Checkpoints(Path(directory) / "checkpoints", run_id="benchmark"),
                log=log,
                stop=stop,
                on_step=on_step,
            )
        except Interrupted:
            pass
    answer({"peak_rss_mb": peak_rss_mb()})


def peer(options: argparse.Namespace) -> None:
    import pandas as pd
    import torch
    import transformers
    from datasets import Dataset

    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(options.role != "peer")
    frame = pd.read_csv(options.data, sep="\t", quoting=3, keep_default_na=False)
    frame.columns = pd.Index(["label", "text"])
    tokenizer = transformers.AutoTokenizer.from_pretrained(options.model)
    data = Dataset.from_pandas(frame).map(
        lambda rows: tokenizer(rows["text"], truncation=True, max_length=128),
        batched=True,
        remove_columns=["text"],
    )
    model = transformers.AutoModelForSequenceClassification.from_pretrained(options.model, num_labels=2)
    if options.role == "equal":
        for module in model.modules():
            if type(module).__name__.endswith("SelfAttention"):
                module.dropout.p = 0.0
    baton, tokens = Baton(), [0]
    model.register_forward_pre_hook(lambda _, __, inputs: _count(tokens, inputs), with_kwargs=True)
    with tempfile.TemporaryDirectory() as directory:
        quiet: dict[str, Any] = {} if options.role == "peer" else {"logging_strategy": "no"}
        arguments = transformers.TrainingArguments(
            output_dir=directory,
            learning_rate=RATE,
            per_device_train_batch_size=BATCH,
            num_train_epochs=1000,
            train_sampling_strategy="random" if options.role == "peer" else "group_by_length",
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
            **quiet,
        )
        trainer = transformers.Trainer(
            model,
            arguments,
            train_dataset=data,
            processing_class=tokenizer,
            data_collator=transformers.DataCollatorWithPadding(tokenizer),
            callbacks=[_callback(transformers.TrainerCallback, baton, tokens)],
        )
        trainer.train()
    answer({"peak_rss_mb": peak_rss_mb()})


def _count(tokens: list[int], inputs: dict[str, Any]) -> None:
    tokens[0] += int(inputs["attention_mask"].sum())


def _callback(base: type, baton: Baton, tokens: list[int]) -> Any:
    class Count(base):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> Any:
            baton.step(tokens[0])
            tokens[0] = 0
            control.should_training_stop = baton.over
            return control

    return Count()


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
