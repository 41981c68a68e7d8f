"""Bound states of a spherical potential."""

from collections.abc import Callable

import numpy as np
import scipy.linalg


def s_level(
    z: int, n: int, potential: Callable[[np.ndarray], np.ndarray], radius: float = 25.0, points: int = 1600
) -> float:
    """Energy (Ry) of the non-relativistic state ns in ``potential`` (Ry, of r in Bohr), which ends at ``radius``.

    Radial Schrödinger equation by differences on a logarithmic mesh: u = √r f makes −f'' + (1/4 + r²V) f = E r² f.
    """
    r = np.exp(np.linspace(np.log(2e-3 / z), np.log(radius), points))
    step = np.log(r[1] / r[0])
    diagonal = (2.0 / step**2 + 0.25) / r**2 + potential(r)
    beside = -1.0 / (step**2 * r[:-1] * r[1:])
    energies = scipy.linalg.eigh_tridiagonal(
        diagonal, beside, eigvals_only=True, select="i", select_range=(n - 1, n - 1)
    )
    return float(energies[0])
