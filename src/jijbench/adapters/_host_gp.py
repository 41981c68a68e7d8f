"""Gaussian process on pairs of impurity element and site: a kernel of products, and its marginal likelihood.

k = s(S) s(S') Σ_t a_t w_t w_t' (k_E + o_t δ_E)(k_S + o_t' δ_S) + noise. Each term t has a factor of the element, of the
site, or of both; w is one or a weight of the row; δ lets each element and each site differ also from all that are like
it. k_E and k_S are (1 + d/4)⁻² of the squared distance d, each property in units of a length of its own (a rational
quadratic: its tails let a few pairs be unlike the others). s = exp(slopes · properties of the site), or one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import scipy.linalg
from scipy.optimize import minimize

JITTER = 1e-8
#: centre of the prior of the noise, in units of the coefficients' variance, and of what each element and site has apart
NOISE, OWN = 1e-3, 0.1
#: standard deviations of the prior of logarithms of amplitudes and of lengths, and of the slopes
AMPLITUDE_WIDTH, LENGTH_WIDTH, SLOPE_WIDTH = 3.0, 1.5, 1.0


@dataclass(frozen=True, eq=False)
class Pairs:
    """Rows as positions in a table of elements (e, f) and in one of sites (s, g), and weights of rows by name."""

    elements: np.ndarray
    sites: np.ndarray
    element: np.ndarray
    site: np.ndarray
    weights: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Term:
    """A term of the kernel; ``amplitude`` and ``length``: the centres of its prior."""

    amplitude: float
    element: bool = True
    site: bool = True
    own: bool = False
    weight: str | None = None
    length: float = 2.0


def _kernel(x: np.ndarray, length: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(e, e) kernel of a table, its derivative by the squared distance, and the scaled table."""
    u = x / length
    squares = (u**2).sum(1)
    q = 1.0 / (1.0 + np.maximum(squares[:, None] + squares - 2.0 * u @ u.T, 0.0) / 4.0)
    return q**2, -0.5 * q**3, u


