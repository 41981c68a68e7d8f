"""Logs of real runs read; the driver with a script that replays them in place of KKRimp, which is not at hand."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jijbench.export.kkr_steps import read_log, run_cases, savings

CARDS = Path(__file__).parent / "cards"


@pytest.mark.parametrize(
    ("name", "steps", "reason"),
    [("atomic", 19, None), ("learned", 19, None), ("not_converged", 60, "not converged"), ("stopped", 1, "not conv")],
)
def test_recorded_logs(name, steps, reason):
    errors, found = read_log((CARDS / f"log_{name}.txt").read_text())
    assert len(errors) == steps
    assert found is None if reason is None else reason in found


def test_stars_are_divergence():
    text = "ITERATION   1 average rms-error : v+ + v- =  1.0D-01\nITERATION   2 average rms-error : v+ + v- = *****"
    assert read_log(text) == ([0.1], "diverged: rms error ***** in step 2")


def driven(tmp_path, script, seconds=20.0):
    hosts = tmp_path / "hosts" / "Cu"
    hosts.mkdir(parents=True)
    shutil.copy(CARDS / "Cu_host.potential", hosts)
    shutil.copy(CARDS / "Ni_in_Cu.scoef", hosts / "scoef")
    (hosts / "config.cfg").write_text("NSPIN= 1\n")
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
    ("script", "reason", "steps"),
    [
        (f"test -s potential && cat {CARDS}/log_learned.txt", "", 19),
        (f"cat {CARDS}/log_stopped.txt; exit 3", "exit code 3", 1),
        ("kill -9 $$", "killed by signal 9", 0),
        ("sleep 60", "stopped after 0.3 s", 0),
        (None, "program: No such file", 0),
    ],
)
def test_every_end_is_a_row(script, reason, steps, tmp_path):
    runs = driven(tmp_path, script, 0.3 if script == "sleep 60" else 20.0)
    assert list(runs["steps"]) == [steps] * 3
    assert all(reason in found for found in runs["reason"]), list(runs["reason"])
    assert list(runs["converged"]) == [not reason] * 3


def test_savings_of_known_steps():
    rows = [(h, "Ni", s, n, True) for h in "ABCD" for s, n in [("atomic", 20), ("impurity", 15)]]
    rows.append(("A", "Ni", "impurity+shell", 60, False))
    table = savings(pd.DataFrame(rows, columns=["host", "impurity", "start", "steps", "converged"]))
    first = table.iloc[0]
    assert (first["n"], first["steps_saved"], first["share"]) == (4, 5.0, 0.25)
    assert first["share_low"] == pytest.approx(0.25)
    assert table.iloc[1]["n"] == 0
