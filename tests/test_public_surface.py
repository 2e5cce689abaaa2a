"""What others rely on: the names of the package, and the options of every verb.

A change here is a change of the contract: it belongs into CHANGELOG.md, and into the pages that name it.
"""

import subprocess
import sys

import pytest

import glassbert
from tests.cli.golden.write import commands

JSON = "--json"
READING = {
    "--format", "--encoding", "--delimiter", "--header", "--no-header", "--on-bad-rows", "--max-field-bytes",
    "--max-line-bytes",
}  # fmt: skip
MODEL = {"--device", "--threads", "--text-column"}
COLUMNS = {"--question-column", "--pair-column", "--context-column"}
OPTIONS = {
    "demo": {"--out", "--budget", "--threads", JSON},
    "finetune": {
        "--out", "--eval-data", "--task", *COLUMNS, "--label-column", "--scheme", "--repair-bio",
        "--model", "--base", "--epochs",
        "--batch-size",
        "--learning-rate", "--lr", "--max-length", "--max-len", "--budget", "--seed", "--metric",
        "--patience", "--optimizer", "--lr-scheduler-type", "--weight-decay", "--layer-decay",
        "--gradient-accumulation-steps", "--class-weights", "--loss", "--pooling", "--crf",
        "--lstm-size", "--freeze", "--lora", "--lora-alpha", "--lora-targets", "--lora-dropout", "--config",
        "--allow-degenerate",
        "--fail-on-leak", "--seeds", "--folds", "--resume", "--resume-auto", "--resume-override",
        "--keep-checkpoints", "--sync-every",
        "--overwrite", "--report", "--no-report", "--looks", JSON,
        *READING, *MODEL,
    },
    "pretrain": {
        "--recipe", "--optimizer", "--batch-ramp",
        "--out", "-o", "--objective", "--model", "--teacher", "--size", "--tokenizer", "--kind",
        "--vocab-size",
        "--lowercase", "--eval-text", "--budget", "--steps", "--batch-size", "--max-length",
        "--max-positions", "--learning-rate", "--lr", "--warmup-ratio", "--lr-scheduler-type",
        "--weight-decay", "--hidden-dropout", "--masking-rate", "--whole-word-masking", "--fixed-masks",
        "--chinese-words", "--evaluations", "--seed", "--sync-every", "--cache", "--encoding",
        "--text-column", "--max-line-bytes", "--device", "--threads", "--resume", "--overwrite", JSON,
    },
    "tune": {
        "--out", "--budget", "--eval-data", "--task", *COLUMNS, "--label-column", "--scheme", "--repair-bio",
        "--model", "--base", "--metric", "--trials", "--seeds", "--seed", "--epochs", "--batch-size",
        "--learning-rate", "--lr", "--max-length", "--max-len", "--class-weights", "--loss", "--pooling",
        "--crf", "--lstm-size", "--freeze", "--lora", "--lora-alpha", "--lora-targets", "--lora-dropout",
        "--config", "--allow-degenerate", "--fail-on-leak", "--resume", "--overwrite", "--report",
        "--no-report", JSON, *READING, *MODEL,
    },
    "compare": {"--shared", "--rows", "--out", "-o", "--overwrite", JSON},
    "check": {
        "--task", "--model", "--eval-data", *COLUMNS, "--label-column", "--seed", "--measure",
        "--no-measure", "--threads", "--text-column", "--epochs", "--batch-size", "--max-length", "--max-len",
        "--loss", "--pooling", "--crf", "--lstm-size", "--freeze", "--lora", "--lora-targets", "--base",
        "--scheme", "--repair-bio", JSON, *READING,
    },
    "evaluate": {
        "--base", *COLUMNS, "--label-column", "--scheme", "--repair-bio", "--model-scheme", JSON, *READING,
        *MODEL,
    },
    "predict": {
        "--text", "--pair", "--question", "--context", *COLUMNS, "--base", "--model-scheme", "--out", "-o",
        "--overwrite", JSON, *READING,
        *MODEL,
    },
    "fill-mask": {"--top-k", "--targets", "--device", "--threads", JSON},
    "report": {"--out", "-o", "--looks", JSON},
    "look attention": {
        "--text", "--pair", "--window", "--whole", "--out", "-o", "--overwrite", "--device", "--threads",
        JSON,
    },
    "look attribution": {
        "--text", "--pair", "--method", "--target", "--token", "--window", "--samples", "--seed",
        "--out", "-o", "--overwrite", "--device", "--threads", JSON,
    },
    "look diff": {
        "--text", "--show", "--out", "-o", "--overwrite", JSON, *READING, *MODEL,
    },
    "look lens": {
        "--text", "--pair", "--hide", "--word", "--tuned", "--window", "--out", "-o", "--overwrite", JSON,
        *READING, *MODEL,
    },
    "look heads": {
        "--text", "--treebank", "--out", "-o", "--overwrite", JSON, *READING, *MODEL,
    },
    "look landscape": {
        "--plane", "--rows", "--points", "--budget", "--radius", "--products", "--seed", "--data",
        "--eval-data", "--out", "-o", "--overwrite", "--device", "--threads", JSON,
    },
    "look embeddings": {
        "--text", "--layer", "--pooling", "--map", "--metric", "--neighbours", "--sample", "--step",
        "--column", "--label-column", "--seed", "--out", "-o", "--overwrite", JSON, *READING, *MODEL,
    },
    "look structure": {
        "--text", "--window", "--out", "-o", "--depth", "--fold", "--no-fold", "--heat", "--gradients",
        "--overwrite", "--device", "--threads", JSON,
    },
    "tokenizer train": {
        "--out", "-o", "--kind", "--vocab-size", "--lowercase", "--language-temperature",
        "--character-coverage", "--max-characters", "--encoding", "--text-column", "--max-line-bytes",
        "--overwrite", JSON,
    },
}  # fmt: skip
ARGUMENTS = {
    "demo": [],
    "check": ["data"],
    "compare": ["run_a", "run_b"],
    "finetune": ["train"],
    "pretrain": ["texts"],
    "tune": ["data"],
    "evaluate": ["model", "data"],
    "predict": ["model", "data"],
    "fill-mask": ["model", "text"],
    "report": ["run"],
    "look attention": ["model"],
    "look attribution": ["model"],
    "look diff": ["model_a", "model_b", "data"],
    "look heads": ["model", "data"],
    "look lens": ["model"],
    "look landscape": ["run", "models"],
    "look embeddings": ["model", "data"],
    "look structure": ["model"],
    "tokenizer train": ["texts"],
}
# the words of transformers' TrainingArguments and scripts, each beside ours
SNAKE_CASE = {
    "--num_train_epochs": "epochs",
    "--per_device_train_batch_size": "batch_size",
    "--learning_rate": "learning_rate",
    "--max_seq_length": "max_length",
    "--weight_decay": "weight_decay",
    "--lr_scheduler_type": "lr_scheduler_type",
    "--gradient_accumulation_steps": "gradient_accumulation_steps",
    "--metric_for_best_model": "metric",
}
# and of its pre-training script
SCRIPTS = {"--max_steps": "steps", "--mlm_probability": "masking_rate"}
COMMANDS = {verb: command for verb, command in commands() if not hasattr(command, "commands")}


