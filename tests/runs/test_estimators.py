"""TextClassifier keeps scikit-learn's contract.

scikit-learn's own battery draws matrices of numbers, which are no texts: its checks that draw none run here
as they are, those that do are done again with texts, and the others are listed with the reason. A check that
a new version of scikit-learn adds fails the last test until it has a place in one of the three tables.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.random import RandomState
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import estimator_checks_generator
from sklearn.utils.validation import check_is_fitted

import glassbert
from glassbert.errors import UsageError
from glassbert.runs.estimators import TextClassifier
from tests.runs.material import make_encoder, texts_and_labels

TEXTS, LABELS = texts_and_labels(60)
OTHERS = texts_and_labels(20, seed=5)[0]

AS_THEY_ARE = (
    "check_estimator_cloneable", "check_estimator_tags_renamed", "check_valid_tag_types", "check_set_params",
    "check_no_attributes_set_in_init", "check_do_not_raise_errors_in_init_or_set_params", "check_fit1d",
    "check_parameters_default_constructible", "check_get_params_invariance", "check_mixin_order",
    "check_estimators_unfitted", "check_estimator_repr",
)  # fmt: skip
WITH_TEXTS = {
    "check_estimators_fit_returns_self": "test_fit_returns_self_and_leaves_the_parameters_alone",
    "check_estimators_overwrite_params": "test_fit_returns_self_and_leaves_the_parameters_alone",
    "check_dont_overwrite_parameters": "test_fit_returns_self_and_leaves_the_parameters_alone",
    "check_dict_unchanged": "test_predicting_changes_nothing",
    "check_fit_idempotent": "test_fitting_again_gives_the_same_model",
    "check_fit_check_is_fitted": "test_a_fitted_estimator_is_known_as_one",
    "check_estimators_pickle": "test_processes_may_exchange_it",
    "check_classifiers_classes": "test_labels_of_any_kind_come_back",
    "check_classifiers_one_label": "test_one_class_is_refused",
    "check_classifiers_train": "test_it_learns_and_its_probabilities_agree",
    "check_decision_proba_consistency": "test_it_learns_and_its_probabilities_agree",
    "check_classifiers_regression_target": "test_targets_that_are_no_classes_are_refused",
    "check_supervised_y_no_nan": "test_targets_that_are_no_classes_are_refused",
    "check_requires_y_none": "test_targets_that_are_no_classes_are_refused",
    "check_supervised_y_2d": "test_a_column_of_labels_is_flattened_with_a_warning",
    "check_class_weight_classifiers": "test_class_weights_pull_towards_a_class",
    "check_methods_sample_order_invariance": "test_order_and_company_do_not_matter",
    "check_methods_subset_invariance": "test_order_and_company_do_not_matter",
    "check_classifier_data_not_an_array": "test_texts_may_lie_in_any_container",
    "check_dtype_object": "test_texts_may_lie_in_any_container",
    "check_readonly_memmap_input": "test_texts_may_lie_in_any_container",
    "check_estimators_nan_inf": "test_what_is_no_text_is_refused",
    "check_complex_data": "test_what_is_no_text_is_refused",
    "check_estimators_empty_data_messages": "test_what_is_no_text_is_refused",
    "check_estimator_sparse_array": "test_what_is_no_text_is_refused",
    "check_estimator_sparse_matrix": "test_what_is_no_text_is_refused",
    "check_estimator_sparse_tag": "test_what_is_no_text_is_refused",
    "check_fit2d_1sample": "test_what_is_no_text_is_refused",
    "check_fit2d_1feature": "test_what_is_no_text_is_refused",
    "check_fit2d_predict1d": "test_what_is_no_text_is_refused",
    "check_pipeline_consistency": "test_a_pipeline_around_it_changes_nothing",
    "check_fit_score_takes_y": "test_fit_and_score_take_y_second",
}
DOES_NOT_APPLY = {
    "check_n_features_in": "a text has no number of features",
    "check_n_features_in_after_fitting": "a text has no number of features",
    "check_estimators_partial_fit_n_features": "there is no partial_fit",
    "check_positive_only_tag_during_fit": "texts have no sign",
    "check_estimators_dtypes": "texts have one type",
    "check_f_contiguous_array_estimator": "texts have no memory order",
    "check_array_api_input": "texts are no arrays of another library",
    "check_classifiers_one_label_sample_weights": "fit takes no sample weights",
    "check_non_transformer_estimators_n_iter": "there is no max_iter",
}


@pytest.fixture(scope="module")
def unfitted(encoder: Path) -> TextClassifier:
    return TextClassifier(model=str(encoder), epochs=8, learning_rate=5e-3, batch_size=16)


@pytest.fixture(scope="module")
def fitted(unfitted: TextClassifier) -> TextClassifier:
    return clone(unfitted).fit(TEXTS, LABELS)


def short(unfitted: TextClassifier, **params: object) -> TextClassifier:
    """An estimator that fits in a few steps, for what does not depend on how well it learns."""
    return clone(unfitted).set_params(epochs=0.5, **params)


@pytest.mark.parametrize("name", AS_THEY_ARE)
def test_the_checks_of_scikit_learn_that_draw_no_numbers_pass(name: str, unfitted: TextClassifier) -> None:
    check: Callable[[str, object], None] = getattr(estimator_checks, name)
    check("TextClassifier", clone(unfitted))


def test_every_check_of_scikit_learn_has_a_place() -> None:
    class OfNumbers(TextClassifier):
        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.input_tags.two_d_array = True
            return tags

    names = set()
    for _, check in estimator_checks_generator(OfNumbers()):
        while hasattr(check, "func"):
            check = check.func
        names.add(check.__name__)
    assert names == {*AS_THEY_ARE, *WITH_TEXTS, *DOES_NOT_APPLY}
    assert all(test in globals() for test in WITH_TEXTS.values())


def test_it_is_the_public_one() -> None:
    assert glassbert.TextClassifier is TextClassifier


def test_fit_returns_self_and_leaves_the_parameters_alone(unfitted: TextClassifier) -> None:
    estimator = short(unfitted)
    before = estimator.get_params()
    assert estimator.fit(TEXTS, LABELS) is estimator
    assert estimator.get_params() == before
    learnt = set(vars(estimator)) - set(before)
    assert learnt == {"model_", "classes_"}


def test_predicting_changes_nothing(fitted: TextClassifier) -> None:
    before = dict(vars(fitted))
    for method in (fitted.predict, fitted.predict_proba):
        method(OTHERS)
    assert vars(fitted) == before


def test_fitting_again_gives_the_same_model(fitted: TextClassifier) -> None:
    again = clone(fitted).fit(TEXTS, LABELS)
    assert np.array_equal(again.predict_proba(OTHERS), fitted.predict_proba(OTHERS))
    refitted = again.fit(TEXTS, LABELS)
    assert np.array_equal(refitted.predict_proba(OTHERS), fitted.predict_proba(OTHERS))


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_before_fit_nothing_is_predicted(unfitted: TextClassifier, method: str) -> None:
    with pytest.raises(NotFittedError):
        getattr(clone(unfitted), method)(TEXTS)
    with pytest.raises(NotFittedError):
        clone(unfitted).save("nowhere")
    for name in ("network", "tokenizer", "name"):
        assert not hasattr(clone(unfitted), name)


def test_a_fitted_estimator_is_known_as_one(unfitted: TextClassifier, fitted: TextClassifier) -> None:
    check_is_fitted(fitted)
    with pytest.raises(NotFittedError):
        check_is_fitted(clone(unfitted))


def test_processes_may_exchange_it(fitted: TextClassifier) -> None:
    """GridSearchCV(n_jobs=2) sends estimators by pickle; nothing of ours reads or writes one on disk."""
    other = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(other.predict_proba(OTHERS), fitted.predict_proba(OTHERS))


def test_it_learns_and_its_probabilities_agree(fitted: TextClassifier) -> None:
    texts, labels = texts_and_labels(100, seed=8)
    assert fitted.score(texts, labels) > 0.9
    probabilities = fitted.predict_proba(texts)
    assert probabilities.shape == (100, 2)
    assert np.abs(probabilities.sum(axis=1) - 1).max() < 1e-12
    assert (fitted.classes_[probabilities.argmax(axis=1)] == fitted.predict(texts)).all()


@pytest.mark.parametrize(
    "names",
    [("no", "yes"), (0, 1), (10, 2), (-1.0, 2.0), (False, True), ("好", "坏"), ("=1", "@x")],
    ids=["strings", "integers", "unsorted", "floats", "truth", "chinese", "formulas"],
)
def test_labels_of_any_kind_come_back(unfitted: TextClassifier, names: tuple, tmp_path: Path) -> None:
    y = np.array([names[label == "good"] for label in LABELS])
    estimator = short(unfitted).fit(TEXTS, y)
    assert estimator.classes_.tolist() == sorted(names)
    assert set(estimator.predict(OTHERS)) <= set(y)
    estimator.save(tmp_path / "model")
    back = TextClassifier.load(tmp_path / "model")
    assert back.classes_.dtype.kind == estimator.classes_.dtype.kind
    assert back.classes_.tolist() == estimator.classes_.tolist()
    assert np.array_equal(back.predict(OTHERS), estimator.predict(OTHERS))
    assert np.abs(back.predict_proba(OTHERS) - estimator.predict_proba(OTHERS)).max() < 1e-9


def test_nothing_that_is_saved_is_a_pickle(fitted: TextClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    suffixes = {path.suffix for path in (tmp_path / "model").rglob("*") if path.is_file()}
    assert suffixes == {".json", ".safetensors", ".txt", ".md"}
    assert (
        np.abs(glassbert.load(tmp_path / "model").predict(OTHERS).scores - fitted.predict_proba(OTHERS)).max()
        < 1e-9
    )


def test_a_run_can_be_loaded_as_an_estimator(finished: Path) -> None:
    estimator = TextClassifier.load(finished)
    assert estimator.classes_.tolist() == ["bad", "good"]
    assert estimator.score(*texts_and_labels(40, seed=3)) > 0.8


def test_one_class_is_refused(unfitted: TextClassifier) -> None:
    with pytest.raises(ValueError, match="at least 2 classes"):
        clone(unfitted).fit(TEXTS, ["same"] * len(TEXTS))


@pytest.mark.parametrize(
    "y", [None, np.linspace(0, 1, 60), [float("nan")] * 60, LABELS[:-1], [["a"], ["b"]] * 30 + [["c", "d"]]]
)
def test_targets_that_are_no_classes_are_refused(unfitted: TextClassifier, y: object) -> None:
    with pytest.raises(ValueError):
        clone(unfitted).fit(TEXTS, y)


def test_a_column_of_labels_is_flattened_with_a_warning(unfitted: TextClassifier) -> None:
    from sklearn.exceptions import DataConversionWarning

    with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
        estimator = short(unfitted).fit(TEXTS, np.array(LABELS)[:, None])
    assert estimator.predict(OTHERS).shape == (20,)


@pytest.mark.parametrize("names", [("bad", "good"), (0, 1)])
def test_class_weights_pull_towards_a_class(unfitted: TextClassifier, names: tuple) -> None:
    y = np.array([names[label == "good"] for label in LABELS])
    draw = RandomState(0)
    draw.shuffle(y)
    mean = {}
    for heavy in names:
        weights = {names[0]: 1.0, names[1]: 1.0} | {heavy: 20.0}
        estimator = short(unfitted, class_weight=weights).fit(TEXTS, y)
        bias = estimator.network.state_dict()["head.output.bias"]
        mean[heavy] = float(bias[1] - bias[0])
    assert mean[names[0]] < mean[names[1]]
    with pytest.raises(UsageError, match="no label"):
        short(unfitted, class_weight={"ugly": 2.0}).fit(TEXTS, y)


def test_order_and_company_do_not_matter(fitted: TextClassifier) -> None:
    together = fitted.predict_proba(OTHERS)
    assert np.abs(fitted.predict_proba(OTHERS[::-1])[::-1] - together).max() < 1e-6
    alone = np.concatenate([fitted.predict_proba([text]) for text in OTHERS])
    assert np.abs(alone - together).max() < 1e-6


@pytest.mark.parametrize(
    "container",
    [
        tuple,
        np.array,
        lambda texts: np.array(texts, dtype=object),
        pd.Series,
        lambda texts: pd.DataFrame({"t": texts}),
    ],
    ids=["tuple", "array", "objects", "series", "frame"],
)
def test_texts_may_lie_in_any_container(fitted: TextClassifier, container: Callable) -> None:
    texts = container(OTHERS)
    if isinstance(texts, np.ndarray):
        texts.setflags(write=False)
    assert np.array_equal(fitted.predict_proba(texts), fitted.predict_proba(OTHERS))


@pytest.mark.parametrize(
    "X",
    [
        [],
        [1.0] * 60,
        [float("nan")] * 60,
        np.zeros((60, 2)),
        [1j] * 60,
        "text",
        [None] * 60,
        np.zeros((1, 1)),
    ],
)
def test_what_is_no_text_is_refused(fitted: TextClassifier, unfitted: TextClassifier, X: object) -> None:
    with pytest.raises(ValueError, match="not-texts|no-texts"):
        fitted.predict(X)
    with pytest.raises(ValueError, match="not-texts|no-texts"):
        clone(unfitted).fit(X, LABELS)


def test_a_sparse_matrix_is_refused(fitted: TextClassifier) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(ValueError, match="not-texts"):
        fitted.predict(sparse.eye_array(4))


def test_fit_and_score_take_y_second(unfitted: TextClassifier, fitted: TextClassifier) -> None:
    import inspect

    for method in (fitted.fit, fitted.score):
        assert list(inspect.signature(method).parameters)[:2] == ["X", "y"]


def test_a_pipeline_around_it_changes_nothing(unfitted: TextClassifier, fitted: TextClassifier) -> None:
    pipeline = make_pipeline(FunctionTransformer(), clone(unfitted)).fit(TEXTS, LABELS)
    assert np.array_equal(pipeline.predict_proba(OTHERS), fitted.predict_proba(OTHERS))


def test_a_grid_is_searched(unfitted: TextClassifier) -> None:
    pipeline = make_pipeline(FunctionTransformer(), short(unfitted))
    rates = [1e-5, 5e-3]
    search = GridSearchCV(
        pipeline, {"textclassifier__learning_rate": rates}, cv=2, error_score="raise", refit=False
    ).fit(TEXTS, LABELS)
    assert search.best_params_["textclassifier__learning_rate"] in rates
    assert len(search.cv_results_["mean_test_score"]) == 2


def test_a_random_state_object_is_drawn_from_once_a_fit(unfitted: TextClassifier) -> None:
    first, again = (short(unfitted, random_state=RandomState(3)).fit(TEXTS, LABELS) for _ in range(2))
    assert np.array_equal(first.predict_proba(OTHERS), again.predict_proba(OTHERS))
    other = short(unfitted, random_state=4).fit(TEXTS, LABELS)
    assert not np.array_equal(other.predict_proba(OTHERS), first.predict_proba(OTHERS))


def test_numbers_of_numpy_are_parameters(unfitted: TextClassifier, tmp_path: Path) -> None:
    grid = {"epochs": np.arange(1, 3) / 4, "batch_size": np.array([16]), "random_state": np.array([3])}
    search = GridSearchCV(unfitted, grid, cv=2, error_score="raise").fit(TEXTS, LABELS)
    search.best_estimator_.save(tmp_path / "model")
    weights = {label: np.int64(2) for label in set(LABELS)}
    heavy = short(unfitted, class_weight=weights).fit(TEXTS, LABELS)
    assert heavy.classes_.tolist() == search.classes_.tolist()


def test_a_score_refuses_labels_that_are_missing(fitted: TextClassifier) -> None:
    with pytest.raises(UsageError, match="the first of example 1"):
        fitted.score(TEXTS[:3], [LABELS[0], None, LABELS[2]])
    with pytest.raises(UsageError, match="3 texts and 2 labels"):
        fitted.score(TEXTS[:3], LABELS[:2])


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"epochs": 0}, "--epochs is 0"),
        ({"batch_size": 0}, "--batch-size is 0"),
        ({"learning_rate": float("nan")}, "--learning-rate is nan"),
        ({"max_length": 1024}, "--max-length 1024: the model has positions for"),
        ({"random_state": -1}, "--seed is -1"),
        ({"device": "tpu"}, "--device is 'tpu'"),
        ({"device": None}, "--device is None"),
        ({"class_weight": np.ones(2)}, "class weights are array"),
    ],
)
def test_parameters_without_sense_are_refused_at_fit(
    unfitted: TextClassifier, params: dict, named: str
) -> None:
    with pytest.raises(UsageError, match=named):
        clone(unfitted).set_params(**params).fit(TEXTS, LABELS)


def test_pairs_of_texts_can_be_learnt(unfitted: TextClassifier) -> None:
    pairs = [(text, "a film") for text in TEXTS]
    estimator = short(unfitted).fit(pairs, LABELS)
    assert estimator.predict(pairs[:3]).shape == (3,)


def test_the_lens_looks_into_it(fitted: TextClassifier) -> None:
    from glassbert.lens.attention_capture import attention

    record = attention(fitted, "the film is fine .")
    assert record.tokens[0] == "[CLS]"
    assert record.certificates.max() < 1e-5


def test_a_budget_in_seconds_is_kept(unfitted: TextClassifier) -> None:
    import time

    began = time.monotonic()
    clone(unfitted).set_params(epochs=5000, budget=2.0).fit(TEXTS, LABELS)
    assert time.monotonic() - began < 60.0  # 5,000 epochs would take half an hour


def test_a_roberta_can_be_learnt_too(tmp_path: Path) -> None:
    encoder = make_encoder(tmp_path / "roberta", "roberta")
    estimator = TextClassifier(model=str(encoder), epochs=1, learning_rate=5e-3).fit(TEXTS, LABELS)
    assert estimator.predict_proba(OTHERS).shape == (20, 2)
