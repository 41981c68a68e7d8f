"""The kernel of dimers from coupled SOAP spectra of their sites; the couplings of the elements are its parameters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np

from jijbench.descriptors.alchemical import Sites, unit
from jijbench.gp.exchange import means, means_slope, products, products_slope
from jijbench.gp.process import Backward, Kernel, Prior, filled

#: exponents ζ of the similarity of two sites; ζ = 0 is what all geometries share
ZETA = np.array([0.0, 4.0, 16.0, 64.0, 256.0])


@dataclass(frozen=True)
class Dimers:
    """Samples as their two sites; ``ends`` (n, 2) geometry read from i and from j; ``spectra`` once u is settled."""

    sites: tuple[Sites, Sites]
    ends: np.ndarray
    spectra: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def elements(self) -> np.ndarray:
        """(n, 2) elements at sites i and j."""
        return np.column_stack([s.species[:, 0] for s in self.sites])

    def unit_spectra(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, f) unit spectra of sites i and j."""
        return self.spectra or (unit(self.sites[0].spectra(u)), unit(self.sites[1].spectra(u)))

    def settled(self, u: np.ndarray) -> Self:
        """The same with the spectra for ``u``, which more rows of u do not change."""
        return replace(self, spectra=self.unit_spectra(u))


class Couplings(NamedTuple):
    """Parameters, for Q components.

    ``u`` (elements, K); logs of ``noise`` (standard deviation), ``amplitude`` (Q, elements) a, ``own`` (Q, ends) and
    ``weights`` (Q, len(ZETA)) c.
    """

    noise: float | np.ndarray
    u: np.ndarray
    amplitude: np.ndarray
    own: np.ndarray
    weights: np.ndarray

    @property
    def directions(self) -> np.ndarray:
        """(elements, K) û, of length one."""
        return self.u / _lengths(self.u)


#: standard deviations of the priors; none of the noise
WIDTHS = Couplings(*map(np.array, (np.inf, 1.0, 0.5, 4.0, 2.0)))


def prior(mean: Couplings) -> Prior:
    """Normal priors about ``mean``."""
    return Prior(mean, filled(mean, WIDTHS))


