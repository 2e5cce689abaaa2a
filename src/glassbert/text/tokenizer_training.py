"""A tokenizer learnt from text: WordPiece as BERT has it, or byte-level BPE as RoBERTa has it.

The tokenizers library counts and merges. Left alone, its WordPiece trainer numbers the pieces "##x" in the
order of a hash table, which is another one in every process, and ties between pairs follow these numbers: the
same text gives another vocabulary every time. It is handed all pieces of one character in a fixed order.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import tokenizers
from tokenizers import models, normalizers, pre_tokenizers, trainers

from glassbert.durable import storage_errors, whole_directory
from glassbert.errors import DataError, OutputError, Problem, StorageError, UsageError
from glassbert.text.bytes_read import BytesRead, OnRead
from glassbert.text.characters import CODE_POINTS, alphabet, count_characters
from glassbert.text.documents import TextOptions, stream_documents
from glassbert.text.languages import LineSampler, sampling_rates
from glassbert.text.sentences import cut_long
from glassbert.text.special_tokens import BERT_NAMES, ROBERTA_NAMES
from glassbert.text.text_files import TextGroup, find_texts
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.tokenizer_definition import define
from glassbert.text.tokenizer_documents import byte_level_document, wordpiece_document
from glassbert.text.tokenizer_files import BPE_VOCABULARY, CONFIG, JSON, MERGES, SPECIAL, VOCABULARY
from glassbert.text.vocabulary import MIN_PIECES

Kind = Literal["wordpiece", "bpe"]
TOKENIZER_FILES = {JSON, CONFIG, SPECIAL, VOCABULARY, BPE_VOCABULARY, MERGES}
# in the order of their ids
WORDPIECE_SPECIAL = [BERT_NAMES[role] for role in ("pad", "unk", "cls", "sep", "mask")]
BPE_SPECIAL = [ROBERTA_NAMES[role] for role in ("cls", "pad", "sep", "unk", "mask")]
NUM_BYTES = 256
# a pair of pieces seen once tells nothing
MIN_FREQUENCY = 2
MODEL_MAX_LENGTH = 512


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """What is learnt.

    vocab_size        pieces in all, special ones included
    lowercase         texts are lower-cased and lose their accents (WordPiece only)
    temperature       T of `languages.sampling_rates` over what was named; 1 leaves shares as they are
    coverage          share of the text's characters that WordPiece has to be able to spell
    max_characters    about as many characters are read, evenly spread, where there are more
    """

    kind: Kind = "wordpiece"
    vocab_size: int = 30_000
    lowercase: bool = False
    temperature: float = 1.0
    coverage: float = 0.9999
    max_characters: int = 200_000_000
    reading: TextOptions = TextOptions()


@dataclass(frozen=True, kw_only=True)
class Language:
    """What there was of a group of files: characters and lines that are not blank, SHA-256 by file, and how
    often a line of it was read on average.
    """

    name: str
    files: dict[str, str]
    other_files: int
    num_characters: int
    num_lines: int
    rate: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Trained:
    tokenizer: Tokenizer
    languages: tuple[Language, ...]
    alphabet_size: int


def train_tokenizer(
    texts: Sequence[str | Path],
    options: TrainingOptions = TrainingOptions(),
    *,
    on_read: OnRead = lambda done, total: None,
) -> Trained:
    """Learn a tokenizer from files, folders or patterns; each of them is a language.

    Texts are read twice, a chunk at a time: memory grows with the number of different words of what is read,
    not with the text. The same text and options give the same vocabulary. `on_read` is called now and then
    with the bytes of the files, as they lie on the disk, that are read and that there are: 0 in the first
    reading. Errors: UsageError for options out of range or a vocabulary that cannot hold the alphabet;
    MissingInputError, DataError and StorageError for the files.
    """
    _check(options)
    groups = find_texts(texts)
    read = BytesRead(on_read)
    counts, counted = _count(groups, options, read)
    read.again()
    sizes = [each.num_characters for each in counted]
    rates = sampling_rates(sizes, temperature=options.temperature, limit=options.max_characters)
    languages = tuple(replace(each, rate=rate) for each, rate in zip(counted, rates, strict=True))
    weighted = sum((rate * each for rate, each in zip(rates, counts, strict=True)), np.zeros(CODE_POINTS))
    library, begin, go_on = _untrained(options, weighted)
    sampled = _sampled(groups, languages, options, read)
    library.train_from_iterator(sampled, _trainer(begin, go_on, options))
    letters = len(begin) + len(go_on) if options.kind == "wordpiece" else NUM_BYTES
    return Trained(tokenizer=_finished(library, options), languages=languages, alphabet_size=letters)


def _check(options: TrainingOptions) -> None:
    if options.kind not in get_args(Kind):
        raise _bad(f"there is no kind '{options.kind}'", "write --kind wordpiece or --kind bpe")
    if options.kind == "bpe" and options.lowercase:
        fix = "leave --lowercase out, or use --kind wordpiece"
        raise _bad("the files of a byte-level BPE cannot say that it lower-cases", fix)
    if not (options.temperature >= 1 and np.isfinite(options.temperature)):
        raise _bad(f"--language-temperature is {options.temperature}", "give a number of at least 1")
    if not 0 < options.coverage <= 1:
        raise _bad(f"--character-coverage is {options.coverage}", "give a number above 0, at most 1")
    if options.vocab_size < 1 or options.max_characters < 1:
        raise _bad("--vocab-size and --max-characters count from 1", "give a larger number")


def _bad(what: str, fix: str) -> UsageError:
    return UsageError(Problem(code="bad-option", what=what, fix=fix))


def _count(
    groups: Sequence[TextGroup], options: TrainingOptions, read: BytesRead
) -> tuple[list[Any], list[Language]]:
    """The characters of every group, and what it holds; DataError where there is no text at all."""
    counts, languages = [], []
    for group in groups:
        found, lines, hashes = np.zeros(CODE_POINTS, dtype=np.int64), 0, {}
        for file in group.files:
            digest = read.hash()
            for run in stream_documents(file, options.reading, digest=digest):
                read.tell()
                found += count_characters("".join(run))
                lines += sum(map(bool, run))
            hashes[str(file)] = digest.hexdigest()
        counts.append(found)
        languages.append(
            Language(
                name=group.name,
                files=hashes,
                other_files=group.others,
                num_characters=int(found.sum()),
                num_lines=lines,
            )
        )
        if not lines:
            what = "there is no text in it" if len(hashes) == 1 else f"no text in its {len(hashes):,} files"
            problem = Problem(code="no-text", what=what, fix="name files that hold text", file=group.name)
            raise DataError(problem)
    return counts, languages


def _untrained(options: TrainingOptions, counts: Any) -> tuple[tokenizers.Tokenizer, list[str], list[str]]:
    """The library's tokenizer before training, and the characters that begin words and go on with them."""
    begin: list[str] = []
    go_on: list[str] = []
    if options.kind == "bpe":
        library = tokenizers.Tokenizer(models.BPE())
        library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        least = len(BPE_SPECIAL) + NUM_BYTES
    else:
        library = tokenizers.Tokenizer(models.WordPiece(unk_token=BERT_NAMES["unk"]))
        library.normalizer = normalizers.BertNormalizer(lowercase=options.lowercase)
        library.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        begin, go_on = alphabet(counts, library, coverage=options.coverage)
        least = len(WORDPIECE_SPECIAL) + len(begin) + len(go_on)
    if least > options.vocab_size:
        what = f"--vocab-size {options.vocab_size:,}: special tokens and the alphabet are {least:,} pieces"
        fix = "give a larger --vocab-size" + ("" if not begin else ", or a lower --character-coverage")
        raise UsageError(Problem(code="vocabulary-too-small", what=what, fix=fix))
    return library, begin, go_on


