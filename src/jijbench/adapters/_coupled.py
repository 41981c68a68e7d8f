"""Covariance of dimers from coupled SOAP spectra, and the marginal likelihood of the couplings.

k(i, i') = κ(A, A') (p̂_i·p̂_i')^ζ between sites, with unit spectra p̂ that depend on u, and κ from the directions of u;
between dimers k(i, i') k(j, j') + k(i, j') k(j, i'). Summed over components q: κ_q(A, A') = a_qA a_qA' û_A·û_A', and
the powers ζ have weights of their own, plus what a geometry shares with no other.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.linalg
from scipy.optimize import minimize

from jijbench.descriptors.alchemical import Sites, unit

JITTER = 1e-8
#: exponents ζ of the similarity of two sites; ζ = 0 is what all geometries share
ZETA = np.array([0.0, 4.0, 16.0, 64.0, 256.0])
#: standard deviations of the Gaussian priors
PRIOR = {"u": 1.0, "amplitude": 0.5, "own": 4.0, "weights": 2.0}


@dataclass(frozen=True)
class Dimers:
    """Samples as their two sites; ``ends`` (n, 2) geometry read from i and from j."""

    sites: tuple[Sites, Sites]
    ends: np.ndarray

    @property
    def elements(self) -> np.ndarray:
        """(n, 2) elements at sites i and j."""
        return np.column_stack([s.species[:, 0] for s in self.sites])

    def spectra(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Unit spectra (n, f) of sites i and j."""
        return unit(self.sites[0].spectra(u)), unit(self.sites[1].spectra(u))


