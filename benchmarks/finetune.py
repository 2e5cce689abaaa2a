"""Fine-tuning speed against the transformers Trainer, in real tokens a second.

    python benchmarks/finetune.py --data ../shared/data/sst2/train.tsv.gz --model DIR

Same model, data, batch size and optimiser. Contenders, each in its own process, in turns:

* ours: the loop of `glassbert finetune` (hidden dropout as the checkpoint says, none on attention weights)
* peer: Trainer as it comes: random batches, padded to the longest
* tuned: Trainer with group_by_length, flushed denormals, nothing logged or saved
* equal_dropout: tuned, and no dropout on attention weights either, which gives it the fast attention kernel

Hardware, time and figures of each run stand in benchmarks/results/finetune.jsonl.
"""

from __future__ import annotations

import argparse

import fitting

BATCH, LENGTH = 32, 128
ROLES = ("ours", "peer", "tuned", "equal_dropout")


def peer(options: argparse.Namespace) -> None:
    import pandas as pd
    import torch
    import transformers
    from datasets import Dataset

    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(options.role != fitting.PEER)
    frame = pd.read_csv(options.data, sep="\t", quoting=3, keep_default_na=False)
    frame.columns = pd.Index(["label", "text"])
    tokenizer = transformers.AutoTokenizer.from_pretrained(options.model)
    data = Dataset.from_pandas(frame).map(
        lambda rows: tokenizer(rows["text"], truncation=True, max_length=LENGTH),
        batched=True,
        remove_columns=["text"],
    )
    model = transformers.AutoModelForSequenceClassification.from_pretrained(options.model, num_labels=2)
    if options.role == "equal_dropout":
        for module in model.modules():
            if type(module).__name__.endswith("SelfAttention"):
                module.dropout.p = 0.0
    collator = transformers.DataCollatorWithPadding(tokenizer)
    parts = {"processing_class": tokenizer, "data_collator": collator}
    fitting.trainer(options, model, data, batch=BATCH, parts=parts)


if __name__ == "__main__":
    fitting.main(
        "finetune",
        __file__,
        __doc__,
        ROLES,
        task="text-classification",
        batch=BATCH,
        length=LENGTH,
        rounds=25,
        peer=peer,
    )
