"""Steps to self-consistency in the user's own impurity code, from the atomic and from predicted starts.

Layout of the folder of hosts: ``HOST/`` with ``HOST_host.potential``, ``scoef``, ``X.start.potential`` for every
impurity X (the card of voronoi), ``config.cfg`` and the ``kkrflex_*`` files of the converged host. Every run gets a
folder of its own, in which the program is called without arguments and leaves ``log.txt``.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.errors import ExportError, JijbenchError
from jijbench.export.folders import check_free
from jijbench.export.kkr_start import export_kkr
from jijbench.statistics import interval, jackknife

STARTS = ("atomic", "impurity", "impurity+shell")
POINTS = 349
STEP = re.compile(r"ITERATION\s+(\d+)\s+average rms-error : v\+ \+ v- =\s*(\S+)")
CONVERGED = "SCF ITERATION CONVERGED"


def read_log(text: str) -> tuple[list[float], str | None]:
    """Rms error (Ry) after each step, and the reason why the run is not converged (None where it is).

    Raises ``ExportError`` where the steps do not count 1, 2, …: two runs in one log.
    """
    found = STEP.findall(text)
    if [int(number) for number, _ in found] != list(range(1, len(found) + 1)):
        raise ExportError(f"log: the steps are {[n for n, _ in found][:8]} …, not 1, 2, …; one run a log")
    errors = []
    for _, word in found:
        try:
            errors.append(float(word.replace("D", "E")))
        except ValueError:  # Fortran prints stars where a number does not fit
            return errors, f"diverged: rms error {word} in step {len(errors) + 1}"
    bad = [k for k, error in enumerate(errors, start=1) if not np.isfinite(error)]
    if bad:
        return errors[: bad[0] - 1], f"diverged: rms error not finite in step {bad[0]}"
    if CONVERGED in text:
        return errors, None
    return errors, f"not converged after {len(errors)} steps" if errors else "no step in the log"


def call(program: Path, folder: Path, seconds: float) -> str | None:
    """Run the program in a folder, output to ``log.txt``; the reason why it did not end well, or None."""
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
    return None


def _prepare(host: str, element: str, start: str, hosts: Path, curves: Mapping[str, Path], folder: Path) -> None:
    source = hosts / host
    if start == "atomic":  # the card of zero change: the same files by the same way
        zero = folder.with_suffix(".npz")
        np.savez(zero, target="dv", host=[host], impurity=[element], mean=np.zeros((1, POINTS)))
    impurity = zero if start == "atomic" else curves["dv"]
    shell = curves["dv-shell"] if start == "impurity+shell" else None
    export_kkr(host, element, impurity, shell, str(source / f"{element}.start.potential"), source, folder)
    for path in [source / "config.cfg", *source.glob("kkrflex_*"), *source.glob("shapefun*")]:
        if path.name != "kkrflex_atominfo":
            shutil.copy(path, folder)


def run_cases(
    program: Path, cases: Iterable[tuple[str, str]], hosts: Path, curves: Mapping[str, Path], out: Path, seconds: float
) -> pd.DataFrame:
    """One row a run: host, impurity, start, steps, converged, last rms error, reason where it did not converge."""
    check_free(out)
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for host, element in cases:
        for start in STARTS:
            folder, errors = out / f"{element}-in-{host}-{start}", list[float]()
            try:
                _prepare(host, element, start, hosts, curves, folder)
                ended = call(program, folder, seconds)
                errors, reason = read_log((folder / "log.txt").read_text(encoding="utf-8", errors="replace"))
                reason = ended or reason
            except (JijbenchError, OSError) as error:
                reason = str(error)
            last = errors[-1] if errors else None
            rows.append((host, element, start, len(errors), not reason, last, reason or ""))
    columns = ["host", "impurity", "start", "steps", "converged", "rms_last_ry", "reason"]
    return pd.DataFrame(rows, columns=columns)


def savings(runs: pd.DataFrame) -> pd.DataFrame:
    """Steps saved against the atomic start where both converged; the share with its interval over hosts."""
    steps = runs[runs["converged"]].pivot(index=["host", "impurity"], columns="start", values="steps")
    rows: list[tuple] = []
    for start in STARTS[1:]:
        both = steps.reindex(columns=list(STARTS))[["atomic", start]].dropna()
        if both.empty:
            rows.append((start, 0, None, None, None, None))
            continue
        old, new = both["atomic"].to_numpy(float), both[start].to_numpy(float)
        hosts = np.unique(both.index.get_level_values("host"), return_inverse=True)[1][:, None]
        left = jackknife(new, old, [hosts])
        ends = interval(left) if left is not None and hosts.max() > 1 else None
        low, high = (None, None) if ends is None else (1 - ends[1], 1 - ends[0])
        rows.append((start, len(both), float((old - new).mean()), 1 - new.sum() / old.sum(), low, high))
    return pd.DataFrame(rows, columns=["start", "n", "steps_saved", "share", "share_low", "share_high"])
