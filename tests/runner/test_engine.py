"""Many cells in worker processes that may die."""

import os
import signal
import subprocess
import sys
import time

import pytest
import yaml

from jijbench.benchmark import load_benchmark, record_path
from jijbench.runner import run_cells
from jijbench.tables.leaderboard import leaderboard
from jijbench.tables.results import load_results

BAD = "jijbench.testing.bad:"
TASK = "jij-published-table/jij/transfer"


def write_benchmark(path, rows, tasks=(TASK,), **budget):
    content = {
        "benchmark": "mine", "description": "for the tests", "tasks": list(tasks), "rows": rows, "seeds": [0],
        "budget": {"trials": 2, "inner_folds": 1, "cell_seconds": 60, "memory_gib": 8} | budget,
    }  # fmt: skip
    path.write_text(yaml.safe_dump(content))
    return load_benchmark(path)


GOOD = [{"row": "zero", "adapter": "zero"}, {"row": "low-rank", "adapter": "low-rank"}]


def test_a_model_that_kills_its_process_or_sleeps_fails_alone(tmp_path):
    rows = [
        {"row": "killed", "adapter": BAD + "Killed"},
        {"row": "slow", "adapter": BAD + "Slow"},
        {"row": "raising", "adapter": BAD + "Raising"},
        *GOOD,
    ]
    bench = write_benchmark(tmp_path / "b.yaml", rows, cell_seconds=8)
    records = {r.key.row: r for r in run_cells(bench.cells(), tmp_path, workers=2)}
    assert {name: r.status for name, r in records.items()} == {
        "killed": "failed", "slow": "failed", "raising": "failed", "zero": "complete", "low-rank": "complete",
    }  # fmt: skip
    assert "died with exit code" in records["killed"].reason
    assert "longer than 8 s" in records["slow"].reason
    table = leaderboard(load_results(bench, tmp_path)).set_index("row")
    assert table.loc["killed", "mae"] is None
    assert "died" in table.loc["killed", "reason"]
    assert table.loc["zero", "mae"] is not None


def test_one_and_two_workers_give_the_same_table(tmp_path, numbers):
    rows = [*GOOD, {"row": "soap", "adapter": "soap", "fixed": {"n_max": 3, "l_max": 2}}]
    bench = write_benchmark(tmp_path / "b.yaml", rows)
    tables = []
    for workers in (1, 2):
        run_cells(bench.cells(), tmp_path / str(workers), workers=workers)
        tables.append(numbers(bench, tmp_path / str(workers)))
    assert tables[0] == tables[1]


def test_finished_cells_are_not_repeated(tmp_path, one_warden):
    bench = write_benchmark(tmp_path / "b.yaml", GOOD)
    run_cells(bench.cells(), tmp_path, place=one_warden)
    stamps = {c.slot: record_path(tmp_path, c).stat().st_mtime_ns for c in bench.cells()}
    reused = []
    run_cells(bench.cells(), tmp_path, tell=lambda record, again: reused.append(again))
    assert reused == [True, True]
    assert stamps == {c.slot: record_path(tmp_path, c).stat().st_mtime_ns for c in bench.cells()}


def test_a_failed_cell_is_kept_and_retried_when_asked(tmp_path, one_warden):
    bench = write_benchmark(tmp_path / "b.yaml", [{"row": "raising", "adapter": BAD + "Raising"}])
    seen = []
    for retry in (False, False, True):
        tell = lambda record, again: seen.append(again)  # noqa: E731
        run_cells(bench.cells(), tmp_path, retry_failed=retry, tell=tell, place=one_warden)
    assert seen == [False, True, False]


def _heed_ctrl_c() -> None:
    """Tests that were started in the background inherit that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def half_way(tmp_path_factory, models, one_warden, numbers):
    """A benchmark whose last row waits to be killed when it first fits, and the table of a run that never was."""
    folder = tmp_path_factory.mktemp("half")
    rows = [{"row": name, "adapter": name} for name in ("zero", "shell-mean")]
    rows.append({"row": "patient", "adapter": "models_of_faults:Patient"})
    bench = write_benchmark(folder / "b.yaml", rows, ("jij-bi2te3/jij/random-orbit",))
    models.with_suffix(".new").touch()  # here it does not wait
    run_cells(bench.cells(), folder / "whole", place=one_warden)
    return bench, folder, numbers(bench, folder / "whole")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_killed_half_way_goes_on_to_the_same_table(tmp_path, half_way, begun, how, one_warden, numbers):
    bench, folder, whole = half_way
    process = subprocess.Popen(
        [sys.executable, "-m", "jijbench", "run", str(folder / "b.yaml"), "--results", str(tmp_path), "--no-figures",
         "-w", "1"],
        start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_heed_ctrl_c,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not begun.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, how)
    process.wait(timeout=30)
    kept = {p: p.read_bytes() for p in tmp_path.rglob("f*.json")}
    assert {path.parent.name for path in kept} == {"zero", "shell-mean"}
    assert len(kept) == 10
    run_cells(bench.cells(), tmp_path, place=one_warden)
    assert all(path.read_bytes() == content for path, content in kept.items()), "a finished cell was repeated"
    assert numbers(bench, tmp_path) == whole
    assert not list(tmp_path.rglob(".f*")) or how == signal.SIGKILL


def test_each_device_has_one_cell_at_a_time(tmp_path, benchmark):
    """Four cells on two devices that nobody has: records say where their models may compute."""
    bench = benchmark("zero", "mean", "shell-mean", "pair-mean")
    records = run_cells(bench.cells(), tmp_path / "r", devices=("cuda:0", "cuda:1"))
    assert {record.machine["device"] for record in records} == {"cuda:0", "cuda:1"}
    assert {record.status for record in records} == {"complete"}
    (again,) = run_cells(benchmark("zero").cells(), tmp_path / "s")
    assert again.machine["device"] == "cpu"
