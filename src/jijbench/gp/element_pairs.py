"""The kernel of pairs of elements at two sites: covariances of elements times covariances of geometries.

The pairs of elements and the geometries form a grid, so a covariance of samples is one product of thin matrices and a
gather, and its gradient the same backwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np

from jijbench.gp.exchange import means, means_slope, products, products_slope
from jijbench.gp.process import Backward, Kernel, Prior, filled

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
    def of(cls, rows: Sequence[Sequence[int]] | np.ndarray) -> Self:
        """From (element i, element j, geometry from i, geometry from j) of each sample."""
        table = np.array(rows, dtype=int).reshape(-1, 4)
        pairs, pair = np.unique(table[:, :2], axis=0, return_inverse=True)
        ends, end = np.unique(table[:, 2:], axis=0, return_inverse=True)
        return cls(pairs, ends, pair.ravel(), end.ravel())

    def cells(self, other: "Grid") -> np.ndarray:
        """(n, n') position of each pair of samples in the (P P', G G') table."""
        return self._own_cells if other is self else self._cells(other)

    @cached_property
    def _own_cells(self) -> np.ndarray:
        return self._cells(self)

    def _cells(self, other: "Grid") -> np.ndarray:
        pairs = self.pair[:, None] * len(other.pairs) + other.pair
        return pairs * (len(self.ends) * len(other.ends)) + self.end[:, None] * len(other.ends) + other.end


class Component(NamedTuple):
    """Parameters of one product E_q · B_q.

    ``amplitude`` (elements,) logs of a; coordinates of the elements are z = properties ``chart`` + freedom ``offset``,
    with (F, K) and (elements, K); ``w`` (geometries, R); ``own`` (geometries,) logs of what a geometry shares with no
    other; ``shared`` (M,) logs of the weights of the given kernels of geometries.
    """

    amplitude: np.ndarray
    chart: np.ndarray
    offset: np.ndarray
    w: np.ndarray
    own: np.ndarray
    shared: np.ndarray


class Parameters(NamedTuple):
    """``noise`` (log of its standard deviation) and the components."""

    noise: float
    components: tuple[Component, ...]


#: standard deviations of the priors; none of what a geometry has apart
WIDTHS = Component(*map(np.array, (0.5, 1.0, 1.0, 2.0, np.inf, 2.0)))


def prior(p: Parameters) -> Prior:
    """Normal priors about zero, the chart's about ``CHART``, for parameters of the shapes of ``p``."""
    mean = [Component(*map(np.zeros_like, c))._replace(chart=CHART * np.eye(*c.chart.shape)) for c in p.components]
    return Prior(Parameters(0.0, tuple(mean)), filled(p, Parameters(np.inf, (WIDTHS,) * len(mean))))


@dataclass(frozen=True)
class PairKernel(Kernel):
    """Σ_q [E_q(A, A') E_q(B, B') B_q(R, R') + E_q(A, B') E_q(B, A') B_q(R, R̄')], R̄ being R read from j to i.

    The second term is the dimer named the other way round; B_q(R, R') is averaged over both readings. What is not
    learned: ``properties`` (elements, F); ``given`` (M, geometries, geometries) kernels; ``freedom`` standard deviation
    of the coordinates about a linear map of the properties; ``guessed`` (elements,) bool: whose offset is not known.
    """

    properties: np.ndarray
    given: np.ndarray
    freedom: float
    guessed: np.ndarray

    def coordinates(self, c: Component) -> np.ndarray:
        """(elements, K) z."""
        return self.properties @ c.chart + self.freedom * c.offset

    def elements(self, c: Component) -> np.ndarray:
        """(elements, elements) a_e a_e' exp(−|z_e − z_e'|² / 2), averaged over the offsets of guessed elements.

        These are taken to scatter as the learned ones do.
        """
        z = self.coordinates(c)
        spread = self.guessed[:, None] * np.mean((self.freedom * c.offset[~self.guessed]) ** 2, axis=0)  # (elements, K)
        width = 1 + spread[:, None] + spread  # (elements, elements, K)
        width[np.diag_indices(len(z))] = 1  # an element is itself, wherever it lies
        gap = ((z[:, None] - z) ** 2 / width + np.log(width)).sum(-1)
        return np.exp(c.amplitude[:, None] + c.amplitude - gap / 2)

    def geometries(self, c: Component) -> np.ndarray:
        """(geometries, geometries) Σ_m shared_m given_m + W Wᵀ + diag(own)."""
        return np.tensordot(np.exp(c.shared), self.given, 1) + c.w @ c.w.T + np.diag(np.exp(c.own))

    def __call__(self, p: Parameters, x: Grid, z: Grid) -> np.ndarray:
        left, right = self._factors(p, x, z)
        return (left @ right.T).ravel()[x.cells(z)]

    def _factors(self, p: Parameters, x: Grid, z: Grid) -> tuple[np.ndarray, np.ndarray]:
        """(P P', 2 Q) of the pairs and (G G', 2 Q) of the geometries: for each q as they stand, and exchanged."""
        left = [products(self.elements(c), x.pairs, z.pairs) for c in p.components]
        right = [means(self.geometries(c), x.ends, z.ends) for c in p.components]
        Q = 2 * len(p.components)
        return np.stack(left).reshape(Q, -1).T.copy(), np.stack(right).reshape(Q, -1).T.copy()

    def diagonal(self, p: Parameters, x: Grid) -> np.ndarray:
        total = np.zeros(len(x.pair))
        (a, b), (g, h) = x.pairs[x.pair].T, x.ends[x.end].T
        for c in p.components:
            E, B = self.elements(c), self.geometries(c)
            total += E[a, a] * E[b, b] * (B[g, g] + B[h, h]) / 2 + E[a, b] ** 2 * B[g, h]
        return total

    def with_gradient(self, p: Parameters, x: Grid) -> tuple[np.ndarray, Backward]:
        left, right = self._factors(p, x, x)

        def backward(M: np.ndarray) -> Parameters:
            table = np.bincount(x.cells(x).ravel(), M.ravel(), len(left) * len(right)).reshape(len(left), len(right))
            pairs = (table @ right).T.reshape(-1, 2, len(x.pairs), len(x.pairs))  # (Q, 2, P, P)
            ends = (left.T @ table).reshape(-1, 2, len(x.ends), len(x.ends))
            slopes = zip(p.components, pairs, ends, strict=True)
            return Parameters(0.0, tuple(self._slope(c, x, *parts) for c, *parts in slopes))

        return (left @ right.T).ravel()[x.cells(x)], backward

    def _slope(self, c: Component, x: Grid, d_pairs: np.ndarray, d_ends: np.ndarray) -> Component:
        """Gradient over a component from those over its factors of the pairs (2, P, P) and geometries (2, G, G)."""
        E, z, dB = self.elements(c), self.coordinates(c), means_slope(d_ends, len(c.own), x.ends)
        both = products_slope(d_pairs, E, x.pairs) * E
        both = both + both.T
        dz = both @ z - both.sum(1)[:, None] * z
        return Component(
            amplitude=both.sum(1),
            chart=self.properties.T @ dz,
            offset=self.freedom * dz,
            w=(dB + dB.T) @ c.w,
            own=np.diag(dB) * np.exp(c.own),
            shared=np.exp(c.shared) * np.tensordot(self.given, dB, 2),
        )


def extended(p: Parameters, n_elements: int, n_geometries: int) -> Parameters:
    """Parameters with rows for new elements, without an offset, and for new geometries, with the mean factors."""

    def grown(c: Component) -> Component:
        elements, geometries, mean = n_elements - len(c.offset), n_geometries - len(c.own), c.w.mean(0)
        own = np.log(np.mean((c.w**2).sum(1) + np.exp(c.own)) - (mean**2).sum())
        return c._replace(
            amplitude=np.pad(c.amplitude, (0, elements), constant_values=c.amplitude.mean()),
            offset=np.pad(c.offset, ((0, elements), (0, 0))),
            w=np.vstack([c.w, np.repeat(mean[None], geometries, 0)]),
            own=np.append(c.own, [own] * geometries),
        )

    return p._replace(components=tuple(map(grown, p.components)))
