"""What exchange interactions do: ordering temperatures of random alloys. Pure functions of arrays, house convention."""

from dataclasses import dataclass

import numpy as np

from jijbench.errors import JijbenchError
from jijbench.units import BOLTZMANN_MEV

#: mean number of neighbours inside the range of the interaction below which no infinite cluster exists in three
#: dimensions, for long ranges (Xun, Hao, Ziff, arXiv:2010.02895)
PERCOLATION = 2.7
#: meV; a neighbour counts for percolation where \|J\| is at least this
THRESHOLDS = (0.1, 0.5, 1.0)
#: shells of Bi2Te3 that hold most of Σ J²; sums without one of them mean little
STRONG_SHELLS = (1, 2, 3, 4, 5, 7, 10)


@dataclass(frozen=True)
class MeanField:
    """Mean-field ordering: ``eigenvalue`` meV, ``tc`` K (0 where it is not positive), ``weights`` (k,) by species.

    ``order``: ferromagnetic (all moments one way), ferrimagnetic (the species against each other), antiferromagnetic
    (no uniform order: the largest eigenvalue of the sums over all neighbours is not positive).
    """

    eigenvalue: float
    weights: np.ndarray
    tc: float
    order: str


def mean_field(sums: np.ndarray, concentrations: np.ndarray) -> MeanField:
    """Uniform order of a random alloy from ``sums`` (k, k) meV, K_ab = Σ_R J_ab(R), and shares of the sites (k,).

    The Langevin function gives m_a = h_a / 3 k_B T with h_a = Σ_b c_b K_ab m_b, so k_B T_c is a third of the largest
    eigenvalue of c_b K_ab, which the symmetric matrix √(c_a c_b) K_ab shares. One species: k_B T_c = c K / 3.
    """
    values, vectors = np.linalg.eigh(weighted(sums, concentrations))
    weights = vectors[:, -1] / np.sqrt(concentrations)
    weights = weights / np.abs(weights).max()
    weights = weights * np.sign(weights[np.abs(weights).argmax()])
    return MeanField(float(values[-1]), weights, ordering_temperature(values[-1]), _order(float(values[-1]), weights))


def weighted(sums: np.ndarray, concentrations: np.ndarray) -> np.ndarray:
    """(…, k, k) meV, √(c_a c_b) K_ab."""
    root = np.sqrt(np.asarray(concentrations, dtype=float))
    return sums * root[:, None] * root


def ordering_temperature(eigenvalue: float) -> float:
    """K, a third of the eigenvalue (meV); 0 where it is not positive."""
    return max(0.0, float(eigenvalue)) / (3 * BOLTZMANN_MEV)


def _order(eigenvalue: float, weights: np.ndarray) -> str:
    if eigenvalue <= 0:
        return "antiferromagnetic"
    return "ferromagnetic" if weights.min() > -1e-9 else "ferrimagnetic"


def neighbour_number(strong: np.ndarray, concentrations: np.ndarray) -> float:
    """Mean number z·c of impurities that couple strongly to an impurity.

    ``strong`` (k, k): neighbours of one site with \\|J_ab\\| above a threshold. Below ``PERCOLATION`` no long-range
    order is to be expected, whatever the mean field says.
    """
    c = np.asarray(concentrations, dtype=float)
    return float(c @ strong @ c / c.sum())


class Unstable(JijbenchError):
    """Ferromagnetic order is no minimum of the energy of these couplings."""


def local_rpa(j: np.ndarray, iterations: int = 100, tolerance: float = 1e-4) -> float:
    """Curie temperature (K) of one realisation by the self-consistent local random-phase approximation.

    ``j`` (n, n) meV, symmetric; only the largest connected cluster counts. Classical form of the method of Bouzerar
    and others for dilute magnets: M_ij = δ_ij Σ_l J_il λ_l − √(λ_i λ_j) J_ij has eigenpairs (ε, ψ), one of them the
    zero mode of a global rotation; F_i = Σ ψ_i² / ε, λ_i = (1/F_i) / mean(1/F) until nothing changes;
    k_B T_c = mean(1/F) / 3. For a perfect lattice it is the random-phase approximation,
    1/k_B T_c = (3/N) Σ_q 1 / (J(0) − J(q)). Raises ``Unstable``.
    """
    from scipy.sparse.csgraph import connected_components

    _, part = connected_components(j != 0, directed=False)
    largest = part == np.bincount(part).argmax()
    j = j[np.ix_(largest, largest)]
    n = len(j)
    scale = np.ones(n)
    mean = 0.0
    for _ in range(iterations):
        root = np.sqrt(scale)
        matrix = np.diag(j @ scale) - root[:, None] * j * root
        values, vectors = np.linalg.eigh(matrix)
        if values[0] < -1e-9 * abs(values[-1]) or values[1] <= 1e-9 * abs(values[-1]):
            raise Unstable(
                f"the ferromagnetic state of {n} spins is unstable or falls into parts (lowest magnon energies "
                f"{values[0]:.3g} and {values[1]:.3g} meV); use the Monte Carlo"
            )
        inverse = 1.0 / (vectors[:, 1:] ** 2 / values[1:]).sum(1)
        before, mean = mean, float(inverse.mean())
        scale = inverse / mean
        if abs(mean - before) <= tolerance * mean:
            break
    return mean / (3 * BOLTZMANN_MEV)
