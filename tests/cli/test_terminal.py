"""What the command prints: in any encoding, at once, and with nothing in it that a terminal obeys."""

import os
import subprocess
import sys

import pytest

SAY = """
from jijbench.cli._terminal import prepare
prepare()
import click, sys
text = "−0.5 – 1 Å ≤ σ \\x1b]0;title\\x07 \\udce9"
click.echo(text)
click.echo(text, err=True)
print(text)
sys.stdout.writelines([text, chr(10)])
"""


def python(code: str, *, encoding: str = "utf-8", **more: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONUTF8": "0", "PYTHONIOENCODING": encoding} | more
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "−0.5 – 1 Å ≤ σ"), ("latin-1", r"-0.5 - 1 Å <= \u03c3"), ("cp1252", r"-0.5 – 1 Å <= \u03c3"),
        ("cp437", r"-0.5 - 1 Å ≤ σ"), ("koi8-r", r"-0.5 - 1 \xc5 ≤ \u03c3"),
    ],
)  # fmt: skip
def test_letters_that_an_encoding_lacks_are_replaced(encoding, expected):
    done = python(SAY, encoding=encoding)
    assert done.returncode == 0, done.stderr
    line = f"{expected} " + r"\x1b]0;title\x07 \udce9"
    assert done.stdout.decode(encoding).splitlines() == [line] * 3
    assert done.stderr.decode(encoding).splitlines() == [line]


def test_ascii_is_no_way_around():
    done = python(SAY, encoding="ascii")
    assert done.returncode == 0, done.stderr
    assert b"\x1b" not in done.stdout + done.stderr
    assert done.stdout.startswith("−0.5".encode())  # as click has it


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252", "ascii"])
def test_errors_and_help_are_readable(encoding, tmp_path):
    (tmp_path / "b.yaml").write_text("benchmark: −\x9b \x85\n", encoding="utf-8")
    for arguments, code in ((["leaderboard", "b.yaml"], 1), (["ru\x1b[2J−"], 2), (["run", "--help"], 0)):
        argv = ["jijbench", *arguments]
        done = python(
            f"import os, sys; os.chdir({str(tmp_path)!r}); sys.argv = {argv!r}\nfrom jijbench.cli import main\nmain()",
            encoding=encoding,
        )
        assert done.returncode == code, done.stderr
        assert b"Traceback" not in done.stderr
        assert b"\x1b" not in done.stderr
        assert done.stdout or done.stderr


def test_what_is_printed_into_a_pipe_is_there_at_once():
    code = "from jijbench.cli._terminal import prepare; prepare(); print('first'); import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "first\n"
        assert process.poll() is None
        process.kill()


def test_our_warnings_are_one_line_and_others_as_ever():
    code = """
from jijbench.cli._terminal import prepare
prepare()
import warnings
from jijbench.errors import CacheWarning
warnings.warn("no\\x07 room", CacheWarning)
warnings.warn("another", UserWarning)
"""
    said = python(code).stderr.decode().splitlines()
    assert said[0] == r"warning: no\x07 room"
    assert said[1].endswith("UserWarning: another")


def test_cells_are_told_as_they_end_and_a_stranger_s_exception_is_seen_and_not_obeyed(tmp_path):
    (tmp_path / "b.yaml").write_text("""
benchmark: b
description: x
tasks: [jij-published-table/jij/transfer]
budget: {trials: 0, inner_folds: 1}
seeds: [0]
rows: [{row: mine, adapter: "screaming:M"}]
""")
    (tmp_path / "screaming.py").write_text("""
from jijbench.testing.bad import Zeros

class M(Zeros):
    def fit(self, samples, y, folds=None):
        raise RuntimeError("\\x1b[2J\\x1b]0;pwned\\x07 | a | <script>")
""")
    argv = ["jijbench", "run", "b.yaml", "--results", "r", "--workers", "1", "--no-figures"]
    code = f"import sys\nsys.argv = {argv!r}\nfrom jijbench.cli import main\nif __name__ == '__main__':\n    main()\n"
    (tmp_path / "go.py").write_text(code)
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "go.py"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "1 of 1 cells: jij-published-table/jij/transfer mine fold 0: failed, RuntimeError: \\x1b[2J" in done.stderr
    for text in (done.stdout, done.stderr, (tmp_path / "r" / "leaderboard.md").read_text()):
        assert "\x1b" not in text
        assert "\x07" not in text
    assert r"pwned\x07 | a | <script>" in done.stdout
    assert r"pwned\\x07 \| a \| &lt;script>" in (tmp_path / "r" / "leaderboard.md").read_text()
    assert "\x1b" not in (tmp_path / "r" / "leaderboard.csv").read_text()


def test_a_user_without_a_home_can_run(tmp_path):
    (tmp_path / "b.yaml").write_text("""
benchmark: b
description: x
tasks: [jij-published-table/jij/transfer]
budget: {trials: 0, inner_folds: 1}
seeds: [0]
rows: [{row: coulomb, adapter: coulomb}]
""")
    (tmp_path / "go.py").write_text("""
import os, pwd, sys
from jijbench.cli import main
if __name__ == "__main__":
    del os.environ["HOME"]
    pwd.getpwuid = {}.__getitem__  # the system's list of users does not know this one
    sys.argv = ["jijbench", "run", "b.yaml", "--results", "r", "--workers", "1"]
    main()
""")
    environment = {k: v for k, v in os.environ.items() if k not in ("JIJBENCH_CACHE", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "go.py"], cwd=tmp_path, env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "fold 0: complete" in done.stderr
    assert done.stderr.count("JIJBENCH_CACHE") == 1
