"""The fixtures of the tests of runs."""

from tests.runs.material import encoder, finished, other, rows, shared

__all__ = ["encoder", "finished", "other", "rows", "shared"]
