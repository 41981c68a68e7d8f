"""Memory that a cell is said to have held."""

import json
import subprocess
import sys

import numpy as np
import pytest

from jijbench.runner.cost import Memory
from jijbench.runner.machine import machine

MIB = 2**20
HOLD = "import time; block = b'x' * ({mib} << 20); time.sleep(1.0)"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_the_peak_is_that_of_the_block_and_not_of_what_was_before():
    def peak(mib):
        with Memory() as memory:
            np.ones(mib * MIB // 8)
            return memory.peak_mib()

    small, large, again = peak(0), peak(300), peak(0)
    assert large - small == pytest.approx(300, abs=40)
    assert again == pytest.approx(small, abs=40)


def test_children_count_while_they_hold_memory_and_short_ones_do_not_double_it():
    with Memory() as memory:
        for _ in range(3):
            subprocess.run(["true"], check=True)
        alone = memory.peak_mib()
        subprocess.run([sys.executable, "-c", HOLD.format(mib=300)], check=True)
        together = memory.peak_mib()
    with Memory() as nothing:
        own = nothing.peak_mib()
    assert alone == pytest.approx(own, abs=20)
    assert 250 < together < own + 350


def test_what_is_held_together_is_bounded_children_and_shared_memory_included():
    held = []
    with Memory(0.4, held.append):
        both = [subprocess.Popen([sys.executable, "-c", HOLD.format(mib=250)]) for _ in range(2)]
        assert [child.wait() for child in both] == [0, 0]
    assert held
    assert held[0] > 0.4 * 1024


def test_the_machine_is_named():
    found = json.loads(json.dumps(machine(), allow_nan=False))
    assert found["processor"] not in ("", None)
    assert found["cores"] >= 1
    assert found["ram_gib"] > 0.1
    assert found["numpy"] == np.__version__
