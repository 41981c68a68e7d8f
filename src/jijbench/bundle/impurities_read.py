"""Impurities of a user's file: names, or starts and hosts of their own."""

from pathlib import Path
from typing import Any

import numpy as np

from jijbench.bundle.impurities import HostState, Impurities, crystal_of
from jijbench.data.curves import check_curves
from jijbench.data.dataset import read_array
from jijbench.data.elements import atomic_number
from jijbench.data.sample import Sample
from jijbench.data.tables import read_table_of_user
from jijbench.errors import DataError


def read_impurity_table(path: Path, known: Impurities) -> list[Sample]:
    """Impurities of a csv with ``host`` and ``impurity``; raises ``DataError`` naming file and row."""
    table = read_table_of_user(path)
    table.need("host", "impurity")
    found = []
    for n, (host, impurity) in enumerate(zip(table.elements("host"), table.elements("impurity"), strict=True)):
        try:
            found += known.samples(host, impurity)
        except (ValueError, DataError) as error:
            raise DataError(f"{table.where(n)}: {error}") from error
    return found


def read_impurity_arrays(path: Path, known: Impurities) -> list[Sample]:
    """Impurities of an ``.npz`` file with starts, and hosts, of the user's own.

    ``host``, ``impurity`` (n,); ``v_start`` (n, 349) Ry as in the potential card. For hosts that are not in the data
    also ``v_host`` (n, 349) Ry, ``r_ws_bohr``, ``fermi_energy_ry``, ``structure`` (fcc, bcc, hcp),
    ``lattice_constant_bohr`` and, for hcp, ``c_over_a``, each (n,). Raises ``DataError`` naming file, array and row.
    """
    names = _text(path, "host"), _text(path, "impurity")
    with np.load(path, allow_pickle=False) as found:
        present = set(found.files)
    v_start = read_array(path.parent, f"{path.name}:v_start") if "v_start" in present else None
    if v_start is not None:
        check_curves(v_start, f"{path}: v_start")
    samples = []
    for row, (host, impurity) in enumerate(zip(*names, strict=True)):
        try:
            crystal = _crystal(path, row, host, known) if "v_host" in present or "structure" in present else None
            samples += known.samples(host, impurity, None if v_start is None else v_start[row], crystal)
        except (ValueError, DataError) as error:
            raise DataError(f"{path}: row {row + 1} (host={host}, impurity={impurity}): {error}") from error
    return samples


def _text(path: Path, name: str) -> list[str]:
    try:
        with np.load(path, allow_pickle=False) as found:
            return [str(value) for value in found[name]]
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DataError(f"{path}: the array {name!r} cannot be read: {error}; it names one {name} a row") from error


def _crystal(path: Path, row: int, host: str, known: Impurities) -> HostState:
    def number(name: str) -> float:
        value: Any = read_array(path.parent, f"{path.name}:{name}")[row]
        if not np.isfinite(value) or (value <= 0 and name != "fermi_energy_ry"):
            raise DataError(f"{name} is {value}, expected a (positive) number")
        return float(value)

    atomic_number(host)
    structure = _text(path, "structure")[row]
    c_over_a = number("c_over_a") if structure == "hcp" else None
    geometries = crystal_of(host, structure, number("lattice_constant_bohr"), c_over_a, known.neighbours)
    if not known.starts:
        return HostState(tuple(geometries))
    potential = read_array(path.parent, f"{path.name}:v_host")
    check_curves(potential, f"{path}: v_host")
    return HostState(tuple(geometries), potential[row], np.array([number("r_ws_bohr"), number("fermi_energy_ry")]))