def options_of(verb: str) -> dict[str, str]:
    """Every way to write an option, and the parameter that it sets."""
    return {
        written: parameter.name
        for parameter in COMMANDS[verb].params
        for written in (*parameter.opts, *parameter.secondary_opts)
        if written.startswith("-")
    }


def test_the_package_has_these_names() -> None:
    assert glassbert.__all__ == [
        "MultiLabelClassifier", "QuestionAnswerer", "SentenceEncoder", "TextClassifier", "TextPairClassifier",
        "TextRegressor", "TokenTagger",
        "__version__", "check", "compare", "fill_mask", "lens", "load", "pipeline", "pretrain", "show",
        "train_tokenizer",
        "tune",
    ]  # fmt: skip
    for name in glassbert.__all__:
        assert getattr(glassbert, name) is not None
    assert dir(glassbert) == sorted(glassbert.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = glassbert.nothing


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ("torch", "numpy", "pandas", "sklearn", "tokenizers", "typer", "glassbert.runs")
    code = f"import sys, glassbert; sys.exit(str([name for name in {heavy} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stderr == "[]\n"


def test_there_are_these_verbs() -> None:
    assert set(COMMANDS) == set(OPTIONS)


@pytest.mark.parametrize("verb", OPTIONS)
def test_a_verb_has_these_options(verb: str) -> None:
    written = options_of(verb)
    assert set(written) - set(SNAKE_CASE) - set(SCRIPTS) == OPTIONS[verb]


@pytest.mark.parametrize("verb", ARGUMENTS)
def test_a_verb_has_these_arguments(verb: str) -> None:
    found = [p.name for p in COMMANDS[verb].params if not p.opts[0].startswith("-")]
    assert found == ARGUMENTS[verb]


def test_the_words_of_transformers_set_the_same_parameters() -> None:
    written = options_of("finetune")
    assert {name: written[name] for name in SNAKE_CASE} == SNAKE_CASE
    written = options_of("pretrain")
    assert {name: written[name] for name in SCRIPTS} == SCRIPTS
    both = {name: word for name, word in SNAKE_CASE.items() if name in written}
    assert {name: written[name] for name in both} == both
