"""The objective is the paper's: losses and gradients of transformers' own class, whole or in pieces."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from glassbert.errors import UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.weights import export
from glassbert.tasks.pretraining import MaskedBatch, pretraining_sums, total_loss
from glassbert.text.sequences import PretrainingBatch
from tests.parity.references import ours, reference

LENGTHS = np.array([5, 7, 7, 13, 31])


def batch(pairs: bool = True, chosen: slice = slice(None)) -> PretrainingBatch:
    """Some sequences of a batch of five."""
    draw = np.random.default_rng(3)
    numbers = np.arange(len(LENGTHS))[chosen]
    made = [
        (
            draw.integers(1, 67, length),  # 0 pads: transformers gives its row no gradient
            np.arange(length) >= length // 2,
            np.sort(draw.choice(length, max(1, length // 5), replace=False)),
        )
        for length in LENGTHS
    ]
    labels = [draw.integers(0, 67, len(rows)) for _, _, rows in made]
    starts = np.concatenate([[0], np.cumsum(LENGTHS[chosen])])
    return PretrainingBatch(
        samples=numbers,
        lengths=LENGTHS[chosen],
        input_ids=np.concatenate([made[each][0] for each in numbers]).astype(np.int32),
        token_type_ids=np.concatenate([made[each][1] for each in numbers]).astype(np.uint8),
        rows=np.concatenate([made[each][2] + start for each, start in zip(numbers, starts, strict=False)]),
        labels=np.concatenate([labels[each] for each in numbers]).astype(np.int32),
        next_sentence_labels=np.array([0, 1, 1, 0, 1], dtype=np.int8)[chosen] if pairs else None,
    )


def padded(given: PretrainingBatch) -> dict[str, torch.Tensor]:
    """The same batch as transformers wants it."""
    shape = (len(given.lengths), int(given.lengths.max()))
    real = torch.arange(shape[1]) < torch.from_numpy(given.lengths)[:, None]
    flat = torch.full((int(given.lengths.sum()),), -100)
    flat[torch.from_numpy(given.rows)] = torch.from_numpy(given.labels.astype(np.int64))
    found = {"attention_mask": real.long()}
    for name, values in (
        ("input_ids", torch.from_numpy(given.input_ids.astype(np.int64))),
        ("token_type_ids", torch.from_numpy(given.token_type_ids.astype(np.int64))),
        ("labels", flat),
    ):
        found[name] = torch.full(shape, -100 if name == "labels" else 0)
        found[name][real] = values
    return found


def of_transformers(kind: str, given: PretrainingBatch) -> tuple[Network, torch.nn.Module, torch.Tensor]:
    """Our network, theirs with the same weights, and its loss with gradients."""
    model = reference("bert", kind)
    words = padded(given)
    if given.next_sentence_labels is not None:
        words["next_sentence_label"] = torch.from_numpy(given.next_sentence_labels.astype(np.int64))
    loss = model(**words).loss
    loss.backward()
    return ours(model, kind), model, loss.detach()


def gradients(network: Network) -> dict[str, torch.Tensor]:
    """Ours under their names."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(parameter.grad)
    return export(network)


@pytest.mark.parametrize("kind", ["pretraining", "masked-lm"])
def test_loss_and_gradients_equal_transformers(kind: str) -> None:
    given = batch(pairs=kind == "pretraining")
    network, model, expected = of_transformers(kind, given)
    made = MaskedBatch.of(given)
    sums = pretraining_sums(network, made)
    loss = total_loss(sums, masked_per_sequence=made.num_masked / made.num_sequences) / made.num_masked
    loss.backward()
    assert abs(float(loss.detach() - expected)) <= 1e-5
    found = gradients(network)
    theirs = {name: each.grad for name, each in model.named_parameters() if each.grad is not None}
    missing = {"cls.predictions.decoder.weight", "cls.predictions.decoder.bias"}
    assert set(theirs) - missing <= set(found)
    for name in set(theirs) & set(found):
        assert float((theirs[name] - found[name]).abs().max()) <= 1e-5, name


def test_a_step_in_pieces_has_the_loss_and_gradients_of_the_whole() -> None:
    network = ours(reference("bert", "pretraining"), "pretraining")
    wholes = [MaskedBatch.of(batch())]
    pieces = [MaskedBatch.of(batch(chosen=part)) for part in (slice(0, 1), slice(1, 4), slice(4, 5))]
    found = []
    for parts in (wholes, pieces):
        network.zero_grad()
        masked = sum(each.num_masked for each in parts)
        share = masked / sum(each.num_sequences for each in parts)
        loss = sum(
            total_loss(pretraining_sums(network, each), masked_per_sequence=share) / masked for each in parts
        )
        loss.backward()
        found.append((loss.detach(), [each.grad.clone() for each in network.parameters()]))
    (whole, of_whole), (cut, of_cut) = found
    assert abs(float(whole - cut)) <= 1e-6
    assert max(float((a - b).abs().max()) for a, b in zip(of_whole, of_cut, strict=True)) <= 1e-6


def test_right_answers_are_counted() -> None:
    network = ours(reference("bert", "pretraining"), "pretraining")
    made = MaskedBatch.of(batch())
    logits = network(made.packed, rows=made.rows)
    sums = pretraining_sums(network, made)
    assert int(sums.masked_right) == int((logits.masked.argmax(1) == made.labels).sum())
    assert int(sums.following_right) == int((logits.next_sentence.argmax(1) == made.next_sentence).sum())
    said = replace(made, labels=logits.masked.argmax(1))
    assert int(pretraining_sums(network, said).masked_right) == made.num_masked


def test_a_head_for_something_else_is_refused() -> None:
    config = reference("bert", "masked-lm").config
    network = Network(ours(reference("bert", "masked-lm"), "masked-lm").config, HeadConfig(kind="masked-lm"))
    assert config.vocab_size == 67
    with pytest.raises(UsageError, match="wrong-head"):
        pretraining_sums(network, MaskedBatch.of(batch()))
