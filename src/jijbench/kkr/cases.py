"""Cases (host, impurity) of a user's own KKR runs: the list, and the file by which `jijbench predict` is asked.

Layout of the folder of hosts: ``HOST/`` with ``HOST_host.potential`` (converged), ``scoef`` and ``X.start.potential``,
the start potential of voronoi, for every impurity X.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jijbench.data.tables import read_table_of_user
from jijbench.errors import ExportError
from jijbench.kkr.calculation import mean_spin, read_calculation
from jijbench.kkr.cluster import crystal
from jijbench.targets.mesh import MESH_A, POINTS

Case = tuple[str, str]


def read_cases(path: Path) -> list[Case]:
    """(host, impurity) of a table with these columns; raises ``DataError`` naming file and row."""
    table = read_table_of_user(path)
    table.need("host", "impurity")
    cases = list(zip(table.elements("host"), table.elements("impurity"), strict=True))
    again = [case in cases[:k] for k, case in enumerate(cases)]
    table.refuse(again, [f"names {case[1]} in {case[0]}, which stands there twice; keep one" for case in cases])
    return cases


def start_potential(hosts: Path, host: str, element: str) -> Path:
    """Path of the potential that voronoi made."""
    return hosts / host / f"{element}.start.potential"


def asked(cases: Sequence[Case], hosts: Path) -> dict[str, np.ndarray]:
    """Arrays of the ``.npz`` that `jijbench predict` takes: starts and hosts read from the files of all cases.

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
    found = read_calculation(hosts / host, host, element, start_potential(hosts, host, element))
    mine = mean_spin(found.host)
    if len(mine.v) != POINTS or abs(mine.a - MESH_A) > 1e-10:
        raise ExportError(
            f"{host}: mesh of {len(mine.v)} points, a = {mine.a}; curves are predicted on {POINTS}, {MESH_A}, of "
            "potentials in the atomic sphere approximation"
        )
    curves = {"v_start": mean_spin(found.start).v, "v_host": mine.v, "spins": found.cluster.spins}
    numbers = {"r_ws_bohr": mine.r_ws, "fermi_energy_ry": mine.fermi, "c_over_a": np.nan}
    return {"host": host, "impurity": element} | curves | numbers | crystal(found.cluster)
