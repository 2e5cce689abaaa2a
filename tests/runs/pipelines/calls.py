"""Models and calls of pipelines: what transformers 4.57 answered to them is recorded in golden/."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glassbert.model.config import HeadConfig
from tests.runs.speakers import FAMILIES, MASK, make_speaker

CLASSES = ("neg", "neutral", "pos")
QUESTION, CONTEXT = "warm ?", "The film is warm, not dullish 好"
TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC", "MISC")
HEAD: Any = "sequence-classification"
MODELS: dict[str, tuple[str, HeadConfig]] = {
    "classes": ("bert", HeadConfig(kind=HEAD, labels=CLASSES, problem_type="single_label_classification")),
    "roberta-classes": ("roberta", HeadConfig(kind=HEAD, labels=CLASSES)),
    "sets": ("distilbert", HeadConfig(kind=HEAD, labels=CLASSES, problem_type="multi_label_classification")),
    "number": ("bert", HeadConfig(kind=HEAD, labels=("stars",), problem_type="regression")),
    "one": ("distilbert", HeadConfig(kind=HEAD, labels=("spam",))),
    "inference": ("bert", HeadConfig(kind=HEAD, labels=("contradiction", "neutral", "entailment"))),
    "roberta-inference": (
        "roberta",
        HeadConfig(kind=HEAD, labels=("ENTAILMENT", "NEUTRAL", "CONTRADICTION")),
    ),
    **{f"{family}-words": (family, HeadConfig(kind="masked-lm")) for family in FAMILIES},
    **{f"{family}-encoder": (family, HeadConfig(kind="none")) for family in FAMILIES},
    **{f"{family}-answers": (family, HeadConfig(kind="span")) for family in FAMILIES},
    **{
        f"{family}-tags": (family, HeadConfig(kind="token-classification", labels=TAGS))
        for family in FAMILIES
    },
}
TEXT, OTHER = "the film is warm, not dull!", "a fine film 好看"
PAIR = {"text": TEXT, "text_pair": OTHER}
LONG = "the film is not warm , a dull fine cold film ! " * 12
SHORTER, LONGER = "is the film warm ? " * 2, "a fine film , not cold ! " * 9
LONG_PAIRS = [
    {"text": first, "text_pair": second}
    for first, second in ((SHORTER, LONG), (LONG, SHORTER), (LONGER, LONG), (LONG, LONGER), (LONG, LONG))
]
CUTS: list[dict[str, Any]] = [
    {"truncation": True},
    {"truncation": True, "max_length": 16},
    {"truncation": True, "max_length": 17},
    {"truncation": "longest_first", "max_length": 13},
    {"max_length": 9},
]


@dataclass(frozen=True, kw_only=True)
class Call:
    """`pipeline(task, model=..., **options)(*args, **kwargs)`."""

    model: str
    task: str
    options: dict[str, Any] = field(default_factory=dict)
    args: list[Any]
    kwargs: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        said = [*map(repr, self.args), *(f"{name}={value!r}" for name, value in self.kwargs.items())]
        built = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return f"{self.task} {self.model}{built}: {', '.join(said)}"


def _text_classification() -> list[Call]:
    calls = []
    for model in ("classes", "roberta-classes", "sets", "number", "one"):
        shapes: list[Any] = [TEXT, [TEXT], [TEXT, OTHER], "", PAIR, [PAIR, PAIR]]
        shapes += [] if "roberta" in model else [[[[TEXT, OTHER]]]]
        calls += [(model, {}, shape, {}) for shape in shapes]
        for told in (
            {"top_k": None},
            {"top_k": 1},
            {"top_k": 2},
            {"return_all_scores": True},
            {"return_all_scores": False},
            *({"function_to_apply": name} for name in ("softmax", "sigmoid", "none")),
        ):
            calls += [(model, {}, shape, told) for shape in (TEXT, [TEXT, OTHER], PAIR)]
            calls += [(model, told, shape, {}) for shape in (TEXT, [TEXT, OTHER])]
    calls.append(("classes", {"top_k": 2}, TEXT, {"top_k": 1}))
    for model in ("classes", "roberta-classes", "sets"):
        for told in CUTS:
            calls += [(model, {}, shape, told) for shape in (LONG, LONG_PAIRS, [TEXT, LONG])]
        calls.append((model, {"truncation": True, "top_k": None}, LONG, {"max_length": 12, "padding": True}))
    return [
        Call(model=model, task="text-classification", options=options, args=[shape], kwargs=kwargs)
        for model, options, shape, kwargs in calls
    ]


def _fill_mask() -> list[Call]:
    calls = []
    for family in FAMILIES:
        mask, space = MASK[family], "Ġ" if family == "roberta" else ""
        one, two = f"the film is {mask} .", f"{mask} is not {mask}!"
        targets = [f"{space}warm", f"{space}cold"]
        for inputs in (one, two, [one], [one, two], [two]):
            for kwargs in ({}, {"top_k": 2}, {"targets": targets}, {"targets": targets[0]}):
                calls.append(Call(model=f"{family}-words", task="fill-mask", args=[inputs], kwargs=kwargs))
        calls.append(Call(model=f"{family}-words", task="fill-mask", options={"top_k": 3}, args=[one]))
        for told in CUTS[:3]:
            kwargs = {"tokenizer_kwargs": told}
            calls.append(Call(model=f"{family}-words", task="fill-mask", args=[one + LONG], kwargs=kwargs))
    return calls


def _feature_extraction() -> list[Call]:
    return [
        Call(model=f"{family}-encoder", task="feature-extraction", args=[inputs])
        for family in FAMILIES
        for inputs in (TEXT, [TEXT], [TEXT, "", OTHER])
    ] + [
        Call(model=f"{family}-encoder", task="feature-extraction", args=[inputs], kwargs=told)
        for family in FAMILIES
        for inputs in (LONG, [TEXT, LONG])
        for told in ({"truncation": True}, {"tokenize_kwargs": {"truncation": True, "max_length": 11}})
    ]


def _zero_shot() -> list[Call]:
    calls = []
    labels, template = ["warm", "dull and cold", "film"], "It is {} , is it not?"
    for model in ("inference", "roberta-inference"):
        for args in (
            [TEXT, labels],
            [[TEXT, OTHER], labels],
            [TEXT, "warm, dull , film"],
            [TEXT, "warm"],
            [[TEXT], labels],
        ):
            for kwargs in ({}, {"multi_label": True}, {"hypothesis_template": template}):
                calls.append(Call(model=model, task="zero-shot-classification", args=args, kwargs=kwargs))
        kwargs = {"candidate_labels": labels, "multi_label": True}
        calls.append(Call(model=model, task="zero-shot-classification", args=[TEXT], kwargs=kwargs))
        for told in ({}, {"multi_class": True}):
            kwargs = {**told, "truncation": True}
            calls.append(
                Call(model=model, task="zero-shot-classification", args=[LONG, labels], kwargs=kwargs)
            )
    return calls


def _token_classification() -> list[Call]:
    calls = []
    named = "Zoë's film is warm , not dull ! a finest coldly 好看 film"
    strategies = ("none", "simple", "first", "average", "max")
    for family in FAMILIES:
        for inputs in (TEXT, [TEXT], [TEXT, OTHER], named):
            calls += [(family, {}, inputs, {"aggregation_strategy": each}) for each in strategies]
        calls += [
            (family, {}, TEXT, {}),
            (family, {"aggregation_strategy": "simple"}, named, {}),
            (family, {}, named, {"ignore_labels": []}),
            (family, {"aggregation_strategy": "simple"}, named, {"ignore_labels": ["PER"]}),
            *(
                (family, {}, named, {"grouped_entities": grouped, "ignore_subwords": ignored})
                for grouped in (True, False)
                for ignored in (True, False)
            ),
            (family, {"grouped_entities": True}, named, {}),
        ]
        if (
            family == "roberta"
        ):  # its tokenizer in transformers reads lists of words with another setting only
            continue
        words = named.split()
        split = {"is_split_into_words": True}
        for delimiter in (" ", "", " / "):
            told = {**split, "delimiter": delimiter}
            calls += [(family, {}, words, {**told, "aggregation_strategy": each}) for each in strategies]
        calls += [(family, {}, words, split), (family, {}, [words, words[:3]], split)]
        calls += [(family, {}, [words], split)]
    return [
        Call(
            model=f"{family}-tags",
            task="token-classification",
            options=options,
            args=[inputs],
            kwargs=kwargs,
        )
        for family, options, inputs, kwargs in calls
    ]


def _question_answering() -> list[Call]:
    one, other = {"question": QUESTION, "context": CONTEXT}, {"question": "film ?", "context": TEXT}
    both = {"question": [QUESTION, "film ?"], "context": [CONTEXT, TEXT]}
    calls: list[tuple[list[Any], dict[str, Any]]] = [
        ([], one),
        ([], both),
        ([], {"question": [QUESTION], "context": [CONTEXT]}),
        ([], {"question": [QUESTION, "film ?"], "context": CONTEXT}),
        ([one], {}),
        ([[one, other]], {}),
        ([[one]], {}),
    ]
    told: list[dict[str, Any]] = [
        {},
        {"top_k": 1},
        {"top_k": 3},
        {"max_answer_len": 2},
        {"handle_impossible_answer": True},
        {"align_to_words": False},
        {"align_to_words": False, "top_k": 4, "handle_impossible_answer": True},
        {"topk": 2, "padding": True},
        {"max_seq_len": 38, "doc_stride": 2, "max_question_len": 12},
    ]
    calls += [([], {name: given}) for name in ("data", "X") for given in (one, [one, other], [one])]
    return [
        Call(model=f"{family}-answers", task="question-answering", args=args, kwargs={**kwargs, **options})
        for family in FAMILIES
        for args, kwargs in calls
        for options in (told if kwargs == one else told[:3])
    ]


CALLS = [
    *_question_answering(),
    *_text_classification(),
    *_token_classification(),
    *_fill_mask(),
    *_feature_extraction(),
    *_zero_shot(),
]


def make_models(directory: Path) -> dict[str, Path]:
    """Every model of `MODELS` in a directory of its own."""
    return {
        name: make_speaker(directory / name, family, head, seed=number)
        for number, (name, (family, head)) in enumerate(MODELS.items())
    }
