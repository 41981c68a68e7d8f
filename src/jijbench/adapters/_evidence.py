"""Covariances of element pairs times covariances of geometries, learned together by the marginal likelihood.

cov(J(A, B, R), J(A', B', R')) = Σ_q [E_q(A, A') E_q(B, B') B_q(R, R') + E_q(A, B') E_q(B, A') B_q(R, R̄')]: the second
term is the dimer named the other way round (R̄ is R read from j to i). The pairs of elements and the geometries form a
grid, so a covariance of samples is one product of thin matrices and a gather, and its gradient the same backwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import scipy.linalg
from scipy.optimize import minimize

JITTER = 1e-8
#: standard deviations of the Gaussian priors
PRIOR = {"amplitude": 0.5, "chart": 1.0, "offset": 1.0, "w": 2.0, "shared": 2.0}
#: prior mean of the map from properties to coordinates, on its diagonal
CHART = 0.6


@dataclass(frozen=True)
class Grid:
    """Samples as cells of pairs × geometries.

    ``pairs`` (P, 2) elements at sites i and j; ``ends`` (G, 2) geometry read from i and from j; ``pair``, ``end`` (n,)
    the row of each that a sample is.
    """

    pairs: np.ndarray
    ends: np.ndarray
    pair: np.ndarray
    end: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Self:
        """From (element i, element j, geometry from i, geometry from j) of each sample."""
        table = np.array(rows, dtype=int).reshape(-1, 4)
        pairs, pair = np.unique(table[:, :2], axis=0, return_inverse=True)
        ends, end = np.unique(table[:, 2:], axis=0, return_inverse=True)
        return cls(pairs, ends, pair.ravel(), end.ravel())

    def pair_factors(self, E: np.ndarray, other: "Grid") -> list[np.ndarray]:
        """Covariance of the pairs (P P',) in the same order of elements, and exchanged."""
        (a, b), (c, d) = self.pairs.T, other.pairs.T
        same = E[np.ix_(a, c)] * E[np.ix_(b, d)]
        return [same.ravel(), (E[np.ix_(a, d)] * E[np.ix_(b, c)]).ravel()]

    def end_factors(self, B: np.ndarray, other: "Grid") -> list[np.ndarray]:
        """Covariance of the geometries (G G',) read in the same sense, and in the opposite one."""
        (g, h), (k, m) = self.ends.T, other.ends.T
        along = (B[np.ix_(g, k)] + B[np.ix_(h, m)]) / 2
        return [along.ravel(), ((B[np.ix_(g, m)] + B[np.ix_(h, k)]) / 2).ravel()]

    def cells(self, other: "Grid") -> np.ndarray:
        """(n, n') position of each pair of samples in the (P P', G G') table."""
        pairs = self.pair[:, None] * len(other.pairs) + other.pair
        return pairs * (len(self.ends) * len(other.ends)) + self.end[:, None] * len(other.ends) + other.end


@dataclass(frozen=True)
class Given:
    """What is not learned.

    ``properties`` (elements, F); ``kernels`` (M, geometries, geometries); ``freedom`` standard deviation of the
    coordinates about a linear map of the properties; ``guessed`` (elements,) bool: those whose offset is not known.
    """

    properties: np.ndarray
    kernels: np.ndarray
    freedom: float
    guessed: np.ndarray


@dataclass(frozen=True)
class Component:
    """One E_q and B_q.

    ``amplitude`` (elements,) logs; coordinates of the elements are z = properties ``chart`` + freedom ``offset``, with
    (F, K) and (elements, K); ``w`` (geometries, R) factors; ``own`` (geometries,) logs of what a geometry shares with
    no other; ``shared`` (M,) logs of the weights of given geometry kernels.
    """

    amplitude: np.ndarray
    chart: np.ndarray
    offset: np.ndarray
    w: np.ndarray
    own: np.ndarray
    shared: np.ndarray

    def coordinates(self, given: Given) -> np.ndarray:
        """(elements, K) z."""
        return given.properties @ self.chart + given.freedom * self.offset

    def elements(self, given: Given) -> np.ndarray:
        """(elements, elements) a_e a_e' exp(−|z_e − z_e'|² / 2), averaged over the offsets of guessed elements.

        These are taken to scatter as the learned ones do.
        """
        z, known = self.coordinates(given), ~given.guessed
        spread = given.guessed[:, None] * np.mean((given.freedom * self.offset[known]) ** 2, axis=0)  # (elements, K)
        width = 1 + spread[:, None] + spread  # (elements, elements, K)
        width[np.diag_indices(len(z))] = 1  # an element is itself, wherever it lies
        gap = ((z[:, None] - z) ** 2 / width + np.log(width)).sum(-1)
        return np.exp(self.amplitude[:, None] + self.amplitude - gap / 2)

    def geometries(self, given: Given) -> np.ndarray:
        """(geometries, geometries) Σ_m shared_m ``kernels``_m + W Wᵀ + diag(own)."""
        return np.tensordot(np.exp(self.shared), given.kernels, 1) + self.w @ self.w.T + np.diag(np.exp(self.own))

    def gradient(self, dE: np.ndarray, dB: np.ndarray, given: Given) -> "Component":
        """Gradient of the value and its priors from those over ``elements`` and ``geometries``."""
        both, z = dE * self.elements(given), self.coordinates(given)
        both = both + both.T
        dz = both @ z - both.sum(1)[:, None] * z
        return Component(
            both.sum(1) + self.amplitude / PRIOR["amplitude"] ** 2,
            given.properties.T @ dz + (self.chart - CHART * np.eye(*self.chart.shape)) / PRIOR["chart"] ** 2,
            given.freedom * dz + self.offset,
            (dB + dB.T) @ self.w + self.w / PRIOR["w"] ** 2,
            np.diag(dB) * np.exp(self.own),
            np.exp(self.shared) * np.tensordot(given.kernels, dB, 2) + self.shared / PRIOR["shared"] ** 2,
        )

    def penalty(self) -> float:
        """Negative logarithm of the priors."""
        terms = {"amplitude": self.amplitude, "offset": self.offset, "w": self.w, "shared": self.shared}
        terms["chart"] = self.chart - CHART * np.eye(*self.chart.shape)
        return sum(float((term**2).sum()) / PRIOR[name] ** 2 / 2 for name, term in terms.items())


@dataclass(frozen=True)
class Parameters:
    """``noise`` (log of its standard deviation) and the components."""

    noise: float
    components: tuple[Component, ...]

    def pack(self) -> np.ndarray:
        """One vector."""
        return np.concatenate([[self.noise], *(part.ravel() for c in self.components for part in vars(c).values())])

    def unpack(self, theta: np.ndarray) -> "Parameters":
        """Parameters of the same shapes from a vector."""
        shapes = [[part.shape for part in vars(c).values()] for c in self.components]
        cuts = np.cumsum([1, *(int(np.prod(s)) for group in shapes for s in group)])[:-1]
        noise, *rest = np.split(theta, cuts)
        parts = iter(rest)
        return Parameters(float(noise[0]), tuple(Component(*(next(parts).reshape(s) for s in g)) for g in shapes))

    def covariance(self, grid: Grid, other: Grid, given: Given) -> np.ndarray:
        """(n, n') covariance of samples; the same whichever impurity is called i."""
        left, right = self.factors(grid, other, given)
        return (left @ right.T).ravel()[grid.cells(other)]

    def factors(self, grid: Grid, other: Grid, given: Given) -> tuple[np.ndarray, np.ndarray]:
        """(P P', 2 Q) and (G G', 2 Q), two columns for each component."""
        left = [f for c in self.components for f in grid.pair_factors(c.elements(given), other)]
        right = [f for c in self.components for f in grid.end_factors(c.geometries(given), other)]
        return np.column_stack(left), np.column_stack(right)

    def variance(self, grid: Grid, given: Given) -> np.ndarray:
        """(n,) diagonal of ``covariance`` of a grid with itself."""
        total = np.zeros(len(grid.pair))
        (a, b), (g, h) = grid.pairs[grid.pair].T, grid.ends[grid.end].T
        for c in self.components:
            E, B = c.elements(given), c.geometries(given)
            total += E[a, a] * E[b, b] * (B[g, g] + B[h, h]) / 2 + E[a, b] ** 2 * B[g, h]
        return total


@dataclass
class Evidence:
    """Negative log marginal likelihood with priors, a sample's share, and its gradient.

    Rasmussen and Williams 2006, eq. 5.9. ``shapes`` are any parameters of the wanted shapes.
    """

    grid: Grid
    y: np.ndarray
    given: Given
    shapes: Parameters
    cells: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.cells = self.grid.cells(self.grid)

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        p, n = self.shapes.unpack(theta), len(self.y)
        left, right = p.factors(self.grid, self.grid, self.given)
        K = (left @ right.T).ravel()[self.cells]
        K[np.diag_indices(n)] += np.exp(2 * p.noise) + JITTER
        try:
            lower = scipy.linalg.cholesky(K, lower=True, check_finite=False, overwrite_a=True)
        except np.linalg.LinAlgError:
            return 1e10, np.zeros_like(theta)
        alpha = scipy.linalg.cho_solve((lower, True), self.y, check_finite=False)
        value = self.y @ alpha / 2 + np.log(np.diag(lower)).sum() + sum(c.penalty() for c in p.components)
        inverse = scipy.linalg.lapack.dpotri(lower, lower=1)[0]
        M = (np.tril(inverse) + np.tril(inverse, -1).T - np.outer(alpha, alpha)) / 2  # d value / d K
        gradient = Parameters(2 * np.exp(2 * p.noise) * np.trace(M), self._components(p, M, left, right))
        return float(value) / n, gradient.pack() / n

    def _components(self, p: Parameters, M: np.ndarray, left: np.ndarray, right: np.ndarray) -> tuple[Component, ...]:
        summed = np.bincount(self.cells.ravel(), M.ravel(), len(left) * len(right)).reshape(len(left), len(right))
        d_left, d_right = (summed @ right).T, left.T @ summed
        found = []
        for q, c in enumerate(p.components):
            dE = self._over_elements(d_left[2 * q], d_left[2 * q + 1], c.elements(self.given))
            dB = self._over_geometries(d_right[2 * q], d_right[2 * q + 1], len(c.own))
            found.append(c.gradient(dE, dB, self.given))
        return tuple(found)

    def _over_elements(self, same: np.ndarray, crossed: np.ndarray, E: np.ndarray) -> np.ndarray:
        a, b = self.grid.pairs.T
        A, B = np.eye(len(E))[a], np.eye(len(E))[b]
        S, X = same.reshape(len(a), -1), crossed.reshape(len(a), -1)
        straight = A.T @ (S * E[np.ix_(b, b)]) @ A + B.T @ (S * E[np.ix_(a, a)]) @ B
        return straight + A.T @ (X * E[np.ix_(b, a)]) @ B + B.T @ (X * E[np.ix_(a, b)]) @ A

    def _over_geometries(self, along: np.ndarray, against: np.ndarray, n: int) -> np.ndarray:
        g, h = self.grid.ends.T
        G, H = np.eye(n)[g], np.eye(n)[h]
        L, X = along.reshape(len(g), -1), against.reshape(len(g), -1)
        return (G.T @ L @ G + H.T @ L @ H + G.T @ X @ H + H.T @ X @ G) / 2


def optimum(evidence: Evidence, start: Parameters, max_iter: int) -> Parameters:
    """Parameters of a local maximum of the marginal likelihood, by L-BFGS."""
    found = minimize(evidence, start.pack(), jac=True, method="L-BFGS-B", options={"maxiter": max_iter})
    return start.unpack(found.x)
