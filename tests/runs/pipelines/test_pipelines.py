"""Pipelines answer as transformers 4.57 did: recorded goldens, the same shapes, numbers to 1e-5."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import softmax

import glassbert as gb
from glassbert.errors import UsageError
from glassbert.runs.notes import ModelNotes, write_notes
from tests.runs.pipelines.calls import (
    CALLS,
    CLASSES,
    CONTEXT,
    OTHER,
    QUESTION,
    TEXT,
    Call,
    make_models,
)
from tests.runs.pipelines.golden.write import GOLDEN

RECORDED = json.loads(gzip.decompress(GOLDEN.read_bytes()))
PAIRS = list(zip(CALLS, RECORDED["answers"], strict=True))
LONG = "the film is not warm , a dull fine cold film ! " * 12


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    directory = tmp_path_factory.mktemp("models")
    return {name: gb.load(place) for name, place in make_models(directory).items()}


def assert_alike(found: Any, wanted: Any) -> None:
    assert type(found) is type(wanted), (found, wanted)
    if isinstance(wanted, dict):
        assert list(found) == list(wanted)
        for name in wanted:
            assert_alike(found[name], wanted[name])
    elif isinstance(wanted, list):
        assert len(found) == len(wanted)
        for mine, other in zip(found, wanted, strict=True):
            assert_alike(mine, other)
    elif isinstance(wanted, float):
        assert found == pytest.approx(wanted, abs=1e-5)
    else:
        assert found == wanted


def test_the_goldens_are_of_the_version_that_is_promised() -> None:
    assert RECORDED["version"].startswith("4.57.") and len(RECORDED["answers"]) == len(CALLS)


@pytest.mark.parametrize(("call", "wanted"), PAIRS, ids=[str(call) for call in CALLS])
def test_a_call_answers_as_transformers_4(models: dict[str, Any], call: Call, wanted: Any) -> None:
    found = gb.pipeline(call.task, models[call.model], **call.options)(*call.args, **call.kwargs)
    assert_alike(found, wanted)


def test_a_directory_and_an_alias_do_as_well(tmp_path: Path) -> None:
    place = make_models(tmp_path)["classes"]
    wanted = gb.pipeline("text-classification", gb.load(place))(TEXT)
    assert gb.pipeline("sentiment-analysis", str(place), device=-1)(TEXT) == wanted


def test_an_estimator_is_a_model_when_it_is_fitted(tmp_path: Path) -> None:
    place = make_models(tmp_path)["classes"]
    wanted = gb.pipeline("text-classification", place)(TEXT)
    assert gb.pipeline("text-classification", gb.TextClassifier.load(place))(TEXT) == wanted
    for other in (gb.TextClassifier(), None, 7):
        with pytest.raises(UsageError, match=f"not-a-model: .* {type(other).__name__}.*fitted"):
            gb.pipeline("text-classification", other)
    with pytest.raises(UsageError, match="not-a-model: .* TextClassifier"):
        gb.load(gb.TextClassifier.load(place))


def test_an_iterator_of_texts_is_a_list_of_answers(models: dict[str, Any]) -> None:
    pipe = gb.pipeline("text-classification", models["classes"], batch_size=8)
    assert pipe(text for text in (TEXT, OTHER)) == pipe([TEXT, OTHER]) == pipe((TEXT, OTHER), num_workers=2)
    assert pipe([]) == []


def test_tensors_are_what_the_lists_say(models: dict[str, Any]) -> None:
    pipe = gb.pipeline("feature-extraction", models["bert-encoder"])
    (tensor,) = pipe([TEXT], return_tensors=True)
    assert tensor.shape[0] == 1 and torch.equal(tensor, torch.tensor(pipe(TEXT)))


def test_scores_are_calibrated_where_the_model_is(tmp_path: Path) -> None:
    place = make_models(tmp_path)["classes"]
    write_notes(place, ModelNotes(task="text-classification", temperature=2.5))
    pipe = gb.pipeline("text-classification", place, top_k=None)
    raw = {each["label"]: each["score"] for each in pipe([TEXT], function_to_apply="none")[0]}
    shares = softmax(np.array([raw[label] for label in CLASSES]) / 2.5)
    found = {each["label"]: each["score"] for each in pipe([TEXT])[0]}
    assert [found[label] for label in CLASSES] == pytest.approx(shares)
    assert gb.load(place).predict([TEXT]).scores[0] == pytest.approx(shares)


def test_long_texts_are_read_whole(models: dict[str, Any]) -> None:
    model = models["classes"]
    (best,) = gb.pipeline("text-classification", model)(LONG)
    assert best["score"] == pytest.approx(softmax(model.logits([LONG])[0]).max(), abs=1e-6)
    states = gb.pipeline("feature-extraction", models["bert-encoder"])(LONG)
    whole = model.tokenizer.windows([LONG], max_length=10_000)
    assert len(states[0]) == len(whole.input_ids) > 3 * model.max_length
    pipe = gb.pipeline("zero-shot-classification", models["inference"])
    one, two = pipe(LONG, ["warm", "cold"]), pipe(LONG + "warm " * 50, ["warm", "cold"])
    assert one["scores"] != two["scores"]


def test_every_token_of_a_long_text_is_labelled_once(models: dict[str, Any]) -> None:
    model = models["bert-tags"]
    pipe = gb.pipeline("ner", model, ignore_labels=[])
    found = pipe(LONG)
    whole = model.tokenizer.windows([LONG], max_length=10_000, offsets=True)
    assert [[each["start"], each["end"]] for each in found] == whole.offsets[whole.scored].tolist()
    assert [each["index"] for each in found] == list(range(1, len(found) + 1))
    assert len(model.windows([LONG])) > 3
    words = pipe(LONG, aggregation_strategy="first")
    assert all(LONG[each["start"] : each["end"]].strip() for each in words)


def test_an_answer_is_found_in_any_window_of_a_long_context(models: dict[str, Any]) -> None:
    model = models["bert-answers"]
    pipe = gb.pipeline("question-answering", model, align_to_words=False)
    found = pipe(question=QUESTION, context=LONG + CONTEXT, top_k=500, max_answer_len=3)
    assert len(model.windows([(QUESTION, LONG + CONTEXT)])) > 3
    assert max(each["start"] for each in found) >= len(LONG) > 10 * min(each["start"] for each in found)
    assert all((LONG + CONTEXT)[each["start"] : each["end"]] == each["answer"] for each in found)
    assert [each["score"] for each in found] == sorted((each["score"] for each in found), reverse=True)


@pytest.mark.parametrize(
    ("model", "task", "said"),
    [
        ("classes", "text-clasification", "did you mean text-classification"),
        ("classes", "summarization", "there is no pipeline 'summarization' .*pipelines: text-classification"),
    ],
)
def test_unknown_tasks_are_refused(models: dict[str, Any], model: str, task: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        gb.pipeline(task, models[model])


@pytest.mark.parametrize(
    ("task", "model", "args", "kwargs", "said"),
    [
        ("text-classification", "classes", [TEXT], {"truncation": True}, "a text is never cut"),
        ("text-classification", "classes", [TEXT], {"topk": 2}, "no option 'topk'.*options: top_k"),
        ("text-classification", "classes", [TEXT], {"function_to_apply": "tanh"}, "softmax, sigmoid or none"),
        ("text-classification", "classes", [3], {}, "the input is int"),
        ("text-classification", "classes", [[TEXT, 3]], {}, "an input is int"),
        ("text-classification", "classes", [[[TEXT, OTHER]]], {}, "text_pair"),
        (
            "text-classification",
            "bert-encoder",
            [TEXT],
            {},
            r"no head for classes of texts \(its head: none\)",
        ),
        ("token-classification", "classes", [TEXT], {}, "no head for tags of words"),
        ("ner", "bert-tags", [TEXT], {"aggregation_strategy": "best"}, "give none, simple, first"),
        ("ner", "bert-tags", [TEXT], {"stride": 3}, "options: aggregation_strategy, ignore_labels"),
        ("question-answering", "classes", [], {"question": "a", "context": "b"}, "no head for answers"),
        ("question-answering", "bert-answers", [TEXT], {}, "no questions with their contexts"),
        ("question-answering", "bert-answers", [], {"question": "a"}, "no questions with their contexts"),
        ("question-answering", "bert-answers", [], {"question": ["a"], "context": []}, "equal length"),
        ("question-answering", "bert-answers", [], {"question": "", "context": "b"}, "a question is empty"),
        ("question-answering", "bert-answers", [], {"question": "a", "context": 3}, "no questions"),
        (
            "question-answering",
            "bert-answers",
            [],
            {"question": "a", "context": "b", "top_k": 0},
            "top_k is 0 .*give 1 or more",
        ),
        ("fill-mask", "classes", ["the [MASK]"], {}, "no trained masked-word head"),
        ("feature-extraction", "classes", [TEXT], {"top_k": 1}, "options: return_tensors"),
        (
            "zero-shot-classification",
            "classes",
            [TEXT, ["a"]],
            {},
            "no label .* is entailment .*neg, neutral, pos",
        ),
        ("zero-shot-classification", "inference", [TEXT], {}, "candidate_labels is empty"),
        ("zero-shot-classification", "inference", [TEXT, " , "], {}, "candidate_labels is empty"),
        ("zero-shot-classification", "inference", [[], ["a"]], {}, "there are 0 texts"),
        ("zero-shot-classification", "inference", [TEXT, ["a"]], {"hypothesis_template": "it"}, "no place"),
    ],
)
def test_what_makes_no_sense_is_refused(
    models: dict[str, Any], task: str, model: str, args: list[Any], kwargs: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        gb.pipeline(task, models[model])(*args, **kwargs)


def test_contradiction_goes_by_its_name_wherever_it_stands(tmp_path: Path) -> None:
    from glassbert.model.config import HeadConfig
    from glassbert.runs.pipelines.zero_shot_classification import entailment
    from tests.runs.speakers import make_speaker

    for labels, places in {
        ("neutral", "entailment", "contradiction"): (1, 2),
        ("not_entailment", "entailment"): (1, 0),
        ("entailment", "not_entailment"): (0, 1),
        ("entail", "other", "contradict"): (0, 2),
    }.items():
        head = HeadConfig(kind="sequence-classification", labels=labels)
        assert entailment(gb.load(make_speaker(tmp_path / labels[0], "bert", head))) == places


@pytest.mark.parametrize("device", [None, torch.device("cpu"), -1, "cpu"])
def test_a_device_is_named_in_every_way_of_transformers_4(tmp_path: Path, device: Any) -> None:
    place = make_models(tmp_path)["classes"]
    wanted = gb.pipeline("text-classification", gb.load(place))(TEXT)
    assert gb.pipeline("text-classification", place, device=device)(TEXT) == wanted


def test_a_question_and_its_context_may_stand_without_names(models: dict[str, Any]) -> None:
    model = next(each for each in models.values() if each.network.head_config.kind == "span")
    pipe = gb.pipeline("question-answering", model)
    assert pipe(QUESTION, CONTEXT) == pipe(question=QUESTION, context=CONTEXT)
    with pytest.raises(UsageError, match="no questions"):
        pipe(QUESTION)


@pytest.mark.parametrize(
    ("task", "kind", "option", "value"),
    [
        ("text-classification", "sequence-classification", "function_to_apply", "sigmoid"),
        ("token-classification", "token-classification", "aggregation_strategy", "first"),
    ],
)
def test_a_named_choice_may_be_in_capitals_as_in_transformers_4(
    models: dict[str, Any], task: str, kind: str, option: str, value: str
) -> None:
    model = next(each for each in models.values() if each.network.head_config.kind == kind)
    pipe = gb.pipeline(task, model)
    assert pipe(TEXT, **{option: value.upper()}) == pipe(TEXT, **{option: value})
