"""The same cells on Dask workers: real processes, killed while they compute."""

import os
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from jijbench.benchmark import record_path
from jijbench.errors import DataError, JijbenchError, MissingExtra
from jijbench.records.schema import read_record
from jijbench.runner import dask_workers, read_cluster, run_cells
from jijbench.runner.places import ComputeCluster

dask = pytest.importorskip("dask", reason="the extra cluster is not installed")
RANDOM = "jij-bi2te3/jij/random-orbit"


@pytest.fixture(scope="module")
def cluster(models):
    """Two worker processes of one thread each, of a scheduler that runs at an address."""
    from jijbench.runner._dask import SETTINGS, started

    with (
        dask.config.set(SETTINGS),
        started(ComputeCluster(cluster="local", jobs=2, options={"silence_logs": 50})) as two,
    ):
        two.wait_for_workers(2)
        yield two


@pytest.fixture
def place(cluster):
    return dask_workers(cluster.scheduler_address)


def wait_for(what, seconds=60):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def pids(cluster) -> set[int]:
    from distributed import Client

    with Client(cluster.scheduler_address, set_as_default=False) as client:
        return set(client.run(os.getpid).values())


def test_dask_and_this_machine_give_the_same_table(tmp_path, benchmark, numbers, place, one_warden):
    bench, ended = benchmark("zero", "shell-mean", "jijbench.testing.bad:Raising", tasks=(RANDOM,)), []
    there = run_cells(bench.cells(), tmp_path / "dask", place=place, tell=lambda record, again: ended.append(again))
    here = run_cells(bench.cells(), tmp_path / "here", place=one_warden)
    assert ended == [False] * len(there)
    assert [r.key for r in there] == [r.key for r in here]
    assert [r.predictions for r in there] == [r.predictions for r in here]
    assert numbers(bench, tmp_path / "dask") == numbers(bench, tmp_path / "here")
    run_cells(bench.cells(), tmp_path / "dask", place=place, tell=lambda record, again: ended.append(again))
    assert ended[len(there) :] == [True] * len(there)


def test_a_cell_that_dies_or_sleeps_fails_alone_and_its_worker_lives(tmp_path, benchmark, place, cluster):
    before = pids(cluster)
    bench = benchmark("jijbench.testing.bad:Killed", "jijbench.testing.bad:Slow", "zero", cell_seconds=4)
    killed, slow, zero = run_cells(bench.cells(), tmp_path, place=place)
    assert "died with exit code" in killed.reason
    assert "longer than 4 s" in slow.reason
    assert zero.status == "complete"
    assert pids(cluster) == before


def test_threads_are_bounded_on_a_worker(tmp_path, benchmark, place):
    (record,) = run_cells(benchmark("models_of_faults:Counting").cells(), tmp_path, place=place)
    assert record.status == "complete", record.reason
    assert record.chosen["threads_"] == record.chosen["variable_"] == record.machine["threads"] == 1


def test_a_worker_killed_mid_cell_loses_no_cell(tmp_path, benchmark, numbers, place, begun, one_warden):
    bench = benchmark("models_of_faults:Patient", "zero", "shell-mean", tasks=(RANDOM,))
    with ThreadPoolExecutor() as executor:
        job = executor.submit(run_cells, bench.cells(), tmp_path / "cut", place=place)
        wait_for(begun.exists)
        child = psutil.Process(int(begun.read_text()))
        os.kill(child.ppid(), signal.SIGKILL)
        child.wait(timeout=10)  # what the worker had begun ends with it
        records = job.result(timeout=60)
    lost = [record for record in records if record.status != "complete"]
    assert "patient" in {record.key.row for record in lost}
    assert len(lost) <= 3  # the one that ran, and what Dask had sent ahead before it knew how many there are
    for record in lost:
        assert (record.status, record.extra) == ("failed", {"lost": "KilledWorker"}), record.reason
        assert "worker was lost" in record.reason
    again = []
    run_cells(bench.cells(), tmp_path / "cut", place=place, tell=lambda record, reused: again.append(reused))
    assert again.count(False) == len(lost)
    run_cells(bench.cells(), tmp_path / "whole", place=one_warden)
    assert numbers(bench, tmp_path / "cut") == numbers(bench, tmp_path / "whole")
    assert not list((tmp_path / "cut").rglob(".f*"))


