"""How much of its attention each head gives to the previous token, to [SEP], to punctuation, ...

Shares are means over content tokens (not special ones) that have such a target. Letters: B windows of one
length S, N heads, P patterns, K offsets.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from glassbert.lens.atlas.maps import Maps
from glassbert.lens.heads_record import PATTERNS
from glassbert.lens.seen import Text
from glassbert.text.windows import Windows

FURTHEST = 8
OFFSETS = np.arange(-FURTHEST, FURTHEST + 1)
FAR = np.abs(OFFSETS) > 1
# the patterns that are sets of targets; the others are single offsets
SETS = ("same", "cls", "sep", "punctuation")


class Patterns:
    """Sums over all maps shown to `add`; shares are read off at the end."""

    def __init__(self, layers: int, heads: int, *, special: tuple[int, int]) -> None:
        self.special = special
        self.given = np.zeros((layers, heads, len(SETS)))
        self.even = np.zeros(len(SETS))
        self.rows = np.zeros(len(SETS), np.int64)
        self.offset_given = np.zeros((layers, heads, len(OFFSETS)))
        self.offset_even = np.zeros(len(OFFSETS))
        self.offset_rows = np.zeros(len(OFFSETS), np.int64)
        self.entropy = np.zeros((layers, heads))
        self.broadness = np.zeros((layers, heads))
        self.tokens = 0

    def add(self, maps: Maps, texts: Sequence[Text]) -> None:
        """Count the maps of some windows; `texts` are all texts, by the windows' numbers."""
        length = maps.length
        content = torch.from_numpy(maps.windows.sequence >= 0).view(-1, length)
        targets = self._targets(maps.windows, texts)
        rows = content[None] & targets.any(-1)
        targets = (targets & rows[..., None]).float()
        self.rows += rows.sum((1, 2)).numpy()
        self.even += targets.mean(-1).sum((1, 2)).numpy()
        starts = [offset_rows(content, offset) for offset in OFFSETS.tolist()]
        self.offset_rows += np.array([int(each.sum()) for each in starts])
        self.offset_even += np.array([int(each.sum()) / length for each in starts])
        self.tokens += int(content.sum())
        for layer in range(len(maps.query)):
            weights = maps.weights(layer)
            self.given[layer] += torch.einsum("bnqs,pbqs->np", weights, targets).numpy()
            for place, (offset, mine) in enumerate(zip(OFFSETS.tolist(), starts, strict=True)):
                along = weights.diagonal(offset, dim1=-2, dim2=-1)
                self.offset_given[layer, :, place] += (along * mine[:, None]).sum((0, 2)).numpy()
            entropy = (torch.special.entr(weights).sum(-1) * content[:, None]).sum((0, 2)).double().numpy()
            self.entropy[layer] += entropy
            self.broadness[layer] += entropy / np.log(length)

    def profile(self) -> Float[np.ndarray, "L N K"]:
        """The share of each offset; NaN where no token has one."""
        return _over(self.offset_given, self.offset_rows)

    def shares(self) -> tuple[Float[np.ndarray, "L N P"], Float[np.ndarray, "P"], np.ndarray, np.ndarray]:
        """Share of every pattern and what even attention gives, [P]; how many tokens had a target, [P]; and
        each head's favourite offset, two tokens away or more, [L, N].
        """
        profile, even = self.profile(), _over(self.offset_even, self.offset_rows)
        far = np.where(FAR & (self.offset_rows > 0), np.nan_to_num(profile), -1.0)
        favourite = far.argmax(-1)
        names = {"previous": FURTHEST - 1, "next": FURTHEST + 1, "itself": FURTHEST}
        sets, sets_even = _over(self.given, self.rows), _over(self.even, self.rows)
        share, chance, counts = [], [], []
        for name in PATTERNS:
            if name in names:
                share.append(profile[..., names[name]])
                chance.append(even[names[name]])
                counts.append(self.offset_rows[names[name]])
            elif name == "offset":
                share.append(np.take_along_axis(profile, favourite[..., None], -1)[..., 0])
                chance.append(np.nanmean(even[FAR]) if self.offset_rows[FAR].any() else np.nan)
                counts.append(self.offset_rows[FAR].max())
            else:
                place = SETS.index(name)
                share.append(sets[..., place])
                chance.append(sets_even[place])
                counts.append(self.rows[place])
        return np.stack(share, -1), np.array(chance), np.array(counts), OFFSETS[favourite]

    def _targets(self, windows: Windows, texts: Sequence[Text]) -> Bool[Tensor, "P B S S"]:
        """Of every set pattern, which tokens (columns) are targets of which (rows)."""
        length = int(windows.lengths[0])
        ids = torch.from_numpy(windows.input_ids.astype(np.int64)).view(-1, length)
        sequence = torch.from_numpy(windows.sequence.astype(np.int64)).view(-1, length)
        marks = torch.from_numpy(punctuation(windows, texts)).view(-1, length)
        apart = ~torch.eye(length, dtype=torch.bool)
        same = (ids[:, :, None] == ids[:, None, :]) & apart & (sequence >= 0)[:, None, :]
        columns = [
            (ids == self.special[0]) & (sequence < 0),
            (ids == self.special[1]) & (sequence < 0),
            marks,
        ]
        return torch.stack([same, *(each[:, None, :].expand_as(same) for each in columns)])


def offset_rows(content: Bool[Tensor, "B S"], offset: int) -> Bool[Tensor, "B Q"]:
    """The content tokens i whose i + offset lies in the window, in the order of that diagonal."""
    length = content.shape[1]
    return content[:, max(-offset, 0) : max(length - max(offset, 0), 0)]


def punctuation(windows: Windows, texts: Sequence[Text]) -> Bool[np.ndarray, "T"]:
    """Which tokens are made of punctuation marks or symbols alone."""
    assert windows.offsets is not None
    owner = windows.example[np.repeat(np.arange(len(windows)), windows.lengths)]
    found = np.zeros(len(owner), bool)
    for place in np.flatnonzero(windows.sequence >= 0).tolist():
        text = texts[owner[place]]
        side = text if isinstance(text, str) else text[windows.sequence[place]]
        start, end = windows.offsets[place]
        word = side[start:end].strip()
        found[place] = bool(word) and all(unicodedata.category(each)[0] in "PS" for each in word)
    return found


def _over(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
