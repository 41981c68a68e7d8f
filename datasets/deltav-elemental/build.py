"""Make the committed files of ``deltav-elemental`` from the raw KKR potentials.

    python datasets/deltav-elemental/build.py RAW

RAW is the folder with ``hosts.json``, ``hosts.npz``, ``impurities.npz`` and ``neighbours.npz``. The same input gives the
same bytes.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.data.build import write_curves
from jijbench.data.cluster import Host, atoms_near, cluster
from jijbench.data.curves import check_curves, check_hosts, elemental_host
from jijbench.data.dataset import named_array
from jijbench.data.sample import Geometry
from jijbench.elements import symbol
from jijbench.errors import DataError
from jijbench.units import BOHR_ANGSTROM

REACH = 1.8  # radius of the clusters in nearest-neighbour distances of the host
SINGLE, SHELL = ("host", "z", "v_start_ry", "v_converged_ry", "scf_steps", "schedule"), (
    "host", "z", "distance_bohr", "multiplicity", "v_converged_ry",
)  # fmt: skip

FIELDS = {
    "id": "deltav-elemental",
    "version": "1",
    "title": "Potentials of single impurities in elemental crystals",
    "description": (
        "Spherical potentials of 594 substitutional impurities (54 elements) in 37 fcc, bcc and hcp crystals on the radial "
        "mesh r/r_ws that all hosts share (349 points). dv: correction C = V_converged - V_start in the impurity's cell, "
        "V_start the atomic start of the KKR code. dv-shell: V_converged - V_host in the cell of a neighbour, for 404 of "
        "the impurities, one row a neighbour distance within 1.2 nearest-neighbour distances. All rows of one impurity in "
        "one host are one orbit. Clusters reach 1.8 nearest-neighbour distances around the impurity (and the neighbour). "
        "Combinations that did not converge, and those whose shallow core states left the energy window, are not listed."
    ),
    "method": (
        "KKR Green-function method (Jülich KKR codes JuKKR: voronoi, KKRhost, KKRimp), atomic sphere approximation, "
        "l_max = 2, scalar relativistic, non-magnetic, LDA (Vosko-Wilk-Nusair); hosts converged to 1e-6 Ry, impurities with "
        "their first shell (13 or 15 sites) to 1e-5 Ry."
    ),
    "convention": "V is the spherical potential without the nuclear term: V_total(r) = V(r) - 2 Z / r, Ry and Bohr",
    "units": {
        "dv": "Ry", "dv_shell": "Ry", "start": "Ry (V_start - V_host)", "host_potential": "Ry",
        "host_state": "r_ws in Bohr, Fermi energy in Ry", "distance_bohr": "Bohr",
    },
    "licence": "CC BY 4.0",
    "citation": "Computed for jijbench, 2026-11-22.",
    "source": {
        "code": "JuKKR (voronoi, KKRhost, KKRimp), public source of 2024-05-03",
        "functional": "LDA (Vosko-Wilk-Nusair)",
        "spin_orbit": False,
        "raw": "hosts.json, hosts.npz, impurities.npz, neighbours.npz",
    },
    "host": "37 elemental crystals",
    "cluster_radius_angstrom": None,
    "targets": {
        "dv": {"unit": "Ry", "array": "curves.npz:dv", "row": "dv_row"},
        "dv-shell": {"unit": "Ry", "array": "curves.npz:dv_shell", "row": "shell_row"},
    },
    "inputs": {
        "start": {"array": "curves.npz:start", "row": "start_row"},
        "host_potential": {"array": "curves.npz:host_potential", "row": "host_row"},
        "host_state": {"array": "curves.npz:host_state", "row": "host_row"},
    },
    "noise_floor": {"dv": 0.00001, "dv-shell": 0.00001},  # Ry: rms change at which the self-consistency ended
    "analyses": ["kkr-savings"],
    "files": ["samples.csv", "geometries.extxyz", "hosts.json", "curves.npz"],
}  # fmt: skip


def read(raw: Path, file: str, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Arrays of a raw file, curves checked; raises ``DataError`` naming file and field."""
    numbers = [name for name in names if name not in ("host", "schedule")]
    arrays = {name: named_array(raw, f"{file}:{name}") for name in numbers}
    with np.load(raw / file, allow_pickle=False) as found:
        arrays |= {name: found[name] for name in names if name not in numbers}
    for name in numbers:
        values = arrays[name]
        if values.ndim == 2:
            check_curves(values, f"{raw / file}: {name}")
        elif not np.isfinite(values).all():
            raise DataError(f"{raw / file}: {name} is not finite in row {np.flatnonzero(~np.isfinite(values))[0]}")
    return arrays


