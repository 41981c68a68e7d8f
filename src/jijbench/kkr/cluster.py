"""The cluster of an impurity run: its sites, the host's potentials, and what crystal they are."""

from dataclasses import dataclass

import numpy as np

from jijbench.errors import ExportError
from jijbench.formats.kkr_potential import Atom
from jijbench.formats.kkr_scoef import Site

NEAR = 1.2  # first shell: atoms within this many nearest-neighbour distances
#: radius of a cluster over the distance of its farthest atom
BEYOND = 1.001


@dataclass(frozen=True, eq=False)
class Cluster:
    """Converged potentials of a host, by site of its cell, and the sites of the cluster, the impurity's first."""

    atoms: list[Atom]
    sites: list[Site]

    @property
    def spins(self) -> int:
        return len(self.atoms[0])

    @property
    def alat(self) -> float:
        """Bohr."""
        return self.atoms[0][0].alat

    def z(self, site: Site) -> float:
        """Of the host's atom at a site; 0 for an empty sphere."""
        return self.at(site)[0].z

    def at(self, site: Site) -> Atom:
        """The host's potential at a site."""
        return self.atoms[site.host_site - 1]


def crystal(cluster: Cluster) -> dict[str, str | float]:
    """``structure`` (fcc, bcc, hcp), ``lattice_constant_bohr`` and, for hcp, ``c_over_a``, from the first shell.

    fcc has 12 neighbours, each with its opposite; hcp 6 such ones in the plane and 6 without; bcc 8 and 6 farther off.
    Raises ``ExportError`` for another crystal.
    """
    steps = np.array([site.x for site in cluster.sites[1:]]).reshape(-1, 3) * cluster.alat
    length = np.linalg.norm(steps, axis=1)
    steps = steps[length < NEAR * length.min(initial=np.inf)]
    length = np.linalg.norm(steps, axis=1)
    opposite = (np.linalg.norm(steps[:, None] + steps, axis=2) < 1e-3).any(axis=1)
    near = length < 1.001 * length.min(initial=np.inf)
    if len(steps) == 12 and opposite.all() and near.all():
        return {"structure": "fcc", "lattice_constant_bohr": float(length.mean() * np.sqrt(2))}
    if len(steps) == 14 and opposite.all() and near.sum() == 8:
        return {"structure": "bcc", "lattice_constant_bohr": float(length[near].mean() * 2 / np.sqrt(3))}
    if len(steps) == 12 and opposite.sum() == 6:
        a, slant = float(length[opposite].mean()), float(length[~opposite].mean())
        return {"structure": "hcp", "lattice_constant_bohr": a, "c_over_a": 2 * np.sqrt((slant / a) ** 2 - 1 / 3)}
    raise ExportError(f"scoef: {len(steps)} atoms in the first shell, {opposite.sum()} of them with an opposite one; "
                      "predictions are for fcc, bcc and hcp")  # fmt: skip


def is_sphere(cluster: Cluster) -> bool:
    """Whether the cluster is known to hold every atom of its crystal up to its farthest one, and no others."""
    if len(cluster.sites) == 1:
        return True
    try:
        found = crystal(cluster)
    except ExportError:
        return False
    distances = np.sort([site.distance * cluster.alat for site in cluster.sites])
    within = _distances(found, BEYOND * distances[-1])
    return len(within) == len(distances) and bool(np.abs(within - distances).max() < 1e-3)


def _distances(found: dict[str, str | float], reach: float) -> np.ndarray:
    """Sorted distances (Bohr) of all atoms of a crystal from one of them."""
    from ase.build import bulk

    a, structure = float(found["lattice_constant_bohr"]), str(found["structure"])
    c = a * float(found["c_over_a"]) if "c_over_a" in found else None
    cell = bulk("X", structure, a=a, c=c)
    repeats = [2 * int(np.ceil(reach / height)) + 3 for height in 1 / np.linalg.norm(cell.cell.reciprocal(), axis=1)]
    positions = cell.repeat(repeats).positions
    corner = np.array([n // 2 for n in repeats]) @ cell.cell[:]
    length = np.sort(np.linalg.norm(positions - corner - cell.positions[0], axis=1))
    return length[length <= reach]
