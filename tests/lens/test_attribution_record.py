"""The record keeps its numbers, and its parts fit together."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from glassbert.lens.attribution_record import AttributionRecord
from tests.lens.make_attribution import make_attribution, make_method


def test_bytes_and_json_hold_the_record(tmp_path: Path) -> None:
    record = make_attribution()
    assert AttributionRecord.from_bytes(record.to_bytes()).to_bytes() == record.to_bytes()
    record.save(tmp_path / "record.json")
    plain = json.loads((tmp_path / "record.json").read_text())
    assert plain["methods"][0]["scores"] == [0.0, 1.5, -0.25, 0.5, 0.0]
    assert plain["methods"][0]["randomised"] is None


def test_the_first_method_speaks_for_the_record() -> None:
    record = make_attribution(methods=(make_method("lime", verdict="Yes."), make_method()))
    assert record.verdict == "Yes." and record.scores is record.of("lime").scores
    assert record.deletion is record.methods[0].deletion and record.insertion[0] == 0.4


def test_scores_of_words_are_sums_over_their_tokens() -> None:
    record = make_attribution()
    assert record.word_scores().tolist() == [1.25, 0.5]
    assert record.word_scores("saliency").tolist() == [1.25, 0.5]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"tokens": ("[CLS]",)},
        {"word": np.zeros(3, np.int32)},
        {"counts": np.arange(3, dtype=np.int32)},
        {"methods": ()},
        {"methods": (make_method(),)},
        {"methods": (make_method(scores=np.zeros(4)), make_method("lime"))},
        {"methods": (make_method(deletion=np.zeros(3)), make_method("lime"))},
    ],
)
def test_parts_that_disagree_make_no_record(spoilt: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="disagree in size"):
        make_attribution(**spoilt)
