"""Temporary files of killed processes are found by their names, those of others stay."""

import os
import subprocess
import sys

import pytest

from jijbench.context import context, owner
from jijbench.files import write_atomically
from jijbench.runner.leftovers import scratch_prefix, sweep

KILLED = """
import os, signal, sys
from pathlib import Path
import tempfile
from jijbench.context import context
from jijbench.files import write_atomically
from jijbench.runner.leftovers import scratch_prefix
out, scratch = map(Path, sys.argv[1:])
tempfile.mkdtemp(prefix=scratch_prefix(), dir=scratch)
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
write_atomically(out / "deep" / "f00-s0.json", b"half")
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of Unix")
def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    scratch.mkdir()
    assert subprocess.run([sys.executable, "-c", KILLED, out, scratch], check=False).returncode == -9
    assert [path.read_bytes() for path in (out / "deep").iterdir()] == [b"half"]
    (scratch / f"{scratch_prefix()}abc").mkdir()  # this process lives
    elsewhere = f"jijbench-{'0' * 8}-{subprocess.Popen(['true']).pid}-abc"  # of another machine
    (scratch / elsewhere).mkdir()
    (scratch / "jijbench-abc").mkdir()
    (out / f".mine.{owner()}.abc").write_text("being written")
    (out / ".hidden").write_text("a user's")
    write_atomically(out / "whole", b"whole")
    with context(scratch=scratch):
        sweep(out)
    assert sorted(path.name for path in scratch.iterdir()) == sorted(
        [f"{scratch_prefix()}abc", elsewhere, "jijbench-abc"]
    )
    assert sorted(path.name for path in out.rglob("*") if path.is_file()) == sorted(
        [f".mine.{owner()}.abc", ".hidden", "whole"]
    )
