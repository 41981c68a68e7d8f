"""Potentials on a radial mesh: checks that name file and field, and the host crystals they belong to."""

from collections.abc import Mapping

import numpy as np

from jijbench.data.host import Host
from jijbench.elements import SYMBOLS
from jijbench.errors import DataError
from jijbench.targets.mesh import MESH_A, POINTS
from jijbench.units import BOHR_ANGSTROM

#: what is needed of a host, and that it is a positive number
POSITIVE = ("lattice_constant_bohr", "n_points", "mesh_a", "mesh_b", "r_ws_bohr")
#: said of a prediction that is meant for two spins
SPINLESS = "two spins, the model is non-magnetic"


def check_hosts(hosts: Mapping[str, Mapping], where: str) -> None:
    """Raise ``DataError`` naming host and field: an unknown element, a missing number, another or a falling mesh."""
    if not isinstance(hosts, Mapping):
        raise DataError(f"{where} is no mapping of hosts; restore or rebuild it")
    for name, host in hosts.items():
        if name not in SYMBOLS or not isinstance(host, Mapping):
            raise DataError(f"{where}: host {name!r} is no chemical element, or not described; correct it")
        for field in (*POSITIVE, "fermi_energy_ry"):
            value = host.get(field)
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float)
                or not np.isfinite(value)
                or (field in POSITIVE and value <= 0)
            ):
                raise DataError(f"{where}: host {name} has {field} = {value!r}, expected a (positive) number")
        if (host["n_points"], host["mesh_a"]) != (POINTS, MESH_A):
            raise DataError(
                f"{where}: host {name} has n_points, mesh_a = {host['n_points']}, {host['mesh_a']}; all curves of the "
                f"suite lie on the mesh {POINTS}, {MESH_A}; interpolate them onto it first"
            )
        last = host["mesh_b"] * np.expm1(MESH_A * (POINTS - 1))
        if abs(last - host["r_ws_bohr"]) > 1e-4 * last:
            raise DataError(
                f"{where}: the mesh of host {name} ends at {last:.5f} Bohr, r_ws_bohr is {host['r_ws_bohr']}; "
                "correct mesh_b or r_ws_bohr"
            )


def check_curves(curves: np.ndarray, where: str, points: int = POINTS) -> None:
    """Raise ``DataError`` unless ``curves`` is a table (n, points) of finite numbers."""
    if curves.ndim != 2 or curves.shape[1] != points:
        raise DataError(f"{where} has shape {curves.shape}, expected (n, {points}); check the mesh")
    bad = np.flatnonzero(~np.isfinite(curves).all(1))
    if len(bad):
        point = int(np.flatnonzero(~np.isfinite(curves[bad[0]]))[0])
        raise DataError(f"{where} is not finite in row {bad[0]}, point {point} ({len(bad)} such rows); correct it")


def elemental_host(name: str, host: Mapping) -> Host:
    """The crystal (fcc, bcc or hcp) of a host as described in ``hosts.json``; its sites are called A, B."""
    from ase.build import bulk

    a = host["lattice_constant_bohr"] * BOHR_ANGSTROM
    more = {"c": a * host["c_over_a"]} if host["structure"] == "hcp" else {}
    atoms = bulk(name, host["structure"], a=a, **more)
    sites = ("A", "B")[: len(atoms)]
    return Host(name, np.array(atoms.cell), sites, (name,) * len(atoms), atoms.positions)
