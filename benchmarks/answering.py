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
from typing import Any

import fitting

BATCH, LENGTH, STRIDE = 8, 384, 128
ROLES = ("ours", "peer", "tuned")


def windows_of(source: str, tokenizer: Any, *, length: int, padded: bool, bad_rows: str = "error") -> Any:
    """The windows of the example script run_qa.py, with the places of the answers, written out anew."""
    from datasets import Dataset

    from glassbert.runs.rows import read_rows
    from glassbert.tasks.answering import QuestionAnswering
    from glassbert.text.options import ReadOptions

    reading = ReadOptions(on_bad_rows=bad_rows)  # type: ignore[arg-type]
    rows = read_rows(source, reading, schema=QuestionAnswering.schema)
    examples = QuestionAnswering().read(rows.table, rows.columns)
    questions, contexts = zip(*examples.texts, strict=True)
    found = tokenizer(
        list(questions),
        list(contexts),
        truncation="only_second",
        max_length=length,
        stride=STRIDE,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        padding="max_length" if padded else False,
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
    torch.set_flush_denormal(options.role != fitting.PEER)
    tokenizer = transformers.AutoTokenizer.from_pretrained(options.model)
    as_it_comes = options.role == fitting.PEER
    data = windows_of(options.data, tokenizer, length=LENGTH, padded=as_it_comes)
    model = transformers.AutoModelForQuestionAnswering.from_pretrained(options.model)
    padded = transformers.DataCollatorWithPadding(tokenizer)
    collator = transformers.default_data_collator if as_it_comes else padded
    parts = {"processing_class": tokenizer, "data_collator": collator}
    fitting.trainer(options, model, data, batch=BATCH, parts=parts)


if __name__ == "__main__":
    fitting.main(
        "answering",
        __file__,
        __doc__,
        ROLES,
        task="question-answering",
        batch=BATCH,
        length=LENGTH,
        rounds=5,
        peer=peer,
    )
