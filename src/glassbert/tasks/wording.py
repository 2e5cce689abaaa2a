"""What scores and baselines are called: in a terminal, and on the hub."""

from __future__ import annotations

METRIC_NAMES = {"accuracy": "accuracy", "macro_f1": "macro-F1", "mcc": "MCC"}
RIVAL_NAMES = {"tfidf": "TF-IDF + logistic regression", "majority": "always the commonest label"}
HUB_METRICS = {"accuracy": "accuracy", "macro_f1": "f1", "mcc": "matthews_correlation"}
