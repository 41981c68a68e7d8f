"""Logs of real runs read; the driver with a script that replays them in place of KKRimp, which is not at hand."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jijbench.errors import ExportError
from jijbench.export.kkr_steps import STARTS, read_log, read_runs, run_cases, savings

CARDS = Path(__file__).parent / "cards"


@pytest.mark.parametrize(
    ("name", "steps", "ended", "reason"),
    [
        ("atomic", 19, "converged", ""),
        ("learned", 19, "converged", ""),
        ("not_converged", 60, "step limit", ""),
        ("stopped", 1, "failed", "stopped in step 2: *** int: stop after  40 iterations"),
    ],
)
def test_recorded_logs(name, steps, ended, reason):
    errors, *found = read_log((CARDS / f"log_{name}.txt").read_text())
    assert len(errors) == steps
    assert found == [ended, reason]


def test_stars_are_divergence():
    text = "ITERATION   1 average rms-error : v+ + v- =  1.0D-01\nITERATION   2 average rms-error : v+ + v- = *****"
    assert read_log(text) == ([0.1], "failed", "diverged: rms error ***** in step 2")
    assert read_log("") == ([], "failed", "stopped in step 1: nothing printed")
    with pytest.raises(ExportError, match="one run a log"):
        read_log(text + text)


def driven(tmp_path, script, seconds=20.0):
    hosts = tmp_path / "hosts" / "Cu"
    hosts.mkdir(parents=True)
    shutil.copy(CARDS / "Cu_host.potential", hosts)
    shutil.copy(CARDS / "Ni_in_Cu.scoef", hosts / "scoef")
    (hosts / "config.cfg").write_text("NSPIN= 1\n")
    (hosts / "kkrflex_green").write_bytes(bytes(100_000))
    (hosts / "kkrflex_tmat").write_text("t\n")
    shutil.copy(CARDS / "Ni_in_Cu.start.potential", hosts / "Ni.start.potential")
    common = {"host": ["Cu"], "impurity": ["Ni"], "mean": np.full((1, 349), 0.01)}
    np.savez(tmp_path / "dv.npz", target="dv", **common)
    np.savez(tmp_path / "shell.npz", target="dv-shell", distance=[6.82191131 / np.sqrt(2)], **common)
    program = tmp_path / "program"
    if script:
        program.write_text("#!/bin/sh\n" + script)
        program.chmod(0o755)
    curves = {"dv": tmp_path / "dv.npz", "dv-shell": tmp_path / "shell.npz"}
    return run_cases(program, [("Cu", "Ni")], tmp_path / "hosts", curves, tmp_path / "out", seconds)


@pytest.mark.parametrize(
    ("script", "ended", "reason", "steps"),
    [
        (f"test -s potential && cat {CARDS}/log_learned.txt", "converged", "", 19),
        (f"cat {CARDS}/log_not_converged.txt", "step limit", "", 60),
        (f"cat {CARDS}/log_stopped.txt; exit 3", "failed", "exit code 3", 1),
        (f"cat {CARDS}/log_stopped.txt", "failed", "stopped in step 2", 1),  # Fortran's STOP ends with 0
        ("kill -9 $$", "failed", "killed by signal 9", 0),
        ("sleep 60", "failed", "stopped after 0.3 s", 0),
    ],
)
def test_every_end_is_a_row(script, ended, reason, steps, tmp_path):
    (*_, runs) = driven(tmp_path, script, 0.3 if script == "sleep 60" else 20.0)
    assert list(runs["start"]) == list(STARTS)
    assert list(runs["steps"]) == [steps] * 3
    assert list(runs["ended"]) == [ended] * 3
    assert all(reason in found for found in runs["reason"]), list(runs["reason"])


def test_an_interrupted_list_goes_on(tmp_path):
    runs = driven(tmp_path, f"echo . >> {tmp_path}/calls; cat {CARDS}/log_learned.txt")
    assert len(next(runs)) == 1
    runs.close()
    before = read_runs(tmp_path / "out")
    assert list(before["start"]) == ["atomic"]
    shutil.copytree(tmp_path / "out" / "Ni-in-Cu-atomic", tmp_path / "out" / "Ni-in-Cu-impurity")  # cut off half way
    curves = {"dv": tmp_path / "dv.npz", "dv-shell": tmp_path / "shell.npz"}
    cases, program = [("Cu", "Ni")], tmp_path / "program"
    (*_, after) = run_cases(program, cases, tmp_path / "hosts", curves, tmp_path / "out", 20.0)
    assert len((tmp_path / "calls").read_text().split()) == 3
    assert list(after["start"]) == list(STARTS)
    pd.testing.assert_frame_equal(read_runs(tmp_path / "out"), after)


def test_savings_of_known_steps():
    rows = [(h, "Ni", s, n, "converged") for h in "ABCD" for s, n in [("atomic", 20), ("impurity", 15)]]
    rows += [("A", "Ni", "impurity+shell", 60, "step limit"), ("B", "Ni", "impurity+shell", 3, "failed")]
    rows += [("C", "Ni", "impurity+shell", 10, "converged")]
    table = savings(pd.DataFrame(rows, columns=["host", "impurity", "start", "steps", "ended"])).set_index("start")
    first, second = table.loc["impurity"], table.loc["impurity+shell"]
    assert (first["n"], first["at_limit"], first["failed"], first["saved"]) == (4, 0, 0, 0.25)
    assert first["saved_low"] == pytest.approx(0.25)
    assert (second["n"], second["at_limit"], second["failed"]) == (2, 1, 2)
    assert second["saved"] == pytest.approx(1 - (60 / 20 + 10 / 20) / 2)  # the mean of shares, as the estimate's


def test_the_interval_is_over_hosts():
    rng = np.random.default_rng(0)
    held, draws = 0, 200
    for _ in range(draws):
        host = rng.normal(0.75, 0.1, 12)
        rows = [(f"H{h}", f"X{k}", s, 100 if s == "atomic" else int(100 * (host[h] + rng.normal(0, 0.03))), "converged")
                for h in range(12) for k in range(2) for s in ("atomic", "impurity")]  # fmt: skip
        line = savings(pd.DataFrame(rows, columns=["host", "impurity", "start", "steps", "ended"])).iloc[0]
        held += line["saved_low"] < 0.25 < line["saved_high"]
    assert 0.90 < held / draws < 0.985
