"""The command that kills every process of a run in turn."""

import subprocess
import sys
from pathlib import Path

import pytest

KILLS = Path(__file__).parents[2] / "benchmarks" / "kills.py"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_twenty_kills_change_nothing_and_leave_nothing():
    found = subprocess.run([sys.executable, KILLS, "--kills", "20"], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert "20 kills (5 × run, 5 × warden, 5 × cell, 5 × helper), the same table, nothing left" in found.stdout
