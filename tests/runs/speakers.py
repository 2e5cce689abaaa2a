"""Tiny random models of three families with every head that a pipeline reads, the same on every machine."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import pre_tokenizers

from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.network import Network
from glassbert.model.pretrained import save_pretrained
from glassbert.text.tokenizer import Tokenizer
from tests.contract.workbench import tiny_tokenizer

FAMILIES = ("bert", "roberta", "distilbert")
MASK = {"bert": "[MASK]", "distilbert": "[MASK]", "roberta": "<mask>"}
ROBERTA_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
WORDS = ("the", "film", "is", "warm", "cold", "not", "fine", "dull")
MAX_LENGTH = 40


def byte_level_tokenizer(directory: Path) -> Tokenizer:
    """RoBERTa's kind: every byte, and a few words with a space before them, merged letter by letter."""
    directory.mkdir(parents=True, exist_ok=True)
    pieces, merges = [*ROBERTA_SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())], []
    for word in WORDS:
        so_far = "Ġ"
        for letter in word:
            if so_far + letter not in pieces:
                merges.append(f"{so_far} {letter}")
                pieces.append(so_far + letter)
            so_far += letter
    vocabulary = {piece: number for number, piece in enumerate([*pieces, "<mask>"])}
    (directory / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (directory / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    settings = {"tokenizer_class": "RobertaTokenizer", "model_max_length": MAX_LENGTH}
    (directory / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return Tokenizer.load(directory)


def make_speaker(directory: Path, family: str, head: HeadConfig, *, seed: int = 5) -> Path:
    """A model directory of a family with such a head, its weights drawn by the seed."""
    tokenizer = byte_level_tokenizer(directory) if family == "roberta" else tiny_tokenizer(directory)
    config = EncoderConfig(
        model_type=family,
        vocab_size=tokenizer.vocab_size,
        hidden_size=30,
        num_hidden_layers=2,
        num_attention_heads=5,
        intermediate_size=44,
        max_position_embeddings=MAX_LENGTH + 2,
        type_vocab_size={"bert": 2, "roberta": 1, "distilbert": 0}[family],
        initializer_range=0.3,
        pad_token_id=tokenizer.pad_token_id,
    )
    save_pretrained(Network(config, head, seed=seed), directory)
    tokenizer.save(directory, model_max_length=MAX_LENGTH)
    if family == "distilbert":  # transformers 4 goes by the class, and DistilBERT knows no segments
        path = directory / "tokenizer_config.json"
        settings = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**settings, "tokenizer_class": "DistilBertTokenizer"}), encoding="utf-8")
    return directory
