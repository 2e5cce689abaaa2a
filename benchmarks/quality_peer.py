"""The transformers Trainer on a set of quality.py, prepared as its examples do, in a process of its own.

One argument, a JSON object: task, train (a file), encoder, steps, batch, length, bad_rows, out, threads.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
from quality_sets import lines_of

RATE = 1e-4


def main() -> None:
    import torch
    import transformers

    job = json.loads(sys.argv[1])
    torch.set_num_threads(job["threads"])
    torch.set_flush_denormal(True)
    transformers.set_seed(0)
    tokenizer = transformers.AutoTokenizer.from_pretrained(job["encoder"])
    data, model, collator = BUILT[job["task"]](job, tokenizer, transformers)
    arguments = transformers.TrainingArguments(
        output_dir=job["out"],
        learning_rate=RATE,
        weight_decay=0.01,
        warmup_steps=round(0.1 * job["steps"]),
        per_device_train_batch_size=job["batch"],
        max_steps=job["steps"],
        train_sampling_strategy="group_by_length",
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
    )
    parts = {"processing_class": tokenizer, "data_collator": collator}
    started = time.perf_counter()
    transformers.Trainer(model, arguments, train_dataset=data, **parts).train()
    seconds = time.perf_counter() - started
    model.save_pretrained(job["out"])
    tokenizer.save_pretrained(job["out"])
    (Path(job["out"]) / "seconds.json").write_text(
        json.dumps({"training_seconds": seconds}), encoding="utf-8"
    )


def classes(job: dict[str, Any], tokenizer: Any, transformers: Any) -> tuple[Any, Any, Any]:
    """One text or two, and a label."""
    path = Path(job["train"])
    tabs = ".tsv" in path.name
    frame = pd.read_csv(
        path, sep="\t" if tabs else ",", quoting=3 if tabs else 0, keep_default_na=False, dtype=str
    )
    texts = [name for name in frame.columns if name != "label"]
    labels = sorted(set(frame["label"]))
    numbers = {label: number for number, label in enumerate(labels)}
    found = tokenizer(*(frame[name].tolist() for name in texts), truncation=True, max_length=job["length"])
    found["labels"] = [numbers[label] for label in frame["label"]]
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        job["encoder"], num_labels=len(labels), id2label=dict(enumerate(labels)), label2id=numbers
    )
    return rows(found), model, transformers.DataCollatorWithPadding(tokenizer)


def tags(job: dict[str, Any], tokenizer: Any, transformers: Any) -> tuple[Any, Any, Any]:
    """The first piece of each word carries its tag, IOB2 as ours learns it."""
    words: list[list[str]] = [[]]
    named: list[list[str]] = [[]]
    for fields in lines_of(Path(job["train"])):
        if fields and fields[0] != "-DOCSTART-":
            words[-1].append(fields[0])
            named[-1].append(fields[-1])
        elif words[-1]:
            words.append([])
            named.append([])
    words, named = words[:-1], [iob2(each) for each in named[:-1]]
    labels = sorted({tag for each in named for tag in each})
    numbers = {label: number for number, label in enumerate(labels)}
    found = tokenizer(words, is_split_into_words=True, truncation=True, max_length=job["length"])
    found["labels"] = [
        first_pieces(found.word_ids(row), [numbers[tag] for tag in each]) for row, each in enumerate(named)
    ]
    model = transformers.AutoModelForTokenClassification.from_pretrained(
        job["encoder"], num_labels=len(labels), id2label=dict(enumerate(labels)), label2id=numbers
    )
    return rows(found), model, transformers.DataCollatorForTokenClassification(tokenizer)


def iob2(found: list[str]) -> list[str]:
    """I-X at the beginning of an entity becomes B-X; what is IOB2 already stays."""
    made, before = [], "O"
    for tag in found:
        begins = tag.startswith("I-") and before[2:] != tag[2:]
        made.append(f"B-{tag[2:]}" if begins else tag)
        before = tag
    return made


def first_pieces(words: list[int | None], numbers: list[int]) -> list[int]:
    ignored = -100
    return [
        numbers[word] if word is not None and (place == 0 or words[place - 1] != word) else ignored
        for place, word in enumerate(words)
    ]


def answers(job: dict[str, Any], tokenizer: Any, transformers: Any) -> tuple[Any, Any, Any]:
    """Windows of a question and a piece of its context, with the place of the first answer."""
    from answering import windows_of

    bad = job["bad_rows"]
    found = windows_of(job["train"], tokenizer, length=job["length"], padded=False, bad_rows=bad)
    model = transformers.AutoModelForQuestionAnswering.from_pretrained(job["encoder"])
    return found, model, transformers.DataCollatorWithPadding(tokenizer)


def rows(found: Any) -> list[dict[str, Any]]:
    names = list(found.keys())
    return [dict(zip(names, row, strict=True)) for row in zip(*(found[name] for name in names), strict=True)]


BUILT = {
    "text-classification": classes,
    "text-pair-classification": classes,
    "token-classification": tags,
    "question-answering": answers,
}

if __name__ == "__main__":
    main()
