"""fill-mask: transformers' own pipeline on tiny models of three families, and long texts in windows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

import glassbert as gb
from glassbert.errors import UsageError
from glassbert.model.config import HeadConfig
from tests.runs.speakers import FAMILIES, MASK, make_speaker

TEXTS = (
    "the film is {} .",
    "{}",
    "is the {} warm , or not ?",
    "The FILM is not {}, it is dull!",
    "a [SEP] {} </s> film",
    "好看 {} 👍🏽 é",
)
SEVERAL = ("the {} is {} .", "{} {} {}")


@pytest.fixture(scope="module", params=FAMILIES)
def speaker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    family = request.param
    directory = tmp_path_factory.mktemp(family)
    return make_speaker(directory, family, HeadConfig(kind="masked-lm")), MASK[family]


def theirs(directory: Path, text: str, **options: Any) -> Any:
    pipe = transformers.pipeline("fill-mask", model=str(directory), tokenizer=str(directory), device="cpu")
    return pipe(text, **options)


def assert_alike(found: Any, wanted: Any) -> None:
    """The same shape, words and texts; scores to 1e-6."""
    if isinstance(wanted, list):
        assert isinstance(found, list) and len(found) == len(wanted)
        for mine, other in zip(found, wanted, strict=True):
            assert_alike(mine, other)
        return
    assert list(found) == list(wanted) == ["score", "token", "token_str", "sequence"]
    assert found["score"] == pytest.approx(wanted["score"], abs=1e-6)
    assert {**found, "score": 0} == {**wanted, "score": 0}


@pytest.mark.parametrize("text", TEXTS + SEVERAL)
def test_words_equal_those_of_transformers(speaker: tuple[Path, str], text: str) -> None:
    directory, mask = speaker
    masked = text.replace("{}", mask)
    assert_alike(gb.fill_mask(directory, masked, top_k=7), theirs(directory, masked, top_k=7))


def test_targets_equal_those_of_transformers(speaker: tuple[Path, str]) -> None:
    directory, mask = speaker
    words = ["Ġwarm", "Ġcold", "Ġfine"] if mask == "<mask>" else ["warm", "cold", "fine"]
    for text in (f"the film is {mask} .", f"{mask} is {mask}"):
        found = gb.fill_mask(directory, text, targets=words)
        assert_alike(found, theirs(directory, text, targets=words))
        assert_alike(
            gb.fill_mask(directory, text, targets=words, top_k=2),
            theirs(directory, text, targets=words, top_k=2),
        )
    if mask == "<mask>":  # a space before a word makes it a token of its own
        assert gb.fill_mask(directory, text, targets=[" warm"]) == gb.fill_mask(
            directory, text, targets="Ġwarm"
        )


def test_several_texts_give_a_list_of_what_each_gives(speaker: tuple[Path, str]) -> None:
    directory, mask = speaker
    texts = [text.replace("{}", mask) for text in TEXTS + SEVERAL]
    found = gb.fill_mask(directory, texts)
    assert len(found) == len(texts)
    for each, text in zip(found, texts, strict=True):
        assert_alike(each, gb.fill_mask(directory, text))


def test_each_mask_of_a_long_text_is_read_where_most_stands_round_it(speaker: tuple[Path, str]) -> None:
    directory, mask = speaker
    text = (
        f"{mask} the film is warm ." + " not cold , dull ." * 20 + f" it is {mask} ." + " a film" * 30 + mask
    )
    model = gb.load(directory)
    found = gb.fill_mask(model, text, top_k=3)
    windows = model.tokenizer.windows([text], max_length=model.max_length, special_in_text=True)
    assert len(windows) > 3 and len(found) == 3
    network = transformers.AutoModelForMaskedLM.from_pretrained(directory).eval()
    wanted = []
    for window in range(len(windows)):
        span = slice(windows.starts[window], windows.starts[window + 1])
        ids = torch.from_numpy(windows.input_ids[span].astype(np.int64))[None]
        with torch.no_grad():
            shares = network(input_ids=ids).logits[0].softmax(-1)
        for place in np.flatnonzero((ids[0].numpy() == model.tokenizer.mask_token_id) & windows.scored[span]):
            wanted.append(shares[place].topk(3))
    assert len(wanted) == 3
    for row, best in zip(found, wanted, strict=True):
        assert [each["token"] for each in row] == best.indices.tolist()
        assert [each["score"] for each in row] == pytest.approx(best.values.tolist(), abs=1e-6)
    whole = model.tokenizer.windows([text], max_length=10_000, special_in_text=True)
    filled = whole.input_ids.copy()
    filled[np.flatnonzero(filled == model.tokenizer.mask_token_id)[1]] = found[1][0]["token"]
    assert found[1][0]["sequence"] == model.tokenizer.decode(filled.tolist(), special=True)


def test_a_model_that_was_pre_trained_whole_speaks_too(tmp_path: Path) -> None:
    directory = make_speaker(tmp_path, "bert", HeadConfig(kind="pretraining"))
    text = "the film is [MASK] ."
    found = gb.fill_mask(directory, text)
    network = transformers.BertForPreTraining.from_pretrained(directory).eval()
    ids = torch.from_numpy(
        gb.load(directory).tokenizer.windows([text], max_length=40, special_in_text=True).input_ids
    )
    with torch.no_grad():
        shares = network(input_ids=ids.long()[None]).prediction_logits[0].softmax(-1)
    place = int((ids == 4).nonzero()[0])
    assert [each["token"] for each in found] == shares[place].topk(5).indices.tolist()


@pytest.mark.parametrize("kind", ["none", "sequence-classification"])
def test_a_model_without_the_head_is_refused_by_the_name_of_the_head(tmp_path: Path, kind: Any) -> None:
    labels = ("a", "b") if kind == "sequence-classification" else ()
    directory = make_speaker(tmp_path, "distilbert", HeadConfig(kind=kind, labels=labels))
    with pytest.raises(UsageError, match="no trained masked-word head.*saved with its masked-language-model"):
        gb.fill_mask(directory, "the [MASK]")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"text": "the film"}, "no-mask: text 1 has no .*write"),
        ({"text": ["{} film", "the film"]}, "no-mask: text 2"),
        ({"text": "{}", "top_k": 0}, "top_k is 0"),
        ({"text": "{}", "targets": []}, "targets is empty"),
        ({"text": "{}", "targets": ["filming"]}, "'filming' is no word of the vocabulary but [2-9]"),
        ({"text": "{}", "targets": [""]}, "'' is no word of the vocabulary"),
    ],
)
def test_what_cannot_be_filled_is_refused(speaker: tuple[Path, str], options: Any, said: str) -> None:
    directory, mask = speaker
    text = options["text"]
    given = (
        [each.replace("{}", mask) for each in text] if isinstance(text, list) else text.replace("{}", mask)
    )
    with pytest.raises(UsageError, match=said):
        gb.fill_mask(directory, **{**options, "text": given})
