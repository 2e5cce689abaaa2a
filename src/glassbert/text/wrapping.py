"""The special tokens that a tokenizer puts round a text or a pair, as in [CLS] A [SEP] B [SEP]."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import tokenizers

from glassbert.errors import DataError, Problem

# any text will do that comes out as one token at least
PROBES = ("a", "A", ".", "0", "的", "the")


@dataclass(frozen=True, kw_only=True)
class Wrapping:
    """Special tokens before, between and after the sides, one group more than there are sides.

    `ids` and `types` hold a group each (token ids, segment ids); `content_types` the segment id of each side.
    """

    ids: tuple[tuple[int, ...], ...]
    types: tuple[tuple[int, ...], ...]
    content_types: tuple[int, ...]

    @property
    def size(self) -> int:
        return sum(map(len, self.ids))


def observe(library: tokenizers.Tokenizer, *, num_sides: int) -> Wrapping:
    """What the post-processor adds, read off one encoding; DataError unless it wraps the sides in order."""
    probe = next((text for text in PROBES if library.encode(text, add_special_tokens=False).ids), None)
    if probe is None:
        raise _error("the tokenizer turns every probe into nothing", "train it on more text")
    encoding = library.encode(probe, probe) if num_sides == 2 else library.encode(probe)
    side_of = encoding.sequence_ids
    inner = [[k for k, side in enumerate(side_of) if side == wanted] for wanted in range(num_sides)]
    if any(not at or at[-1] - at[0] + 1 != len(at) for at in inner) or inner != sorted(inner):
        raise _error(
            "the post-processor does not keep the texts whole and in order", "use [CLS] A [SEP] B [SEP]"
        )
    edges = [(0, 0), *((at[0], at[-1] + 1) for at in inner), (len(side_of), len(side_of))]
    gaps = [(end, begin) for (_, end), (begin, _) in pairwise(edges)]
    return Wrapping(
        ids=tuple(tuple(encoding.ids[begin:end]) for begin, end in gaps),
        types=tuple(tuple(encoding.type_ids[begin:end]) for begin, end in gaps),
        content_types=tuple(encoding.type_ids[at[0]] for at in inner),
    )


def _error(what: str, fix: str) -> DataError:
    return DataError(Problem(code="unsupported-post-processor", what=what, fix=fix))
