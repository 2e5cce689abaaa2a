"""A step is the same in whatever pieces, and on however many processes, it is computed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import glassbert as gb
from glassbert.runs.pretraining import job as home
from glassbert.runs.pretraining.costs import training_flops
from glassbert.runs.pretraining.held_out import HeldOut
from glassbert.runs.pretraining.job import PretrainingJob
from glassbert.runs.pretraining.settings import Settings
from glassbert.text.corpus_writing import prepare_corpus
from glassbert.text.sentence_pairs import SentencePairs

PEAK = {"flops_per_second": 1e9}


@pytest.fixture(scope="module")
def parts(pretrained: Path, text: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple:
    model = gb.load(pretrained)
    corpus = prepare_corpus([text], model.tokenizer, tmp_path_factory.mktemp("job"))
    samples = SentencePairs(corpus, max_length=24)
    held_out = HeldOut(corpus, model.tokenizer, objective="mlm+nsp", max_length=24)
    return model.network, samples, model.tokenizer, held_out


def make(parts: tuple, **more: object) -> PretrainingJob:
    network, samples, tokenizer, held_out = parts
    settings = Settings(batch_size=12, max_length=24)
    return PretrainingJob(network, samples, tokenizer, settings, held_out=held_out, peak=PEAK, **more)


def gradients(jobs: list[PretrainingJob], step: int = 3) -> tuple[float, list[torch.Tensor]]:
    """The loss and the gradients of a step of which every job computes its share."""
    network = jobs[0].network
    network.zero_grad()
    batches = [(job, job.batches(step)) for job in jobs]
    weight = sum(job.weight(batch) for job, made in batches for batch in made)
    total = 0.0
    for job, made in batches:
        for micro, batch in enumerate(made):
            loss = job.loss(batch, step, micro) / weight
            loss.backward()
            total += float(loss.detach())
    return total, [each.grad.clone() for each in network.parameters()]


def agree(one: tuple[float, list[torch.Tensor]], other: tuple[float, list[torch.Tensor]]) -> None:
    assert one[0] == pytest.approx(other[0], abs=1e-6)
    assert max(float((a - b).abs().max()) for a, b in zip(one[1], other[1], strict=True)) <= 1e-6


def test_a_step_in_micro_batches_is_the_step(parts: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = gradients([make(parts)])
    monkeypatch.setitem(home.MICRO_TOKENS, "cpu", 60)
    job = make(parts)
    assert len(job.batches(3)) > 2
    agree(gradients([job]), whole)


def test_processes_with_uneven_shares_make_the_step_of_one(parts: tuple) -> None:
    whole = gradients([make(parts)])
    counts: dict[int, np.ndarray] = {}
    for rank in range(5):  # 12 samples: two processes have a third one
        make(parts, rank=rank, ranks=5, across=lambda own, rank=rank: counts.setdefault(rank, own)).batches(3)
    total = sum(counts.values())
    agree(gradients([make(parts, rank=r, ranks=5, across=lambda own: total) for r in range(5)]), whole)
    alone = make(parts, rank=12, ranks=13, across=lambda own: total)
    assert alone.batches(3) == []


def test_flops_are_those_of_every_product_written_out(parts: tuple) -> None:
    network, job = parts[0], make(parts)
    (made,) = job.batches(0)
    h, f, vocabulary = 128, 512, network.config.vocab_size
    forward = 0
    for length in made.batch.packed.layout.lengths.tolist():
        attention = 2 * (length * length * h) * 2  # scores and contexts
        linear = 2 * length * (h * 3 * h + h * h + 2 * h * f)
        forward += 2 * (attention + linear) + 2 * h * h
    forward += made.batch.num_masked * 2 * (h * h + h * vocabulary)
    assert training_flops(network.config, made.batch) == pytest.approx(3 * forward)
    gated = replace(network.config, model_type="modernbert", feed_forward_type="gated")
    third = 2 * 2 * h * f * int(made.batch.packed.layout.num_tokens)  # of two blocks
    assert training_flops(gated, made.batch) == pytest.approx(3 * (forward + third))