def _trainer(begin: list[str], go_on: list[str], options: TrainingOptions) -> Any:
    shared: Any = {"vocab_size": options.vocab_size, "min_frequency": MIN_FREQUENCY, "show_progress": False}
    if options.kind == "bpe":
        letters = pre_tokenizers.ByteLevel.alphabet()
        return trainers.BpeTrainer(special_tokens=BPE_SPECIAL, initial_alphabet=letters, **shared)
    # given as special tokens, pieces have the ids of their order; they are special in nothing that is kept
    pieces = [*WORDPIECE_SPECIAL, *begin, *(f"##{character}" for character in go_on)]
    return trainers.WordPieceTrainer(
        special_tokens=pieces, initial_alphabet=begin, limit_alphabet=len(begin), **shared
    )


def _sampled(
    groups: Sequence[TextGroup], languages: Sequence[Language], options: TrainingOptions, read: BytesRead
) -> Iterator[list[str]]:
    """The lines to learn from; StorageError when a file is not what was counted."""
    for number, (group, language) in enumerate(zip(groups, languages, strict=True)):
        sampler = LineSampler(language.rate, seed=0, language=number)
        for file in group.files:
            digest = read.hash()
            for run in stream_documents(file, options.reading, digest=digest):
                read.tell()
                yield [
                    part for line in sampler.take([line for line in run if line]) for part in cut_long(line)
                ]
            if digest.hexdigest() != language.files[str(file)]:
                what, fix = (
                    "the file changed between two readings",
                    "wait until it is written, then run again",
                )
                raise StorageError(Problem(code="changed-while-reading", what=what, fix=fix, file=str(file)))


