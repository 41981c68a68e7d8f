"""What goes wrong on one machine: no cell is lost or doubled, no record is half written, the table is the same."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from jijbench.benchmark import record_path
from jijbench.records.folder import RecordFolder
from jijbench.records.schema import read_record
from jijbench.runner import run_cells
from jijbench.runner.reuse import finished
from jijbench.tables.results import load_results
from jijbench.verify import check_record

RANDOM = "jij-bi2te3/jij/random-orbit"
SMALL = 2048  # bytes; less than any record


def command(tmp_path, folder) -> list[str]:
    return [sys.executable, "-m", "jijbench", "run", str(tmp_path / "b.yaml"), "--results", str(folder),
            "--no-figures", "-w", "1"]  # fmt: skip


def wait_for(what, seconds=60):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def check_folder(bench, folder):
    """One whole record a cell, the predictions are its own, and nothing else lies there."""
    results = load_results(bench, folder)
    for cell in results.cells:
        assert record_path(folder, cell).is_file()
        check_record(results, cell)
    found = {p.with_suffix("").with_suffix("").relative_to(folder).as_posix() for p in folder.rglob("f*.*")}
    assert found == {cell.slot for cell in bench.cells()}
    assert not list(folder.rglob(".f*"))


def test_two_runs_in_one_folder_leave_one_whole_record_a_cell(tmp_path, benchmark, numbers, one_warden):
    bench = benchmark("zero", "shell-mean", tasks=(RANDOM,))
    both = [subprocess.Popen(command(tmp_path, tmp_path / "both"), stdout=subprocess.PIPE) for _ in range(2)]
    tables = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    check_folder(bench, tmp_path / "both")
    run_cells(bench.cells(), tmp_path / "alone", place=one_warden)
    assert numbers(bench, tmp_path / "both") == numbers(bench, tmp_path / "alone")
    assert all(b"shell-mean" in table for table in tables)


def test_predictions_of_another_run_beside_a_record_are_computed_anew(tmp_path, benchmark, one_warden):
    bench = benchmark("zero")
    (cell,) = bench.cells()
    (record,) = run_cells([cell], tmp_path, place=one_warden)
    file = record_path(tmp_path, cell).parent / record.predictions.file
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"?")
    assert finished(RecordFolder(tmp_path), cell) is None
    run_cells([cell], tmp_path, place=one_warden)
    assert file.read_bytes() == whole


def test_a_child_killed_mid_cell_fails_alone(tmp_path, benchmark, begun, one_warden):
    bench = benchmark("models_of_faults:Patient", "zero")
    with ThreadPoolExecutor() as executor:
        job = executor.submit(run_cells, bench.cells(), tmp_path)
        wait_for(begun.exists)
        os.kill(int(begun.read_text()), signal.SIGKILL)
        patient, zero = job.result(timeout=60)
    assert (patient.status, patient.reason) == ("failed", "the worker process died with exit code -9")
    assert zero.status == "complete"
    assert run_cells(bench.cells(), tmp_path)[0].status == "failed"
    assert run_cells(bench.cells(), tmp_path, retry_failed=True, place=one_warden)[0].status == "complete"
    check_folder(bench, tmp_path)


def test_cells_end_with_the_run_that_asked_for_them(tmp_path, benchmark, begun):
    benchmark("models_of_faults:Patient")
    process = subprocess.Popen(command(tmp_path, tmp_path / "r"), stdout=subprocess.DEVNULL)
    wait_for(begun.exists)
    child = psutil.Process(int(begun.read_text()))
    process.kill()  # the run alone, not its children
    process.wait(timeout=30)
    child.wait(timeout=10)
    assert not list((tmp_path / "r").rglob("f*"))


def _little_space() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, SMALL))


@pytest.fixture(params=["limit", "disk"])
def full(request, tmp_path):
    """A results folder without space, and what a run there must be started with; then space is made."""
    folder = tmp_path / "full"
    folder.mkdir()
    if request.param == "limit":
        yield folder, _little_space, lambda: None
        return
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", folder], check=False).returncode:
        pytest.skip("no right to mount a small disk")
    more = ["mount", "-o", "remount,size=10m", folder]
    yield folder, None, lambda: subprocess.run(more, check=True)
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_stops_the_run_and_it_goes_on_when_there_is_space(tmp_path, benchmark, numbers, full, one_warden):
    folder, limit, make_space = full
    bench = benchmark("zero", "shell-mean", tasks=(RANDOM,))
    stopped = subprocess.run(command(tmp_path, folder), preexec_fn=limit, capture_output=True, text=True, check=False)
    assert stopped.returncode == 1
    assert "check the path and the free space" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    records = list(folder.rglob("f*.json"))
    assert len(records) < len(list(bench.cells()))
    assert all(read_record(path).status == "complete" for path in records)
    make_space()
    run_cells(bench.cells(), folder, place=one_warden)
    check_folder(bench, folder)
    run_cells(bench.cells(), tmp_path / "alone", place=one_warden)
    assert numbers(bench, folder) == numbers(bench, tmp_path / "alone")


@pytest.mark.parametrize("year", [1971, 2105])
def test_clocks_do_not_decide_what_is_finished(tmp_path, benchmark, year, one_warden):
    bench = benchmark("zero")
    (cell,) = bench.cells()
    run_cells([cell], tmp_path, place=one_warden)
    path = record_path(tmp_path, cell)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"created": f"{year}-01-01T00:00:00+00:00"}))
    seconds = (year - 1970) * 3.15e7
    for file in (*Path(path.parent).iterdir(), path.parent):
        os.utime(file, (seconds, seconds))
    reused = []
    run_cells([cell], tmp_path, tell=lambda record, again: reused.append(again))
    assert reused == [True]
