"""Finite host clusters around impurity sites."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jijbench.data.elements import atomic_number
from jijbench.data.sample import Geometry
from jijbench.errors import DataError

TOLERANCE = 2e-3  # Å; tables of displacements carry five decimals or fewer


@dataclass(frozen=True)
class Host:
    """A host crystal: primitive cell and named sites.

    ``cell`` (3, 3) Å, rows are lattice vectors; ``positions`` (m, 3) Å; ``elements`` and ``sites`` name the m atoms.
    """

    formula: str
    cell: np.ndarray
    sites: tuple[str, ...]
    elements: tuple[str, ...]
    positions: np.ndarray

    def position(self, site: str) -> np.ndarray:
        """(3,) Å of a named site in the home cell; raises ``DataError``."""
        if site not in self.sites:
            raise DataError(f"host {self.formula} has no site {site!r}; its sites are {', '.join(self.sites)}")
        return self.positions[self.sites.index(site)]

    @classmethod
    def from_json(cls, raw: dict) -> "Host":
        """From the mapping of a ``host.json`` (``lattice_angstrom``, ``sites`` with name, element, position)."""
        sites = raw["sites"]
        return cls(
            raw["formula"],
            np.array(raw["lattice_angstrom"]),
            tuple(site["site"] for site in sites),
            tuple(site["element"] for site in sites),
            np.array([site["position_angstrom"] for site in sites]),
        )


def atoms_near(host: Host, centres: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Host atoms within ``radius`` (Å) of any of ``centres`` (k, 3): numbers, positions, site names."""
    fractional = centres @ np.linalg.inv(host.cell)
    reach = np.ceil(radius * np.linalg.norm(np.linalg.inv(host.cell), axis=0)).astype(int) + 1
    low, high = np.floor(fractional.min(0)).astype(int) - reach, np.ceil(fractional.max(0)).astype(int) + reach
    shifts = np.array(list(itertools.product(*(range(a, b + 1) for a, b in zip(low, high, strict=True)))))
    positions = (shifts @ host.cell)[:, None, :] + host.positions  # (cells, m, 3)
    near = (np.linalg.norm(positions[:, :, None] - centres, axis=-1) <= radius + TOLERANCE).any(-1)
    index = np.nonzero(near)[1]
    numbers = np.array([atomic_number(element) for element in host.elements])[index]
    return numbers, positions[near], [host.sites[k] for k in index]


def cluster(
    host: Host, sublattices: Sequence[str], displacements: np.ndarray, radius: float, id: str, shell: int | None = None
) -> Geometry:
    """The cluster of all host atoms within ``radius`` Å of any impurity site.

    ``displacements`` (k, 3) Å of the impurity sites from the first one (so its first row is zero).
    Raises ``DataError`` where a displacement does not end on the host site that it names.
    """
    centres = host.position(sublattices[0]) + displacements
    numbers, positions, names = atoms_near(host, centres, radius)
    sites = []
    for centre, name in zip(centres, sublattices, strict=True):
        gaps = np.linalg.norm(positions - centre, axis=1)
        nearest = int(gaps.argmin())
        if gaps[nearest] > TOLERANCE or names[nearest] != name:
            raise DataError(
                f"geometry {id}: {centre - centres[0]} Å from {sublattices[0]} is not a {name} site of {host.formula} "
                f"(nearest: {names[nearest]}, {gaps[nearest]:.3f} Å off); check displacement and sublattice"
            )
        sites.append(nearest)
    order = sites + [k for k in range(len(numbers)) if k not in sites]
    return Geometry(
        id, host.formula, numbers[order], positions[order] - centres[0],
        tuple(range(len(sites))), tuple(sublattices), host.cell, shell,
    )  # fmt: skip
