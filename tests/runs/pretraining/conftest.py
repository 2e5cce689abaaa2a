"""The fixtures of the tests of pre-training."""

from tests.runs.pretraining.material import pretrained, text

__all__ = ["pretrained", "text"]
