"""Finite host clusters around impurity sites."""

import itertools
from collections.abc import Sequence

import numpy as np

from jijbench import limits
from jijbench.data.host import Host
from jijbench.data.sample import Geometry
from jijbench.elements import atomic_number
from jijbench.errors import DataError

TOLERANCE = 2e-3  # Å; tables of displacements carry five decimals or fewer


def atoms_near(host: Host, centres: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Host atoms within ``radius`` (Å) of any of ``centres`` (k, 3): numbers, positions, site names.

    Raises ``DataError`` for a radius that is none, and where the region holds more atoms than can be looked through.
    """
    if not 0 <= radius < np.inf:
        raise DataError(f"the radius of a cluster is {radius} Å; give a number from 0 on, such as 5")
    fractional = centres @ np.linalg.inv(host.cell)
    reach = np.ceil(radius * np.linalg.norm(np.linalg.inv(host.cell), axis=0)) + 1
    cells = np.floor(host.positions @ np.linalg.inv(host.cell))  # a site may be given in another cell than the first
    low = np.floor(fractional.min(0)) - reach - cells.max(0)
    high = np.ceil(fractional.max(0)) + reach - cells.min(0)
    atoms = float(np.prod(high - low + 1)) * len(host.sites)
    if not atoms <= limits.CLUSTER_ATOMS:
        raise DataError(
            f"a cluster of {radius:g} Å around sites up to {np.abs(centres).max():.3g} Å away lies among {atoms:.2g} "
            f"atoms of {host.formula}, the limit is {limits.CLUSTER_ATOMS}; check radius, displacement and their unit"
        )
    spans = (range(int(a), int(b) + 1) for a, b in zip(low, high, strict=True))
    shifts = np.array(list(itertools.product(*spans)))
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
