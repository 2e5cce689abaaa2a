"""Inference speed against the transformers text-classification pipeline, fp32 on the CPU; real tokens a
second.

    python benchmarks/inference.py --data ../shared/data/sst2/dev.tsv --model DIR [--seconds 6] [--rounds 7]

Both classify the same texts in the same order with the same weights (an encoder gets a random head, the same
for both). The pipeline runs once for each batch size; its best is the peer. Every unit of work is a call on
512 texts: ours sorts and packs within the call only. Figures of each run stand in
benchmarks/results/inference.jsonl.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from contest import Baton, answer, compete, finish, peak_rss_mb, ratio

TEXTS_PER_CALL = 512
BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--seconds", type=float, default=6.0, help="length of a block")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--role", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role == "ours":
        ours(options)
    elif options.role:
        peer(options, int(options.role))
    else:
        contest(options)


def contest(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as directory:
        prepare(Path(options.model), Path(directory))
        command = [sys.executable, __file__, "--data", options.data, "--model", directory]
        command += ["--threads", str(options.threads)]
        roles = ("ours", *map(str, BATCH_SIZES))
        found = compete(
            {role: [*command, "--role", role] for role in roles},
            seconds=options.seconds,
            rounds=options.rounds,
        )
    middle = {role: sorted(found[role]["rates"])[options.rounds // 2] for role in roles}
    best = max(roles[1:], key=lambda role: middle[role])
    tuned, default = (ratio(found["ours"]["rates"], found[role]["rates"]) for role in (best, "1"))
    finish(
        "inference",
        {
            "ours": middle["ours"],
            "peer": middle["1"],
            "ratio": default[0],
            "ratio_spread": default[1:],
            "peer_tuned": middle[best],
            "ratio_tuned": tuned[0],
            "ratio_tuned_spread": tuned[1:],
            "best_batch_size": int(best),
            "by_batch_size": {role: round(middle[role]) for role in roles[1:]},
            "peak_rss_mb": {role: round(found[role]["peak_rss_mb"]) for role in roles},
            "unit": "real tokens/s",
            "data": Path(options.data).name,
            "model": Path(options.model).name,
            "blocks": options.rounds,
            "block_seconds": options.seconds,
            "threads": options.threads,
        },
    )


def prepare(model: Path, target: Path) -> None:
    """The same classifier for both: the encoder with a random head of two labels, or the classifier that it
    is.
    """
    from glassbert.model.config import HeadConfig
    from glassbert.model.pretrained import load_pretrained, save_pretrained
    from glassbert.text.tokenizer import Tokenizer

    head = HeadConfig(
        kind="sequence-classification", labels=("0", "1"), problem_type="single_label_classification"
    )
    loaded = load_pretrained(model, head=head, replace_head=True)
    save_pretrained(loaded.network, target)
    Tokenizer.load(model, vocab_size=loaded.network.config.vocab_size).save(target)


def texts_of(path: str) -> list[str]:
    from glassbert.text.columns import choose_columns
    from glassbert.text.tables import read_table

    table = read_table(path)
    texts = table.frame[choose_columns(table).text].tolist()
    return [str(text) for text in texts[: 8 * TEXTS_PER_CALL]]


def calls(texts: list[str]) -> list[list[str]]:
    chunks = [texts[start : start + TEXTS_PER_CALL] for start in range(0, len(texts), TEXTS_PER_CALL)]
    return [chunk for chunk in chunks if len(chunk) == TEXTS_PER_CALL] or chunks


def ours(options: argparse.Namespace) -> None:
    from glassbert.runs.models import load, use_threads

    use_threads(options.threads)
    model = load(options.model)
    chunks = calls(texts_of(options.data))
    amounts = [float(model.windows(chunk).lengths.sum()) for chunk in chunks]
    baton = Baton()
    while not baton.over:
        for chunk, amount in zip(chunks, amounts, strict=True):
            model.predict(chunk)
            baton.step(amount)
            if baton.over:
                break
    answer({"peak_rss_mb": peak_rss_mb()})


def peer(options: argparse.Namespace, batch_size: int) -> None:
    import torch
    import transformers

    torch.set_num_threads(options.threads)
    classify = transformers.pipeline("text-classification", model=options.model, device="cpu")
    chunks = calls(texts_of(options.data))
    tokenizer = classify.tokenizer
    assert tokenizer is not None
    # smaller calls for small batches, so that a block ends in time; the pipeline does nothing across its
    # batches
    parts = [chunk[start : start + 64] for chunk in chunks for start in range(0, len(chunk), 64)]
    amounts = [float(sum(map(len, tokenizer(part)["input_ids"]))) for part in parts]
    baton = Baton()
    while not baton.over:
        for part, amount in zip(parts, amounts, strict=True):
            classify(part, batch_size=batch_size, truncation=True)
            baton.step(amount)
            if baton.over:
                break
    answer({"peak_rss_mb": peak_rss_mb()})


if __name__ == "__main__":
    main()
