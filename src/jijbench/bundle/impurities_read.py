"""Impurities of a user's file: names, or starts and hosts of their own."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from jijbench.bundle.impurities import HostState, Impurities, crystal_of, for_spins
from jijbench.data.curves import check_curves
from jijbench.data.sample import Sample
from jijbench.data.tables import read_table_of_user
from jijbench.elements import atomic_number
from jijbench.errors import DataError
from jijbench.reading import read_arrays

#: arrays of which a file has one row for each impurity
COLUMNS = frozenset(
    ("host", "impurity", "v_start", "v_host", "r_ws_bohr", "fermi_energy_ry", "structure", "lattice_constant_bohr",
     "c_over_a", "spins")
)  # fmt: skip


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

    ``host``, ``impurity`` (n,); ``v_start`` (n, 349) Ry as in the potential file. For hosts that are not in the data
    also ``v_host`` (n, 349) Ry, ``r_ws_bohr``, ``fermi_energy_ry``, ``structure`` (fcc, bcc, hcp),
    ``lattice_constant_bohr`` and, for hcp, ``c_over_a``, each (n,). ``spins`` (n,), where it is there, says for how
    many the prediction is meant. Raises ``DataError`` naming file, array and row.
    """
    arrays = read_arrays(path)
    hosts, impurities = _text(arrays, "host", path), _text(arrays, "impurity", path)
    for name in COLUMNS & set(arrays):
        if not arrays[name].ndim or len(arrays[name]) != len(hosts) or not len(hosts):
            raise DataError(f"{path}: the array {name!r} has shape {arrays[name].shape}, host {len(hosts)} rows")
    starts = _curves(arrays["v_start"], f"{path}: v_start") if "v_start" in arrays else [None] * len(hosts)
    spins = arrays.get("spins", np.ones(len(hosts)))
    if spins.ndim != 1 or spins.dtype.kind not in "iuf":
        raise DataError(f"{path}: spins holds no numbers (n,); give 1 or 2 for each row")
    own, samples = bool({"v_host", "structure"} & set(arrays)), []
    for row, (host, impurity) in enumerate(zip(hosts, impurities, strict=True)):
        try:
            crystal = _crystal(arrays, row, host, known) if own else None
            samples += [for_spins(s, float(spins[row])) for s in known.samples(host, impurity, starts[row], crystal)]
        except (ValueError, DataError) as error:
            raise DataError(f"{path}: row {row + 1} (host={host}, impurity={impurity}): {error}") from error
    return samples


def _text(arrays: Mapping[str, np.ndarray], name: str, path: Path | str) -> list[str]:
    found = arrays.get(name)
    if found is None or found.dtype.kind != "U" or found.ndim != 1:
        raise DataError(f"{path} has no array {name!r} of texts (n,); it names one {name} a row")
    return found.tolist()


def _curves(values: np.ndarray, where: str) -> np.ndarray:
    if values.dtype.kind not in "iuf":
        raise DataError(f"{where} holds no numbers; give potentials in Ry")
    check_curves(values, where)
    return values.astype(float)


def _crystal(arrays: Mapping[str, np.ndarray], row: int, host: str, known: Impurities) -> HostState:
    def number(name: str) -> float:
        value = arrays[name][row] if name in arrays else None
        real = value is not None and value.ndim == 0 and value.dtype.kind in "iuf" and np.isfinite(value)
        if value is None or not real or (value <= 0 and name != "fermi_energy_ry"):
            raise DataError(f"{name} is {value}, expected a (positive) number")
        return float(value)

    atomic_number(host)
    structure = _text(arrays, "structure", "the file")[row]
    c_over_a = number("c_over_a") if structure == "hcp" else None
    geometries = crystal_of(host, structure, number("lattice_constant_bohr"), c_over_a, known.neighbours)
    if not known.starts:
        return HostState(tuple(geometries))
    if "v_host" not in arrays:
        raise DataError("the array v_host is missing; give the host's potential in Ry")
    state = np.array([number("r_ws_bohr"), number("fermi_energy_ry")])
    return HostState(tuple(geometries), _curves(arrays["v_host"], "v_host")[row], state)
