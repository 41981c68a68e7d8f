"""Steps to self-consistency in the user's own impurity code, from the atomic and from predicted starts.

The folder of hosts is that of ``kkr_cases``; every ``HOST/`` also holds ``config.cfg`` and the ``kkrflex_*`` files of
the converged host. Every run gets a folder of its own, in which the program is called and leaves ``log.txt``.
"""

import contextlib
import re
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.data.card import file_sha256
from jijbench.data.tables import read_table_of_user
from jijbench.elements import SYMBOLS
from jijbench.errors import ExportError, JijbenchError
from jijbench.files import write_atomically
from jijbench.kkr.calculation import read_calculation
from jijbench.kkr.cases import Case, start_potential
from jijbench.kkr.curves import read_curves
from jijbench.kkr.program import LOG, alone, call, command, plain
from jijbench.kkr.start import cluster_blocks, export_kkr, warn_outside
from jijbench.scores.statistics import FEWEST, interval, jackknife
from jijbench.targets import DV, DV_SHELL

STARTS = ("atomic", "impurity", "impurity+shell")
COLUMNS = ["host", "impurity", "start", "steps", "ended", "rms_first_ry", "rms_last_ry", "reason"]
STEP = re.compile(r"ITERATION\s+(\d+)\s+average rms-error : v\+ \+ v- =\s*(\S+)")
BEGUN = re.compile(r"^\s*Iteration Number\s+\d+", re.MULTILINE)
#: how a run ends: what it counts as
CONVERGED, LIMIT, FAILED = "converged", "step limit", "failed"
RUNS = "steps.csv"
#: hashes of the predictions that the runs of a folder began from
USED = "predictions.sha256"
NSPIN = re.compile(r"^\s*NSPIN\s*=\s*(\d)", re.MULTILINE)
RMS = r"\d+\.?\d*(e[+-]?\d{1,3})?"
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
    if SENTENCE in text and errors:
        return errors, CONVERGED, ""
    if not errors or len(BEGUN.findall(text)) > len(errors):
        last = next((line for line in map(plain, reversed(text.splitlines())) if line), "nothing printed")
        return errors, FAILED, f"stopped in step {len(errors) + 1}: {last[:80]}"
    return errors, LIMIT, ""


def _number(word: str) -> float:
    try:
        return float(word.replace("D", "E"))
    except ValueError:  # Fortran prints stars where a number does not fit
        return np.nan


#: without these in a host's folder no run can begin; green and t-matrices are the host's, as the code wrote them
NEEDED = ("config.cfg", "kkrflex_green", "kkrflex_tmat")
#: bytes from which on a file of the host is linked, not copied: Green functions grow to gigabytes
LARGE = 1 << 16


def check_cases(cases: Sequence[Case], hosts: Path, curves: Mapping[str, Path]) -> None:
    """Raises ``ExportError`` before the first run for what would make one fail: a missing file, another calculation."""
    for host, element in cases:
        folder = hosts / host
        lacking = [name for name in NEEDED if not (folder / name).is_file()]
        if lacking:
            raise ExportError(f"{folder}: no {', '.join(lacking)}; the program needs them of the converged host")
        found = read_calculation(folder, host, element, start_potential(hosts, host, element))
        said = NSPIN.search((folder / "config.cfg").read_text(encoding="utf-8", errors="replace"))
        if said and int(said[1]) != found.cluster.spins:
            raise ExportError(
                f"{folder / 'config.cfg'}: NSPIN is {said[1]}, the host's potential has {found.cluster.spins}; "
                "make them one"
            )
        correction, shell = (read_curves(curves[name], name, host, element) for name in (DV.name, DV_SHELL.name))
        cluster_blocks(found.cluster, found.start, correction.by_distance[0.0], shell.by_distance)
        warn_outside(found.cluster.spins, [correction, shell])


def _prepare(case: Case, start: str, hosts: Path, curves: Mapping[str, Path], folder: Path) -> None:
    host, element = case
    impurity = None if start == "atomic" else curves[DV.name]
    shell = curves[DV_SHELL.name] if start == "impurity+shell" else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # said before the first run
        export_kkr(host, element, impurity, shell, str(start_potential(hosts, host, element)), hosts / host, folder)
    for path in [hosts / host / "config.cfg", *(hosts / host).glob("kkrflex_*"), *(hosts / host).glob("shapefun*")]:
        if path.name != "kkrflex_atominfo":
            _bring(path, folder / path.name)


def _bring(path: Path, to: Path) -> None:
    """Copy a file of the host, or link it where it is large and the file system can."""
    if path.stat().st_size >= LARGE:
        with contextlib.suppress(OSError):
            to.symlink_to(path.resolve())
            return
    shutil.copy(path, to)


def _run(
    words: list[str], case: Case, start: str, hosts: Path, curves: Mapping[str, Path], out: Path, seconds: float,
    lock: int,
) -> tuple:  # fmt: skip
    folder, errors, ended = out / f"{case[1]}-in-{case[0]}-{start}", list[float](), FAILED
    try:
        _prepare(case, start, hosts, curves, folder)
        broken = call(words, folder, seconds, lock)
        errors, ended, reason = read_log((folder / LOG).read_text(encoding="utf-8", errors="replace"))
        ended, reason = (FAILED, broken) if broken else (ended, reason)
    except (JijbenchError, OSError) as error:
        reason = " ".join(str(error).split())
    return (*case, start, len(errors), ended, *((errors[0], errors[-1]) if errors else (None, None)), reason)