def save_tokenizer(tokenizer: Tokenizer, out: Path, *, overwrite: bool = False) -> None:
    """Write a tokenizer into a directory of its own, all of it or nothing.

    Errors: OutputError when the directory holds anything, with `overwrite` anything but a tokenizer.
    """
    refuse_taken(out, overwrite=overwrite)
    with whole_directory(out, replace=overwrite) as staged:
        tokenizer.save(staged)


def refuse_taken(out: Path, *, overwrite: bool) -> None:
    """Raise OutputError when a tokenizer cannot be written there."""
    with storage_errors(out):
        held = sorted(os.listdir(out)) if os.path.lexists(out) else []
    foreign = [name for name in held if name not in TOKENIZER_FILES]
    if foreign if overwrite else held:
        what = f"the output directory is not empty ({', '.join((foreign or held)[:3])})"
        fix = "choose another --out" + ("" if foreign else ", or replace it with --overwrite")
        raise OutputError(Problem(code="output-exists", what=what, fix=fix, file=str(out)))


def _finished(library: tokenizers.Tokenizer, options: TrainingOptions) -> Tokenizer:
    """What was learnt in the layout of BERT's or RoBERTa's tokenizer."""
    model = json.loads(library.to_str())["model"]
    path, limit = Path("tokenizer.json"), {"model_max_length": MODEL_MAX_LENGTH}
    if len(model["vocab"]) < MIN_PIECES:
        what = f"the text gives {len(model['vocab'])} pieces; a vocabulary has at least {MIN_PIECES}"
        raise DataError(Problem(code="vocabulary-too-small", what=what, fix="train it on more text"))
    if options.kind == "wordpiece":
        config = {"tokenizer_class": "BertTokenizer", "do_lower_case": options.lowercase, **limit}
        document = wordpiece_document(model["vocab"], roles=BERT_NAMES, config=config)
        return Tokenizer(define(document, config=config, special_map={}, path=path))
    config = {"tokenizer_class": "RobertaTokenizer", "add_prefix_space": False, **limit}
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    document = byte_level_document(model["vocab"], merges, roles=ROBERTA_NAMES, config=config)
    mask = {"id": model["vocab"]["<mask>"], "content": "<mask>", "lstrip": True, "special": True}
    document["added_tokens"] = [mask]  # RoBERTa's takes the space before it
    return Tokenizer(define(document, config=config, special_map={}, path=path))
