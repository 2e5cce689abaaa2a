"""Speed of learning to answer questions against the transformers Trainer, in real tokens a second.

    python benchmarks/answering.py --data ../shared/data/squad_subset/train-v1.1.first_articles.json.gz \\
        --model DIR

Same model, questions, windows of 384 tokens, batch size and optimiser. Contenders, each in its own process,
in turns:

* ours: the loop of `glassbert finetune` (hidden dropout as the checkpoint says, none on attention weights)
* peer: Trainer with the preprocessing of its question-answering example as it comes: a stride of 128, every
  window padded to 384, random batches
* tuned: the same padded to the longest of a batch, group_by_length, flushed denormals, nothing logged

Windows of ours share a quarter of what they hold of a context, so that long ones are cut elsewhere. Hardware,
time and figures of each run stand in benchmarks/results/answering.jsonl.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from contest import Baton, answer, compete, finish, peak_rss_mb, ratio

BATCH, RATE, LENGTH, STRIDE = 8, 1e-4, 384, 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a block")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--role", choices=["ours", "peer", "tuned"], help=argparse.SUPPRESS)
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
    roles = ("ours", "peer", "tuned")
    found = compete(
        {role: [*command, "--role", role] for role in roles}, seconds=options.seconds, rounds=options.rounds
    )
    rates = {role: sorted(found[role]["rates"])[options.rounds // 2] for role in roles}
    ratios = {role: ratio(found["ours"]["rates"], found[role]["rates"]) for role in roles[1:]}
    finish(
        "answering",
        {
            "ours": rates["ours"],
            "peer": rates["peer"],
            "ratio": ratios["peer"][0],
            "ratio_spread": ratios["peer"][1:],
            "peer_tuned": rates["tuned"],
            "ratio_tuned": ratios["tuned"][0],
            "ratio_tuned_spread": ratios["tuned"][1:],
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
    dataset = read_dataset(DataOptions(train=options.data, task="question-answering"))
    network = load_pretrained(Path(options.model), head=dataset.task.head, replace_head=True).network
    tokenizer = Tokenizer.load(Path(options.model), vocab_size=network.config.vocab_size)
    settings = Settings(learning_rate=RATE, batch_size=BATCH, weight_decay=0.0, layer_decay=1.0)
    split = Split(dataset.train, dataset.task.windows(dataset.train, tokenizer, max_length=LENGTH))
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


def features(options: argparse.Namespace, tokenizer: Any) -> Any:
    """The windows of the example script run_qa.py, with the places of the answers, written out anew."""
    from datasets import Dataset

    from glassbert.runs.rows import read_rows
    from glassbert.tasks.answering import QuestionAnswering
    from glassbert.text.options import ReadOptions

    rows = read_rows(options.data, ReadOptions(), schema=QuestionAnswering.schema)
    examples = QuestionAnswering().read(rows.table, rows.columns)
    questions, contexts = zip(*examples.texts, strict=True)
    found = tokenizer(
        list(questions),
        list(contexts),
        truncation="only_second",
        max_length=LENGTH,
        stride=STRIDE,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        padding="max_length" if options.role == "peer" else False,
    )
    starts, ends = [], []
    for number, row in enumerate(found.pop("overflow_to_sample_mapping")):
        answer, places = examples.targets[row][0], found["offset_mapping"][number]
        inner = [i for i, side in enumerate(found.sequence_ids(number)) if side == 1]
        held = [i for i in inner if places[i][0] < answer.end and places[i][1] > answer.start]
        whole = held and places[inner[0]][0] <= answer.start and places[inner[-1]][1] >= answer.end
        starts.append(held[0] if whole else 0)
        ends.append(held[-1] if whole else 0)
    found.pop("offset_mapping")
    return Dataset.from_dict({**found, "start_positions": starts, "end_positions": ends})


def peer(options: argparse.Namespace) -> None:
    import torch
    import transformers

    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(options.role != "peer")
    tokenizer = transformers.AutoTokenizer.from_pretrained(options.model)
    data = features(options, tokenizer)
    model = transformers.AutoModelForQuestionAnswering.from_pretrained(options.model)
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
            data_collator=transformers.default_data_collator
            if options.role == "peer"
            else transformers.DataCollatorWithPadding(tokenizer),
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