class CoupledKernel(Kernel):
    """Σ_q κ_q(A, A') κ_q(B, B') [Σ_ζ c_qζ (p̂_i·p̂_i' p̂_j·p̂_j')^ζ + own] + the same with i' and j' exchanged.

    p̂ are unit spectra, which depend on u, and κ_q(A, A') = a_qA a_qA' û_A·û_A'. ``own`` is what a geometry shares with
    no other.
    """

    def kappa(self, p: Couplings, q: int) -> np.ndarray:
        """(elements, elements) a_A a_A' û_A·û_A'."""
        a = np.exp(p.amplitude[q])
        return a[:, None] * a * (p.directions @ p.directions.T)

    def __call__(self, p: Couplings, x: Dimers, z: Dimers) -> np.ndarray:
        spectra = x.unit_spectra(p.u)
        terms = powers(_similarity(_products(spectra, spectra if z is x else z.unit_spectra(p.u))))
        return self._sum(self._factors(p, x, z, terms))

    def _factors(self, p: Couplings, x: Dimers, z: Dimers, terms: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each q the parts of elements and of geometries, each (2, n, n'): as they stand, and exchanged."""
        factors = []
        for q, (own, weights) in enumerate(zip(p.own, p.weights, strict=True)):
            geometries = means(np.diag(np.exp(own)), x.ends, z.ends) + np.tensordot(np.exp(weights), terms, 1)
            factors.append((products(self.kappa(p, q), x.elements, z.elements), geometries))
        return factors

    @staticmethod
    def _sum(factors: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        return sum((E * F).sum(0) for E, F in factors)

    def diagonal(self, p: Couplings, x: Dimers) -> np.ndarray:
        (a, b), (g, h), total, (left, right) = x.elements.T, x.ends.T, np.zeros(len(x.ends)), x.unit_spectra(p.u)
        crossed = powers((left * right).sum(1) ** 2)  # (M, n)
        for q, (own, weights) in enumerate(zip(np.exp(p.own), np.exp(p.weights), strict=True)):
            kappa = self.kappa(p, q)
            total += kappa[a, a] * kappa[b, b] * (weights.sum() + (own[g] + own[h]) / 2)
            total += kappa[a, b] ** 2 * (weights @ crossed + own[g] * (g == h))
        return total

    def with_gradient(self, p: Couplings, x: Dimers) -> tuple[np.ndarray, Backward]:
        raw = [s.spectra(p.u) for s in x.sites]
        spectra = unit(raw[0]), unit(raw[1])
        inner = _products(spectra, spectra)
        similarity = _similarity(inner)
        terms = powers(similarity)
        factors = self._factors(p, x, x, terms)

        def backward(M: np.ndarray) -> Couplings:
            slopes = self._over_factors(p, x, M, factors, terms)
            steep = sum(
                E * np.tensordot(ZETA * np.exp(c), terms, 1) for c, (E, _) in zip(p.weights, factors, strict=True)
            )
            small = np.abs(similarity) < 1e-12
            straight, crossed = M * np.where(small, 0.0, steep / np.where(small, 1.0, similarity))
            (P, Q), (ii, jj, _, ji) = spectra, inner  # the slopes are symmetric, so each product counts twice
            crossed = 2 * crossed * ji
            over = 2 * (straight * jj) @ P + crossed @ Q, 2 * (straight * ii) @ Q + crossed.T @ P
            parts = zip(x.sites, over, raw, spectra, strict=True)
            du = np.sum([s.gradient(p.u, _of_length(d, long, short)) for s, d, long, short in parts], axis=0)
            return slopes._replace(u=slopes.u + du)

        return self._sum(factors), backward

    def _over_factors(
        self, p: Couplings, x: Dimers, M: np.ndarray, factors: list[tuple[np.ndarray, np.ndarray]], terms: np.ndarray
    ) -> Couplings:
        """Gradient with the spectra held: over ``u`` through κ only."""
        slope = Couplings(0.0, *map(np.zeros_like, p[1:]))
        for q, (E, F) in enumerate(factors):
            kappa, amplitude = self.kappa(p, q), np.exp(p.amplitude[q])
            both = products_slope(M * F, kappa, x.elements)
            both = both + both.T
            slope.amplitude[q] = (both * kappa).sum(1)
            slope.u[:] += both * amplitude[:, None] * amplitude @ p.directions
            slope.own[q] = np.diag(means_slope(M * E, p.own.shape[1], x.ends)) * np.exp(p.own[q])
            slope.weights[q] = np.exp(p.weights[q]) * np.tensordot(terms, M * E, 3)
        return slope._replace(u=_of_length(slope.u, p.u, p.directions))


def _products(p: tuple, q: tuple) -> tuple[np.ndarray, ...]:
    """(n, n') inner products of the unit spectra of sites ii', jj', ij', ji'."""
    ij = p[0] @ q[1].T
    return p[0] @ q[0].T, p[1] @ q[1].T, ij, ij.T if p is q else p[1] @ q[0].T


def _similarity(products: tuple[np.ndarray, ...]) -> np.ndarray:
    """(2, n, n') over both sites: i with i' and j with j', then i with j' and j with i'."""
    ii, jj, ij, ji = products
    return np.stack([ii * jj, ij * ji])


def powers(similarity: np.ndarray) -> np.ndarray:
    """(len(ZETA), ...) similarity^ζ; all are even, so a negative similarity is no trouble."""
    table = [np.ones_like(similarity), similarity**4]
    while len(table) < len(ZETA):
        table.append(np.square(np.square(table[-1])))
    return np.stack(table)


def _lengths(rows: np.ndarray) -> np.ndarray:
    return np.sqrt((rows**2).sum(1, keepdims=True) + 1e-12)


def _of_length(slope: np.ndarray, long: np.ndarray, short: np.ndarray) -> np.ndarray:
    """Gradient over rows ``long`` from that over the same rows of length one, ``short``."""
    return (slope - short * (short * slope).sum(1, keepdims=True)) / _lengths(long)
