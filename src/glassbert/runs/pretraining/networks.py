"""The network of a run: a new one of a size, or a checkpoint whose training goes on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from glassbert.errors import Problem, UsageError
from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.files import read_json
from glassbert.model.hf_config import read_config, write_config
from glassbert.model.masked import masked_head
from glassbert.model.memory import check_memory
from glassbert.model.network import Network
from glassbert.model.pretrained import CONFIG, load_pretrained
from glassbert.runs.pretraining.options import PretrainOptions
from glassbert.runs.pretraining.settings import (
    DEFAULT_SIZE,
    GATED_MULTIPLE,
    HEAD_SIZE,
    INNER,
    INNER_MODERN,
    Settings,
    size_of,
)
from glassbert.runs.resolve import resolve_model
from glassbert.tasks.distilling import make_student
from glassbert.tasks.pretraining import HEADS
from glassbert.text.tokenizer import Tokenizer

PAIRED_FAMILY = "bert"


@dataclass(frozen=True, kw_only=True, eq=False)
class Begun:
    """A network before the first step, where it comes from, and what of a checkpoint's is new and random: by
    the checkpoint's names, and by the network's own.
    """

    network: Network
    source: str
    teacher: Network | None = None
    newly_initialised: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def refuse_unfit(options: PretrainOptions, settings: Settings) -> None:
    """Raise UsageError, before any text is read, for next-sentence prediction of a family that has none, and
    for sequences longer than a checkpoint has positions; what finding its config raises.
    """
    named = options.teacher or options.model
    if options.teacher:
        _refuse_pairs_of_students(settings)
    if named:
        _refuse_too_long(_named_config(named, settings), settings)
    elif settings.recipe == "modern":
        _refuse_pairs_of_modern(settings)


def begin_network(options: PretrainOptions, settings: Settings, tokenizer: Tokenizer) -> Begun:
    """Build or load it, on the CPU.

    Raises what loading raises, and UsageError as `refuse_unfit` does.
    """
    head = HeadConfig(kind=HEADS[settings.objective])  # type: ignore[arg-type]
    if options.teacher:
        begun = _student(options.teacher, settings)
    elif options.model:
        begun = _loaded(options, head, settings)
    else:
        begun = _new(options, head, settings, tokenizer)
    _refuse_too_long(begun.network.config, settings)
    return begun


def _new(options: PretrainOptions, head: HeadConfig, settings: Settings, tokenizer: Tokenizer) -> Begun:
    name = options.size or DEFAULT_SIZE
    blocks, hidden = size_of(name)
    modern = settings.recipe == "modern"
    if modern:
        _refuse_pairs_of_modern(settings)
    roberta = not modern and not tokenizer.continues_words  # pieces of bytes: RoBERTa's kind of model
    if roberta and settings.objective == "mlm+nsp":
        what = "the tokenizer is RoBERTa's kind, and that family has no next-sentence prediction"
        raise UsageError(Problem(code="no-such-head", what=what, fix="add --objective mlm"))
    positions = max(settings.max_length, options.max_positions or 0)
    family: dict[str, Any] = _modern(hidden) if modern else {}
    if roberta:
        positions += tokenizer.pad_token_id + 1  # where its positions begin
        family = {"model_type": "roberta", "type_vocab_size": 1, "layer_norm_eps": 1e-5}
    family.setdefault("intermediate_size", INNER * hidden)
    config = EncoderConfig(
        **family,
        vocab_size=tokenizer.vocab_size,
        hidden_size=hidden,
        num_hidden_layers=blocks,
        num_attention_heads=hidden // HEAD_SIZE,
        hidden_dropout_prob=settings.hidden_dropout,
        attention_probs_dropout_prob=settings.attention_dropout,
        # a position that no sequence reaches would stay random
        max_position_embeddings=positions,
        pad_token_id=tokenizer.pad_token_id,
    )
    check_memory(config, head)
    return Begun(network=Network(config, head, seed=settings.seed), source=f"new ({name})")


def _student(name: str, settings: Settings) -> Begun:
    """The teacher, frozen, and a student of every second of its blocks."""
    _refuse_pairs_of_students(settings)
    source = resolve_model(name)
    loaded = load_pretrained(source.directory)
    masked_head(loaded.network, untrained=loaded.assigned.newly_initialised, name=source.name)
    Tokenizer.load(source.directory, vocab_size=loaded.network.config.vocab_size)
    teacher = loaded.network.eval().requires_grad_(False)
    student = make_student(teacher, seed=settings.seed)
    told = f"every second block of {source.name}"
    return Begun(network=student, source=told, teacher=teacher, warnings=loaded.warnings)


def _modern(hidden: int) -> dict[str, Any]:
    """Norms before, no biases, GeGLU, rotary positions, tied embeddings: ModernBERT in transformers."""
    return {
        "model_type": "modernbert",
        "norm_placement": "pre",
        "feed_forward_type": "gated",
        "use_bias": False,
        "position_embedding_type": "rotary",
        "type_vocab_size": 0,
        "layer_norm_eps": 1e-5,
        "classifier_dropout": 0.0,
        "intermediate_size": GATED_MULTIPLE * math.ceil(INNER_MODERN * hidden / GATED_MULTIPLE),
    }


def transformers_class(config: EncoderConfig, head: HeadConfig) -> str | None:
    """The class of transformers that computes the same; None where there is none."""
    named = write_config(config, head)["architectures"]
    return str(named[0]) if named else None


def _loaded(options: PretrainOptions, head: HeadConfig, settings: Settings) -> Begun:
    _named_config(str(options.model), settings)
    source = resolve_model(str(options.model))
    loaded = load_pretrained(source.directory, head=head, replace_head=True, seed=settings.seed)
    Tokenizer.load(
        source.directory, vocab_size=loaded.network.config.vocab_size
    )  # refuses one of another size
    dropped = tuple(f"{name} of the checkpoint is left out" for name in loaded.assigned.left_out)
    return Begun(
        network=loaded.network,
        source=source.name,
        newly_initialised=loaded.assigned.newly_initialised,
        fresh=loaded.assigned.fresh,
        warnings=(*loaded.warnings, *dropped),
    )


def _named_config(name: str, settings: Settings) -> EncoderConfig:
    """The encoder of a checkpoint that is named, which can learn what the settings say."""
    source = resolve_model(name)
    file = source.directory / CONFIG
    config = read_config(read_json(file), file=str(file)).encoder
    if settings.objective == "mlm+nsp" and config.model_type != PAIRED_FAMILY:
        what = f"{source.name} is of the {config.model_type} family, which has no next-sentence prediction"
        raise UsageError(Problem(code="no-such-head", what=what, fix="add --objective mlm"))
    return config


def _refuse_too_long(config: EncoderConfig, settings: Settings) -> None:
    if settings.max_length > config.max_length:
        what = f"--max-length {settings.max_length}: the model has positions for {config.max_length} tokens"
        raise UsageError(Problem(code="too-long", what=what, fix=f"give at most {config.max_length}"))


def _refuse_pairs_of_students(settings: Settings) -> None:
    if settings.objective != "mlm":
        what = "--teacher teaches masked words: distillation has no next-sentence prediction"
        raise UsageError(Problem(code="contradiction", what=what, fix="leave --objective out"))


def _refuse_pairs_of_modern(settings: Settings) -> None:
    if settings.objective == "mlm+nsp":
        what = "the modern recipe's encoder has no next-sentence prediction"
        raise UsageError(Problem(code="no-such-head", what=what, fix="add --objective mlm"))
