"""Steps to self-consistency in the user's own impurity code, from the atomic and from predicted starts.

The folder of hosts is that of ``kkr_cases``; every ``HOST/`` also holds ``config.cfg`` and the ``kkrflex_*`` files of
the converged host. Every run gets a folder of its own, in which the program is called without arguments and leaves
``log.txt``.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.errors import ExportError, JijbenchError
from jijbench.export.kkr_cases import Case, start_card
from jijbench.export.kkr_start import export_kkr
from jijbench.files import write_atomically
from jijbench.statistics import interval, jackknife

STARTS = ("atomic", "impurity", "impurity+shell")
COLUMNS = ["host", "impurity", "start", "steps", "ended", "rms_first_ry", "rms_last_ry", "reason"]
STEP = re.compile(r"ITERATION\s+(\d+)\s+average rms-error : v\+ \+ v- =\s*(\S+)")
BEGUN = re.compile(r"^\s*Iteration Number\s+\d+", re.MULTILINE)
#: how a run ends: what it counts as
CONVERGED, LIMIT, FAILED = "converged", "step limit", "failed"
RUNS = "steps.csv"
SENTENCE = "SCF ITERATION CONVERGED"


def read_log(text: str) -> tuple[list[float], str, str]:
    """Rms error (Ry) after each step, how the run ended, and the reason where it failed.

    Raises ``ExportError`` where the steps do not count 1, 2, …: two runs in one log.
    """
    found = STEP.findall(text)
    if [int(number) for number, _ in found] != list(range(1, len(found) + 1)):
        raise ExportError(f"log: the steps are {[n for n, _ in found][:8]} …, not 1, 2, …; one run a log")
    errors = [_number(word) for _, word in found]
    bad = next((k for k, error in enumerate(errors) if not np.isfinite(error)), None)
    if bad is not None:
        return errors[:bad], FAILED, f"diverged: rms error {found[bad][1]} in step {bad + 1}"
    if SENTENCE in text:
        return errors, CONVERGED, ""
    if not errors or len(BEGUN.findall(text)) > len(errors):
        last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "nothing printed")
        return errors, FAILED, f"stopped in step {len(errors) + 1}: {last[:80]}"
    return errors, LIMIT, ""


def _number(word: str) -> float:
    try:
        return float(word.replace("D", "E"))
    except ValueError:  # Fortran prints stars where a number does not fit
        return np.nan


def call(program: Path, folder: Path, seconds: float) -> str:
    """Run the program in a folder, output to ``log.txt``; the reason why it did not end well, or ''."""
    try:
        with (folder / "log.txt").open("wb") as log:
            run = subprocess.Popen(
                [str(program.resolve())], cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
    except OSError as error:
        return f"{program}: {error.strerror}"
    try:
        code = run.wait(timeout=seconds)
    except BaseException as stop:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        if isinstance(stop, subprocess.TimeoutExpired):
            return f"stopped after {seconds:g} s"
        raise
    if code:
        return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
    return ""


def _prepare(case: Case, start: str, hosts: Path, curves: Mapping[str, Path], folder: Path) -> None:
    host, element = case
    impurity = None if start == "atomic" else curves["dv"]
    shell = curves["dv-shell"] if start == "impurity+shell" else None
    export_kkr(host, element, impurity, shell, str(start_card(hosts, host, element)), hosts / host, folder)
    for path in [hosts / host / "config.cfg", *(hosts / host).glob("kkrflex_*"), *(hosts / host).glob("shapefun*")]:
        if path.name != "kkrflex_atominfo":
            shutil.copy(path, folder)


def _run(
    program: Path, case: Case, start: str, hosts: Path, curves: Mapping[str, Path], out: Path, seconds: float
) -> tuple:
    folder, errors, ended = out / f"{case[1]}-in-{case[0]}-{start}", list[float](), FAILED
    try:
        _prepare(case, start, hosts, curves, folder)
        broken = call(program, folder, seconds)
        errors, ended, reason = read_log((folder / "log.txt").read_text(encoding="utf-8", errors="replace"))
        ended, reason = (FAILED, broken) if broken else (ended, reason)
    except (JijbenchError, OSError) as error:
        reason = str(error)
    return (*case, start, len(errors), ended, *((errors[0], errors[-1]) if errors else (None, None)), reason)


def read_runs(out: Path) -> pd.DataFrame:
    """The runs that a folder holds already."""
    if not (out / RUNS).is_file():
        return pd.DataFrame(columns=COLUMNS)
    blank = {"rms_first_ry": [""], "rms_last_ry": [""]}
    return pd.read_csv(out / RUNS, keep_default_na=False, na_values=blank)


def run_cases(
    program: Path, cases: Sequence[Case], hosts: Path, curves: Mapping[str, Path], out: Path, seconds: float
) -> Iterator[pd.DataFrame]:
    """All runs so far, after each new one, and kept in ``steps.csv``; a run that failed says why.

    ``ended``: converged, step limit, or failed. A row of ``steps.csv`` is not run again: call again to go on after an
    interruption. The program is handed to the operating system as it is; curves are files of `jijbench predict`.
    """
    rows = list(read_runs(out).itertuples(index=False, name=None))
    for case in cases:
        for start in STARTS:
            if any(row[:3] == (*case, start) for row in rows):
                continue
            shutil.rmtree(out / f"{case[1]}-in-{case[0]}-{start}", ignore_errors=True)  # cut off half way
            rows.append(_run(program, case, start, hosts, curves, out, seconds))
            table = pd.DataFrame(rows, columns=COLUMNS)
            write_atomically(out / RUNS, table.to_csv(index=False).encode())
            yield table


def savings(runs: pd.DataFrame) -> pd.DataFrame:
    """What each predicted start saves against the atomic one: the mean of the shares of steps, 95 % over hosts.

    Runs at the step limit stay with their steps: bad luck is part of it. Cases in which one run failed are counted, and
    left out. ``n`` cases, ``at_limit`` of them with a run at the limit, ``failed`` others.
    """
    return pd.DataFrame([_saved(runs, start) for start in STARTS[1:] if (runs["start"] == start).any()])


def _saved(runs: pd.DataFrame, start: str) -> dict:
    ran = runs[runs["ended"] != FAILED].set_index(["host", "impurity"])
    both = ran[ran["start"] == "atomic"].join(ran[ran["start"] == start], lsuffix="_atomic", how="inner")
    old, new = both["steps_atomic"].to_numpy(float), both["steps"].to_numpy(float)
    hosts = np.unique(both.index.get_level_values("host"), return_inverse=True)[1][:, None]
    left = jackknife(new / old, np.ones(len(old)), [hosts]) if len(old) else None
    ends = interval(left) if left is not None else None
    return {
        "start": start,
        "n": len(old),
        "at_limit": int(((both["ended"] == LIMIT) | (both["ended_atomic"] == LIMIT)).sum()),
        "failed": len(runs.drop_duplicates(["host", "impurity"])) - len(old),
        "steps_atomic": old.mean() if len(old) else None,
        "steps": new.mean() if len(old) else None,
        "saved": 1 - float((new / old).mean()) if len(old) else None,
        "saved_low": None if ends is None else 1 - ends[1],
        "saved_high": None if ends is None else 1 - ends[0],
    }
