"""The transformers Trainer on a set of quality.py, prepared as its examples do, in a process of its own.

One argument, a JSON object: task, train (a file), encoder, steps, batch, length, bad_rows, out, threads,
rate, seed, held_out (rows that choose its step; none: it keeps the last). Pairs and their likeness are learnt
by sentence-transformers, whose trainer is a Trainer. Runs with transformers 4.57 and with 5.
"""

from __future__ import annotations

import inspect
import json
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
from quality_files import lines_of


def main() -> None:
    import torch
    import transformers

    job = json.loads(sys.argv[1])
    torch.set_num_threads(job["threads"])
    torch.set_flush_denormal(True)
    transformers.set_seed(job["seed"])
    started = time.perf_counter()
    LEARNT.get(job["task"], by_trainer)(job, transformers)
    found = {"training_seconds": time.perf_counter() - started, "transformers": transformers.__version__}
    (Path(job["out"]) / "seconds.json").write_text(json.dumps(found), encoding="utf-8")


def by_trainer(job: dict[str, Any], transformers: Any) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(job["encoder"])
    data, model, collator = BUILT[job["task"]](job, tokenizer, transformers)
    given = settings(job, transformers.TrainingArguments)
    parts = {"processing_class": tokenizer, "data_collator": collator}
    if job["held_out"]:
        held = set(job["held_out"])
        given |= CHOOSING
        parts |= {"eval_dataset": [data[row] for row in sorted(held)], "compute_metrics": accuracy}
        data = [each for row, each in enumerate(data) if row not in held]
    alike = transformers.TrainingArguments(**given)
    transformers.Trainer(model, alike, train_dataset=data, **parts).train()
    model.save_pretrained(job["out"])
    tokenizer.save_pretrained(job["out"])


def accuracy(found: Any) -> dict[str, float]:
    return {"accuracy": float((found.predictions.argmax(-1) == found.label_ids).mean())}


def by_sentence_transformers(job: dict[str, Any], transformers: Any) -> None:
    """Cosines of mean vectors are drawn to the scores, from 0 to 1, as its example for STS-B does."""
    import sentence_transformers as st
    from datasets import Dataset
    from sentence_transformers.losses import CosineSimilarityLoss
    from sentence_transformers.models import Pooling, Transformer

    from glassbert.runs.notes import ModelNotes, write_notes

    word = Transformer(job["encoder"], max_seq_length=job["length"])
    pooling = Pooling(word.get_embedding_dimension(), pooling_mode="mean")
    model = st.SentenceTransformer(modules=[word, pooling], device="cpu")
    frame = pd.read_csv(job["train"], keep_default_na=False)
    scores = frame["score"].astype(float)
    first, second = (frame[name].astype(str).tolist() for name in ("sentence1", "sentence2"))
    columns = {"sentence1": first, "sentence2": second, "score": (scores / scores.max()).tolist()}
    alike = st.SentenceTransformerTrainingArguments(**settings(job, None))
    loss = CosineSimilarityLoss(model)
    st.SentenceTransformerTrainer(model, alike, train_dataset=Dataset.from_dict(columns), loss=loss).train()
    model.save_pretrained(job["out"])
    # what it was trained for, which its own files do not say
    write_notes(Path(job["out"]), ModelNotes(task=job["task"], max_length=job["length"]))


def settings(job: dict[str, Any], arguments: type | None) -> dict[str, Any]:
    """Those of the examples; batches of like length where `arguments`, TrainingArguments, knows them."""
    found = {
        "output_dir": job["out"],
        "learning_rate": job["rate"],
        "weight_decay": 0.01,
        "warmup_steps": round(0.1 * job["steps"]),
        "per_device_train_batch_size": job["batch"],
        "max_steps": job["steps"],
        "save_strategy": "no",
        "logging_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "use_cpu": True,
    }
    if arguments is not None:
        older = "group_by_length" in inspect.signature(arguments).parameters
        found |= {"group_by_length": True} if older else {"train_sampling_strategy": "group_by_length"}
    return found


def classes(job: dict[str, Any], tokenizer: Any, transformers: Any) -> tuple[Any, Any, Any]:
    """One text or two, and a label."""
    frame = table(job["train"])
    found, labels = cut(frame, "label", job, tokenizer), sorted(set(frame["label"]))
    numbers = {label: number for number, label in enumerate(labels)}
    found["labels"] = [numbers[label] for label in frame["label"]]
    return rows(found), model_of(job, transformers, labels), transformers.DataCollatorWithPadding(tokenizer)


def numbers(job: dict[str, Any], tokenizer: Any, transformers: Any) -> tuple[Any, Any, Any]:
    """Two texts and a number as it stands, drawn to it by the mean squared error."""
    frame = table(job["train"])
    found = cut(frame, "score", job, tokenizer)
    found["labels"] = [float(score) for score in frame["score"]]
    model = model_of(job, transformers, ["score"], problem_type="regression")
    return rows(found), model, transformers.DataCollatorWithPadding(tokenizer)


def several(job: dict[str, Any], tokenizer: Any, transformers: Any) -> tuple[Any, Any, Any]:
    """A text and its labels, a sigmoid for each."""
    frame = table(job["train"])
    found, sets = (
        cut(frame, "labels", job, tokenizer),
        [set(filter(None, each.split("|"))) for each in frame["labels"]],
    )
    labels = sorted(set().union(*sets))
    found["labels"] = [[float(label in each) for label in labels] for each in sets]
    model = model_of(job, transformers, labels, problem_type="multi_label_classification")
    return rows(found), model, transformers.DataCollatorWithPadding(tokenizer)


def table(path: str) -> pd.DataFrame:
    """All cells as text; nothing is quoted in a .tsv."""
    tabs = ".tsv" in Path(path).name
    return pd.read_csv(
        path, sep="\t" if tabs else ",", quoting=3 if tabs else 0, keep_default_na=False, dtype=str
    )


def cut(frame: pd.DataFrame, target: str, job: dict[str, Any], tokenizer: Any) -> Any:
    texts = (frame[name].tolist() for name in frame.columns if name != target)
    return tokenizer(*texts, truncation=True, max_length=job["length"])


def model_of(job: dict[str, Any], transformers: Any, labels: list[str], **more: Any) -> Any:
    numbers = {label: number for number, label in enumerate(labels)}
    return transformers.AutoModelForSequenceClassification.from_pretrained(
        job["encoder"], num_labels=len(labels), id2label=dict(enumerate(labels)), label2id=numbers, **more
    )


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


CHOOSING = {
    "eval_strategy": "epoch", "save_strategy": "epoch", "save_total_limit": 1,
    "load_best_model_at_end": True, "metric_for_best_model": "accuracy",
}  # fmt: skip
BUILT = {
    "text-classification": classes,
    "text-pair-classification": classes,
    "text-regression": numbers,
    "multi-label-classification": several,
    "token-classification": tags,
    "question-answering": answers,
}
LEARNT = {"sentence-similarity": by_sentence_transformers}
"""What the Trainer itself does not learn."""

if __name__ == "__main__":
    main()
