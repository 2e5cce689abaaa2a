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
    LONG,
    OTHER,
    QUESTION,
    TEXT,
    Call,
    make_models,
)
from tests.runs.pipelines.golden.write import GOLDEN

RECORDED = json.loads(gzip.decompress(GOLDEN.read_bytes()))
PAIRS = list(zip(CALLS, RECORDED["answers"], strict=True))


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
    for other in (gb.TextClassifier(), 7):
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


def test_windows_of_a_context_are_as_long_as_asked_and_share_what_is_asked(models: dict[str, Any]) -> None:
    model, asked = models["bert-answers"], {"question": QUESTION, "context": LONG + CONTEXT}
    pipe = gb.pipeline("question-answering", model, top_k=9)
    narrow = model.reading(max_length=20, stride=3)
    windows = narrow.windows([(QUESTION, LONG + CONTEXT)])
    held = windows.lengths[0] - np.count_nonzero(windows.sequence[: windows.lengths[0]] != 1)
    assert windows.lengths.max() == 20 and windows.starts[1] == 20
    first, second = (windows.input_ids[begin : begin + 20] for begin in windows.starts[:2])
    assert first[20 - 1 - 3 : -1].tolist() == second[20 - 1 - held : 20 - 1 - held + 3].tolist()
    found = pipe(**asked, max_seq_len=20, doc_stride=3)
    assert found == gb.pipeline("question-answering", narrow, top_k=9)(**asked) != pipe(**asked)
    assert all(asked["context"][each["start"] : each["end"]] == each["answer"] for each in found)


def test_a_stride_moves_the_windows_and_no_token_is_lost(models: dict[str, Any]) -> None:
    pipe = gb.pipeline("ner", models["bert-tags"], ignore_labels=[])
    usual, moved = pipe(LONG), pipe(LONG, stride=20)
    assert [each["start"] for each in usual] == [each["start"] for each in moved]
    assert [each["score"] for each in usual] != [each["score"] for each in moved]


def test_words_of_a_list_are_told_where_they_stand(models: dict[str, Any]) -> None:
    words = LONG.split()
    pipe = gb.pipeline("ner", models["bert-tags"], aggregation_strategy="first", ignore_labels=[])
    for delimiter in ("", " ", " / "):
        (found,) = pipe(words, is_split_into_words=True, delimiter=delimiter)
        shown = delimiter.join(words)
        parts = [shown[each["start"] : each["end"]] for each in found]
        assert "".join(parts).replace(delimiter, "") == "".join(words)
    with_words, with_text = pipe(words, is_split_into_words=True)[0], pipe(" ".join(words))
    assert with_words == with_text


@pytest.mark.parametrize(
    ("model", "task"),
    [
        ("classes", "text-classification"),
        ("bert-tags", "token-classification"),
        ("bert-answers", "question-answering"),
        ("bert-words", "fill-mask"),
        ("bert-encoder", "feature-extraction"),
    ],
)
def test_the_task_may_be_that_of_the_head(models: dict[str, Any], model: str, task: str) -> None:
    assert type(gb.pipeline(model=models[model])) is type(gb.pipeline(task, models[model]))


def test_what_transformers_builds_its_models_with_changes_nothing_or_is_refused(tmp_path: Path) -> None:
    place = make_models(tmp_path)["classes"]
    wanted = gb.pipeline("text-classification", place)(TEXT)
    own: list[dict[str, Any]] = [
        {"tokenizer": place},
        {"tokenizer": str(place), "framework": "pt", "torch_dtype": "auto", "use_fast": True},
        {"tokenizer": gb.load(place).tokenizer, "dtype": torch.float32, "trust_remote_code": False},
        {"tokenizer": None, "config": None, "revision": "main", "model_kwargs": {}, "token": None},
    ]
    for told in own:
        assert gb.pipeline("text-classification", str(place), **told)(TEXT) == wanted
    other = gb.load(make_models(tmp_path / "others")["roberta-classes"]).tokenizer
    strange: list[tuple[dict[str, Any], str]] = [
        ({"tokenizer": "bert-base-uncased"}, "tokenizer is 'bert-base-uncased'.*comes with its own"),
        ({"tokenizer": other}, "tokenizer is a Tokenizer"),
        ({"framework": "tf"}, "framework is 'tf'"),
        ({"torch_dtype": torch.float16}, "torch_dtype is torch.float16"),
        ({"revision": "v2"}, "revision is 'v2'"),
        ({"use_fast": 1}, "use_fast is 1"),
    ]
    for told, said in strange:
        with pytest.raises(UsageError, match=said):
            gb.pipeline("text-classification", place, **told)
    with pytest.raises(UsageError, match="no model is named"):
        gb.pipeline("text-classification")


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
        ("text-classification", "classes", [TEXT], {"truncation": "first"}, "'first' .* only_second"),
        ("text-classification", "classes", [TEXT], {"truncation": 1}, "truncation is 1"),
        ("text-classification", "classes", [TEXT], {"max_length": 43}, "43, and .* positions for 42 tokens"),
        ("text-classification", "classes", [TEXT], {"max_length": 2}, "no room"),
        ("text-classification", "classes", [TEXT], {"stride": 2}, "no option 'stride'.*options: top_k"),
        (
            "fill-mask",
            "bert-words",
            ["[MASK]"],
            {"tokenizer_kwargs": {"stride": 2}},
            "'stride' in tokenizer_",
        ),
        ("fill-mask", "bert-words", [f"{LONG}[MASK]"], {"tokenizer_kwargs": {"truncation": True}}, "no-mask"),
        (
            "feature-extraction",
            "bert-encoder",
            [TEXT],
            {"truncation": True, "tokenize_kwargs": {"truncation": False}},
            "said twice",
        ),
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
        ("ner", "bert-tags", [TEXT], {"offset_mapping": []}, "options: aggregation_strategy, ignore_labels"),
        ("ner", "bert-tags", [TEXT], {"stride": 99}, "stride 99"),
        ("ner", "bert-tags", [TEXT], {"is_split_into_words": True}, "no list of words"),
        ("ner", "bert-tags", [[["a", 3]]], {"is_split_into_words": True}, "no list of words"),
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
            {"question": "a", "context": "b", "max_seq_len": 512},
            "positions for 42 tokens",
        ),
        ("question-answering", "bert-answers", [], {"data": {"question": "a"}}, "no questions"),
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
