"""Logs of real runs read; the driver with a script that replays them in place of KKRimp, which is not at hand."""

import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jijbench.errors import DataError, ExportError
from jijbench.kkr.program import command, last_words
from jijbench.kkr.run import COLUMNS, STARTS, read_log, read_runs, run_cases, savings

CARDS = Path(__file__).parents[1] / "formats" / "kkr"


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


def driven(tmp_path, script, seconds=20.0, program=None):
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
    (tmp_path / "program").write_text("#!/bin/sh\n" + script)
    (tmp_path / "program").chmod(0o755)
    return again(tmp_path, program, seconds)


def again(tmp_path, program=None, seconds=20.0):
    curves = {"dv": tmp_path / "dv.npz", "dv-shell": tmp_path / "shell.npz"}
    program = program or tmp_path / "program"
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
    (*_, after) = again(tmp_path)
    assert len((tmp_path / "calls").read_text().split()) == 3
    assert list(after["start"]) == list(STARTS)
    pd.testing.assert_frame_equal(read_runs(tmp_path / "out"), after)


def test_failed_runs_are_tried_again_and_others_are_not(tmp_path):
    log = f"cat {CARDS}/log_learned.txt"
    script = f"echo . >> {tmp_path}/calls; case $PWD in *shell) echo Cannot open file x; exit 2;; esac; {log}"
    (*_, first) = driven(tmp_path, script)
    assert list(first["ended"]) == ["converged", "converged", "failed"]
    assert first["reason"].iloc[2] == "exit code 2: Cannot open file x"
    (tmp_path / "program").write_text(f"#!/bin/sh\necho . >> {tmp_path}/calls; {log}")
    (*_, second) = again(tmp_path)
    assert list(second["ended"]) == ["converged"] * 3
    assert len((tmp_path / "calls").read_text().split()) == 4
    assert list(again(tmp_path)) == []
    pd.testing.assert_frame_equal(read_runs(tmp_path / "out"), second)


def test_runs_from_other_predictions_are_not_mixed(tmp_path):
    runs = driven(tmp_path, f"cat {CARDS}/log_learned.txt")
    next(runs), next(runs)
    runs.close()
    np.savez(tmp_path / "dv.npz", target="dv", host=["Cu"], impurity=["Ni"], mean=np.full((1, 349), 0.02))
    with pytest.raises(ExportError, match="holds runs from other predictions"):
        next(again(tmp_path))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda hosts: (hosts / "config.cfg").unlink(), r"hosts/Cu: no config\.cfg"),
        (lambda hosts: (hosts / "kkrflex_green").unlink(), r"hosts/Cu: no kkrflex_green"),
        (
            lambda hosts: (hosts / "config.cfg").write_text("INS= 0\n NSPIN= 2\n"),
            r"NSPIN is 2, the host's potential has 1",
        ),
        (lambda hosts: (hosts / "scoef").write_text("1\n0 0 0 1\n"), "no atom of scoef at the predicted distances"),
        (lambda hosts: (hosts / "Ni.start.potential").unlink(), r"Ni\.start\.potential: No such file"),
    ],
)
def test_files_are_checked_before_the_first_run(change, complaint, tmp_path):
    runs = driven(tmp_path, f"touch {tmp_path}/ran")
    change(tmp_path / "hosts" / "Cu")
    with pytest.raises(ExportError, match=complaint):
        next(runs)
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "out").exists()


def test_the_program_is_checked_before_the_first_run(tmp_path):
    runs = driven(tmp_path, "", program=str(tmp_path / "nowhere"))
    with pytest.raises(ExportError, match="nowhere: No such file"):
        next(runs)
    (tmp_path / "program").chmod(0o644)
    with pytest.raises(ExportError, match="may not be executed"):
        next(again(tmp_path))
    for words, complaint in (("", "no program is given"), ("prog 'open", "No closing quotation")):
        with pytest.raises(ExportError, match=complaint):
            command(words)
    assert not (tmp_path / "out").exists()


def test_a_program_takes_arguments_and_files_in_them_are_found(tmp_path, monkeypatch):
    script = f'test "$1 $2" = "-n 4" && test -f "$3" && cat {CARDS}/log_learned.txt'
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kkrimp.x").write_text("")
    (*_, runs) = driven(tmp_path, script, program="./program -n 4 kkrimp.x")
    assert list(runs["ended"]) == ["converged"] * 3
    (tmp_path / "with blank").write_text("")
    (tmp_path / "with blank").chmod(0o755)
    assert command("with blank") == [str(tmp_path / "with blank")]
    assert command("sh -c 'echo 4'")[1:] == ["-c", "echo 4"]


def test_large_files_are_linked_and_small_ones_copied(tmp_path):
    (*_, runs) = driven(tmp_path, f"test $(wc -c < kkrflex_green) = 100000 && cat {CARDS}/log_learned.txt")
    assert list(runs["ended"]) == ["converged"] * 3
    ran = tmp_path / "out" / "Ni-in-Cu-atomic"
    assert (ran / "kkrflex_green").resolve() == tmp_path / "hosts" / "Cu" / "kkrflex_green"
    assert not (ran / "kkrflex_tmat").is_symlink()
    assert not (ran / "kkrflex_atominfo").is_symlink()
    shutil.rmtree(ran)  # as the next call does: what is linked stays
    assert (tmp_path / "hosts" / "Cu" / "kkrflex_green").stat().st_size == 100_000


