"""Small tokenizer directories, trained or written on the spot, and texts that are out to break them."""

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = "the a cat dog sat on mat ##happi ##ness ##s un ##believ ##able é 的 中 ! . , ' - [ ]".split()
WORDS += ["sep", "mask", "cls"]
ROBERTA_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
CORPUS = [
    "The cat sat on the mat, and the dog's bone lay beside it.",
    "Unbelievable happiness! 1,000 naïve cafés in São Paulo; 日本語のテキスト。",
    "def f(x):\n\treturn x  # two  spaces",
    "It isn't, they're, we've, I'll, he'd; \U0001f600 emoji \u200d joined",
] * 5

# each has broken some tokenizer's parity, offsets or memory; none contains a model's special token
HOSTILE = [
    "",
    " ",
    "  \t\n\r  ",
    "a",
    " a ",
    "Hello,   World!",
    "don't stop—can't “stop”",
    "\x00\x01\ufffd nul \x00 inside",
    "tab\tand\nnewline\r\nand\x0bvertical\x0cform",
    "\u2028line\u2029par\u0085nel\u00a0nbsp\u3000ideographic",
    "\x1c\x1d\x1e\x1funit separators a\x1cb",
    "zero\u200bwidth \u200b \u200d\u200c \ufeff bom",
    "e\u0301 é \u0301 \u0301\u0316\u0300x a\u0316\u0301",
    "İstanbul ı I ß ẞ ﬁ Σας ΣΑΣ ς",
    "Ⅷ ① ½ ﷺ ㍿ ℃",
    "中文字符，标点。混合English和123",
    "日本語テキスト カタカナ ひらがな",
    "한국어 문장입니다",
    "العربية نص עברית",
    "हिन्दी में एक वाक्य",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 family \U0001f1e9\U0001f1ea flag \U0001f44d\U0001f3fd",
    "\U000e0001\U0010ffff\ue000 unassigned \u0378 private",
    "x" * 101 + " " + "y" * 100 + " z" * 50,
    "supercalifragilisticexpialidocious" * 4,
    "http://example.com/?q=a%20b&c=d#e user@example.com",
    "1,234.56 $5 €6 10^-3 a_b __init__ ##a ##",
    "[sep ] [ SEP] < s > [unused1] ##ness",
    "a" * 3 + "\u0301" * 300,
    "word " * 700,
]


def write_config(directory: Path, **config: Any) -> Path:
    (directory / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return directory


def write_vocabulary(directory: Path, pieces: list[str], **config: Any) -> Path:
    (directory / "vocab.txt").write_bytes("".join(f"{piece}\n" for piece in pieces).encode())
    return write_config(directory, **{"tokenizer_class": "BertTokenizer", **config})


def wordpiece(directory: Path, **config: Any) -> Path:
    """vocab.txt and tokenizer_config.json only."""
    return write_vocabulary(directory, list(dict.fromkeys(SPECIAL + WORDS)), **config)


def bpe(directory: Path, *, files: bool = True, **config: Any) -> Path:
    """A byte-level BPE as RoBERTa has it: vocab.json and merges.txt, or (not `files`) tokenizer.json."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=ROBERTA_SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False
    )
    if files:
        tokenizer.model.save(str(directory))
    else:
        tokenizer.save(str(directory / "tokenizer.json"))
    return write_config(directory, **{"tokenizer_class": "RobertaTokenizer", **config})


def unigram(directory: Path) -> Path:
    """A SentencePiece-like tokenizer as XLM-R has it; its special tokens are pieces of the model."""
    tokenizer = Tokenizer(models.Unigram())
    split = [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(split)
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=200, special_tokens=ROBERTA_SPECIAL, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.save(str(directory / "tokenizer.json"))
    return write_config(directory, tokenizer_class="XLMRobertaTokenizer")


def read_document(directory: Path) -> dict[str, Any]:
    return json.loads((directory / "tokenizer.json").read_text(encoding="utf-8"))


def write_document(directory: Path, document: dict[str, Any]) -> Path:
    (directory / "tokenizer.json").write_text(json.dumps(document), encoding="utf-8")
    return directory
