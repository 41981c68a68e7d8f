"""Gaussian process on pairs of impurity element and site: kernels of two tables, and their marginal likelihood.

k = a₀ k_E + a₁ k_S + a₂ (k_E' + a₃ δ_E)(k_S' + a₄ δ_S) + noise: what depends on the element alone, on the site alone,
and on both, where each element and each site may also differ from all that are like it. k(s) = (1 + s/4)⁻² of squared
distances s, each property in units of a length of its own (a rational quadratic: its tails let a few pairs be unlike
the others).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.linalg
from scipy.optimize import minimize

JITTER = 1e-8
#: centres of the prior: logarithms of a₀ … a₄ and the noise in units of the coefficients' variance, and of every length
AMPLITUDES, LENGTH = np.log([0.5, 0.5, 0.5, 0.1, 0.1, 1e-3]), np.log(2.0)
#: standard deviations of the prior
AMPLITUDE_WIDTH, LENGTH_WIDTH = 3.0, 1.5


@dataclass(frozen=True, eq=False)
class Pairs:
    """Rows as positions in a table of elements (e, f) and in one of sites (s, g)."""

    elements: np.ndarray
    sites: np.ndarray
    element: np.ndarray
    site: np.ndarray


def _kernel(x: np.ndarray, length: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(e, e) kernel of a table, its derivative by the squared distance, and the scaled table."""
    u = x / length
    squares = (u**2).sum(1)
    q = 1.0 / (1.0 + np.maximum(squares[:, None] + squares - 2.0 * u @ u.T, 0.0) / 4.0)
    return q**2, -0.5 * q**3, u


class HostKernel:
    """The kernel for tables with ``n_element`` and ``n_site`` properties; ``theta``: logarithms of its parameters."""

    def __init__(self, n_element: int, n_site: int) -> None:
        ends = np.cumsum([len(AMPLITUDES), n_element, n_site, n_element, n_site])
        self.parts = [slice(a, b) for a, b in pairwise(ends)]  # lengths of k_E, k_S, k_E', k_S'
        self.start = np.concatenate([AMPLITUDES, np.full(ends[-1] - ends[0], LENGTH)])
        widths = [np.full(ends[0], AMPLITUDE_WIDTH), np.full(ends[-1] - ends[0], LENGTH_WIDTH)]
        self.precision = np.concatenate(widths) ** -2.0

    def _tables(self, theta: np.ndarray, pairs: Pairs) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        tables = (pairs.elements, pairs.sites, pairs.elements, pairs.sites)
        return [_kernel(x, np.exp(theta[part])) for x, part in zip(tables, self.parts, strict=True)]

    def __call__(self, theta: np.ndarray, pairs: Pairs, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """(n_a, n_b) covariances of the rows ``a`` and ``b`` of ``pairs``, without noise."""
        amp, tables = np.exp(theta[: len(AMPLITUDES)]), self._tables(theta, pairs)
        e, s = np.ix_(pairs.element[a], pairs.element[b]), np.ix_(pairs.site[a], pairs.site[b])
        kE, kS = (table[0] + own * np.eye(len(table[0])) for table, own in zip(tables[2:], amp[3:5], strict=True))
        return amp[0] * tables[0][0][e] + amp[1] * tables[1][0][s] + amp[2] * kE[e] * kS[s]

    def backward(self, theta: np.ndarray, pairs: Pairs, G: np.ndarray) -> np.ndarray:
        """Gradient of Σ G K over ``theta``, for symmetric G (n, n) and all rows of ``pairs``."""
        amp, tables = np.exp(theta[: len(AMPLITUDES)]), self._tables(theta, pairs)
        PE, PS = np.eye(len(pairs.elements))[pairs.element], np.eye(len(pairs.sites))[pairs.site]
        kE, kS = (table[0] + own * np.eye(len(table[0])) for table, own in zip(tables[2:], amp[3:5], strict=True))
        all_e, all_s = np.ix_(pairs.element, pairs.element), np.ix_(pairs.site, pairs.site)
        slopes = [
            amp[0] * PE.T @ (G @ PE), amp[1] * PS.T @ (G @ PS),
            amp[2] * PE.T @ ((G * kS[all_s]) @ PE), amp[2] * PS.T @ ((G * kE[all_e]) @ PS),
        ]  # fmt: skip
        own = amp[3] * np.trace(slopes[2]), amp[4] * np.trace(slopes[3])
        first, second = (np.sum(slopes[k] * tables[k][0]) for k in (0, 1))
        grad = [[first, second, np.sum(slopes[2] * kE), *own, np.exp(theta[5]) * np.trace(G)]]
        for slope, (_, falls, u) in zip(slopes, tables, strict=True):
            M = slope * falls
            grad.append(-4.0 * np.sum((M.sum(1)[:, None] * u - M @ u) * u, axis=0))
        return np.concatenate(grad)

    def loss(self, theta: np.ndarray, pairs: Pairs, y: np.ndarray) -> tuple[float, np.ndarray]:
        """Minus the logarithm of the posterior of ``theta`` given y (n, m), whose columns share it; and its gradient.

        The marginal likelihood of Rasmussen and Williams (2006), eq. 5.8 and 5.9, with a normal prior on ``theta``.
        """
        rows, off = np.arange(len(y)), theta - self.start
        K = self(theta, pairs, rows, rows)
        K[rows, rows] += np.exp(theta[5]) + JITTER
        try:
            L = scipy.linalg.cholesky(K, lower=True, overwrite_a=True, check_finite=False)
        except scipy.linalg.LinAlgError:
            return 1e12, np.zeros_like(theta)
        alpha = scipy.linalg.cho_solve((L, True), y, check_finite=False)
        inverse = scipy.linalg.lapack.dpotri(L, lower=True)[0]
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        value = 0.5 * np.sum(y * alpha) + y.shape[1] * np.sum(np.log(np.diag(L))) + 0.5 * self.precision @ off**2
        G = 0.5 * (y.shape[1] * inverse - alpha @ alpha.T)
        return float(value), self.backward(theta, pairs, G) + self.precision * off

    def optimum(self, pairs: Pairs, y: np.ndarray, max_iter: int) -> np.ndarray:
        """The most probable ``theta``."""
        settings = {"maxiter": max_iter}
        return minimize(self.loss, self.start, (pairs, y), jac=True, method="L-BFGS-B", options=settings).x


def groups_of(m: int) -> Sequence[slice]:
    """Which of m coefficients share their parameters: the two leading ones have their own, the small ones share."""
    return [slice(k, k + 1) for k in range(min(m, 2))] + ([slice(2, m)] if m > 2 else [])
