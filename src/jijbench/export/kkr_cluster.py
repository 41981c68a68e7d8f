"""The cluster of an impurity run: its sites, the host's cards, and what crystal they are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jijbench.data.elements import atomic_number
from jijbench.errors import ExportError
from jijbench.export.jukkr import Block, n_spins, read_card

NEAR = 1.2  # first shell: atoms within this many nearest-neighbour distances


@dataclass(frozen=True, eq=False)
class Site:
    """One atom of the cluster as ``scoef`` lists it; lengths in units of alat."""

    x: tuple[float, float, float]
    host_site: int  # from 1
    z: float
    distance: float


def read_scoef(path: Path) -> list[Site]:
    """Atoms of a cluster, the impurity first. Raises ``ExportError`` naming file and line."""
    lines = Path(path).read_text(encoding="ascii").splitlines()
    try:
        n = int(lines[0])
        rows = [[float(word.replace("D", "E")) for word in line.split()] for line in lines[1 : n + 1]]
    except (IndexError, ValueError) as error:
        raise ExportError(f"{path}: {error}; first line the number of atoms, then x y z site Z distance") from error
    for k, row in enumerate(rows, start=2):
        if len(row) != 6 or not np.isfinite(row).all() or row[3] < 1:
            raise ExportError(f"{path}, line {k}: {row}: expected x y z site Z distance")
    if not rows or len(rows) < n or rows[0][5] > 1e-8:
        raise ExportError(f"{path}: {len(rows)} of {n} atoms, the first must be the impurity at distance 0")
    return [Site((r[0], r[1], r[2]), int(r[3]), r[4], r[5]) for r in rows]


@dataclass(frozen=True, eq=False)
class Cluster:
    """Converged blocks of a host, all sites of its cell, and the sites of the cluster, the impurity's first."""

    blocks: list[Block]
    sites: list[Site]
    spins: int

    def at(self, site: Site) -> list[Block]:
        """The host's blocks (spins) of a site."""
        return self.blocks[(site.host_site - 1) * self.spins : site.host_site * self.spins]


def check_z(found: float, element: str, what: str) -> None:
    """Raises ``ExportError`` where a card's Z is not the element's."""
    if found != atomic_number(element):
        raise ExportError(f"{what}: Z is {found:g}, {element} has {atomic_number(element)}")


def read_cluster(cards: Path, host: str) -> Cluster:
    """``HOST_host.potential`` and ``scoef`` of a folder; raises ``ExportError`` where they are not of that host.

    A card of one atom stands for all sites of the cell.
    """
    path = cards / f"{host}_host.potential"
    blocks, sites = read_card(path), read_scoef(cards / "scoef")
    spins, n_sites = n_spins(blocks, str(path)), max(site.host_site for site in sites)
    if len(blocks) == spins:
        blocks *= n_sites
    if len(blocks) < spins * n_sites:
        raise ExportError(f"{path}: {len(blocks) // spins} atoms, scoef counts {n_sites} sites of the host; give all")
    for block in blocks:
        check_z(block.z, host, str(path))
    for k, site in enumerate(sites, start=1):
        check_z(site.z, host, f"{cards / 'scoef'}, atom {k}")
    return Cluster(blocks, sites, spins)


def crystal(cluster: Cluster) -> dict[str, str | float]:
    """``structure`` (fcc, bcc, hcp), ``lattice_constant_bohr`` and, for hcp, ``c_over_a``, from the first shell.

    fcc has 12 neighbours, each with its opposite; hcp 6 such ones in the plane and 6 without; bcc 8 and 6 farther off.
    Raises ``ExportError`` for another crystal.
    """
    steps = np.array([site.x for site in cluster.sites[1:]]) * cluster.blocks[0].alat
    length = np.linalg.norm(steps, axis=1)
    steps = steps[length < NEAR * length.min()]
    length = np.linalg.norm(steps, axis=1)
    opposite = (np.linalg.norm(steps[:, None] + steps, axis=2) < 1e-3).any(axis=1)
    near = length < 1.001 * length.min()
    if len(steps) == 12 and opposite.all() and near.all():
        return {"structure": "fcc", "lattice_constant_bohr": float(length.mean() * np.sqrt(2))}
    if len(steps) == 14 and opposite.all() and near.sum() == 8:
        return {"structure": "bcc", "lattice_constant_bohr": float(length[near].mean() * 2 / np.sqrt(3))}
    if len(steps) == 12 and opposite.sum() == 6:
        a, slant = float(length[opposite].mean()), float(length[~opposite].mean())
        return {"structure": "hcp", "lattice_constant_bohr": a, "c_over_a": 2 * np.sqrt((slant / a) ** 2 - 1 / 3)}
    raise ExportError(f"scoef: {len(steps)} atoms in the first shell, {opposite.sum()} of them with an opposite one; "
                      "predictions are for fcc, bcc and hcp")  # fmt: skip


def atominfo_text(sites: Sequence[Site], z: float, l_max: int) -> str:
    """Text of ``kkrflex_atominfo``: the host's Z everywhere but on the impurity."""
    rows = [
        "".join(f"{x:25.16f}" for x in site.x) + f"{z if k == 0 else site.z:6.2f}    0    0{l_max:5d}"
        for k, site in enumerate(sites)
    ]
    head = [
        "#NATOM   NTOTATOM",
        f"{len(sites):12d}{len(sites):12d}",
        "#x,y,z|Core Charge|Virtual Atom?|Remove Atom?|LMAX",
    ]
    return "\n".join([*head, *rows]) + "\n"


def with_z(path: Path, z: float) -> str:
    """Text of a ``kkrflex_atominfo`` with another Z on its first atom, the impurity; raises ``ExportError``."""
    lines = path.read_text(encoding="ascii").splitlines()
    rows = [k for k, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")]
    found = re.fullmatch(r"((?:\s*\S+){3}\s+)(\S+)(\s.*)", lines[rows[1]]) if len(rows) > 1 else None
    if found is None:
        raise ExportError(f"{path}: the line after NATOM NTOTATOM is not x y z Z …; give the file that the code wrote")
    lines[rows[1]] = f"{found[1]}{z:.2f}{found[3]}"
    return "\n".join(lines) + "\n"