def read_runs(out: Path) -> pd.DataFrame:
    """The runs that a folder holds already; raises ``ExportError`` or ``DataError`` naming a damaged row."""
    path = out / RUNS
    if not path.is_file():
        return pd.DataFrame(columns=COLUMNS)
    table = read_table_of_user(path)
    table.need(*COLUMNS)
    rows: list[tuple] = []
    for number, line in enumerate(zip(*(table.text(name) for name in COLUMNS), strict=True), start=1):
        row = _row_of(line)
        if row is None or any(row[:3] == other[:3] for other in rows):
            raise ExportError(f"{path}, row {number}: {plain(', '.join(map(str, line)))}: no run, or one given twice; "
                              "restore the file, or take the row away and it runs again")  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def _row_of(line: Sequence[str]) -> tuple | None:
    """A row with its types; None where it cannot be one that was written here."""
    host, impurity, start, steps, ended, first, last, reason = line
    if not {host, impurity} <= set(SYMBOLS):
        return None
    if start not in STARTS or ended not in (CONVERGED, LIMIT, FAILED) or not re.fullmatch(r"\d{1,6}", steps):
        return None
    errors = [float(word) if re.fullmatch(RMS, word) else None for word in (first, last)]
    counted = int(steps) > 0
    if (ended == FAILED) != bool(reason) or (ended != FAILED and not counted):
        return None
    if any((error is not None and 0 <= error < np.inf) != counted for error in errors):
        return None
    return (host, impurity, start, int(steps), ended, *errors, reason)


def _check_used(out: Path, used: str, kept: bool) -> None:
    """Raises ``ExportError`` where the runs that are kept began from other predictions than those given now."""
    path = out / USED
    if kept and path.is_file() and path.read_text(encoding="utf-8", errors="replace") != used:
        raise ExportError(f"{out} holds runs from other predictions (hashes in {USED}); give another folder")


def run_cases(
    program: str | Path, cases: Sequence[Case], hosts: Path, curves: Mapping[str, Path], out: Path, seconds: float
) -> Iterator[pd.DataFrame]:
    """All runs so far, after each new one, and kept in ``steps.csv``; a run that failed says why.

    ``program`` may carry arguments. ``ended``: converged, step limit, or failed. A row of ``steps.csv`` is not run
    again unless it failed: call again to go on after an interruption, or with the cause mended. Curves are files of
    `jijbench predict`. Raises ``ExportError`` before the first run where program or files are not in order.
    """
    rows = list(read_runs(out).itertuples(index=False, name=None))
    done = {row[:3] for row in rows if row[4] != FAILED}
    left = [(case, start) for case in cases for start in STARTS if (*case, start) not in done]
    if not left:
        return
    words = command(str(program))
    check_cases(list(dict.fromkeys(case for case, _ in left)), hosts, curves)
    used = "".join(f"{file_sha256(path)}  {name}\n" for name, path in curves.items())
    _check_used(out, used, any(row[2] != STARTS[0] and row[4] != FAILED for row in rows))
    with alone(out) as lock:
        write_atomically(out / USED, used.encode())
        for case, start in left:
            rows = [row for row in rows if row[:3] != (*case, start)]
            shutil.rmtree(out / f"{case[1]}-in-{case[0]}-{start}", ignore_errors=True)  # failed, or cut off half way
            rows.append(_run(words, case, start, hosts, curves, out, seconds, lock))
            table = pd.DataFrame(rows, columns=COLUMNS)
            write_atomically(out / RUNS, table.to_csv(index=False).encode())
            yield table


def savings(runs: pd.DataFrame) -> pd.DataFrame:
    """What each predicted start saves against the atomic one: the mean of the shares of steps, 95 % over hosts.

    Runs at the step limit stay with their steps: bad luck is part of it. Cases in which one run failed are counted, and
    left out. ``n`` cases, ``at_limit`` of them with a run at the limit, ``failed`` others. ``interval`` says what it is
    over (of cases, where there are too few hosts), or why there is none.
    """
    return pd.DataFrame([_saved(runs, start) for start in STARTS[1:] if (runs["start"] == start).any()])


def _saved(runs: pd.DataFrame, start: str) -> dict:
    ran = runs[runs["ended"] != FAILED].set_index(["host", "impurity"])
    both = ran[ran["start"] == "atomic"].join(ran[ran["start"] == start], lsuffix="_atomic", how="inner")
    old, new = both["steps_atomic"].to_numpy(float), both["steps"].to_numpy(float)
    ends, what = _ends(new / old, both.index.get_level_values("host").to_numpy())
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
        "interval": what,
    }


def _ends(shares: np.ndarray, hosts: np.ndarray) -> tuple[tuple[float, float] | None, str]:
    """95 % interval of the mean share, and what it is over: hosts, or cases where there are too few hosts."""
    n = len(set(hosts))
    if len(shares) < FEWEST:
        return None, f"none: {len(shares)} cases, an interval needs {FEWEST}"
    units = np.unique(hosts, return_inverse=True)[1] if n >= FEWEST else np.arange(len(shares))
    left = jackknife(shares, np.ones(len(shares)), [units[:, None]])
    ends = interval(left) if left is not None else None
    if ends is None:
        return None, "none: a share of steps is zero"
    return ends, f"over {n} hosts" if n >= FEWEST else f"over cases: too few hosts ({n}) to say of others"
