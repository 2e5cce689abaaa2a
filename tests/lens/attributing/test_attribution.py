"""One call, any method: the planted reason is found, chance is not praised, memory is bounded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import glassbert as gb
from glassbert.errors import UsageError
from glassbert.lens.attributing import attribution
from glassbert.lens.attributing.methods import method_named
from glassbert.lens.attributing.subject import Subject
from glassbert.model.network import Network
from tests.contract.workbench import tiny_config
from tests.lens.attributing.planted import HEAD, Looked, sentence

NAMES = [method.name for method in gb.lens.methods()]
QUICK = gb.lens.AttributionOptions(randomise=False)


@pytest.mark.parametrize("name", NAMES)
def test_every_method_finds_the_planted_reason(planted: Looked, name: str) -> None:
    draw = np.random.default_rng(7)
    options = gb.lens.AttributionOptions(randomise=False, samples=400)
    for _ in range(8):
        text, place = sentence(draw)
        record = gb.lens.attribution(planted, text, method=name, options=options)
        scores = np.where(record.sequence >= 0, record.scores, -np.inf)
        assert record.tokens[scores.argmax()] == record.target == record.tokens[place]


def test_the_planted_reason_is_the_best_order_and_its_inverse_the_worst(planted: Looked) -> None:
    text, place = sentence(np.random.default_rng(1))
    record = gb.lens.attribution(planted, text, method="shapley_sampling", options=QUICK)
    assert record.prediction > 0.85
    assert record.methods[0].beaten_by_deletion >= 0.6
    assert record.deletion[0] == pytest.approx(record.prediction)
    assert record.deletion[1] < 0.6 and record.insertion[1] > 0.75
    other = {"warm": "cold", "cold": "warm"}[record.target]
    inverse = gb.lens.attribution(planted, text, method="shapley_sampling", target=other, options=QUICK)
    content = inverse.sequence >= 0
    assert np.where(content, inverse.scores, np.inf).argmin() == place


def test_a_record_says_what_it_shows(planted: Looked) -> None:
    record = gb.lens.attribution(planted, "the film is warm .", method=["occlusion", "saliency", "lime"])
    assert record.tokens == ("[CLS]", "the", "film", "is", "warm", ".", "[SEP]")
    assert record.sequence.tolist() == [-1, 0, 0, 0, 0, 0, -1]
    assert record.word.tolist() == [-1, 0, 1, 2, 3, 4, -1]
    assert (record.target, record.unit, record.kind) == ("warm", "probability", "log-odds")
    assert record.replaced_by == "[MASK]"
    assert record.prediction == pytest.approx(1 / (1 + np.exp(-record.explained)))
    assert record.counts.tolist() == [0, 1, 2, 3, 4, 5]
    assert record.random_deletion.shape == record.random_insertion.shape == (20, 6)
    assert [method.method for method in record.methods] == ["occlusion", "saliency", "lime"]
    assert record.scores is record.methods[0].scores is record.of("occlusion").scores
    assert record.agreement.shape == (3, 3) and np.allclose(np.diag(record.agreement), 1)
    assert record.agreement[0, 2] == record.agreement[2, 0] > 0.5
    assert record.verdict == record.methods[0].verdict
    assert all(-1 <= method.randomised <= 1 for method in record.methods)
    assert record.word_scores().tolist() == record.scores[1:-1].tolist()
    with pytest.raises(UsageError, match="no scores of 'chefer'.*occlusion, saliency, lime"):
        record.of("chefer")


def test_methods_that_promise_a_sum_keep_it(planted: Looked) -> None:
    text, _ = sentence(np.random.default_rng(3))
    names = [method.name for method in gb.lens.methods() if method.complete]
    record = gb.lens.attribution(planted, text, method=names, options=QUICK)
    assert names == ["integrated_gradients", "shapley_sampling"]
    for method in record.methods:
        assert method.scores.sum() == pytest.approx(record.explained - record.masked, abs=1e-3)
        assert method.residual is not None and method.residual < 1e-3


def test_the_same_call_gives_the_same_bytes(planted: Looked) -> None:
    records = [
        gb.lens.attribution(planted, "a film so warm , not a dull one", method=NAMES, options=QUICK)
        for _ in range(2)
    ]
    assert records[0].to_bytes() == records[1].to_bytes()


def test_a_pair_is_scored_on_both_sides(planted: Looked) -> None:
    record = gb.lens.attribution(planted, "the film", pair="is warm", method=NAMES, options=QUICK)
    assert record.tokens == ("[CLS]", "the", "film", "[SEP]", "is", "warm", "[SEP]")
    assert record.sequence.tolist() == [-1, 0, 0, -1, 1, 1, -1]
    for method in record.methods:
        assert len(method.scores) == 7 and np.isfinite(method.scores).all()
    assert record.of("occlusion").scores[[0, 3, 6]].tolist() == [0, 0, 0]


def test_an_empty_text_has_a_defined_result(planted: Looked) -> None:
    record = gb.lens.attribution(planted, "", method=NAMES)
    assert record.tokens == ("[CLS]", "[SEP]")
    assert record.counts.tolist() == [0]
    for method in record.methods:
        assert method.scores.tolist() == [0, 0] and method.outcome == "empty"
        assert method.verdict == "The text has no tokens to attribute anything to."
        assert method.deletion == pytest.approx(np.array([record.prediction]))


@pytest.mark.parametrize("text", ["warm", "warm film", "the warm film"])
def test_very_short_texts_work_and_say_that_nothing_can_be_proved(planted: Looked, text: str) -> None:
    record = gb.lens.attribution(planted, text, method=NAMES)
    assert {method.outcome for method in record.methods} <= {"few", "flat"}
    assert record.of("occlusion").scores.argmax() == record.tokens.index("warm")


def test_the_verdict_of_an_untrained_model_is_not_flattering(planted: Looked) -> None:
    """Random weights have no reason that attention could show: over texts it is seldom better than chance."""
    network = Network(planted.network.config, HEAD, seed=9)
    draw, blank = np.random.default_rng(5), replace(planted, network=network)
    outcomes = [
        gb.lens.attribution(blank, sentence(draw)[0], method="attention_rollout", options=QUICK)
        for _ in range(10)
    ]
    assert sum(record.methods[0].outcome == "better" for record in outcomes) <= 3


def test_nothing_of_the_model_changes(planted: Looked) -> None:
    before = {name: tensor.clone() for name, tensor in planted.network.state_dict().items()}
    gb.lens.attribution(planted, "a warm film", method=NAMES)
    assert all((before[name] == tensor).all() for name, tensor in planted.network.state_dict().items())
    assert not any(module._forward_hooks for module in planted.network.modules())


def test_progress_is_told_and_ends_at_its_total(planted: Looked) -> None:
    heard: list[tuple[int, int]] = []
    options = gb.lens.AttributionOptions(progress=lambda done, total: heard.append((done, total)))
    gb.lens.attribution(planted, "the film is warm", method=["occlusion", "lime"], options=options)
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)
    assert all(done <= total for done, total in heard) and heard[-1][0] == heard[-1][1]
    assert heard[0][1] == pytest.approx(heard[-1][1], rel=0.1)  # what was said at first was about right


@pytest.mark.parametrize("name", ["attention_flow", "value_zeroing"])
@pytest.mark.parametrize("randomise", [False, True])
def test_methods_that_take_long_in_one_pass_are_heard_on_the_way(
    planted: Looked, monkeypatch: pytest.MonkeyPatch, name: str, randomise: bool
) -> None:
    heard: list[tuple[int, int]] = []
    inside: list[tuple[int, int]] = []
    method = method_named(name)

    def spied(subject: Subject, options: gb.lens.AttributionOptions) -> np.ndarray:
        before = len(heard)
        scores = method.run(subject, options)
        inside.append((before, len(heard)))
        return scores

    monkeypatch.setattr(attribution, "method_named", lambda _: replace(method, run=spied))
    options = gb.lens.AttributionOptions(
        randomise=randomise, progress=lambda done, total: heard.append((done, total))
    )
    record = gb.lens.attribution(planted, "the film is not warm , it is cold", method=name, options=options)
    layers = planted.network.config.num_hidden_layers
    steps = {"attention_flow": len(record.tokens), "value_zeroing": layers}[name]
    assert len(inside) == 1 + randomise
    for before, after in inside:
        done = [count for count, _ in heard[before - 1 : after]]
        assert len(set(done)) > steps and done == sorted(done)  # not once at its end
    assert {total for _, total in heard} == {heard[-1][0]}  # what was said at first is what it was


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_512_tokens_are_explained_within_the_token_budget(
    planted: Looked, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(tiny_config(planted.tokenizer.vocab_size), max_position_embeddings=512)
    model = replace(planted, network=Network(config, HEAD, seed=3), max_length=512)
    sizes: list[int] = []
    pack = Subject.pack

    def spy(self: Subject, ids: Any) -> Any:
        sizes.append(ids.size)
        return pack(self, ids)

    monkeypatch.setattr(Subject, "pack", spy)
    options = gb.lens.AttributionOptions(
        randomise=False, samples=200, random_orders=19, steps=4, tokens_per_batch=2048
    )
    record = gb.lens.attribution(model, "the film is warm , " * 102, method=name, options=options)
    assert len(record.tokens) == 512 == len(record.scores)
    assert np.isfinite(record.scores).all() and record.scores.any()
    assert max(sizes) <= 2048


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"method": "guessing"}, "no method is called 'guessing'.*use attention_rollout, .*shapley_sampling"),
        ({"method": []}, "no method is named"),
        ({"method": ["lime", "lime"]}, "a method is named twice"),
        ({"target": "lukewarm"}, "no label is called 'lukewarm'.*use warm, cold"),
        ({"target": (1, "warm")}, "reads no single token"),
        ({"options": gb.lens.AttributionOptions(window=3)}, "the text has 1 windows, and window 3 is none"),
    ],
)
def test_what_does_not_exist_is_refused(planted: Looked, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        gb.lens.attribution(planted, "a warm film", **asked)


@pytest.mark.parametrize("name", ["samples", "random_orders", "steps", "tokens_per_batch", "window", "seed"])
def test_options_that_make_no_sense_are_refused(name: str) -> None:
    for value in (-1, 2.5, True):
        with pytest.raises(UsageError, match=f"{name} is {value!r}"):
            gb.lens.AttributionOptions(**{name: value})
