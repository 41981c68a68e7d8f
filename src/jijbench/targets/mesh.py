"""The radial mesh of the impurity potentials, and what a point of it weighs in the volume of the cell.

r_k = b (exp(a k) − 1), k = 0 … n − 1, b such that the last point is the Wigner-Seitz radius (JuKKR's mesh in the atomic
sphere approximation). All hosts share a and n, so curves of different hosts lie on the same r / r_ws.
"""

from functools import lru_cache

import numpy as np

POINTS = 349
MESH_A = 0.025


def relative_mesh(n: int = POINTS, a: float = MESH_A) -> np.ndarray:
    """(n,) r / r_ws, from 0 to 1."""
    grown = np.expm1(a * np.arange(n))
    return grown / grown[-1]


@lru_cache(maxsize=4)
def volume_weights(n: int = POINTS, a: float = MESH_A) -> np.ndarray:
    """(n,) weights of sum one, ∝ r² dr by the trapezoidal rule in k: a weighted sum is the mean over the sphere."""
    weights = relative_mesh(n, a) ** 2 * np.exp(a * np.arange(n))
    weights[-1] /= 2
    weights /= weights.sum()
    weights.setflags(write=False)
    return weights
