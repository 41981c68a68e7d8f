"""Orbits: which dimers a symmetry of the host, or naming i and j the other way round, makes equal."""

import warnings
from functools import lru_cache
from typing import Any

import numpy as np

from jijbench.data.host import Host
from jijbench.data.sample import Geometry
from jijbench.elements import atomic_number
from jijbench.errors import DataError

Key = tuple  # ((sublattice, dx, dy, dz) of each impurity from the first one, elements)
DECIMALS = 2  # Å; far below the distance of two sites, far above the digits of the tables


@lru_cache(maxsize=8)
def _operations(cell: bytes, positions: bytes, numbers: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    import spglib

    lattice, points = np.frombuffer(cell).reshape(3, 3), np.frombuffer(positions).reshape(-1, 3)
    with warnings.catch_warnings():  # spglib announces a new way of raising errors at every call
        warnings.simplefilter("ignore", DeprecationWarning)
        crystal: Any = (lattice, points @ np.linalg.inv(lattice), numbers)
        symmetry: Any = spglib.get_symmetry(crystal, symprec=1e-3)
    if symmetry is None:
        raise DataError(f"no symmetry is found in the crystal of {lattice.tolist()} Å, {points.tolist()} Å; check it")
    rotations = np.array([(lattice.T @ r @ np.linalg.inv(lattice.T)) for r in symmetry["rotations"]])
    return rotations, symmetry["translations"] @ lattice


def operations(host: Host) -> tuple[np.ndarray, np.ndarray]:
    """Space-group operations of the host: rotations (k, 3, 3) Cartesian and translations (k, 3) Å."""
    numbers = tuple(atomic_number(element) for element in host.elements)
    return _operations(host.cell.tobytes(), host.positions.tobytes(), numbers)


def site_at(host: Host, point: np.ndarray) -> str:
    """Name of the host site at ``point`` (3,) Å, modulo lattice vectors."""
    offset = (point - host.positions) @ np.linalg.inv(host.cell)
    gaps = np.linalg.norm((offset - np.round(offset)) @ host.cell, axis=1)
    return host.sites[int(gaps.argmin())]


@lru_cache(maxsize=1024)  # one pair of sites holds all pairs of elements
def images(host: Host, geometry: Geometry) -> list[tuple]:
    """All symmetry images of a pair of sites: (sublattice_i, sublattice_j, displacement), i first."""
    start = host.position(geometry.sublattices[0])
    rotations, translations = operations(host)
    found = []
    for rotation, translation in zip(rotations, translations, strict=True):
        first = rotation @ start + translation
        step = np.round(rotation @ geometry.displacement, DECIMALS) + 0.0  # + 0.0: no negative zero
        found.append((site_at(host, first), site_at(host, first + rotation @ geometry.displacement), *step))
    return found


def canonical(host: Host, geometry: Geometry, elements: tuple[str, ...]) -> Key:
    """A key that two dimers share exactly when they belong to one orbit."""
    pairs = {(*image, *elements) for image in images(host, geometry)}
    swapped = {(b, a, -dx + 0.0, -dy + 0.0, -dz + 0.0, y, x) for a, b, dx, dy, dz, x, y in pairs}
    return min(pairs | swapped)


def axial_turns(host: Host, geometry: Geometry, elements: tuple[str, str]) -> tuple[Key, np.ndarray]:
    """How a pseudovector of a dimer, D_ij, turns on the way to its orbit's common frame.

    The key is that of ``canonical``; the turns (k, 3, 3), k ≥ 1, are det(g) g of every operation that leads there, and
    −det(g) g where i and j change places on the way.
    """
    key, found = frames(host, geometry, elements)
    return key, np.array([(-1 if named else 1) * np.linalg.det(turn) * turn for turn, named in found])


def frames(host: Host, geometry: Geometry, elements: tuple[str, ...]) -> tuple[Key, list[tuple[np.ndarray, bool]]]:
    """The key of a dimer's orbit, and every way to its common frame: rotation (3, 3), whether i and j are renamed."""
    found: dict[Key, list[tuple[np.ndarray, bool]]] = {}
    for image, rotation in zip(images(host, geometry), operations(host)[0], strict=True):
        a, b, dx, dy, dz = image
        found.setdefault((*image, *elements), []).append((rotation, False))
        found.setdefault((b, a, -dx + 0.0, -dy + 0.0, -dz + 0.0, *elements[::-1]), []).append((rotation, True))
    key = min(found)
    return key, found[key]


def site_classes(host: Host) -> dict[str, str]:
    """For each site of the host, the first of the sites that its symmetry makes equal."""
    rotations, translations = operations(host)
    equal = {
        site: {site_at(host, rotation @ point + shift) for rotation, shift in zip(rotations, translations, strict=True)}
        for site, point in zip(host.sites, host.positions, strict=True)
    }
    return {site: min(found) for site, found in equal.items()}
