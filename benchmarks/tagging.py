"""Real words tagged per second of training, glassbert against the transformers Trainer.

    python benchmarks/tagging.py --data eng.train.gz --model DIR [--seconds N] [--rounds N] [--threads N]

Same model, data, batch size and optimiser; the Trainer reads what its token-classification example makes: the
first piece of each word carries the tag. Contenders, each in its own process, in turns:

* ours: the loop of `glassbert finetune --task token-classification`
* peer: Trainer as it comes: random batches, padded to the longest
* tuned: Trainer with group_by_length, flushed denormals, nothing logged or saved

Hardware, time and figures of each run stand in benchmarks/results/tagging.jsonl; a unit is a token (a piece).
"""

from __future__ import annotations

import argparse

import fitting

BATCH, LENGTH = 32, 128
ROLES = ("ours", "peer", "tuned")


def peer(options: argparse.Namespace) -> None:
    import torch
    import transformers
    from quality_peer import tags

    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(options.role != fitting.PEER)
    tokenizer = transformers.AutoTokenizer.from_pretrained(options.model)
    job = {"train": options.data, "encoder": options.model, "length": LENGTH}
    data, model, collator = tags(job, tokenizer, transformers)
    parts = {"processing_class": tokenizer, "data_collator": collator}
    fitting.trainer(options, model, data, batch=BATCH, parts=parts)


if __name__ == "__main__":
    fitting.main(
        "tagging",
        __file__,
        __doc__,
        ROLES,
        task="token-classification",
        batch=BATCH,
        length=LENGTH,
        rounds=15,
        peer=peer,
    )
