"""Supercells of the host, and the random alloy of impurities in one."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jijbench.errors import ExportError
from jijbench.formats.spins import Mixture, SpinSystem
from jijbench.spin.couplings import Couplings
from jijbench.spin.neighbours import Neighbours

#: angle between the first two vectors of the cell that a supercell repeats
SETTINGS: Mapping[str, float] = {"hexagonal": 120.0, "orthorhombic": 90.0}


def conventional(host: Neighbours, setting: str) -> np.ndarray:
    """(3, 3) whole numbers: the conventional cell in vectors of the primitive one.

    First vector along x, second in the plane at the angle of the setting, third along z, each the shortest there is.
    """
    angle = np.radians(SETTINGS[setting])
    directions = np.array([[1.0, 0.0, 0.0], [np.cos(angle), np.sin(angle), 0.0], [0.0, 0.0, 1.0]])
    steps = np.array(list(itertools.product(range(-6, 7), repeat=3)))
    vectors = steps @ host.host.cell
    lengths = np.linalg.norm(vectors, axis=1)
    cell = []
    for direction in directions:
        along = np.flatnonzero((lengths > 1e-6) & (vectors @ direction > lengths - 1e-6))
        if not len(along):
            raise ExportError(f"{host.host.formula} has no {setting} cell with an axis along {direction.round(3)}")
        cell.append(steps[along[lengths[along].argmin()]])
    return np.array(cell)


@dataclass(frozen=True, eq=False)
class Alloy:
    """Species at random on the sublattice of the host: what an exporter is asked to write.

    ``concentrations`` and ``moments`` (k,) by species: share of the sites, μB; ``repeats`` conventional cells along
    each axis of ``setting``. Raises ``ExportError`` where concentrations or supercell make no sense.
    """

    couplings: Couplings
    concentrations: tuple[float, ...]
    moments: tuple[float, ...]
    repeats: tuple[int, int, int]
    seed: int = 0
    setting: str = "hexagonal"

    def __post_init__(self) -> None:
        check_concentrations(dict(zip(self.couplings.elements, self.concentrations, strict=True)))
        check_size(self.cell, self.repeats, self.couplings.reach)

    @cached_property
    def basis(self) -> np.ndarray:
        """(3, 3) whole numbers: the conventional cell in primitive vectors."""
        return conventional(self.couplings.neighbours, self.setting)

    @property
    def cell(self) -> np.ndarray:
        """(3, 3) Å, rows are the vectors of the supercell."""
        return np.diag(self.repeats) @ self.basis @ self.couplings.neighbours.host.cell

    @property
    def host(self) -> str:
        """Its formula."""
        return self.couplings.neighbours.host.formula

    @property
    def reach(self) -> float:
        """Å, beyond which nothing couples."""
        return self.couplings.reach

    @cached_property
    def mixture(self) -> Mixture:
        """Every coupling of the conventional cell's sites, by species, from either end."""
        neighbours, basis = self.couplings.neighbours, self.basis
        lattice = Lattice(neighbours, basis)
        once = lattice.pairs(np.arange(len(lattice)), self.couplings.used)
        i, j, pair, offset = (np.concatenate(ends) for ends in zip(once, (
            once[1], once[0], neighbours.reverse[once[2]], -once[3]), strict=True))  # fmt: skip
        order = np.lexsort((*offset.T, j, i))
        i, j, pair, offset = i[order], j[order], pair[order], offset[order]
        return Mixture(
            basis @ neighbours.host.cell, self.repeats, lattice.fractional, self.couplings.elements,
            self.concentrations, self.moments, i, j, offset,
            np.moveaxis(self.couplings.j[:, :, pair], 2, 0), np.moveaxis(self.couplings.d[:, :, pair], 2, 0),
        )  # fmt: skip

    @cached_property
    def system(self) -> SpinSystem:
        """One realisation: each species on round(c · sites) sites, drawn with the seed."""
        lattice = Lattice(self.couplings.neighbours, np.diag(self.repeats) @ self.basis)
        occupied, species = self._draw(len(lattice))
        i, j, pair, offset = lattice.pairs(occupied, self.couplings.used)
        a, b = species[i], species[j]
        return SpinSystem(
            self.cell, lattice.fractional[occupied], self.couplings.elements, species,
            np.array(self.moments)[species], i, j, offset, self.couplings.neighbours.vector[pair],
            self.couplings.j[a, b, pair], self.couplings.d[a, b, pair],
        )  # fmt: skip

    def _draw(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Occupied sites in ascending order, and their species."""
        counts = [round(c * n) for c in self.concentrations]
        for element, c, count in zip(self.couplings.elements, self.concentrations, counts, strict=True):
            if not count:
                raise ExportError(f"{element} at {c:g} takes none of the {n} sites; make the supercell larger")
        drawn = np.random.default_rng(self.seed).permutation(n)[: sum(counts)]
        order = np.argsort(drawn)
        return drawn[order], np.repeat(np.arange(len(counts)), counts)[order]


def check_concentrations(concentrations: Mapping[str, float]) -> None:
    """Raises ``ExportError`` for a concentration outside (0, 1], or a sum above 1."""
    if not concentrations:
        raise ExportError("no species is given; name at least one, such as Cr=0.1")
    for element, c in concentrations.items():
        if not 0 < c <= 1:
            raise ExportError(f"concentration {element}={c:g} is not between 0 and 1 (share of the sites)")
    total = sum(concentrations.values())
    if total > 1 + 1e-9:
        raise ExportError(f"concentrations sum to {total:g}; a site holds one atom, so at most 1")


def check_size(cell: np.ndarray, repeats: Sequence[int], reach: float) -> None:
    """Raises ``ExportError`` where a supercell is thinner than twice the longest shell, so that images would meet."""
    if min(repeats) < 1:
        raise ExportError(f"supercell {tuple(repeats)}: give three whole numbers of at least 1")
    thickness = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    need = 2 * reach - 1e-6  # Å; exactly twice will do
    if thickness.min() < need:
        least = [int(np.ceil(n * need / t)) for n, t in zip(repeats, thickness, strict=True)]
        raise ExportError(
            f"supercell {tuple(repeats)} is {thickness.min():.1f} Å thin, less than twice the longest shell "
            f"({reach:.2f} Å); take at least {tuple(least)}, or fewer shells"
        )


class Lattice:
    """The sites of the sublattice in a supercell, numbered; ``matrix`` (3, 3) the supercell in primitive vectors."""

    def __init__(self, host: Neighbours, matrix: np.ndarray) -> None:
        self.host, self.matrix = host, matrix
        self._size = abs(round(np.linalg.det(matrix)))
        self._adjugate = np.round(np.linalg.inv(matrix) * self._size).astype(int)
        corners = np.array(list(itertools.product((0, 1), repeat=3))) @ matrix
        ranges = [range(low - 3, high + 4) for low, high in zip(corners.min(0), corners.max(0), strict=True)]
        cells = np.array(list(itertools.product(*ranges)))
        inverse = np.linalg.inv(matrix @ host.host.cell)
        self.cells, self.sites, self.fractional = self._inside(cells, inverse)
        keys = self._key(self.cells, self.sites)
        self._order = np.argsort(keys)
        self._keys = keys[self._order]

    def _inside(self, cells: np.ndarray, inverse: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Cell, site and fractional position of every site within the supercell."""
        found = []
        for site, position in enumerate(self.host.positions):
            fractional = np.round((cells @ self.host.host.cell + position) @ inverse, 9) + 0.0
            inside = ((fractional >= 0) & (fractional < 1)).all(1)
            found.append((cells[inside], np.full(inside.sum(), site), fractional[inside]))
        cells, sites, fractional = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return cells, sites, fractional

    def _key(self, cells: np.ndarray, sites: np.ndarray) -> np.ndarray:
        """One number for each site modulo vectors of the supercell."""
        rest = (cells @ self._adjugate) % self._size
        size = self._size
        return ((rest[:, 0] * size + rest[:, 1]) * size + rest[:, 2]) * len(self.host.sites) + sites

    def pairs(self, occupied: np.ndarray, used: np.ndarray) -> tuple[np.ndarray, ...]:
        """Every unordered pair of occupied sites once: i, j (numbers among the occupied), pair of the host, offset.

        Of a pair and its reverse the one with the smaller number in ``Neighbours`` is kept, which parts them always.
        """
        rank = np.full(len(self), -1)
        rank[occupied] = np.arange(len(occupied))
        found = []
        for pair in np.flatnonzero(used & (np.arange(len(self.host)) < self.host.reverse)):
            first = occupied[self.sites[occupied] == self.host.i[pair]]
            cells = self.cells[first] + self.host.offset[pair]
            second = self._order[np.searchsorted(self._keys, self._key(cells, np.full(len(first), self.host.j[pair])))]
            offset = (cells - self.cells[second]) @ self._adjugate // self._size
            kept = rank[second] >= 0
            found.append((rank[first[kept]], rank[second[kept]], np.full(kept.sum(), pair), offset[kept]))
        i, j, numbers, offset = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.lexsort((*offset.T, j, i))
        return i[order], j[order], numbers[order], offset[order]

    def __len__(self) -> int:
        return len(self.sites)