class _Factor:
    """One factor of a term at given parameters: the kernel of a table of elements or sites, spread over the rows."""

    def __init__(self, x: np.ndarray, rows: np.ndarray, theta: np.ndarray, own: bool) -> None:
        self.rows = rows
        self.own = np.exp(theta[0]) if own else None
        self.k, self.falls, self.u = _kernel(x, np.exp(theta[1:] if own else theta))
        if self.own is not None:
            self.k = self.k + self.own * np.eye(len(self.k))

    def block(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return self.k[np.ix_(self.rows[a], self.rows[b])]

    def gradient(self, G: np.ndarray) -> np.ndarray:
        """Of Σ G k over the factor's parameters, for symmetric G (n, n)."""
        P = np.eye(len(self.k))[self.rows]
        slope = P.T @ (G @ P)
        M = slope * self.falls
        lengths = -4.0 * np.sum((M.sum(1)[:, None] * self.u - M @ self.u) * self.u, axis=0)
        return lengths if self.own is None else np.concatenate([[self.own * np.trace(slope)], lengths])


class HostKernel:
    """The kernel for tables with ``n_element`` and ``n_site`` properties.

    ``theta``: for each term the logarithms of its amplitude and of its factors' parameters, then of the noise, then, if
    ``scaled``, the slopes of s.
    """

    def __init__(self, terms: Sequence[Term], n_element: int, n_site: int, scaled: bool = False) -> None:
        self.terms, self.scaled = tuple(terms), scaled
        centres: list[list[float]] = []
        widths: list[list[float]] = []
        for term in self.terms:
            centres.append([np.log(term.amplitude)])
            widths.append([AMPLITUDE_WIDTH])
            for present, size in ((term.element, n_element), (term.site, n_site)):
                centres.append(present * ([np.log(OWN)] * term.own + [np.log(term.length)] * size))
                widths.append(present * ([AMPLITUDE_WIDTH] * term.own + [LENGTH_WIDTH] * size))
        centres += [[np.log(NOISE)], [0.0] * (scaled * n_site)]
        widths += [[AMPLITUDE_WIDTH], [SLOPE_WIDTH] * (scaled * n_site)]
        ends = np.cumsum([0, *(len(part) for part in centres)])
        self.parts = [slice(a, b) for a, b in pairwise(ends)]
        self.start = np.concatenate([np.asarray(part, dtype=float) for part in centres])
        self.precision = np.concatenate([np.asarray(part, dtype=float) for part in widths]) ** -2.0

    def noise(self, theta: np.ndarray) -> float:
        return float(np.exp(theta[self.parts[-2]][0]))

    def _factors(self, theta: np.ndarray, pairs: Pairs) -> list[list[_Factor | None]]:
        found = []
        for k, term in enumerate(self.terms):
            e, s = theta[self.parts[3 * k + 1]], theta[self.parts[3 * k + 2]]
            found.append([
                _Factor(pairs.elements, pairs.element, e, term.own) if term.element else None,
                _Factor(pairs.sites, pairs.site, s, term.own) if term.site else None,
            ])  # fmt: skip
        return found

    def _outer(self, theta: np.ndarray, k: int, pairs: Pairs, a: np.ndarray, b: np.ndarray) -> np.ndarray | float:
        """Amplitude and weights of term k."""
        amplitude = float(np.exp(theta[self.parts[3 * k]][0]))
        name = self.terms[k].weight
        return amplitude if name is None else amplitude * np.outer(pairs.weights[name][a], pairs.weights[name][b])

    def _scale(self, theta: np.ndarray, pairs: Pairs) -> np.ndarray:
        return np.exp(pairs.sites @ theta[self.parts[-1]])[pairs.site] if self.scaled else np.ones(len(pairs.site))

    def __call__(self, theta: np.ndarray, pairs: Pairs, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """(n_a, n_b) covariances of the rows ``a`` and ``b`` of ``pairs``, without noise."""
        K = np.zeros((len(a), len(b)))
        for k, factors in enumerate(self._factors(theta, pairs)):
            term = np.ones_like(K) * self._outer(theta, k, pairs, a, b)
            for factor in factors:
                if factor is not None:
                    term *= factor.block(a, b)
            K += term
        s = self._scale(theta, pairs)
        return K * s[a][:, None] * s[b]

    def backward(self, theta: np.ndarray, pairs: Pairs, G: np.ndarray) -> np.ndarray:
        """Gradient of Σ G (K + noise) over ``theta``, for symmetric G (n, n) and all rows of ``pairs``."""
        rows, s, grad = np.arange(len(pairs.site)), self._scale(theta, pairs), np.zeros_like(theta)
        H, K = G * np.outer(s, s), np.zeros_like(G)
        for k, factors in enumerate(self._factors(theta, pairs)):
            outer = self._outer(theta, k, pairs, rows, rows)
            blocks = [1.0 if factor is None else factor.block(rows, rows) for factor in factors]
            term = np.ones_like(K) * outer * blocks[0] * blocks[1]
            grad[self.parts[3 * k]] = np.sum(H * term)
            for j, factor in enumerate(factors):
                if factor is not None:
                    grad[self.parts[3 * k + 1 + j]] = factor.gradient(H * outer * blocks[1 - j])
            K += term
        grad[self.parts[-2]] = self.noise(theta) * np.trace(G)
        if self.scaled:
            grad[self.parts[-1]] = 2.0 * np.sum(H * K, axis=1) @ pairs.sites[pairs.site]
        return grad

    def _solved(self, theta: np.ndarray, pairs: Pairs, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """Cholesky factor of K + noise, (K + noise)⁻¹ y, and minus the logarithm of the marginal likelihood."""
        rows = np.arange(len(y))
        K = self(theta, pairs, rows, rows)
        K[rows, rows] += self.noise(theta) + JITTER
        L = scipy.linalg.cholesky(K, lower=True, overwrite_a=True, check_finite=False)
        alpha = scipy.linalg.cho_solve((L, True), y, check_finite=False)
        return L, alpha, float(0.5 * np.sum(y * alpha) + y.shape[1] * np.sum(np.log(np.diag(L))))

    def misfit(self, theta: np.ndarray, pairs: Pairs, y: np.ndarray) -> float:
        """Minus the logarithm of the marginal likelihood of y (n, m), up to a constant."""
        return self._solved(theta, pairs, y)[2]

    def loss(self, theta: np.ndarray, pairs: Pairs, y: np.ndarray) -> tuple[float, np.ndarray]:
        """Minus the logarithm of the posterior of ``theta`` given y (n, m), whose columns share it; and its gradient.

        The marginal likelihood of Rasmussen and Williams (2006), eq. 5.8 and 5.9, with a normal prior on ``theta``.
        """
        off = theta - self.start
        try:
            L, alpha, value = self._solved(theta, pairs, y)
        except scipy.linalg.LinAlgError:
            return 1e12, np.zeros_like(theta)
        inverse = scipy.linalg.lapack.dpotri(L, lower=True)[0]
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        G = 0.5 * (y.shape[1] * inverse - alpha @ alpha.T)
        return value + 0.5 * self.precision @ off**2, self.backward(theta, pairs, G) + self.precision * off

    def optimum(self, pairs: Pairs, y: np.ndarray, max_iter: int) -> np.ndarray:
        """The most probable ``theta``."""
        settings = {"maxiter": max_iter}
        return minimize(self.loss, self.start, (pairs, y), jac=True, method="L-BFGS-B", options=settings).x


def groups_of(m: int) -> Sequence[slice]:
    """Which of m coefficients share their parameters: the two leading ones have their own, the small ones share."""
    return [slice(k, k + 1) for k in range(min(m, 2))] + ([slice(2, m)] if m > 2 else [])
