"""A command that fits no baseline loads nothing that only baselines need."""

import subprocess
import sys

SCRIPT = """
import sys
import glassbert.runs.evaluate, glassbert.runs.predict, glassbert.lens
sys.exit("sklearn" in sys.modules)
"""


def test_predicting_and_looking_do_not_import_scikit_learn() -> None:
    assert subprocess.run([sys.executable, "-c", SCRIPT]).returncode == 0
