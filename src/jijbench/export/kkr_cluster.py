"""The cluster of an impurity run: its sites, the host's cards, and what crystal they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from jijbench.errors import ExportError
from jijbench.export.jukkr import Atom
from jijbench.export.kkr_text import Lines, as_number, decimals

NEAR = 1.2  # first shell: atoms within this many nearest-neighbour distances
#: units of alat: positions this near are one, however many digits a file prints
SAME_SITE = 1e-10
MOST_SITES = 100_000
#: radius of a cluster over the distance of its farthest atom
BEYOND = 1.001
COLUMNS = "x y z site, and perhaps Z, distance, centre"


@dataclass(frozen=True, eq=False)
class Site:
    """One atom of the cluster as ``scoef`` lists it; lengths in units of alat.

    ``z``: None where the file has no such column, 0 in files of tools that do not fill it (no code reads it).
    ``error``: what the digits of its file leave open of a coordinate.
    """

    x: tuple[float, float, float]
    host_site: int  # from 1
    z: float | None = None
    error: float = SAME_SITE

    @property
    def distance(self) -> float:
        """From the impurity."""
        return float(np.linalg.norm(self.x))


def printed_error(words: Sequence[str]) -> float:
    """One unit of the last digit that a file prints of its coordinates: of the longest, so that a cut one shows."""
    return max(SAME_SITE, 10.0 ** -max(map(decimals, words)))


def read_scoef(path: Path) -> list[Site]:
    """Atoms of a cluster, the impurity first: 4 to 7 columns, of which the code reads x y z site.

    Raises ``ExportError`` naming file and line where the count, a site given twice, or a distance is wrong.
    """
    lines = Lines(path)
    (n,) = lines.whole(1, "number of atoms")
    if lines.left != n or not n:
        lines.fail(f"{n} atoms, {lines.left} lines of atoms follow", "number of atoms")
    rows = [_words(lines) for _ in range(n)]
    if len({len(row) for row in rows}) > 1:
        raise ExportError(f"{path}: lines of {sorted({len(row) for row in rows})} columns; one was cut")
    error = printed_error([word for row in rows for word in row[:3]])
    x = np.array([[as_number(word) for word in row[:3]] for row in rows])
    if np.abs(x[0]).max() > error:
        raise ExportError(f"{path}, line 2: {' '.join(rows[0][:3])}: the first atom is the impurity, at 0 0 0")
    for first, second in sorted(cKDTree(x).query_pairs(2 * error)):
        raise ExportError(f"{path}, lines {first + 2} and {second + 2}: one site given twice: {' '.join(rows[first])}")
    _check_distances(path, rows, x, error)
    z = [None if len(row) < 5 else as_number(row[4]) for row in rows]
    places = enumerate(zip(x.tolist(), rows, strict=True))
    return [Site((a, b, c), int(row[3]), z[k], error) for k, ((a, b, c), row) in places]


def _words(lines: Lines) -> list[str]:
    """4 to 7 words of a line; raises ``ExportError`` unless all are numbers, site and centre counted from 1."""
    words = lines.next(COLUMNS).split()
    if not 4 <= len(words) <= 7:
        lines.fail(f"{len(words)} columns, expected {COLUMNS}", "atom")
    values = [lines.number(word, COLUMNS) for word in words]
    for name, k in (("site", 3), ("centre", 6)):
        if k < len(words) and not (words[k].isdigit() and 0 < values[k] < MOST_SITES):
            lines.fail(f"{words[k]} does not count from 1", name)
    if len(words) > 4 and not (0 <= values[4] < 120 and values[4] == int(values[4])):
        lines.fail(f"{words[4]} is no atomic number", "Z")
    return words


def _check_distances(path: Path, rows: Sequence[Sequence[str]], x: np.ndarray, error: float) -> None:
    """Raises ``ExportError`` where the sixth column is not the distance from the centre that the seventh names."""
    if len(rows[0]) < 6:
        return
    found = [row[5] for row in rows]
    allowed = 2 * error + printed_error(found)
    for k, (row, place) in enumerate(zip(rows, x, strict=True)):
        centre = int(row[6]) if len(row) > 6 else 1
        if centre > len(rows):
            raise ExportError(f"{path}, line {k + 2}: centre {centre} of {len(rows)} atoms")
        length = float(np.linalg.norm(place - x[centre - 1]))
        if abs(as_number(row[5]) - length) > allowed:
            raise ExportError(f"{path}, line {k + 2}: distance {row[5]}, but x y z are {length:.9f} away; correct one")


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
