"""Distillation's losses are its formulas, written out number by number; a student is half of its teacher."""

import math

import pytest
import torch

from glassbert.model.heads import MaskedHead
from glassbert.model.layout import Rows
from glassbert.model.network import Network
from glassbert.tasks.distilling import distillation_loss, distillation_sums, make_student
from glassbert.tasks.pretraining import MaskedBatch
from tests.model.small import build, same
from tests.parity.references import ours, reference
from tests.tasks.test_pretraining import batch


@pytest.fixture(scope="module")
def teacher() -> Network:
    return ours(reference("bert", "pretraining"), "pretraining").requires_grad_(False)


@torch.no_grad()
def test_losses_are_the_formulas_written_out(teacher: Network) -> None:
    student, made = make_student(teacher), MaskedBatch.of(batch(pairs=False))
    packed, every = made.packed, Rows.of(made.packed.layout, torch.arange(63).numpy())
    s, t = (network.encoder(packed, rows=every).tolist() for network in (student, teacher))
    said = student(packed, rows=made.rows).tolist()
    wanted = teacher(packed, rows=made.rows).masked.tolist()
    soft = masked = cosine = 0.0
    for mine, theirs, label in zip(said, wanted, made.labels.tolist(), strict=True):
        p, q = ([math.exp(each / 2) for each in row] for row in (theirs, mine))
        p, q = ([each / sum(row) for each in row] for row in (p, q))
        soft += 4 * sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
        masked += math.log(sum(map(math.exp, mine))) - mine[label]
    for mine, theirs in zip(s, t, strict=True):
        dot = sum(a * b for a, b in zip(mine, theirs, strict=True))
        cosine += 1 - dot / math.hypot(*mine) / math.hypot(*theirs)
    found = distillation_sums(student, teacher, made)
    assert float(found.soft) == pytest.approx(soft, rel=1e-4)
    assert float(found.sums.masked) == pytest.approx(masked, rel=1e-5)
    assert float(found.cosine) == pytest.approx(cosine, rel=1e-4)
    total = float(distillation_loss(found, masked_per_token=made.num_masked / 63)) / made.num_masked
    expected = 5 * soft / made.num_masked + 2 * masked / made.num_masked + cosine / 63
    assert total == pytest.approx(expected, rel=1e-4)


def test_a_student_has_every_second_block_and_all_the_rest(teacher: Network) -> None:
    student = make_student(teacher)
    mine, theirs = student.state_dict(), teacher.state_dict()
    assert student.config.num_hidden_layers == 2  # of 3: the first and the third
    for name, value in mine.items():
        source = name.replace("blocks.1.", "blocks.2.")
        source = source.replace("head.", "head.masked.")
        assert torch.equal(value, theirs[source]), name
    assert isinstance(student.head, MaskedHead)
    assert student.head.decoder.weight is student.encoder.embeddings.word.weight


def test_a_student_that_is_its_teacher_has_nothing_to_learn_from_it(teacher: Network) -> None:
    made = MaskedBatch.of(batch(pairs=False))
    found = distillation_sums(teacher, teacher, made)
    assert abs(float(found.soft)) < 1e-4
    assert abs(float(found.cosine)) < 1e-4


def test_a_student_with_norms_before_ends_with_its_teachers_last_norm() -> None:
    teacher = build("masked-lm", "modernbert", num_hidden_layers=4)
    student = make_student(teacher)
    ends = [network.encoder.blocks[-1].output_norm for network in (student, teacher)]
    assert torch.equal(ends[0].weight, ends[1].weight)
    assert same(student.encoder.blocks[1].attention, teacher.encoder.blocks[2].attention)
