"""The encoder that glassbert carries: its text, its vocabulary, and the files it is shipped as.

    python examples/make_encoder.py text WIKI.gz... --out wiki.txt
    python examples/make_encoder.py trim minilm --pieces 22528 --out trimmed
    python examples/make_encoder.py distil trimmed wiki.txt --blocks 0 2 5 --minutes 60 --out student
    python examples/make_encoder.py ship student --out src/glassbert/encoder

`text` turns WikiExtractor's <doc> elements into documents separated by blank lines. `trim` keeps the first
pieces of a WordPiece vocabulary, which BERT's authors ordered by frequency, and their rows of the word table:
what is lost is spelt with the pieces that stay. `distil` begins with some of the teacher's blocks and learns
its last states, x of a token and m of a text's mean, on paragraphs and sentences:

    loss = sum_i |x_i - t_i|^2 / sum_i |t_i - mean(t)|^2  +  mean_n (1 - cos(m_n, u_n))

The word table stays as it is, so that words which the text lacks keep their place among the others. `ship`
writes the weights as 16-bit floats. docs/encoder.md has what all this took and what came out.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from glassbert.lens.seen import pack
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.model.pretrained import CONFIG, WEIGHTS, load_pretrained, save_pretrained
from glassbert.runs.pooling_files import write_pooling
from glassbert.runs.resolve import resolve_model
from glassbert.strict_json import read_json
from glassbert.tasks.distilling import with_blocks
from glassbert.text.tokenizer import Tokenizer

UNUSED = "[unused"
WORDS = "embeddings.word.weight"
LEAST_CHARACTERS = 200
CURVE = "metrics.jsonl"
SHORTEST, LONGEST = 30, 128
CHARACTERS_PER_TOKEN = 4
SENTENCES, SENTENCE_END = 0.5, re.compile(r"(?<=[.!?]) (?=[A-Z])")
HELD_OUT, JUDGE_EVERY, WARMUP = 150, 200, 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    text = verbs.add_parser("text")
    text.add_argument("files", type=Path, nargs="+")
    text.set_defaults(work=lambda given: write_text(given.files, given.out))
    cut = verbs.add_parser("trim")
    cut.add_argument("model")
    cut.add_argument("--pieces", type=int, required=True)
    cut.set_defaults(work=lambda given: trim(given.model, given.pieces, given.out))
    learn = verbs.add_parser("distil")
    learn.add_argument("teacher", type=Path)
    learn.add_argument("text", type=Path)
    learn.add_argument("--blocks", type=int, nargs="+", required=True, help="of the teacher, from 0")
    learn.add_argument("--minutes", type=float, required=True)
    learn.add_argument("--learning-rate", type=float, default=1e-3)
    learn.add_argument("--batch-tokens", type=int, default=3000)
    learn.add_argument("--threads", type=int, default=2)
    learn.add_argument("--seed", type=int, default=0)
    learn.set_defaults(work=distil)
    shipped = verbs.add_parser("ship")
    shipped.add_argument("run")
    shipped.set_defaults(work=lambda given: ship(given.run, given.out))
    for verb in (text, cut, learn, shipped):
        verb.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    given.work(given)


def write_text(files: Iterable[Path], out: Path) -> None:
    with out.open("w", encoding="utf-8") as written:
        for file in files:
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                for article in articles(lines):
                    written.write(article + "\n\n")


def articles(lines: Iterable[str]) -> Iterator[str]:
    """The text of each <doc> element without its title, a line a paragraph."""
    body: list[str] = []
    for line in lines:
        if line.startswith("<doc "):
            body = []
        elif line.startswith("</doc>"):
            text = "\n".join(body[1:])  # the first line repeats the title
            if len(text) >= LEAST_CHARACTERS:
                yield text
        elif line.strip():
            body.append(line.strip())


def trim(name: str, pieces: int, out: Path) -> None:
    source = resolve_model(name).directory
    vocabulary = (source / "vocab.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    kept = [row for row, piece in enumerate(vocabulary) if not piece.startswith(UNUSED)][:pieces]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "vocab.txt").write_text("".join(f"{vocabulary[row]}\n" for row in kept), encoding="utf-8")
        shutil.copy(source / "tokenizer_config.json", place)
        tokenizer = Tokenizer.load(place, vocab_size=len(kept))
    network = load_pretrained(source).network
    config = replace(network.config, vocab_size=len(kept), pad_token_id=tokenizer.pad_token_id)
    smaller = Network(config, network.head_config, seed=0)
    weights = network.encoder.state_dict()
    weights[WORDS] = weights[WORDS][torch.tensor(kept)]
    smaller.encoder.load_state_dict(weights)
    save_pretrained(smaller, out)
    tokenizer.save(out)
    print(f"{len(vocabulary):,} pieces, {len(kept):,} kept")


def distil(given: argparse.Namespace) -> None:
    """Train for so many minutes; metrics.jsonl has the loss of every step and the held-out scores."""
    torch.set_num_threads(given.threads)
    teacher = load_pretrained(given.teacher).network.eval().requires_grad_(False)
    tokenizer = Tokenizer.load(given.teacher, vocab_size=teacher.config.vocab_size)
    student = with_blocks(teacher, given.blocks, teacher.head_config)
    student.encoder.embeddings.word.weight.requires_grad_(False)
    paragraphs = [
        line for line in given.text.read_text(encoding="utf-8").split("\n") if len(line) >= SHORTEST
    ]
    draw = np.random.default_rng(given.seed)
    draw.shuffle(paragraphs)
    held_out, learnt = paragraphs[:HELD_OUT], paragraphs[HELD_OUT:]
    parameters = [each for each in student.parameters() if each.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=given.learning_rate, weight_decay=0.01)
    given.out.mkdir(parents=True)
    started, tokens = time.monotonic(), 0
    with (given.out / CURVE).open("w", encoding="utf-8") as log:
        for step, texts in enumerate(batches(learnt, given.batch_tokens, draw)):
            done = (time.monotonic() - started) / (60 * given.minutes)
            if step % JUDGE_EVERY == 0 or done >= 1:
                scores = judged(student, teacher, tokenizer, held_out)
                log.write(json.dumps({"step": step, "tokens": tokens, "done": done, **scores}) + "\n")
                log.flush()
                print(f"step {step}, {tokens:,} tokens, {done:.0%}: {scores}", flush=True)
            if done >= 1:
                break
            optimizer.param_groups[0]["lr"] = given.learning_rate * min(1, (step + 1) / WARMUP) * (1 - done)
            packed, loss = compared(student, teacher, tokenizer, texts)
            optimizer.zero_grad(set_to_none=True)
            (loss[0] + loss[1]).backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            tokens += packed.input_ids.numel()
            log.write(json.dumps({"step": step + 1, "loss": [round(each.item(), 5) for each in loss]}) + "\n")
    save_pretrained(student, given.out)
    tokenizer.save(given.out)


def batches(paragraphs: list[str], size: int, draw: np.random.Generator) -> Iterator[list[str]]:
    """Texts of about `size` tokens together, each a paragraph or one sentence of it, without an end."""
    batch, length = [], 0
    while True:
        for number in draw.permutation(len(paragraphs)):
            text = paragraphs[number]
            if draw.random() < SENTENCES:
                parts = [part for part in SENTENCE_END.split(text) if len(part) >= SHORTEST] or [text]
                text = parts[draw.integers(len(parts))]
            batch.append(text)
            length += min(LONGEST, len(text) // CHARACTERS_PER_TOKEN + 2)
            if length >= size:
                yield batch
                batch, length = [], 0


def compared(
    student: Network, teacher: Network, tokenizer: Tokenizer, texts: list[str]
) -> tuple[Packed, tuple[Tensor, Tensor]]:
    """A batch, and the two parts of the loss on it; of a text more than one window are texts of their own."""
    windows = tokenizer.windows(texts, max_length=min(LONGEST, student.config.max_length))
    packed = pack(windows, student)
    with torch.no_grad():
        wanted = teacher.encoder(packed)
    found = student.encoder(packed)
    spread = (wanted - wanted.mean(0)).square().sum()
    starts = torch.from_numpy(windows.starts.astype(np.int64))
    own, theirs = (torch.segment_reduce(each, "mean", offsets=starts) for each in (found, wanted))
    likeness = torch.cosine_similarity(own, theirs, dim=-1)
    return packed, ((found - wanted).square().sum() / spread, (1 - likeness).mean())


@torch.inference_mode()
def judged(student: Network, teacher: Network, tokenizer: Tokenizer, texts: list[str]) -> dict[str, float]:
    """On held-out texts: what is left of the variance of the teacher's states, and 1 - cos of the means."""
    _, (left, apart) = compared(student, teacher, tokenizer, texts)
    return {"unexplained": round(float(left), 4), "apart": round(float(apart), 4)}


def ship(run: str, out: Path) -> None:
    source = resolve_model(run).directory
    out.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        if file.is_file() and file.name not in (WEIGHTS, CURVE):
            shutil.copy(file, out)
    tensors = {name: tensor.half() for name, tensor in load_file(source / WEIGHTS).items()}
    save_file(tensors, out / WEIGHTS, metadata={"format": "pt"})
    read = read_json(source / CONFIG)
    longest = int(read["max_position_embeddings"])
    write_pooling(out, pooling="mean", width=int(read["hidden_size"]), max_length=longest)
    config = read | {"torch_dtype": "float32"}  # what readers compute with
    (out / WEIGHTS).chmod(0o644)
    (out / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    print(f"{sum(file.stat().st_size for file in out.rglob('*') if file.is_file()):,} bytes")


if __name__ == "__main__":
    main()
