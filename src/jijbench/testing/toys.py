"""Toy dimers with a known answer, and moves that tell what an answer obeys: turning, shifting, reordering, naming.

The host has the structure of Bi2Te3 with rounded lattice constants, the clusters are small, J is a formula of the
elements' moments and groups and of what a rotation leaves alone, and D is one with a direction that atoms around the
pair give.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import product

import numpy as np

from jijbench.data.cluster import cluster
from jijbench.data.host import Host
from jijbench.data.sample import Geometry, Sample
from jijbench.elements import place_in_row

MAGNETIC = ("Cr", "Fe", "Mn", "Nb", "V")  # elements of the toy with a moment
NONMAGNETIC = ("Zn",)  # no moment: J is exactly zero
UNSEEN = ("Co", "Mo")  # not among the dimers, d elements like them: a model has to predict these
OUTSIDE = ("Lr", "Xx")  # far from every table, and no element at all: a model may refuse these
MOMENTS = {"V": 2.7, "Cr": 3.9, "Mn": 4.5, "Fe": 3.5, "Nb": 1.4, "Zn": 0.0, "Co": 2.3, "Mo": 1.8, "Lr": 1.0, "Xx": 1.0}

#: name → (site of j, lattice vectors from i to j); i is on Bi1. No symmetry exchanges the sites of the last one
PLACES = {
    "inplane": ("Bi1", (-1, 0, 1)),
    "slanted": ("Bi2", (-1, 0, 0)),
    "straight": ("Bi2", (-1, -1, 1)),
    "polar": ("Bi1", (-2, 1, 1)),
}
RADIUS = 3.5  # Å, the six nearest atoms of the host around each impurity


@lru_cache(maxsize=1)
def host() -> Host:
    """A rhombohedral crystal of five atoms a cell, as Bi2Te3."""
    a, c = 4.4, 30.6  # Å
    across, along = a / np.sqrt(3), c / 3
    cell = np.array([[a / 2, -across / 2, along], [0.0, across, along], [-a / 2, -across / 2, along]])
    heights = np.array([0.0, 0.4, 0.6, 0.21, 0.79]) * c
    positions = np.column_stack([np.zeros(5), np.zeros(5), heights])
    return Host("Bi2Te3", cell, ("Te2", "Bi1", "Bi2", "Te1", "Te1b"), ("Te", "Bi", "Bi", "Te", "Te"), positions)


@lru_cache(maxsize=8)
def geometry(place: str) -> Geometry:
    """The cluster of one of ``PLACES``; positions carry the digits of a table, so a file gives them back exactly."""
    site, steps = PLACES[place]
    step = host().position(site) + np.array(steps) @ host().cell - host().position("Bi1")
    shell = 1 + list(PLACES).index(place)
    exact = cluster(host(), ("Bi1", site), np.array([np.zeros(3), step]), RADIUS, place, shell)
    return replace(exact, positions=np.round(exact.positions, 6) + 0.0)


def dimer(first: str, second: str, place: str) -> Sample:
    """The dimer with ``first`` at site i and ``second`` at site j, with moments."""
    names = (first, second) if place == "polar" else sorted((first, second))
    orbit = "-".join([*names, place])
    inputs = {"moments": np.array([MOMENTS[first], MOMENTS[second]])}
    return Sample(f"toy:{first}-{second}-{place}", geometry(place), (first, second), orbit, inputs)


@lru_cache(maxsize=1)
def dimers() -> tuple[Sample, ...]:
    """One dimer an orbit, all pairs of ``MAGNETIC`` and ``NONMAGNETIC`` at all places, in the order of their ids."""
    found: dict[str, Sample] = {}
    for place, a, b in product(PLACES, MAGNETIC + NONMAGNETIC, MAGNETIC + NONMAGNETIC):
        sample = dimer(a, b, place)
        found.setdefault(sample.orbit, sample)
    return tuple(sorted(found.values(), key=lambda sample: sample.id))


def strangers(elements: Iterable[str]) -> tuple[Sample, ...]:
    """Dimers of each of ``elements`` with itself and with elements of the toy."""
    pairs = [pair for e in elements for pair in ((e, e), (e, "Cr"), ("Mn", e), (e, "Zn"))]
    return tuple(dimer(a, b, place) for (a, b), place in product(pairs, ("inplane", "polar")))


def truth(samples: Sequence[Sample]) -> np.ndarray:
    """(n,) meV: J = m_A m_B [f(r) + s h (x_A − x_B)] + x_A x_B g(r), and 0 where a moment is zero.

    m in μB, r in Å, x = (group − 7) / 2; s is +1 or −1 where the surroundings differ between the two senses and 0
    elsewhere, so the elements may be exchanged only where a symmetry exchanges the sites.
    """
    return np.array([_exchange(sample) for sample in samples])


def _exchange(sample: Sample) -> float:
    m, r = [MOMENTS[e] for e in sample.elements[:2]], sample.distance
    if not all(m):
        return 0.0
    x = [(place_in_row(e) - 7) / 2 for e in sample.elements[:2]]
    direct = m[0] * m[1] * (0.35 * np.cos(1.3 * r) + 0.02 * sense(sample.geometry) * (x[0] - x[1]))
    return float((direct + 4.0 * x[0] * x[1]) * np.exp((4.4 - r) / 4))


def vectors(samples: Sequence[Sample]) -> np.ndarray:
    """(n, 3) meV: D = m_A m_B [0.4 + x_A x_B] exp((4.4 − r) / 4) c, with the direction c of ``curl``.

    The form of Lévy and Fert, J. Appl. Phys. 52, 1718 (1981), eq. 3, with other functions of the distances. Zero where
    a moment is zero or the surroundings forbid it.
    """
    found = []
    for s in samples:
        (a, b), r = s.elements[:2], s.distance
        x, y = ((place_in_row(e) - 7) / 2 for e in (a, b))
        found.append(MOMENTS[a] * MOMENTS[b] * (0.4 + x * y) * np.exp((4.4 - r) / 4) * curl(s.geometry))
    return np.array(found)


def curl(geometry: Geometry) -> np.ndarray:
    """(3,) Σ_k Z_k (r_k − r_i) × (r_k − r_j) / (|r_k − r_i| |r_k − r_j|)³ over host atoms, of order one.

    It turns as a pseudovector, and reads with the other sign from j to i.
    """
    i, j = geometry.pair
    around = np.delete(np.arange(len(geometry.positions)), [i, j])
    first, second = (geometry.positions[around] - geometry.positions[end] for end in (i, j))  # (n, 3)
    fall = 3e2 * geometry.numbers[around] / 83 / np.prod(np.linalg.norm([first, second], axis=-1), axis=0) ** 3
    return fall @ np.cross(first, second)


def sense(geometry: Geometry) -> int:
    """+1 or −1 where the surroundings tell the way from i to j from the way back, else 0."""
    ends = geometry.positions[list(geometry.sites[:2])]
    gaps = np.linalg.norm(geometry.positions[:, None] - ends, axis=-1)  # (n, 2)
    return int(np.sign(np.round((gaps[:, 0] - gaps[:, 1]).sum(), 3)))


def rotation(seed: int, proper: bool = True) -> np.ndarray:
    """(3, 3) a rotation drawn at random; times the inversion unless ``proper``."""
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q * np.linalg.det(q) * (1 if proper else -1)


def turned(sample: Sample, rotation: np.ndarray) -> Sample:
    """The whole crystal turned: positions and lattice vectors together; what has no direction stays."""
    g = sample.geometry
    return _moved(sample, "turned", positions=g.positions @ rotation.T, cell=g.cell @ rotation.T)


def shifted(sample: Sample, by: Sequence[float]) -> Sample:
    """All atoms shifted by a vector, Å."""
    return _moved(sample, "shifted", positions=sample.geometry.positions + np.array(by))


def reordered(sample: Sample, order: np.ndarray) -> Sample:
    """Atoms listed in another order; the marks of the impurities follow them."""
    g, place = sample.geometry, np.argsort(order)
    sites = tuple(int(place[site]) for site in g.sites)
    return _moved(sample, "reordered", positions=g.positions[order], numbers=g.numbers[order], sites=sites)


def renamed(sample: Sample) -> Sample:
    """The same dimer with i and j named the other way round; elements, sublattices and inputs follow."""
    g, back = sample.geometry, [1, 0, *range(2, len(sample.elements))]
    sites, names = tuple(g.sites[k] for k in back), tuple(g.sublattices[k] for k in back)
    there = _moved(sample, "renamed", sites=sites, sublattices=names)
    inputs = {key: values[back] for key, values in sample.inputs.items()}
    return replace(there, elements=tuple(sample.elements[k] for k in back), inputs=inputs)


def exchanged(sample: Sample) -> Sample:
    """Another dimer: the elements exchanged, the sites left alone. J may differ, see ``truth``."""
    return replace(renamed(sample), geometry=sample.geometry, id=f"{sample.id}-exchanged")


def _moved(sample: Sample, how: str, **changes: object) -> Sample:
    """With another geometry; ids change with it, for no model may lean on a name."""
    geometry = replace(sample.geometry, id=f"{sample.geometry.id}-{how}", **changes)  # type: ignore[arg-type]
    return replace(sample, id=f"{sample.id}-{how}", geometry=geometry)