def test_a_record_written_before_its_worker_was_lost_stands(tmp_path, benchmark, place):
    """A worker that is lost between the record and its answer: what is written is taken."""
    from jijbench.runner.engine import _record
    from jijbench.runner.places import Place

    (cell,) = benchmark("zero").cells()
    (record,) = run_cells([cell], tmp_path, place=place)
    with ThreadPoolExecutor() as executor:
        job = executor.submit(lambda: 1 / 0)
        assert _record(cell, job, tmp_path, Place(executor.submit, (ZeroDivisionError,))) == record
    assert read_record(record_path(tmp_path, cell)) == record


def test_schedulers_that_cannot_serve_are_refused(monkeypatch, tmp_path, benchmark):
    from distributed import LocalCluster

    from jijbench.runner import _dask

    cells = list(benchmark("zero").cells())
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 3}),  # Dask's own default
        LocalCluster(n_workers=0, dashboard_address=None, silence_logs=50) as usual,
        pytest.raises(JijbenchError, match=r"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES=0"),
    ):
        run_cells(cells, tmp_path, place=dask_workers(usual.scheduler_address))
    monkeypatch.setattr(_dask, "PATIENCE", 1)
    with pytest.raises(JijbenchError, match="no Dask scheduler answers"):
        run_cells(cells, tmp_path, place=dask_workers("tcp://127.0.0.1:9"))


def test_without_dask_the_extra_is_named(monkeypatch):
    import jijbench.runner

    monkeypatch.setitem(sys.modules, "dask", None)
    monkeypatch.delitem(sys.modules, "jijbench.runner._dask", raising=False)
    monkeypatch.delattr(jijbench.runner, "_dask", raising=False)
    with pytest.raises(MissingExtra, match=r"\[cluster\]"):
        dask_workers("tcp://127.0.0.1:9")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("cluster: pbs\njobs: 1", "cluster"), ("cluster: local\njobs: 0", "jobs"), ("cluster: [", "expected (the )?node")],
)
def test_a_bad_cluster_file_is_named(tmp_path, text, complaint):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(DataError, match=complaint) as caught:
        read_cluster(tmp_path / "c.yaml")
    assert "c.yaml" in str(caught.value)


SBATCH = """#!/bin/sh
cp "$1" "{folder}/job-$$.sh"  # the caller removes its own
setsid sh "{folder}/job-$$.sh" > "{folder}/job-$$.log" 2>&1 &
echo $! >> "{folder}/jobs"
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
for job in "$@"; do kill -TERM -- "-$job" 2>/dev/null; done
exit 0
"""


def test_slurm_jobs_run_cells(tmp_path, benchmark, monkeypatch):
    """A machine of one node, whose ``sbatch`` starts the job script at once."""
    before = signal.getsignal(signal.SIGINT)
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        tool = tmp_path / "bin" / name
        tool.parent.mkdir(exist_ok=True)
        tool.write_text(text.format(folder=tmp_path))
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    (tmp_path / "slurm.yaml").write_text(
        "cluster: slurm\njobs: 1\n"
        "options: {queue: batch, cores: 2, processes: 2, memory: 4GB, walltime: '00:10:00', interface: lo,"
        " local_directory: null, scheduler_options: {dashboard_address: null}}\n"
    )
    bench = benchmark("zero", "shell-mean")
    records = run_cells(bench.cells(), tmp_path / "r", place=dask_workers(read_cluster(tmp_path / "slurm.yaml")))
    assert [record.status for record in records] == ["complete"] * 2
    jobs = [int(line) for line in (tmp_path / "jobs").read_text().split()]
    assert len(jobs) == 1
    assert signal.getsignal(signal.SIGINT) is before, "dask_jobqueue replaces the answer to Ctrl-C"
    wait_for(lambda: not psutil.pid_exists(jobs[0]) or psutil.Process(jobs[0]).status() == psutil.STATUS_ZOMBIE)


def test_ctrl_c_stops_a_run_on_a_cluster_and_its_cells(tmp_path, benchmark, begun):
    benchmark("zero", "models_of_faults:Patient")
    (tmp_path / "c.yaml").write_text("cluster: local\njobs: 1\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "jijbench", "run", str(tmp_path / "b.yaml"), "--results", str(tmp_path / "r"),
         "--no-figures", "--cluster", str(tmp_path / "c.yaml")],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    wait_for(begun.exists)
    child = psutil.Process(int(begun.read_text()))
    os.killpg(process.pid, signal.SIGINT)
    told = process.communicate(timeout=60)[1]
    assert process.returncode in (130, -signal.SIGINT), told  # a shell reads 130 from both
    assert "run the same command again to go on" in told
    child.wait(timeout=10)
    assert [path.parent.name for path in (tmp_path / "r").rglob("f*.json")] == ["zero"]
