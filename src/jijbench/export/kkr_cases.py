"""Cases (host, impurity) of a user's own KKR runs: the list, and the file by which `jijbench predict` is asked.

Layout of the folder of hosts: ``HOST/`` with ``HOST_host.potential`` (converged), ``scoef`` and ``X.start.potential``,
the card of voronoi, for every impurity X.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.data.elements import atomic_number
from jijbench.data.mesh import MESH_A, POINTS
from jijbench.errors import ExportError, JijbenchError
from jijbench.export.kkr_calculation import mean_spin, read_calculation
from jijbench.export.kkr_cluster import crystal

Case = tuple[str, str]


def read_csv(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Text of the named columns of a csv; raises ``ExportError`` naming file and row for what is no such table."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", header=None, comment=None)
    except (OSError, ValueError, OverflowError) as error:
        raise ExportError(f"{path}: {str(error).strip()}; give a csv with the columns {', '.join(columns)}") from error
    head = [str(name).strip() for name in table.iloc[0]]
    twice = sorted({name for name in head if head.count(name) > 1})
    if twice or not set(columns) <= set(head):
        raise ExportError(f"{path}: columns {head}; expected {', '.join(columns)}, each once")
    for row, line in enumerate(table.to_numpy(dtype=object)):
        if any("\n" in str(word) for word in line):
            raise ExportError(f"{path}, row {row}: a quotation mark is open at the end of the line; close it")
    body = table.iloc[1:].set_axis(head, axis=1)[list(columns)].reset_index(drop=True)
    return body.apply(lambda column: column.str.strip())


def read_cases(path: Path) -> list[Case]:
    """(host, impurity) of a csv with these columns; raises ``ExportError`` naming file and row."""
    table = read_csv(path, ("host", "impurity"))
    if table.empty:
        raise ExportError(f"{path}: no rows; expected host, impurity")
    cases = list(zip(table["host"], table["impurity"], strict=True))
    for row, case in enumerate(cases, start=1):
        try:
            atomic_number(case[0]), atomic_number(case[1])
        except JijbenchError as error:
            raise ExportError(f"{path}, row {row}: {error}") from error
        if case in cases[: row - 1]:
            raise ExportError(f"{path}, row {row}: {case[1]} in {case[0]} stands there twice")
    return cases


def start_card(hosts: Path, host: str, element: str) -> Path:
    """Path of the card that voronoi made."""
    return hosts / host / f"{element}.start.potential"


def asked(cases: Sequence[Case], hosts: Path) -> dict[str, np.ndarray]:
    """Arrays of the ``.npz`` that `jijbench predict` takes: starts and hosts read from the cards of all cases.

    The mean over spins counts, ``spins`` says how many there are. Raises ``ExportError`` naming file and case for files
    that are not of one calculation, and for another mesh or crystal.
    """
    rows = []
    for host, element in cases:
        try:
            rows.append(_row(hosts, host, element))
        except ExportError as error:
            raise ExportError(f"{element} in {host}: {error}") from error
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _row(hosts: Path, host: str, element: str) -> dict:
    found = read_calculation(hosts / host, host, element, start_card(hosts, host, element))
    mine = mean_spin(found.host)
    if len(mine.v) != POINTS or abs(mine.a - MESH_A) > 1e-10:
        raise ExportError(
            f"{host}: mesh of {len(mine.v)} points, a = {mine.a}; curves are predicted on {POINTS}, {MESH_A}, of "
            "cards in the atomic sphere approximation"
        )
    curves = {"v_start": mean_spin(found.start).v, "v_host": mine.v, "spins": found.cluster.spins}
    numbers = {"r_ws_bohr": mine.r_ws, "fermi_energy_ry": mine.fermi, "c_over_a": np.nan}
    return {"host": host, "impurity": element} | curves | numbers | crystal(found.cluster)
