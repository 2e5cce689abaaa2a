"""What a person asks of a pre-training run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from glassbert.errors import Problem, UsageError
from glassbert.runs.pretraining.settings import settled
from glassbert.text.documents import TextOptions
from glassbert.text.text_files import folders_of
from glassbert.text.tokenizer_training import TrainingOptions


@dataclass(frozen=True, kw_only=True)
class PretrainOptions:
    """Which text, which network, where to write it, and how; `settings` are those of `settings.Settings`.

    texts           files, folders and patterns; eval_text: held-out ones, else documents of `texts` are
    model           a checkpoint to go on from; else a new encoder of `size` with the vocabulary of
                    `tokenizer` (a directory), else with one that is learnt from the texts by `vocabulary`
    teacher         a masked-word model: a student of every second of its blocks learns from it
    max_positions   positions of a new encoder: `max_length` if unsaid, more for a later phase on longer texts
    chinese_words   a file with a Chinese word a line, for whole-word masking
    cache           where the tokenised text lies: within `out` if unsaid
    resume          go on with the run in `out`: what is not said again is as recorded
    """

    texts: tuple[str, ...]
    out: Path
    eval_text: str | None = None
    model: str | None = None
    teacher: str | None = None
    size: str | None = None
    tokenizer: str | None = None
    vocabulary: TrainingOptions | None = None
    max_positions: int | None = None
    chinese_words: str | None = None
    reading: TextOptions = TextOptions()
    cache: Path | None = None
    device: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    resume: bool = False
    overwrite: bool = False
    command: tuple[str, ...] = ()

    @property
    def device_name(self) -> str:
        return self.device or "cpu"

    @property
    def cache_directory(self) -> Path:
        return self.cache or self.out / "corpus"

    @property
    def said(self) -> dict[str, Any]:
        """The settings that were given; a teacher asks for masked words alone."""
        asked = {} if self.teacher is None else {"objective": "mlm"}
        return asked | {name: value for name, value in self.settings.items() if value is not None}

    def recorded(self) -> dict[str, Any]:
        """What was asked for, as run.json holds it."""
        return {
            "texts": list(self.texts),
            "eval_text": self.eval_text,
            "model": self.model,
            "teacher": self.teacher,
            "size": self.size,
            "tokenizer": self.tokenizer,
            "vocabulary": None if self.vocabulary is None else asdict(self.vocabulary),
            "max_positions": self.max_positions,
            "chinese_words": self.chinese_words,
            "reading": asdict(self.reading),
            "cache": None if self.cache is None else str(self.cache),
            "device": self.device_name,
            "settings": self.said,
        }


def _refuse_own_files(options: PretrainOptions) -> None:
    """Raise UsageError for a run within a folder that it reads: its vocabulary would be read as text."""
    for name in (*options.texts, *([] if options.eval_text is None else [options.eval_text])):
        for folder in folders_of(name):
            if options.out.resolve().is_relative_to(folder.resolve()):
                what = f"the run would lie in the folder '{folder}', whose files are read as text"
                raise UsageError(Problem(code="contradiction", what=what, fix="name another --out"))


def _refuse_pairs_of_bytes(options: PretrainOptions) -> None:
    """Raise UsageError for RoBERTa's kind of vocabulary under next-sentence prediction."""
    kind = None if options.vocabulary is None else options.vocabulary.kind
    if kind == "bpe" and settled(options.said).objective == "mlm+nsp":
        what = "--kind bpe is RoBERTa's, and that family has no next-sentence prediction"
        raise UsageError(Problem(code="no-such-head", what=what, fix="add --objective mlm"))


def _refuse_unused_words(options: PretrainOptions) -> None:
    """Raise UsageError for a list of words that nothing would look into."""
    if options.chinese_words is not None and not settled(options.said).whole_word_masking:
        what = "--chinese-words says what a word is, and no whole words are hidden"
        raise UsageError(Problem(code="contradiction", what=what, fix="add --whole-word-masking"))


def refuse_contradictions(options: PretrainOptions) -> None:
    """Raise UsageError for options that exclude one another, before any text is read."""
    if not options.resume:
        _refuse_own_files(options)
        _refuse_pairs_of_bytes(options)
        _refuse_unused_words(options)
    named = options.model or options.teacher
    learnt = "--vocab-size, --lowercase or --kind, and a tokenizer that is there"
    pairs = [
        (options.model and options.teacher, "--model and --teacher", "a student begins from its teacher"),
        (named and options.size, "a checkpoint and --size", "it has its own size"),
        (named and options.tokenizer, "a checkpoint and --tokenizer", "it has its own tokenizer"),
        (named and options.max_positions, "a checkpoint and --max-positions", "it has its own"),
        (options.vocabulary and (named or options.tokenizer), learnt, "leave out what is to be learnt"),
        (options.resume and options.overwrite, "--resume and --overwrite", "keep the one that is meant"),
    ]
    for both, what, fix in pairs:
        if both:
            raise UsageError(Problem(code="contradiction", what=f"{what} are both given", fix=fix))
    if not options.texts and not options.resume:
        what, fix = "no text is named", "name files, folders or patterns of plain text"
        raise UsageError(Problem(code="no-text", what=what, fix=fix))
