"""Coulomb matrices of the finite cluster, or of the bare pair (dscribe)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from jijbench.data.sample import Geometry, Sample
from jijbench.elements import atomic_number

Form = Literal["eigenspectrum", "sorted_l2", "pair"]


@lru_cache(maxsize=8)
def _matrix(form: str, n_atoms_max: int) -> Any:
    from dscribe.descriptors import CoulombMatrix

    return CoulombMatrix(n_atoms_max=n_atoms_max, permutation=form)


@lru_cache(maxsize=32768)
def _row(geometry: Geometry, elements: tuple[str, ...], form: Form, n_atoms_max: int) -> np.ndarray:
    from ase import Atoms

    numbers = geometry.numbers.copy()
    numbers[list(geometry.sites)] = [atomic_number(element) for element in elements]
    atoms = Atoms(numbers, geometry.positions)
    if form == "eigenspectrum":
        return _matrix(form, n_atoms_max).create(atoms).ravel()
    size = 2 if form == "pair" else n_atoms_max
    atoms = atoms[list(geometry.sites[:2])] if form == "pair" else atoms
    full = _matrix("sorted_l2", size).create(atoms).reshape(size, size)
    return full[np.triu_indices(size)]


def coulomb(samples: Sequence[Sample], form: Form, n_atoms_max: int = 36) -> np.ndarray:
    """(n, features) Coulomb matrices, independent of the order of atoms (``sorted_l2``: but for rows of equal norm).

    M_ii = Z_i^2.4 / 2, M_ij = Z_i Z_j / r_ij (Rupp et al. 2012), Z in e and r in Å. ``eigenspectrum``: sorted
    eigenvalues of the cluster; ``sorted_l2``: upper triangle of the matrix with rows sorted by norm; ``pair``: that
    of the two impurities alone. Clusters larger than ``n_atoms_max`` are refused by dscribe. A row is computed
    once for a geometry and its elements and then kept in memory.
    """
    return np.array([_row(sample.geometry, sample.elements, form, n_atoms_max) for sample in samples], dtype=float)
