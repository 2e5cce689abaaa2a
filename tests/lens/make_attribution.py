"""A small attribution record with numbers that cannot be mistaken for one another."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassbert.lens.attribution_record import AttributionRecord, MethodScores


def make_method(name: str = "occlusion", **changes: Any) -> MethodScores:
    given: dict[str, Any] = {
        "method": name,
        "signed": True,
        "targeted": True,
        "scores": np.array([0.0, 1.5, -0.25, 0.5, 0.0]),
        "deletion": np.array([0.9, 0.6, 0.5, 0.4]),
        "insertion": np.array([0.4, 0.7, 0.8, 0.9]),
        "comprehensiveness": 0.4,
        "sufficiency": 0.1,
        "beaten_by_deletion": 0.95,
        "beaten_by_insertion": 0.85,
        "residual": None,
        "randomised": float("nan"),
        "outcome": "better",
        "warnings": (),
        "verdict": "Better than random on this input.",
    }
    return MethodScores(**(given | changes))


def make_attribution(**changes: Any) -> AttributionRecord:
    """Three content tokens of two words, the second in a second text."""
    given: dict[str, Any] = {
        "model": "small",
        "text": "warmly",
        "pair": "so",
        "window": 0,
        "num_windows": 1,
        "tokens": ("[CLS]", "warm", "##ly", "so", "[SEP]"),
        "sequence": np.array([-1, 0, 0, 1, -1], np.int8),
        "word": np.array([-1, 0, 0, 1, -1], np.int32),
        "offsets": np.array([[0, 0], [0, 4], [4, 6], [0, 2], [0, 0]], np.int32),
        "target": "warm",
        "position": None,
        "kind": "log-odds",
        "unit": "probability",
        "replaced_by": "[MASK]",
        "explained": 2.2,
        "masked": -0.4,
        "prediction": 0.9,
        "seed": 0,
        "counts": np.array([0, 1, 2, 3], np.int32),
        "random_deletion": np.linspace(0.9, 0.4, 8).reshape(2, 4),
        "random_insertion": np.linspace(0.4, 0.9, 8).reshape(2, 4),
        "methods": (make_method(), make_method("saliency", signed=False, residual=0.5)),
        "agreement": np.eye(2),
    }
    return AttributionRecord(**(given | changes))