@dataclass(frozen=True)
class Parameters:
    """What is learned, for Q components.

    ``u`` (elements, K); logs of ``noise`` (standard deviation), ``amplitude`` (Q, elements), ``own`` (Q, ends) and
    ``weights`` (Q, len(ZETA)).
    """

    noise: float
    u: np.ndarray
    amplitude: np.ndarray
    own: np.ndarray
    weights: np.ndarray

    def pack(self) -> np.ndarray:
        """One vector."""
        return np.concatenate([np.ravel(part) for part in vars(self).values()])

    def unpack(self, theta: np.ndarray) -> "Parameters":
        """Parameters of the same shapes from a vector."""
        shapes = [np.shape(part) for part in vars(self).values()]
        cuts = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
        noise, *parts = (part.reshape(s) for part, s in zip(np.split(theta, cuts), shapes, strict=True))
        return Parameters(float(noise), *parts)

    @property
    def directions(self) -> np.ndarray:
        """(elements, K) û, of length one."""
        return self.u / np.sqrt((self.u**2).sum(1, keepdims=True) + 1e-12)

    def kappa(self, q: int) -> np.ndarray:
        """(elements, elements) a_A a_A' û_A·û_A'."""
        a = np.exp(self.amplitude[q])
        return a[:, None] * a * (self.directions @ self.directions.T)

    def covariance(self, x: Dimers, y: Dimers, p: tuple, q: tuple) -> np.ndarray:
        """(n_x, n_y) covariance; ``p``, ``q`` are the unit spectra of ``x`` and ``y``."""
        terms = powers(_similarity(_products(p, q)))
        return sum((_both(self.kappa(k), x.elements, y.elements) * self.geometry(k, x, y, terms)).sum(0)
                   for k in range(len(self.own)))  # fmt: skip

    def geometry(self, q: int, x: Dimers, y: Dimers, terms: np.ndarray) -> np.ndarray:
        """(2, n_x, n_y) Σ_ζ c_ζ similarity^ζ, and own where the geometry is the same; straight and crossed."""
        D = np.diag(np.exp(self.own[q]))
        (g, h), (k, m) = x.ends.T, y.ends.T
        own = np.stack([D[np.ix_(g, k)] + D[np.ix_(h, m)], D[np.ix_(g, m)] + D[np.ix_(h, k)]]) / 2
        return own + np.tensordot(np.exp(self.weights[q]), terms, 1)

    def variance(self, x: Dimers, p: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """(n,) diagonal of ``covariance`` of dimers with themselves."""
        (a, b), (g, h), total = x.elements.T, x.ends.T, np.zeros(len(x.ends))
        crossed = powers((p[0] * p[1]).sum(1) ** 2)  # (M, n)
        for q, (own, weights) in enumerate(zip(np.exp(self.own), np.exp(self.weights), strict=True)):
            kappa = self.kappa(q)
            total += kappa[a, a] * kappa[b, b] * (weights.sum() + (own[g] + own[h]) / 2)
            total += kappa[a, b] ** 2 * (weights @ crossed + own[g] * (g == h))
        return total


def _products(p: tuple, q: tuple) -> tuple[np.ndarray, ...]:
    """(n, n') inner products of the unit spectra of sites ii', jj', ij', ji'."""
    ij = p[0] @ q[1].T
    return p[0] @ q[0].T, p[1] @ q[1].T, ij, ij.T if p is q else p[1] @ q[0].T


def _similarity(products: tuple[np.ndarray, ...]) -> np.ndarray:
    """(2, n, n') over both sites: i with i' and j with j', then i with j' and j with i'."""
    ii, jj, ij, ji = products
    return np.stack([ii * jj, ij * ji])


def _both(kappa: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(2, n, n') κ(A, A') κ(B, B') and κ(A, B') κ(B, A')."""
    (a, b), (c, d) = x.T, y.T
    return np.stack([kappa[np.ix_(a, c)] * kappa[np.ix_(b, d)], kappa[np.ix_(a, d)] * kappa[np.ix_(b, c)]])


def powers(similarity: np.ndarray) -> np.ndarray:
    """(len(ZETA), ...) similarity^ζ; all are even, so a negative similarity is no trouble."""
    found = [np.ones_like(similarity), similarity**4]
    while len(found) < len(ZETA):
        found.append(np.square(np.square(found[-1])))
    return np.stack(found)


@dataclass
class Evidence:
    """Negative log marginal likelihood with priors around ``prior``, a sample's share, and its gradient.

    Rasmussen and Williams 2006, eq. 5.9. ``y`` (n,) in units of the geometry's scale.
    """

    dimers: Dimers
    y: np.ndarray
    prior: Parameters
    hot: tuple = field(init=False)  # (n, elements) one-hot of sites i, j; (n, ends) of the geometry read from i, j

    def __post_init__(self) -> None:
        elements, ends = np.eye(len(self.prior.u)), np.eye(self.prior.own.shape[1])
        self.hot = tuple(elements[self.dimers.elements.T]), tuple(ends[self.dimers.ends.T])

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        p, n, x = self.prior.unpack(theta), len(self.y), self.dimers
        raw = [s.spectra(p.u) for s in x.sites]
        spectra = unit(raw[0]), unit(raw[1])
        products = _products(spectra, spectra)
        similarity = _similarity(products)
        terms = powers(similarity)
        factors = [(_both(p.kappa(q), x.elements, x.elements), p.geometry(q, x, x, terms)) for q in range(len(p.own))]
        K = sum((E * F).sum(0) for E, F in factors)
        K[np.diag_indices(n)] += np.exp(2 * p.noise) + JITTER
        solved = _solve(K, self.y)
        if solved is None:
            return 1e10, np.zeros_like(theta)
        value, M = solved
        gradient = self._over_logs(p, M, factors, terms)
        dT = self._over_similarity(p, M, factors, terms, similarity)
        gradient["u"] = gradient["u"] + self._over_u(p, dT, products, spectra, raw)
        return self._with_priors(p, value, gradient)

    def _over_logs(self, p: Parameters, M: np.ndarray, factors: list, terms: np.ndarray) -> dict[str, Any]:
        """Gradient over all but the spectra; that of ``u`` through κ only."""
        found = {"noise": 2 * np.exp(2 * p.noise) * np.trace(M), "u": np.zeros_like(p.u)}
        found |= {name: np.zeros_like(getattr(p, name)) for name in ("amplitude", "own", "weights")}
        for q, (E, F) in enumerate(factors):
            dE = self._over_elements(M * F, p.kappa(q))
            both, a = (dE + dE.T) * p.kappa(q), np.exp(p.amplitude[q])
            found["amplitude"][q] = both.sum(1)
            found["u"] += (dE + dE.T) * a[:, None] * a @ p.directions
            found["own"][q] = self._over_own(M * E) * np.exp(p.own[q])
            found["weights"][q] = np.exp(p.weights[q]) * np.tensordot(terms, M * E, 3)
        found["u"] = _of_length(found["u"], p.u, p.directions)
        return found

    def _over_elements(self, d: np.ndarray, kappa: np.ndarray) -> np.ndarray:
        (A, B), (a, b) = self.hot[0], self.dimers.elements.T
        straight = A.T @ (d[0] * kappa[np.ix_(b, b)]) @ A + B.T @ (d[0] * kappa[np.ix_(a, a)]) @ B
        return straight + A.T @ (d[1] * kappa[np.ix_(b, a)]) @ B + B.T @ (d[1] * kappa[np.ix_(a, b)]) @ A

    def _over_own(self, d: np.ndarray) -> np.ndarray:
        G, H = self.hot[1]
        straight = ((d[0] @ G) * G).sum(0) + ((d[0] @ H) * H).sum(0)
        return (straight + ((d[1] @ H) * G).sum(0) + ((d[1] @ G) * H).sum(0)) / 2

    def _over_similarity(
        self, p: Parameters, M: np.ndarray, factors: list, terms: np.ndarray, similarity: np.ndarray
    ) -> np.ndarray:
        """(2, n, n) gradient over the products of similarities."""
        total = sum(E * np.tensordot(ZETA * np.exp(p.weights[q]), terms, 1) for q, (E, _) in enumerate(factors))
        small = np.abs(similarity) < 1e-12
        return M * np.where(small, 0.0, total / np.where(small, 1.0, similarity))

    def _over_u(self, p: Parameters, dT: np.ndarray, products: tuple, spectra: tuple, raw: list) -> np.ndarray:
        """Gradient over ``u`` through the spectra; ``dT`` is symmetric, so each product counts twice."""
        (P, Q), (ii, jj, _, ji) = spectra, products
        crossed = 2 * dT[1] * ji
        slopes = 2 * (dT[0] * jj) @ P + crossed @ Q, 2 * (dT[0] * ii) @ Q + crossed.T @ P
        parts = zip(self.dimers.sites, slopes, raw, spectra, strict=True)
        return np.sum([s.gradient(p.u, _of_length(d, long, short)) for s, d, long, short in parts], axis=0)

    def _with_priors(self, p: Parameters, value: float, gradient: dict[str, Any]) -> tuple[float, np.ndarray]:
        for name, width in PRIOR.items():
            off = getattr(p, name) - getattr(self.prior, name)
            value += float((off**2).sum()) / width**2 / 2
            gradient[name] = gradient[name] + off / width**2
        return value / len(self.y), Parameters(**gradient).pack() / len(self.y)


def _solve(K: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray] | None:
    """Negative log marginal likelihood without constants, and its gradient over K; None where K is not positive."""
    try:
        lower = scipy.linalg.cholesky(K, lower=True, check_finite=False)
    except np.linalg.LinAlgError:
        return None
    alpha = scipy.linalg.cho_solve((lower, True), y, check_finite=False)
    inverse = scipy.linalg.lapack.dpotri(lower, lower=1)[0]
    M = (np.tril(inverse) + np.tril(inverse, -1).T - np.outer(alpha, alpha)) / 2
    return float(y @ alpha / 2 + np.log(np.diag(lower)).sum()), M


def _of_length(slope: np.ndarray, long: np.ndarray, short: np.ndarray) -> np.ndarray:
    """Gradient over rows ``long`` from that over the same rows of length one, ``short``."""
    across = slope - short * (short * slope).sum(1, keepdims=True)
    return across / np.sqrt((long**2).sum(1, keepdims=True) + 1e-12)


def optimum(evidence: Evidence, start: Parameters, max_iter: int) -> Parameters:
    """Parameters of a local maximum of the marginal likelihood, by L-BFGS."""
    found = minimize(evidence, start.pack(), jac=True, method="L-BFGS-B", options={"maxiter": max_iter})
    return start.unpack(found.x)
