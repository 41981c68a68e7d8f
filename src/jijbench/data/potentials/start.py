"""Start potentials: an atom's, which is the same in every host, and those of the hosts."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline

from jijbench.data.potentials.s_level import s_level
from jijbench.data.sample import Sample
from jijbench.elements import atomic_number, group, period, symbol
from jijbench.targets.mesh import relative_mesh


class Spherical(NamedTuple):
    """A potential (349,) in Ry on its mesh, which ends at ``radius`` (Bohr)."""

    values: np.ndarray
    radius: float


def host_element(sample: Sample) -> str:
    """Element of an elemental host: of its most frequent atom besides the impurity."""
    others = np.delete(sample.geometry.numbers, list(sample.impurities[:1]))
    return symbol(int(np.bincount(others).argmax()))


def potentials_of(samples: Sequence[Sample]) -> tuple[dict[str, Spherical], dict[str, Spherical]]:
    """Atomic potentials V_start of the impurities (each from its largest cell), and V_host of the hosts."""
    atoms, hosts = {}, {}
    for sample in sorted(samples, key=lambda sample: float(sample.inputs["host_state"][0])):
        host, radius = sample.inputs["host_potential"], float(sample.inputs["host_state"][0])
        hosts[host_element(sample)] = Spherical(host, radius)
        atoms[sample.elements[0]] = Spherical(sample.inputs["start"] + host, radius)
    return atoms, hosts


def atom_potential(element: str, atom: Spherical, r: np.ndarray) -> np.ndarray:
    """(k,) Ry, the potential of an atom at ``r`` (Bohr); beyond its radius V − 2Z/r goes on as an exponential."""
    z, mesh = atomic_number(element), relative_mesh() * atom.radius
    potential = np.asarray(CubicSpline(mesh, atom.values)(r))
    far = r > atom.radius
    if far.any():
        total = atom.values[[-6, -1]] - 2 * z / mesh[[-6, -1]]
        fall = np.log(total[0] / total[1]) / (mesh[-1] - mesh[-6]) if total[0] < total[1] < 0 else 1.0
        potential[far] = total[1] * np.exp(-fall * (r[far] - atom.radius)) + 2 * z / r[far]
    return potential


def excess(element: str, atom: Spherical, host_name: str, host: Spherical) -> float:
    """Ry at the boundary of the host's cell: the atom's whole potential less the host's.

    It grows with the charge of the atom that its neighbours have to take up or give.
    """
    end = atom_potential(element, atom, np.array([host.radius]))[0]
    return float(end - host.values[-1] - 2.0 * (atomic_number(element) - atomic_number(host_name)) / host.radius)


def s_levels(elements: Iterable[str], atoms: dict[str, Spherical]) -> dict[str, float]:
    """Ry, the valence s level of the atoms of groups 13 to 18; others are bound too weakly to be lost: zero."""

    def level(element: str) -> float:
        z = atomic_number(element)
        return s_level(z, period(element), lambda r: atom_potential(element, atoms[element], r) - 2.0 * z / r)

    return {e: level(e) if group(e) > 12 else 0.0 for e in sorted(elements)}
