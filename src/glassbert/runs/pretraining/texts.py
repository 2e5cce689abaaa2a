"""The text of a run: a tokenizer, learnt where none is given, and the corpus, with what is held out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glassbert.errors import DataError, Interrupted, Problem
from glassbert.runs.pretraining.options import PretrainOptions
from glassbert.runs.resolve import resolve_model
from glassbert.text.bytes_read import OnRead, Spoken
from glassbert.text.corpus import Corpus, Tokens
from glassbert.text.corpus_part import split_by_content
from glassbert.text.corpus_writing import CorpusOptions, prepare_corpus
from glassbert.text.packing import FullSentences
from glassbert.text.sentence_pairs import SentencePairs
from glassbert.text.sequences import Samples
from glassbert.text.text_files import find_texts
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.tokenizer_training import TrainingOptions, save_tokenizer, train_tokenizer
from glassbert.train.stop import Stop

TOKENIZER = "tokenizer"
HELD_OUT_SHARE = 0.01


@dataclass(frozen=True, kw_only=True, eq=False)
class Texts:
    """What is learnt from and what is held out, as tokens; `facts` go into run.json."""

    tokenizer: Tokenizer
    train: Tokens
    held_out: Tokens
    facts: Mapping[str, Any]


def read_texts(options: PretrainOptions, *, say: Callable[[str], None], stop: Stop) -> Texts:
    """Tokenise all text, or open what is tokenised already.

    Raises what is wrong with a file, by its name; Interrupted where a stop is asked for meanwhile.
    """
    held = () if options.eval_text is None else (options.eval_text,)
    for group in find_texts(options.texts) + find_texts(held):
        if group.others:
            say(f"note: {group.name}: {group.others:,} files with other names are not read")
    tokenizer, origin = _tokenizer(options, say, stop)
    on_read = _heard("tokenised", say, stop)
    corpus = _corpus(options.texts, tokenizer, options, on_read)
    facts: dict[str, Any] = {
        "tokenizer": {"source": origin, "vocab_size": tokenizer.vocab_size, "sha256": tokenizer.fingerprint}
    }
    if options.eval_text is None:
        train, held_out = split_by_content(corpus, share=HELD_OUT_SHARE)
        say(
            f"note: {held_out.num_documents:,} of {corpus.num_documents:,} documents are held out for "
            "evaluation, those whose hash is lowest; --eval-text names others"
        )
        facts["train"] = _facts(train, corpus.key, options.texts)
        facts["evaluation"] = _facts(held_out, corpus.key, options.texts)
        return Texts(tokenizer=tokenizer, train=train, held_out=held_out, facts=facts)
    other = _corpus(held, tokenizer, options, on_read)
    facts["train"] = _facts(corpus, corpus.key, options.texts)
    facts["evaluation"] = _facts(other, other.key, held)
    return Texts(tokenizer=tokenizer, train=corpus, held_out=other, facts=facts)


def make_samples(tokens: Tokens, *, objective: str, max_length: int) -> Samples:
    """The samples of an objective: sentence pairs with next-sentence prediction, else full sentences."""
    if objective == "mlm":
        return FullSentences(tokens, max_length=max_length)
    return SentencePairs(tokens, max_length=max_length)


def refuse_changed_texts(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise DataError by name for a tokenizer or a text that is not what the run began with."""
    fix = "bring it back, or start a new run"
    if recorded["tokenizer"]["sha256"] != now["tokenizer"]["sha256"]:
        what = "the tokenizer is not the one that the run began with (its SHA-256 differs)"
        raise DataError(
            Problem(code="changed-tokenizer", what=what, fix=fix, file=now["tokenizer"]["source"])
        )
    for name in ("train", "evaluation"):
        if recorded[name]["corpus"] != now[name]["corpus"]:
            what = f"the {name} text is not what the run began with (its hash differs)"
            file = ", ".join(now[name]["texts"])
            raise DataError(Problem(code="changed-data", what=what, fix=fix, file=file))


def _heard(done: str, say: Callable[[str], None], stop: Stop) -> OnRead:
    """Tells now and then how much of the text is `done`, and ends its reading where a stop is asked for."""
    spoken = Spoken(done, say)

    def on_read(read: int, total: int) -> None:
        if stop.requested:
            what = "stopped on request before the first step: the text was still being read"
            fix = "run the same command with --resume, which reads it from its beginning"
            raise Interrupted(Problem(code="stopped", what=what, fix=fix))
        spoken(read, total)

    return on_read


def _tokenizer(options: PretrainOptions, say: Callable[[str], None], stop: Stop) -> tuple[Tokenizer, str]:
    named = options.model or options.teacher
    if named is not None:
        return Tokenizer.load(resolve_model(named).directory), named
    if options.tokenizer is not None:
        return Tokenizer.load(Path(options.tokenizer)), options.tokenizer
    place = options.out / TOKENIZER
    if not place.exists():
        wanted = options.vocabulary or TrainingOptions(reading=options.reading)
        say("note: no tokenizer is named: one is learnt from the text (--tokenizer names one)")
        trained = train_tokenizer(options.texts, wanted, on_read=_heard("read for it", say, stop))
        save_tokenizer(trained.tokenizer, place)
        say(f"note: the tokenizer has {trained.tokenizer.vocab_size:,} pieces")
    return Tokenizer.load(place), str(place)


def _corpus(
    texts: tuple[str, ...], tokenizer: Tokenizer, options: PretrainOptions, on_read: OnRead
) -> Corpus:
    words = None if options.chinese_words is None else Path(options.chinese_words)
    how = CorpusOptions(chinese_words=words, reading=options.reading)
    return prepare_corpus(texts, tokenizer, options.cache_directory, how, on_read=on_read)


def _facts(tokens: Tokens, key: str, texts: tuple[str, ...]) -> dict[str, Any]:
    counts = {"documents": tokens.num_documents, "tokens": tokens.num_tokens}
    return {"texts": list(texts), "corpus": key, **counts}