def neighbour(host: Host, distance: float) -> tuple[str, np.ndarray]:
    """Site and displacement (3,) Å of one host atom at ``distance`` Å from an A site; raises ``DataError``."""
    start = host.position("A")
    _, positions, names = atoms_near(host, start[None], distance + 0.1)
    steps = positions - start
    order = np.lexsort(np.round(steps, 4).T)
    for k in order:
        if abs(np.linalg.norm(steps[k]) - distance) < 2e-3:
            return names[k], steps[k]
    raise DataError(f"host {host.formula} has no neighbour at {distance:.4f} Å; check distance_bohr")


def nearest(host: Host) -> float:
    """Å, distance of nearest neighbours."""
    start = host.position("A")
    _, positions, _ = atoms_near(host, start[None], 8.0)
    return float(np.sort(np.linalg.norm(positions - start, axis=1))[1])


def shell_number(host: str, distance: float, shell: dict[str, np.ndarray]) -> int:
    """1 for the nearest of the distances listed for a host, 2 for the next."""
    listed = sorted(
        {round(float(d), 4) for h, d in zip(shell["host"], shell["distance_bohr"], strict=True) if h == host}
    )
    return 1 + listed.index(round(distance, 4))


def rows(single: dict[str, np.ndarray], shell: dict[str, np.ndarray], hosts: dict) -> pd.DataFrame:
    """One row an impurity, then one a neighbour distance."""
    names = [f"{symbol(int(z))}-in-{h}" for h, z in zip(single["host"], single["z"], strict=True)]
    place, order = {name: k for k, name in enumerate(names)}, list(hosts)
    lines = [
        (name, h, name, symbol(int(z)), "", "impurity", order.index(h), k, k, -1, 0.0, 1, int(steps), str(schedule))
        for k, (name, h, z, steps, schedule) in enumerate(
            zip(names, single["host"], single["z"], single["scf_steps"], single["schedule"], strict=True)
        )
    ]
    found = zip(shell["host"], shell["z"], shell["distance_bohr"], shell["multiplicity"], strict=True)
    for k, (h, z, distance, multiplicity) in enumerate(found):
        orbit = f"{symbol(int(z))}-in-{h}"
        if orbit not in place:
            raise DataError(f"neighbours.npz: row {k} belongs to {orbit}, which impurities.npz does not hold")
        name, n = f"{h}-d{shell_number(h, distance, shell)}", place[orbit]
        lines.append((f"{orbit}-{name.split('-')[1]}", name, orbit, symbol(int(z)), h, "neighbour", order.index(h), n, -1, k,
                      float(distance), int(multiplicity), *lines[n][-2:]))  # fmt: skip
    columns = ["id", "geometry", "orbit", "element_i", "element_j", "site", "host_row", "start_row", "dv_row", "shell_row",
               "distance_bohr", "multiplicity", "scf_steps", "schedule"]  # fmt: skip
    return pd.DataFrame(lines, columns=columns)


def geometries(table: pd.DataFrame, hosts: dict) -> dict[str, Geometry]:
    """The cluster around the impurity of each host, and around impurity and neighbour for each distance."""
    found = {}
    for name, row in table.drop_duplicates("geometry").set_index("geometry").sort_index().iterrows():
        element = str(name).split("-")[0]
        host = elemental_host(element, hosts[element])
        radius, places, steps = REACH * nearest(host), ["A"], [np.zeros(3)]
        if row["site"] == "neighbour":
            site, step = neighbour(host, row["distance_bohr"] * BOHR_ANGSTROM)
            places, steps = ["A", site], [np.zeros(3), step]
        found[str(name)] = cluster(host, places, np.array(steps), radius, str(name))
    return found


def main(raw: Path) -> None:
    """Read the raw arrays and write the dataset beside this file."""
    hosts = json.loads((raw / "hosts.json").read_text(encoding="utf-8"))
    check_hosts(hosts, str(raw / "hosts.json"))
    single, shell = read(raw, "impurities.npz", SINGLE), read(raw, "neighbours.npz", SHELL)
    unknown = {*single["host"], *shell["host"]} - set(hosts)
    if unknown:
        raise DataError(f"{raw}: the hosts {sorted(unknown)} are not in hosts.json")
    host = {name: named_array(raw, f"hosts.npz:{name}") for name in hosts}
    check_curves(np.array(list(host.values())), f"{raw / 'hosts.npz'}")
    table = rows(single, shell, hosts)
    arrays = {
        "dv": single["v_converged_ry"] - single["v_start_ry"],
        "dv_shell": shell["v_converged_ry"] - np.array([host[h] for h in shell["host"]]),
        "start": single["v_start_ry"] - np.array([host[h] for h in single["host"]]),
        "host_potential": np.array(list(host.values())),
        "host_state": np.array([[h["r_ws_bohr"], h["fermi_energy_ry"]] for h in hosts.values()]),
    }
    write_curves(Path(__file__).parent, FIELDS, table, geometries(table, hosts), raw / "hosts.json", arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
