"""Distillation of a masked-word model into a shallower one (Sanh et al. 2019, "DistilBERT").

    loss = 5 L_soft + 2 L_mlm + L_cos

    L_soft = T^2 sum_m KL(softmax(t_m / T) || softmax(s_m / T)) / M    teacher's and student's logits, T = 2
    L_mlm  = sum_m -log p(word_m) / M
    L_cos  = sum_i (1 - cos(student_i, teacher_i)) / N                 last hidden states

M masked words and N tokens of the whole step. The weights are those of the paper's program; its soft loss
is over all tokens, here it is over the masked ones, where the logits are made anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from glassbert.model.config import HeadConfig
from glassbert.model.heads import MaskedHead
from glassbert.model.masked import masked_head
from glassbert.model.network import Network
from glassbert.model.noise import Noise
from glassbert.tasks.pretraining import HEADS, MaskedBatch, Sums

TEMPERATURE = 2.0
SOFT, MASKED, COSINE = 5.0, 2.0, 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class DistilledSums:
    """Sums over a batch: of masked words, of the soft loss over them, of the cosine loss over all tokens."""

    sums: Sums
    soft: Tensor
    cosine: Tensor


def distillation_sums(
    student: Network, teacher: Network, batch: MaskedBatch, *, noise: Noise | None = None
) -> DistilledSums:
    """What the student makes of a batch, held against the teacher, which nothing is dropped from."""
    rows, layout = batch.rows.index, batch.packed.layout
    own, theirs = masked_head(student, name="student"), masked_head(teacher, name="teacher")
    with torch.no_grad():
        seen = teacher.encoder(batch.packed).float()
        wanted = theirs(seen.index_select(0, rows), layout, None, None).float() / TEMPERATURE
    hidden = student.encoder(batch.packed, noise=noise)
    said = own(hidden.index_select(0, rows), layout, None, noise).float()
    soft = F.kl_div(
        (said / TEMPERATURE).log_softmax(-1), wanted.log_softmax(-1), reduction="sum", log_target=True
    )
    nothing = torch.zeros((), device=said.device)
    sums = Sums(
        masked=F.cross_entropy(said, batch.labels, reduction="sum"),
        masked_right=(said.detach().argmax(1) == batch.labels).sum(),
        following=nothing,
        following_right=nothing,
    )
    cosine = (1 - F.cosine_similarity(hidden.float(), seen, dim=-1)).sum()
    return DistilledSums(sums=sums, soft=soft * TEMPERATURE**2, cosine=cosine)


def distillation_loss(found: DistilledSums, *, masked_per_token: float) -> Tensor:
    """The batch's part of the step's loss, times the step's M; `masked_per_token` is M/N of all of it."""
    return SOFT * found.soft + MASKED * found.sums.masked + COSINE * masked_per_token * found.cosine


def make_student(teacher: Network, *, seed: int = 0) -> Network:
    """Half of the teacher's blocks (rounded up), every second one from the first on, and all the rest."""
    kept = range(0, teacher.config.num_hidden_layers, 2)
    student = with_blocks(teacher, kept, HeadConfig(kind=HEADS["mlm"]), seed=seed)  # type: ignore[arg-type]
    head = student.head
    assert isinstance(head, MaskedHead)
    head.load_state_dict(masked_head(teacher, name="teacher").state_dict())
    return student


def with_blocks(teacher: Network, kept: Sequence[int], head: HeadConfig, *, seed: int = 0) -> Network:
    """The teacher's embeddings and these of its blocks, numbered from 0, under a new head."""
    blocks = [teacher.encoder.blocks[number] for number in kept]
    student = Network(replace(teacher.config, num_hidden_layers=len(blocks)), head, seed=seed)
    student.encoder.embeddings.load_state_dict(teacher.encoder.embeddings.state_dict())
    ending = teacher.encoder.blocks[-1].state_dict()
    for mine, theirs in zip(student.encoder.blocks, blocks, strict=True):
        # the norm at the end is the last block's, whichever that is
        known = ending | theirs.state_dict()
        mine.load_state_dict({name: known[name] for name in mine.state_dict()})
    return student
