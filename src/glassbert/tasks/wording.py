"""What scores and baselines are called: in a terminal, and on the hub."""

from __future__ import annotations

METRIC_NAMES = {
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "micro_f1": "micro-F1",
    "subset_accuracy": "subset accuracy",
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "mcc": "MCC",
    "pearson": "Pearson",
    "spearman": "Spearman",
    "mae": "MAE",
    "rmse": "RMSE",
    "mse": "MSE",
    "exact_match": "exact match",
    "has_answer_f1": "F1 with answer",
    "no_answer_f1": "F1 without answer",
}
RIVAL_NAMES = {
    "commonest_tags": "each word's commonest tag",
    "remembered_entities": "the entities of the training data, remembered",
    "tfidf": "TF-IDF + logistic regression",
    "majority": "always the commonest label",
    "tfidf_ridge": "TF-IDF + ridge regression",
    "mean": "always the mean",
    "tfidf_cosine": "cosine of TF-IDF vectors",
    "untuned": "the same weights, untuned",
    "tfidf_sets": "TF-IDF + one logistic regression per label",
    "overlap": "overlap of words",
    "no_answer": "always no answer",
}
HUB_METRICS = {
    "f1": "f1",
    "precision": "precision",
    "recall": "recall",
    "micro_f1": "f1",
    "subset_accuracy": "accuracy",
    "accuracy": "accuracy",
    "macro_f1": "f1",
    "mcc": "matthews_correlation",
    "pearson": "pearsonr",
    "spearman": "spearmanr",
    "mae": "mae",
    "rmse": "rmse",
    "mse": "mse",
    "exact_match": "exact_match",
    "has_answer_f1": "f1",
    "no_answer_f1": "f1",
}
