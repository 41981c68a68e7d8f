"""Toy impurities in toy elemental crystals, with a known answer on the mesh of the potentials.

Hosts are fcc, bcc and hcp with rounded lattice constants, clusters reach to the nearest atoms. Atomic potentials are
screened Coulomb potentials that do not depend on the host; C and the change around are products of a formula of
impurity and host and of a few shapes, so a basis of three curves holds them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from jijbench.data.cluster import cluster
from jijbench.data.curves import elemental_host
from jijbench.data.host import Host
from jijbench.data.sample import Geometry, Sample
from jijbench.data.symmetry import site_at
from jijbench.elements import SYMBOLS, atomic_number, group, period
from jijbench.targets.mesh import relative_mesh
from jijbench.units import BOHR_ANGSTROM

#: host → structure, lattice constant (Bohr), Fermi energy (Ry)
HOSTS = {
    "Ag": ("fcc", 7.7, 0.54),
    "Cu": ("fcc", 6.8, 0.66),
    "Cr": ("bcc", 5.4, 0.72),
    "Nb": ("bcc", 6.2, 0.68),
    "Ru": ("hcp", 5.1, 0.80),
    "Pd": ("fcc", 7.3, 0.60),
}
C_OVER_A = 1.58
UNSEEN_HOST = "Pd"
MAGNETIC = ("Al", "Cr", "Cu", "Fe", "Mo", "P", "Ru", "Y")
UNSEEN = ("Pd", "Ti")  # not among the impurities of training; the first stands in a host that is not among its hosts
OUTSIDE = ("Lr", "Xx")  # far from every table, and no element at all: a model may refuse these
REACH = 1.25  # of a cluster, in distances of nearest atoms


@lru_cache(maxsize=8)
def host(name: str) -> Host:
    """The crystal of one of ``HOSTS``."""
    structure, a, _ = HOSTS[name]
    return elemental_host(name, {"structure": structure, "lattice_constant_bohr": a, "c_over_a": C_OVER_A})


@lru_cache(maxsize=16)
def geometry(name: str, neighbour: bool = False) -> Geometry:
    """The cluster around an impurity in a host, or around it and its nearest atom, in digits that a file gives back."""
    crystal = host(name)
    around = cluster(crystal, ("A",), np.zeros((1, 3)), 2 * float(np.linalg.norm(crystal.cell, axis=1).max()), name)
    gaps = np.linalg.norm(around.positions[1:], axis=1)
    step, radius = around.positions[1 + int(np.argmin(np.round(gaps, 4)))], REACH * float(gaps.min())
    if not neighbour:
        exact = cluster(crystal, ("A",), np.zeros((1, 3)), radius, name)
    else:
        sites = "A", site_at(crystal, crystal.position("A") + step)
        exact = cluster(crystal, sites, np.array([np.zeros(3), step]), radius, f"{name}-near")
    return replace(exact, positions=np.round(exact.positions, 6) + 0.0)


def radius(name: str) -> float:
    """Bohr, of the sphere with the volume of one atom."""
    crystal = host(name)
    return float((3 * np.linalg.det(crystal.cell) / len(crystal.sites) / (4 * np.pi)) ** (1 / 3)) / BOHR_ANGSTROM


def atom(element: str, r: np.ndarray) -> np.ndarray:
    """(k,) Ry, V + 2Z/r of an atom at ``r`` (Bohr), V = −2/r [1 + (Z − 1) exp(−r/a)] exp(−r/4), a = 0.9 Z^(−1/3).

    What is no element has Z = 80.
    """
    z = atomic_number(element) if element in SYMBOLS else 80
    a, far = 0.9 * z ** (-1 / 3), np.maximum(r, 1e-12)
    return -2 * (np.expm1(-far / 4) + (z - 1) * np.expm1(-far / a - far / 4)) / far


def impurity(element: str, name: str) -> Sample:
    """``element`` in the host called ``name``."""
    return _sample(element, name, geometry(name), (element,), "")


def neighbour(element: str, name: str) -> Sample:
    """The nearest atom of ``element`` in the host called ``name``."""
    return _sample(element, name, geometry(name, True), (element, name), "-near")


def _sample(element: str, name: str, place: Geometry, elements: tuple[str, ...], ending: str) -> Sample:
    r = relative_mesh() * radius(name)
    potential = atom(name, r) + correction(name, name)
    inputs = {
        "start": atom(element, r) - potential, "host_potential": potential,
        "host_state": np.array([radius(name), HOSTS[name][2]]),
    }  # fmt: skip
    return Sample(f"toy:{element}-in-{name}{ending}", place, elements, f"{element}-in-{name}", inputs)


@lru_cache(maxsize=1)
def impurities() -> tuple[Sample, ...]:
    """Every element of ``MAGNETIC`` in every other host but the unseen one, in the order of their ids."""
    return _all(impurity)


@lru_cache(maxsize=1)
def neighbours() -> tuple[Sample, ...]:
    """The nearest atoms of ``impurities``."""
    return _all(neighbour)


def _all(make: Callable[[str, str], Sample]) -> tuple[Sample, ...]:
    pairs = [(element, name) for element in MAGNETIC for name in HOSTS if element != name and name != UNSEEN_HOST]
    return tuple(sorted((make(*pair) for pair in pairs), key=lambda sample: sample.id))


def strangers(elements: Iterable[str]) -> tuple[Sample, ...]:
    """Impurities of each of ``elements`` in hosts of the toys, and impurities of the toys in an unseen host."""
    pairs = [pair for e in elements for pair in ((e, "Cu"), (e, "Nb"), (e, UNSEEN_HOST), ("Fe", UNSEEN_HOST))]
    return tuple(impurity(*pair) for pair in pairs if pair[0] != pair[1])


def strange_neighbours(elements: Iterable[str]) -> tuple[Sample, ...]:
    """The nearest atoms of ``strangers``."""
    return tuple(neighbour(sample.elements[0], sample.host) for sample in strangers(elements))


def truth(samples: Sequence[Sample]) -> np.ndarray:
    """(n, 349) Ry, C of each impurity."""
    return np.array([correction(sample.elements[0], sample.host) for sample in samples])


def change(samples: Sequence[Sample]) -> np.ndarray:
    """(n, 349) Ry, the change around each impurity: (v − v_host) / 40 (1 + x⁴), v electrons outside the core."""
    x = relative_mesh()
    charges = [_valence(sample.elements[0]) - _valence(sample.host) for sample in samples]
    return np.outer(charges, 1 + x**4) / 40


def correction(element: str, name: str) -> np.ndarray:
    """(349,) Ry, C = (v − v_host) / 30 (1 − x²/2) + p / r_ws (x² − 1/2) / 10 + E_F/5 exp(−20 (x − 0.7)²), x = r / r_ws.

    v electrons outside the core, p the period of the impurity; so C of a host's own atom is not zero.
    """
    x = relative_mesh()
    charge = (_valence(element) - _valence(name)) / 30 * (1 - x**2 / 2)
    size = period(element) / radius(name) / 10 * (x**2 - 0.5) if element in SYMBOLS else 0.0
    return charge + size + HOSTS[name][2] / 5 * np.exp(-20 * (x - 0.7) ** 2)


def _valence(element: str) -> int:
    """Electrons outside the core, of elements of the toys at most 12; 0 of what is no element."""
    if element not in SYMBOLS:
        return 0
    return group(element) if group(element) <= 12 else group(element) - 10
