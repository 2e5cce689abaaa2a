"""`glassbert.lens.heads`: the atlas of a model's heads, over many texts (Clark et al. 2019)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from glassbert.errors import Problem, UsageError
from glassbert.lens.atlas.distances import Distances, plane, pruning_list
from glassbert.lens.atlas.labels import labelled
from glassbert.lens.atlas.maps import maps_of, refuse_additive, windows_of
from glassbert.lens.atlas.patterns import OFFSETS, Patterns
from glassbert.lens.atlas.relations import relations_of
from glassbert.lens.heads_record import HeadsRecord, Relation
from glassbert.lens.seen import Inspectable, Text
from glassbert.text.treebank import Sentence
from glassbert.text.windows import Windows

Progress = Callable[[int, int], None]


def heads(
    model: Inspectable,
    texts: Sequence[Text],
    *,
    treebank: Sequence[Sentence] | None = None,
    progress: Progress | None = None,
) -> HeadsRecord:
    """What each head attends to over all texts, how alike heads are, and which only repeat others.

    Maps are computed from captured queries and keys, a layer of a few windows at a time. `treebank` are
    sentences of `glassbert.text.treebank.read_treebank`: then the record also says which heads find which
    dependency relation. `progress` hears (windows done, windows in all). Raises UsageError for no texts and
    for additive attention, DataError where the model gives numbers that are not finite.
    """
    refuse_additive(model.network)
    windows = windows_of(model, texts)
    relations, skipped = relations_of(model, treebank) if treebank else ((), 0)
    patterns, distances = _collect(model, texts, windows, progress)
    return _record(model, windows, (patterns, distances), (relations, len(treebank or ()), skipped))


def _collect(
    model: Inspectable, texts: Sequence[Text], windows: Windows, progress: Progress | None
) -> tuple[Patterns, Distances]:
    config = model.network.config
    layers, count = config.num_hidden_layers, config.num_attention_heads
    content = np.add.reduceat(windows.sequence >= 0, windows.starts[:-1])
    patterns = Patterns(layers, count, special=special_ids(model))
    distances = Distances(layers * count, num_weights=int((content * windows.lengths).sum()))
    done = 0
    for maps in maps_of(model.network, windows):
        patterns.add(maps, texts)
        distances.add(maps)
        done += len(maps.windows)
        if progress is not None:
            progress(done, len(windows))
    return patterns, distances


def special_ids(model: Inspectable) -> tuple[int, int]:
    """The ids of [CLS] and [SEP] (of <s> and </s> in RoBERTa); raises UsageError where there are none."""
    first, last = model.tokenizer.cls_token_id, model.tokenizer.sep_token_id
    if first is None or last is None:
        what = "the tokenizer has no token that begins or ends a text"
        fix = "choose a model of the BERT family with its own tokenizer"
        raise UsageError(Problem(code="no-special-tokens", what=what, fix=fix))
    return first, last


def _record(
    model: Inspectable,
    windows: Windows,
    sums: tuple[Patterns, Distances],
    found: tuple[tuple[Relation, ...], int, int],
) -> HeadsRecord:
    patterns, distances = sums
    scores, chance, counts, offset = patterns.shares()
    broadness = patterns.broadness / patterns.tokens
    labels = labelled(scores, chance, broadness)
    distance = distances.mean()
    place, share = plane(distance)
    spared, twin, gap = pruning_list(distance)
    cls, sep = model.tokenizer.tokens(list(special_ids(model)))
    return HeadsRecord(
        model=model.name,
        num_texts=windows.num_examples,
        num_windows=len(windows),
        num_tokens=patterns.tokens,
        cls=cls,
        sep=sep,
        scores=_float(scores),
        chance=_float(chance),
        counts=counts.astype(np.int32),
        offsets=OFFSETS.astype(np.int32),
        profile=_float(patterns.profile()),
        offset=offset.astype(np.int32),
        entropy=_float(patterns.entropy / patterns.tokens),
        broadness=_float(broadness),
        label=labels.label.astype(np.int32),
        candidate=labels.candidate.astype(np.int32),
        score=_float(labels.score),
        margin=_float(labels.margin),
        distance=_float(distance),
        distance_rows=distances.rows,
        place=_float(place),
        place_share=share,
        spared=spared.astype(np.int32),
        twin=twin.astype(np.int32),
        gap=_float(gap),
        relations=found[0],
        num_sentences=found[1],
        skipped_sentences=found[2],
    )


def _float(values: np.ndarray) -> Float[np.ndarray, "..."]:
    return np.ascontiguousarray(values, dtype=np.float32)
