"""The fixtures of runs."""

from tests.runs.material import encoder, finished, other, rows, shared

__all__ = ["encoder", "finished", "other", "rows", "shared"]
