"""How much of a wall-clock budget the end of a run needs: judging, saving, and drawing the report."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from glassbert.model.network import Network
from glassbert.runs.inference import head_logits
from glassbert.text.windows import Windows

# of the budget: the calibration, the tables and the report, whatever the size of the data
SHARE = 0.05
# writing and syncing the model and its last checkpoint, at a slow disk's rate
SECONDS_PER_PARAMETER = 4 * 3 / 100e6
# texts of the sample may be shorter, or the machine less busy, than when it counts
MARGIN = 1.3
SAMPLE_TOKENS = 4096


def reserve(network: Network, sets: Sequence[Windows], *, budget: float) -> float:
    """Seconds to keep free at the end of a budget, with one reading of these windows measured on a sample."""
    seconds = MARGIN * reading_seconds(network, sets)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return seconds + parameters * SECONDS_PER_PARAMETER + SHARE * budget


def reading_seconds(network: Network, sets: Sequence[Windows]) -> float:
    """Seconds that the network takes to read all of these windows once, judged by a few thousand tokens."""
    total = sum(int(windows.lengths.sum()) for windows in sets)
    sample = _sample(max(sets, key=lambda windows: int(windows.lengths.sum())))
    if not len(sample):
        return 0.0
    head_logits(network, sample.select(np.array([0])))  # what is allocated once is not measured
    started = time.monotonic()
    head_logits(network, sample)
    return (time.monotonic() - started) * total / float(sample.lengths.sum())


def _sample(windows: Windows) -> Windows:
    """Windows at equal distances, of about SAMPLE_TOKENS tokens in all."""
    if not len(windows):
        return windows
    mean = float(windows.lengths.mean())
    count = min(len(windows), max(1, round(SAMPLE_TOKENS / mean)))
    return windows.select(np.linspace(0, len(windows) - 1, count).astype(np.int64))
