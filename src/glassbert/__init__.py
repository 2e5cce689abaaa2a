"""glassbert: train a BERT-family encoder, look inside it, trust what you see, ship it.

Importing the package does nothing but name its rooms: every public name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_HOME_OF = {
    "MultiLabelClassifier": "glassbert.runs.label_estimator",
    "QuestionAnswerer": "glassbert.runs.answerer",
    "SentenceEncoder": "glassbert.runs.sentence_encoder",
    "TextClassifier": "glassbert.runs.estimators",
    "TextPairClassifier": "glassbert.runs.estimators",
    "TextRegressor": "glassbert.runs.regressor",
    "TokenTagger": "glassbert.runs.tagger",
    "check": "glassbert.runs.check.data_check",
    "compare": "glassbert.runs.comparing.comparison",
    "fill_mask": "glassbert.runs.masked_words",
    "load": "glassbert.runs.models",
    "pipeline": "glassbert.runs.pipelines.registry",
    "pretrain": "glassbert.runs.pretraining.pretrained",
    "show": "glassbert.show",
    "lens": "glassbert.lens",
    "train_tokenizer": "glassbert.text.tokenizer_training",
    "tune": "glassbert.runs.tuning.tuned",
}

__all__ = [
    "MultiLabelClassifier",
    "QuestionAnswerer",
    "SentenceEncoder",
    "TextClassifier",
    "TextPairClassifier",
    "TextRegressor",
    "TokenTagger",
    "__version__",
    "check",
    "compare",
    "fill_mask",
    "lens",
    "load",
    "pipeline",
    "pretrain",
    "show",
    "train_tokenizer",
    "tune",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'glassbert' has no attribute {name!r}")
    home = import_module(_HOME_OF[name])
    return home if _HOME_OF[name].endswith(f".{name}") else getattr(home, name)


def __dir__() -> list[str]:
    return sorted(__all__)
