"""The kernel of an impurity's element and its site: sums of products over the two."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from jijbench.gp.process import Backward, Kernel, Prior, filled

#: centre of the prior of the noise, in units of the coefficients' variance, and of what each element and site has apart
NOISE, OWN = 1e-3, 0.1
#: standard deviations of the prior of logarithms of amplitudes and of lengths, and of the slopes
AMPLITUDE_WIDTH, LENGTH_WIDTH, SLOPE_WIDTH = 3.0, 1.5, 1.0


@dataclass(frozen=True, eq=False)
class Impurities:
    """Rows as positions in a table of elements (e, f) and in one of sites (s, g), and weights of rows by name."""

    elements: np.ndarray
    sites: np.ndarray
    element: np.ndarray
    site: np.ndarray
    weights: dict[str, np.ndarray] = field(default_factory=dict)

    def __getitem__(self, rows: slice) -> Self:
        """Some of the rows, on the same tables."""
        weights = {name: values[rows] for name, values in self.weights.items()}
        return replace(self, element=self.element[rows], site=self.site[rows], weights=weights)


@dataclass(frozen=True)
class Term:
    """A term of the kernel; ``amplitude`` and ``length``: the centres of its prior."""

    amplitude: float
    element: bool = True
    site: bool = True
    own: bool = False
    weight: str | None = None
    length: float = 2.0


class Factor(NamedTuple):
    """Logarithms of ``own`` (1,), or (0,) in a term without it, and of the ``length`` of each property."""

    own: np.ndarray
    length: np.ndarray


class TermParameters(NamedTuple):
    """Logarithm of a, and the factors; an empty tuple where the term has none."""

    amplitude: float | np.ndarray
    element: Factor | tuple[()]
    site: Factor | tuple[()]


class Parameters(NamedTuple):
    """The terms', the logarithm of the noise's variance, and the slopes of s, none where s is one."""

    terms: tuple[TermParameters, ...]
    noise: float | np.ndarray
    slopes: np.ndarray


class ImpurityKernel(Kernel):
    """k = s(S) s(S') Σ_t a_t w_t w_t' (k_E + o_t δ_E)(k_S + o_t' δ_S).

    Each term t has a factor of the element, of the site, or of both; w is one or a weight of the row; δ lets each
    element and each site differ also from all that are like it. k_E and k_S are (1 + d/4)⁻² of the squared distance d,
    each property in units of a length of its own (a rational quadratic: its tails let a few pairs be unlike the
    others). s = exp(slopes · properties of the site) where ``scaled``, or one.
    """

    noise_power: ClassVar[int] = 1

    def __init__(self, terms: Sequence[Term], scaled: bool = False) -> None:
        self.terms, self.scaled = tuple(terms), scaled

    def prior(self, n_element: int, n_site: int) -> Prior:
        """For tables with so many properties."""

        terms = []
        for t in self.terms:
            own = np.full(int(t.own), np.log(OWN))
            sizes = (t.element, n_element), (t.site, n_site)
            factors = [Factor(own, np.full(size, np.log(t.length))) if has else () for has, size in sizes]
            terms.append(TermParameters(np.log(t.amplitude), *factors))
        mean = Parameters(tuple(terms), np.log(NOISE), np.zeros(n_site * self.scaled))
        factor = Factor(np.array(AMPLITUDE_WIDTH), np.array(LENGTH_WIDTH))
        width = (TermParameters(AMPLITUDE_WIDTH, factor, factor),) * len(terms)
        return Prior(mean, filled(mean, Parameters(width, AMPLITUDE_WIDTH, np.array(SLOPE_WIDTH))))

    def __call__(self, p: Parameters, x: Impurities, z: Impurities) -> np.ndarray:
        K = sum(outer * first * second for outer, (first, second), _ in self._products(p, x, z))
        return K * self._scale(p, x)[:, None] * self._scale(p, z)

    def _products(self, p: Parameters, x: Impurities, z: Impurities) -> Iterator[tuple[Any, list, list]]:
        """For each term amplitude and weights, and its factors: spread over the rows, and as tables."""
        for term, q in zip(self.terms, p.terms, strict=True):
            outer: Any = float(np.exp(q.amplitude))
            if term.weight is not None:
                outer = outer * np.outer(x.weights[term.weight], z.weights[term.weight])
            tables = [q.element and _Table(q.element, x.elements), q.site and _Table(q.site, x.sites)]
            places = (x.element, z.element), (x.site, z.site)
            blocks = [table.k[np.ix_(*at)] if table else 1.0 for table, at in zip(tables, places, strict=True)]
            yield outer, blocks, tables

    def _scale(self, p: Parameters, x: Impurities) -> np.ndarray:
        return np.exp(x.sites @ p.slopes)[x.site] if self.scaled else np.ones(len(x.site))

    def with_gradient(self, p: Parameters, x: Impurities) -> tuple[np.ndarray, Backward]:
        parts, s = list(self._products(p, x, x)), self._scale(p, x)
        products = [outer * first * second for outer, (first, second), _ in parts]
        K = sum(products)

        def backward(M: np.ndarray) -> Parameters:
            H, terms = M * np.outer(s, s), []
            for (outer, (first, second), (element, site)), product in zip(parts, products, strict=True):
                terms.append(
                    TermParameters(
                        np.sum(H * product),
                        element and element.slope(H * outer * second, x.element),
                        site and site.slope(H * outer * first, x.site),
                    )
                )
            slopes = 2.0 * np.sum(H * K, axis=1) @ x.sites[x.site] if self.scaled else np.zeros(0)
            return Parameters(tuple(terms), 0.0, slopes)

        return K * s[:, None] * s, backward


class _Table:
    """One factor of a term: the kernel ``k`` of a table of elements or sites, and what its gradient needs."""

    def __init__(self, p: Factor, table: np.ndarray) -> None:
        self.u = table / np.exp(p.length)
        squares = (self.u**2).sum(1)
        q = 1.0 / (1.0 + np.maximum(squares[:, None] + squares - 2.0 * self.u @ self.u.T, 0.0) / 4.0)
        self.own, self.falls = np.exp(p.own), -0.5 * q**3  # dk / d(squared distance)
        self.k = q**2 + self.own.sum() * np.eye(len(q))

    def slope(self, H: np.ndarray, rows: np.ndarray) -> Factor:
        """Gradient of Σ H k over the factor's parameters, for symmetric H (n, n) of rows of the table."""
        P = np.eye(len(self.k))[rows]
        over = P.T @ (H @ P)
        M = over * self.falls
        lengths = -4.0 * np.sum((M.sum(1)[:, None] * self.u - M @ self.u) * self.u, axis=0)
        return Factor(self.own * np.trace(over), lengths)
