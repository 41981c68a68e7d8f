"""Memory that a cell is said to have held."""

import json
import subprocess
import sys

import numpy as np
import pytest

from jijbench.runner.machine import machine

HOLD = "import time; block = b'x' * ({mib} << 20); time.sleep(3.0)"  # looks are rare where the machine is busy
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


BEGIN = """
import json, subprocess, sys
import numpy as np
from jijbench.runner.cost import Memory
"""


def alone(code: str) -> list[float]:
    """What the code prints, in a process that has no children but its own; that of the tests may have others."""
    done = subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


PEAKS = """
def peak(mib):
    with Memory() as memory:
        np.ones(mib << 17)
        return memory.peak_mib()

print(json.dumps([peak(0), peak(300), peak(0)]))
"""


def test_the_peak_is_that_of_the_block_and_not_of_what_was_before():
    small, large, again = alone(PEAKS)
    assert large - small == pytest.approx(300, abs=40)
    assert again == pytest.approx(small, abs=40)


CHILDREN = f"""
with Memory() as memory:
    for _ in range(3):
        subprocess.run(["true"], check=True)
    before = memory.peak_mib()
    subprocess.run([sys.executable, "-c", {HOLD.format(mib=300)!r}], check=True)
    together = memory.peak_mib()
with Memory() as nothing:
    print(json.dumps([before, together, nothing.peak_mib()]))
"""


def test_children_count_while_they_hold_memory_and_short_ones_do_not_double_it():
    before, together, own = alone(CHILDREN)
    assert before == pytest.approx(own, abs=20)
    assert 250 < together < own + 350


BOUNDED = f"""
held = []
with Memory(0.4, held.append):
    both = [subprocess.Popen([sys.executable, "-c", {HOLD.format(mib=250)!r}]) for _ in range(2)]
    assert [child.wait() for child in both] == [0, 0]
print(json.dumps(held))
"""


def test_what_is_held_together_is_bounded_children_and_shared_memory_included():
    held = alone(BOUNDED)
    assert held
    assert held[0] > 0.4 * 1024


def test_the_machine_is_named():
    found = json.loads(json.dumps(machine(), allow_nan=False))
    assert found["processor"] not in ("", None)
    assert found["cores"] >= 1
    assert found["ram_gib"] > 0.1
    assert found["numpy"] == np.__version__
