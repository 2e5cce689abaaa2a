"""The fixtures of the tests of the command line: those of runs, and the command line inside this process."""

from tests.cli.process import elsewhere, inside
from tests.runs.material import encoder, finished, other, rows, shared

__all__ = ["elsewhere", "encoder", "finished", "inside", "other", "rows", "shared"]