CALL = """
import signal, sys
from pathlib import Path
from jijbench.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # as at a terminal; in the background it would be ignored
folder = Path(sys.argv[1])
sys.argv = ["jijbench", "kkr", "steps", "--program", f"{folder}/program", "--cases", f"{folder}/cases.csv",
            "--hosts", f"{folder}/hosts", "--impurity", f"{folder}/dv.npz", "--shell", f"{folder}/shell.npz",
            f"{folder}/out"]
main()
"""


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads the state of processes from /proc")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_program_too(number, code, tmp_path):
    """The program and what it started are gone when the command is; SIGKILL leaves it, and the next call says so."""
    driven(tmp_path, f"sleep 300 & echo $! > {tmp_path}/pids; echo $$ >> {tmp_path}/pids; wait")
    (tmp_path / "cases.csv").write_text("host,impurity\nCu,Ni\n")
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a job in the background would not hear Ctrl-C
    ours = subprocess.Popen(
        [sys.executable, "-c", CALL, str(tmp_path)], stderr=subprocess.PIPE, text=True, preexec_fn=heard
    )
    pids = tmp_path / "pids"
    until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    started = [int(word) for word in pids.read_text().split()]
    assert all(alive(pid) for pid in started)
    ours.send_signal(number)
    _, said = ours.communicate(timeout=30)
    assert ours.returncode == code
    assert "Traceback" not in said
    until(lambda: not any(alive(pid) for pid in started))
    assert read_runs(tmp_path / "out").empty


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads the state of processes from /proc")
def test_a_program_that_a_killed_call_left_is_said(tmp_path):
    driven(tmp_path, f"echo $$ > {tmp_path}/pids; exec sleep 300")
    (tmp_path / "cases.csv").write_text("host,impurity\nCu,Ni\n")
    ours = subprocess.Popen([sys.executable, "-c", CALL, str(tmp_path)])
    until(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text().strip())
    ours.kill()
    ours.wait()
    (left,) = (int(word) for word in (tmp_path / "pids").read_text().split())
    try:
        with pytest.raises(ExportError, match="a program that it left, still runs"):
            next(again(tmp_path))
    finally:
        os.kill(left, signal.SIGKILL)
    until(lambda: not alive(left))
    (tmp_path / "program").write_text(f"#!/bin/sh\ncat {CARDS}/log_learned.txt")
    (*_, runs) = again(tmp_path)
    assert list(runs["ended"]) == ["converged"] * 3


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("At line 3 of file x.f90\nFortran runtime error: Cannot open file 'y'\n\nError termination. Backtrace:\n"
         "#0  0x7f\n#1  0x7e\n", "Fortran runtime error: Cannot open file 'y' | Error termination. Backtrace:"),
        ("\x1b[31mred\x07\n", "[31mred"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_programs_own_last_words(printed, said, tmp_path):
    (tmp_path / "log.txt").write_text(printed)
    assert last_words(tmp_path).endswith(said)
    assert last_words(tmp_path).isprintable()


@pytest.mark.parametrize(
    "row",
    [
        "Cu,Ni,atomic,many,converged,0.1,0.1,",
        "Cu,Ni,atomic,19,finished,0.1,0.1,",
        "Cu,Ni,guess,19,converged,0.1,0.1,",
        "Cu,Nix,atomic,19,converged,0.1,0.1,",
        "Cu,Ni,atomic,19,failed,0.1,0.1,",
        "Cu,Ni,atomic,0,converged,,,",
        "Cu,Ni,atomic,19,converged,,,",
        "Cu,Ni,atomic,19,converged,nan,0.1,",
        "Cu,Ni,atomic,19,converged,-0.1,0.1,",
        "Cu,Ni,atomic",
        "Cu,Ni,impurity,19,converged,0.1,0.1,",
    ],
)
def test_a_damaged_row_is_named(row, tmp_path):
    good = "Cu,Ni,impurity,19,converged,0.1,1e-05,"
    (tmp_path / "steps.csv").write_text("\n".join([",".join(COLUMNS), good]) + "\n")
    assert read_runs(tmp_path).iloc[0].tolist() == ["Cu", "Ni", "impurity", 19, "converged", 0.1, 1e-5, ""]
    (tmp_path / "steps.csv").write_text("\n".join([",".join(COLUMNS), good, row]) + "\n")
    with pytest.raises((DataError, ExportError), match=r"steps\.csv[,:] row 2"):
        read_runs(tmp_path)


@pytest.mark.parametrize(
    ("hosts", "cases", "what"),
    [
        (3, 1, "over 3 hosts"),
        (2, 2, "over cases: too few hosts (2)"),
        (1, 3, "over cases: too few hosts (1)"),
        (2, 1, "none: 2 cases"),
    ],
)
def test_there_is_an_interval_or_a_reason(hosts, cases, what, tmp_path):
    rows = [(f"H{h}", f"X{k}", s, n, "converged") for h in range(hosts) for k in range(cases)
            for s, n in (("atomic", 20), ("impurity", 10 + h + k))]  # fmt: skip
    line = savings(pd.DataFrame(rows, columns=["host", "impurity", "start", "steps", "ended"])).iloc[0]
    assert line["interval"].startswith(what)
    if what.startswith("none"):
        assert pd.isna(line["saved_low"])
    else:
        assert line["saved_low"] < line["saved"] < line["saved_high"]


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
