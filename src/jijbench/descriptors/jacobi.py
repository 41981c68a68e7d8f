"""Jacobi polynomials of the distance between a grid point and an atom, averaged over a sphere of grid points.

In the Jacobi-Legendre expansion a field at a grid point is linear in polynomials of its distances to the atoms
(Focassio, Domina, Patil, Fazzio, Sanvito, npj Comput. Mater. 9, 87, 2023). The spherical part of a field around one
nucleus needs their average over the directions of the grid point.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import eval_jacobi

from jijbench.data.sample import Geometry
from jijbench.targets.mesh import relative_mesh

#: directions of the grid point over which the average is taken (Gauss-Legendre in the cosine)
DIRECTIONS = 24


@dataclass(frozen=True)
class JacobiSettings:
    """``n_max`` polynomials P_n^(α, β), α = ``alpha``, β = ``beta``, up to ``r_cut`` Å, where they vanish."""

    n_max: int = 12
    alpha: float = 0.0
    beta: float = 0.0
    r_cut: float = 6.0


def vanishing(r: np.ndarray, settings: JacobiSettings) -> np.ndarray:
    """(…, n_max) P_n(x) − P_n(−1), x = cos(π r / r_cut), n = 1 … n_max; zero beyond the cutoff."""
    x = np.cos(np.pi * np.minimum(r, settings.r_cut) / settings.r_cut)
    n = np.arange(1, settings.n_max + 1)
    a, b = settings.alpha, settings.beta
    return eval_jacobi(n, a, b, x[..., None]) - eval_jacobi(n, a, b, -1.0)


def wigner_seitz(geometry: Geometry) -> float:
    """Å, radius of the sphere of an atom's volume in an elemental host."""
    scaled = geometry.positions @ np.linalg.inv(geometry.cell)
    apart = scaled[:, None] - scaled
    gaps = np.linalg.norm((apart - np.round(apart)) @ geometry.cell, axis=-1)
    sites = int(np.sum(np.argmax(gaps < 1e-2, axis=1) == np.arange(len(gaps))))  # first atom of each lattice
    return float(np.cbrt(3 * abs(np.linalg.det(geometry.cell)) / sites / (4 * np.pi)))


@lru_cache(maxsize=1024)
def polynomials(geometry: Geometry, settings: JacobiSettings) -> np.ndarray:
    """(points, 2, n_max) averaged polynomials around the asked site: of the impurity, and summed over the host's atoms.

    The asked site is the last of the pair: the impurity itself, or the neighbour whose potential changes.
    """
    r = relative_mesh() * wigner_seitz(geometry)
    impurity, asked = geometry.pair
    gaps = np.linalg.norm(geometry.positions - geometry.positions[asked], axis=1)
    hosts = np.unique(np.round(np.delete(gaps, impurity), 4), return_counts=True)
    host = sum(count * around(r, gap, settings) for gap, count in zip(*hosts, strict=True))
    return np.stack([around(r, gaps[impurity], settings), host], axis=1)


def around(r: np.ndarray, distance: float, settings: JacobiSettings) -> np.ndarray:
    """(points, n_max) polynomials of an atom ``distance`` Å away, averaged over the sphere of radius r (points,)."""
    u, weight = np.polynomial.legendre.leggauss(DIRECTIONS)
    far = np.sqrt(np.maximum(r[:, None] ** 2 + distance**2 - 2 * distance * r[:, None] * u, 0))
    return np.einsum("rdn,d->rn", vanishing(far, settings), weight / 2)
