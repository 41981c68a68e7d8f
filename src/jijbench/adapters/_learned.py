"""What the adapters with learned element coordinates share: rows, scales, placing of what training has not seen."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import scipy.linalg

from jijbench.adapters._evidence import CHART, JITTER, Component, Evidence, Given, Grid, Parameters, optimum
from jijbench.adapters.base import Folds, Gated, open_gate, where
from jijbench.data.elements import period, place_in_row
from jijbench.data.sample import Geometry, Sample

#: a geometry read from site i (0) to site j, or from j (1) to i
End = tuple[Geometry, int]
#: exponents ζ of the similarity of two surroundings; ζ = 0 is what all geometries share
EXPONENTS = (0, 4, 16, 64, 256)
NAMES = ("amplitude", "chart", "offset", "w", "own", "shared")


class LearnedElements(Gated):
    """J(A, B, R) / s_R is a Gaussian process on learned coordinates of the elements and a covariance of geometries.

    Hypers of every subclass: ``n_coordinates``, ``rank`` (of the learned covariance of geometries, may be 0),
    ``n_components`` (products in the sum), ``freedom`` (standard deviation of the coordinates about a learned linear map
    of group, period and moment), ``max_iter``. A subclass may add ``geometry_kernels``.
    """

    gives_std: ClassVar[bool] = True
    n_coordinates: int
    rank: int
    n_components: int
    freedom: float
    max_iter: int

    def geometry_kernels(self, a: Sequence[End], b: Sequence[End]) -> np.ndarray:
        """(M, n_a, n_b) kernels of geometries whose weights are learned; here one, the part all geometries share."""
        return np.ones((1, len(a), len(b)))

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        self.silent_ = silent(samples, y)
        heard = self._heard(samples)
        self.train_, self.y_ = tuple(where(samples, heard)), y[heard]
        self.moments_ = _moments(self.train_)
        self.elements_ = sorted({e for s in self.train_ for e in s.elements[:2]})
        self.restore_ends()
        if not self.train_:
            return
        grid = self._grid(self.train_, self.elements_, list(self._ends))
        g, h = grid.ends[grid.end].T
        sizes = [np.mean(self.y_[(g == k) | (h == k)] ** 2) for k in range(len(self._ends))]
        self.scale_ = np.sqrt(np.maximum(sizes, 1e-12))  # (geometries,) in target.unit
        found = self._optimum(grid, self.y_ / self.scale_[g])
        self.noise_ = found.noise
        for name in NAMES:
            setattr(self, f"{name}_", np.array([getattr(c, name) for c in found.components]))
        self.restore()

    def _optimum(self, grid: Grid, y: np.ndarray) -> Parameters:
        given, rng = self._given(self.elements_, {}, self._ends), np.random.default_rng(self.seed)
        (n, f), n_ends, components = given.properties.shape, len(self._ends), []
        for q in range(self.n_components):  # the later ones start smaller, so that they differ
            chart = CHART * np.eye(f, self.n_coordinates) + 0.05 * rng.normal(size=(f, self.n_coordinates))
            offset = (0.1 + 0.2 * (q > 0)) * rng.normal(size=(n, self.n_coordinates))
            w = (0.3 if q else 0.7) * rng.normal(size=(n_ends, self.rank))
            shared = np.full(len(given.kernels), -1.0 - q)
            components.append(
                Component(np.full(n, -0.5 * (q > 0)), chart, offset, w, np.full(n_ends, -3.0 - q), shared)
            )
        start = Parameters(-2.0, tuple(components))
        return optimum(Evidence(grid, y, given, start), start, self.max_iter)

    def _given(self, elements: Sequence[str], moments: dict[str, float], ends: dict[str, End]) -> Given:
        seen = list(ends.values())
        properties = self._properties(elements, moments | self.moments_)
        guessed = ~np.isin(elements, self.elements_)
        return Given(properties, self.geometry_kernels(seen, seen), self.freedom, guessed)

    def restore_ends(self) -> None:
        """Signatures of the training geometries, each with one geometry that has it."""
        self._ends: dict[str, End] = _ends(self.train_)

    def restore(self) -> None:
        self.restore_ends()
        if not self.train_:
            return
        self._known = self._grid(self.train_, self.elements_, list(self._ends))
        p, given = self._parameters(), self._given(self.elements_, {}, self._ends)
        K = p.covariance(self._known, self._known, given)
        K[np.diag_indices(len(K))] += np.exp(2 * p.noise) + JITTER
        self._factor = scipy.linalg.cho_factor(K, lower=True, check_finite=False)
        scaled = self.y_ / self.scale_[self._known.ends[self._known.end, 0]]
        self._alpha = scipy.linalg.cho_solve(self._factor, scaled, check_finite=False)

    def _parameters(self) -> Parameters:
        parts = zip(*(getattr(self, f"{name}_") for name in NAMES), strict=True)
        return Parameters(self.noise_, tuple(Component(*part) for part in parts))

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        return self._answer_std(samples)[0]

    def predict_std(self, samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the Gaussian process; both zero where J is zero by rule."""
        mean, std = np.zeros((2, len(samples)))
        keep = open_gate(samples) & (self.n_learned_ > 0)
        if keep.any():
            mean[keep], std[keep] = self._answer_std(where(samples, keep))
        return mean, std

    def _answer_std(self, samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
        mean, std = np.zeros((2, len(samples)))
        heard = self._heard(samples)
        if not self.train_ or not heard.any():
            return mean, std
        asked = where(samples, heard)
        elements = [*self.elements_, *sorted({e for s in asked for e in s.elements[:2]} - set(self.elements_))]
        ends = self._ends | {k: v for k, v in _ends(asked).items() if k not in self._ends}
        p, given, grid = (
            self._placed(elements, ends),
            self._given(elements, _moments(asked), ends),
            self._grid(asked, elements, list(ends)),
        )
        scale = self._scales(ends)
        K = p.covariance(grid, self._known, given)
        unit = scale[grid.ends[grid.end, 0]]
        mean[heard] = K @ self._alpha * unit
        explained = np.einsum("nm,mn->n", K, scipy.linalg.cho_solve(self._factor, K.T, check_finite=False))
        spread = p.variance(grid, given) - explained + np.exp(2 * self.noise_)
        std[heard] = np.sqrt(np.maximum(spread, 0.0)) * unit
        return mean, std

    def _heard(self, samples: Sequence[Sample]) -> np.ndarray:
        """(n,) bool: no element of the pair is silent."""
        return np.array([not set(s.elements[:2]) & set(self.silent_) for s in samples], dtype=bool)

    def _grid(self, samples: Sequence[Sample], elements: list[str], ends: list[str]) -> Grid:
        element, end = {e: k for k, e in enumerate(elements)}, {s: k for k, s in enumerate(ends)}
        return Grid.of(
            [[*(element[e] for e in s.elements[:2]), *(end[name] for name in s.geometry.signatures)] for s in samples]
        )

    def _properties(self, elements: Sequence[str], moments: dict[str, float]) -> np.ndarray:
        """(elements, 4) group, period, moment and the square of the group, centred and scaled to order one."""
        centre = float(np.mean(list(self.moments_.values()))) if self.moments_ else 0.0
        table = np.array([(place_in_row(e) - 7, period(e) - 4.5, moments.get(e, centre) - centre) for e in elements])
        table = table.reshape(-1, 3) * (0.5, 2.0, 2 / 3)
        return np.column_stack([table, table[:, 0] ** 2 - 1])

    def _placed(self, elements: list[str], ends: dict[str, End]) -> Parameters:
        """Parameters with rows for new elements, without an offset, and new geometries, with the mean factors."""
        new_elements, new_ends, placed = len(elements) - len(self.elements_), len(ends) - len(self._ends), []
        for c in self._parameters().components:
            offset = np.pad(c.offset, ((0, new_elements), (0, 0)))
            amplitude = np.append(c.amplitude, np.full(new_elements, c.amplitude.mean()))
            mean = c.w.mean(0)
            own = np.log(np.mean((c.w**2).sum(1) + np.exp(c.own)) - (mean**2).sum())
            w = np.vstack([c.w, np.repeat(mean[None], new_ends, 0)])
            placed.append(Component(amplitude, c.chart, offset, w, np.append(c.own, np.full(new_ends, own)), c.shared))
        return Parameters(self.noise_, tuple(placed))

    def _scales(self, ends: dict[str, End]) -> np.ndarray:
        """(geometries,) scale of J; a new geometry's from a straight line of log s in log r."""
        r = np.log([geometry.distance for geometry, _ in ends.values()])
        n = len(self.scale_)
        line = np.polynomial.Polynomial.fit(r[:n], np.log(self.scale_), 1 if len(set(r[:n])) > 1 else 0)
        return np.append(self.scale_, np.exp(line(r[n:])))


def similarity_powers(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(M, n_a, n_b) powers of the similarity of two surroundings, both sites of one with both of the other.

    ``a`` (n_a, 2, f), ``b`` (n_b, 2, f): descriptor of the first and of the second site of each geometry, as read.
    (p_i·p_i')^ζ (p_j·p_j')^ζ of unit vectors, for each ζ in ``EXPONENTS``.
    """
    unit_a, unit_b = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b))
    similarity = np.prod([np.maximum(unit_a[:, k] @ unit_b[:, k].T, 0.0) for k in (0, 1)], axis=0)
    return np.array([similarity**zeta for zeta in EXPONENTS])


def _ends(samples: Sequence[Sample]) -> dict[str, End]:
    found = {name: (s.geometry, k) for s in samples for k, name in enumerate(s.geometry.signatures)}
    return dict(sorted(found.items()))


def silent(samples: Sequence[Sample], y: np.ndarray) -> list[str]:
    """Elements that are exactly zero beside every partner that is not zero elsewhere (and have such partners)."""
    heard = {e for s, value in zip(samples, y, strict=True) if value != 0 for e in s.elements[:2]}
    asked = {e for s in samples if set(s.elements[:2]) & heard for e in s.elements[:2]}
    return sorted(asked - heard)


def _moments(samples: Sequence[Sample]) -> dict[str, float]:
    """Moment of each element, μB, where the samples release them."""
    return {e: float(m) for s in samples if s.moments is not None for e, m in zip(s.elements, s.moments, strict=True)}
