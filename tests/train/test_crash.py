"""A run that is killed again and again ends with the bits of a run that was not."""

import json
import subprocess
import sys
from pathlib import Path

CAMPAIGN = Path(__file__).with_name("kill_campaign.py")


def test_a_run_killed_eight_times_ends_with_the_same_bits() -> None:
    done = subprocess.run([sys.executable, str(CAMPAIGN), "--kills", "8"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["kills"] == 8 and result["in_a_save"] >= 2 and result["distinct_resumes"] >= 3
    assert result["differing"] == result["left_over"] == [] and result["log_is_whole"]
