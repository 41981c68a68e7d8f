"""Processes of cells: nothing of one reaches another, and nothing of it stays."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from jijbench.runner import run_cells
from jijbench.runner.cost import children

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="cells are forked on Linux alone")
MODELS = '''
"""Models that are no good neighbours."""

import os
import subprocess
import sys
import threading
import time
import warnings
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
import tempfile

import numpy as np

import jijbench.scores.metrics
from jijbench.testing.bad import Zeros

SEEN = []


class Spoiling(Zeros):
    """Changes everything that a module can."""

    def fit(self, samples, y, folds=None):
        SEEN.append(1)
        sys.setrecursionlimit(200)
        sys.path.insert(0, "/nowhere")
        os.environ["JIJBENCH_TEST_SPOILT"] = "1"
        os.chdir("/")
        warnings.simplefilter("error")
        np.seterr(all="raise")
        np.random.seed(1)
        sys.modules["pandas"].spoilt = True
        threading.Thread(target=time.sleep, args=(300,)).start()
        return super().fit(samples, y, folds)


class Looking(Zeros):
    """Says what it finds."""

    def fit(self, samples, y, folds=None):
        found = [bool(SEEN), sys.getrecursionlimit() < 1000, "/nowhere" in sys.path, Path.cwd() == Path("/"),
                 "JIJBENCH_TEST_SPOILT" in os.environ, np.geterr()["over"] == "raise",
                 hasattr(sys.modules["pandas"], "spoilt"), warnings.filters[0][:3] == ("error", None, Warning)]
        self.found_ = str([k for k, spoilt in enumerate(found) if spoilt])
        return super().fit(samples, y, folds)


class Leaving(Zeros):
    """Leaves processes that nobody would find, and a temporary file; then does what the environment says."""

    def fit(self, samples, y, folds=None):
        handle, name = tempfile.mkstemp()
        code = "import subprocess as s; print(s.Popen(['sleep', '300'], start_new_session=True, stdout=s.DEVNULL).pid)"
        pid = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True).stdout
        Path(os.environ["JIJBENCH_TEST_LEFT"]).write_text(f"{pid.strip()} {name}")
        exec(os.environ["JIJBENCH_TEST_THEN"])
        return super().fit(samples, y, folds)


class Sharing(Zeros):
    """Holds much memory that no limit of one process counts."""

    def fit(self, samples, y, folds=None):
        block = SharedMemory(create=True, size=600 << 20)
        np.ndarray(600 << 20, dtype=np.uint8, buffer=block.buf)[:] = 1
        block.unlink()
        time.sleep(20)
        return super().fit(samples, y, folds)
'''


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory, models):  # after `models`: what ends first puts sys.path back
    folder = tmp_path_factory.mktemp("neighbours")
    (folder / "neighbours.py").write_text(MODELS)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield
    sys.modules.pop("neighbours", None)


def test_no_cell_changes_the_interpreter_of_another(tmp_path, benchmark, neighbours):
    rows = ("neighbours:Spoiling", "neighbours:Looking")
    spoiling, looking = run_cells(benchmark(*rows).cells(), tmp_path, workers=1)
    assert (spoiling.status, spoiling.reason) == ("complete", None), "a thread that goes on holds nobody up"
    assert looking.chosen["found_"] == "[]"


@pytest.mark.parametrize(
    ("then", "reason"),
    [
        ("pass", None),
        ("os._exit(0)", "the worker process died with exit code 0"),
        ("os.kill(os.getpid(), 9)", "the worker process died with exit code -9"),
        ("os.killpg(0, 9)", "the worker process died with exit code -9"),
        ("os.closerange(3, 100)", "the worker process died with exit code 0"),
        ("time.sleep(100)", "the cell took longer than 4 s and was stopped"),
        ("os.kill(os.getpid(), 19)", "the cell took longer than 4 s and was stopped"),
        ("sys.exit(0)", "SystemExit: 0"),
    ],
)
def test_what_a_cell_started_ends_with_it(tmp_path, benchmark, neighbours, monkeypatch, then, reason):
    monkeypatch.setenv("JIJBENCH_TEST_LEFT", str(tmp_path / "left"))
    monkeypatch.setenv("JIJBENCH_TEST_THEN", then)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "scratch").mkdir()
    leaving, zero = run_cells(benchmark("neighbours:Leaving", "zero", cell_seconds=4).cells(), tmp_path / "r")
    assert leaving.reason == reason
    assert zero.status == "complete"
    pid, name = (tmp_path / "left").read_text().split()
    assert not psutil.pid_exists(int(pid))
    assert name.startswith(str(tmp_path / "scratch"))
    assert not list((tmp_path / "scratch").iterdir())


def test_shared_memory_counts(tmp_path, benchmark, neighbours):
    sharing, zero = run_cells(benchmark("neighbours:Sharing", "zero", memory_gib=0.5).cells(), tmp_path)
    assert sharing.status == "failed"
    assert "MiB, more than 0.5 GiB" in sharing.reason
    assert zero.status == "complete"


def test_the_process_that_cells_start_from_may_be_killed(tmp_path, benchmark, begun):
    bench = benchmark("models_of_faults:Patient", "zero", "shell-mean")
    with ThreadPoolExecutor() as executor:
        job = executor.submit(run_cells, bench.cells(), tmp_path)
        deadline = time.monotonic() + 60
        while not begun.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        cell = psutil.Process(int(begun.read_text()))
        os.kill(cell.ppid(), signal.SIGKILL)
        cell.wait(timeout=10)
        patient, *others = job.result(timeout=60)
    assert (patient.status, patient.extra) == ("failed", {"lost": "KilledWorker"})
    assert [record.status for record in others] == ["complete"] * 2
    assert [record.status for record in run_cells(bench.cells(), tmp_path)] == ["complete"] * 3


def test_a_jump_of_the_clock_ends_no_cell(tmp_path, benchmark):
    benchmark("models_of_faults:Slowly", cell_seconds=30)
    (tmp_path / "models_of_faults.py").write_text(
        "import time\nfrom pathlib import Path\nfrom jijbench.testing.bad import Zeros\n\n\nclass Slowly(Zeros):\n"
        "    def fit(self, samples, y, folds=None):\n        Path('jump').touch()\n        time.sleep(2)\n"
        "        return super().fit(samples, y, folds)\n"
    )
    (tmp_path / "sitecustomize.py").write_text(
        "import os, time\nreal = time.time\ntime.time = lambda: real() + 7200 * os.path.exists('jump')\n"
    )
    command = [sys.executable, "-m", "jijbench", "run", "b.yaml", "--results", "r", "--no-figures", "-w", "1"]
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    found = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert (tmp_path / "jump").exists()
    assert found.returncode == 0, found.stderr
    assert "failed" not in found.stdout


SCRIPT = """
import jijbench
task = jijbench.load_task("jij-published-table/jij/transfer")
results = jijbench.run(task, rows=["zero"], trials=1, workers={workers}, folder={folder!r})
print(jijbench.leaderboard(results)["mae_magnetic"].item())
"""


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("stdin", [True, False])
def test_a_script_needs_neither_a_file_nor_a_guard(tmp_path, workers, stdin):
    script = SCRIPT.format(workers=workers, folder=str(tmp_path / "r"))
    (tmp_path / "s.py").write_text(script)
    found = subprocess.run(
        [sys.executable, *([] if stdin else ["s.py"])], cwd=tmp_path, input=script if stdin else None,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.stderr == ""
    assert float(found.stdout) == pytest.approx(8.178414, abs=1e-6)


@pytest.mark.parametrize("later", [0.0, 0.3, 1.0])
def test_ctrl_c_while_workers_start_is_quiet(tmp_path, benchmark, later):
    benchmark("zero", "shell-mean")
    run = subprocess.Popen(
        [sys.executable, "-m", "jijbench", "run", "b.yaml", "--results", "r", "--no-figures", "-w", "2"],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    while not (wardens := children(run.pid)):
        assert run.poll() is None
        time.sleep(0.005)
    time.sleep(later)
    os.killpg(run.pid, signal.SIGINT)
    told = run.communicate(timeout=60)[1]
    assert told.strip() == "stopped; run the same command again to go on"
    assert run.returncode == 130
    deadline = time.monotonic() + 10
    while any(map(psutil.pid_exists, wardens)):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_folder_that_cannot_be_written_stops_the_run_with_one_error(tmp_path, benchmark):
    (tmp_path / "r").write_text("a file")
    with pytest.raises(OSError, match="r"):
        run_cells(benchmark("zero").cells(), Path(tmp_path / "r"))
