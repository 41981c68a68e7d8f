"""What the adapters with learned element coordinates share."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy.linalg

from jijbench.adapters._evidence import CHART, JITTER, Component, Evidence, Given, Grid, Parameters, optimum
from jijbench.adapters._scaled import End, Scaled, moments_of
from jijbench.data.sample import Sample

#: exponents ζ of the similarity of two surroundings; ζ = 0 is what all geometries share
EXPONENTS = (0, 4, 16, 64, 256)
#: coordinates, products and freedom of the model that answers for unseen elements
TIED = {"n_coordinates": 3, "n_components": 1, "freedom": 0.3}
PARTS = ("amplitude", "chart", "offset", "w", "own", "shared")


class LearnedElements(Scaled):
    """A Gaussian process on learned coordinates of the elements and a covariance of geometries.

    Hypers of every subclass: ``n_coordinates``, ``rank`` (of the learned covariance of geometries, may be 0),
    ``n_components`` (products in the sum), ``freedom`` (standard deviation of the coordinates about a learned linear
    map of group, period, moment and group²), ``max_iter`` and ``n_members``. The members differ in their start and
    their predictions are averaged; one more, whose coordinates are few and tied to the map (``TIED``), answers for
    pairs with an element that training has not seen. A subclass may add ``geometry_kernels``.
    """

    n_coordinates: int
    rank: int
    n_components: int
    freedom: float
    max_iter: int
    n_members: int

    def geometry_kernels(self, a: Sequence[End], b: Sequence[End]) -> np.ndarray:
        """(M, n_a, n_b) kernels of geometries whose weights are learned; here one, the part all geometries share."""
        return np.ones((1, len(a), len(b)))

    @property
    def _members(self) -> list[dict[str, float]]:
        own = {name: getattr(self, name) for name in TIED}
        return [*(own for _ in range(self.n_members)), TIED]

    def learn_scaled(self) -> None:
        self.elements_ = sorted({e for s in self.train_ for e in s.elements[:2]})
        grid, y = self._grid(self.train_, self.elements_, self._ends), self.scaled_
        noises = []
        for k, member in enumerate(self._members):
            found = self._optimum(grid, y, member, self.seed + k)
            noises.append(found.noise)
            for name in PARTS:
                setattr(self, f"{name}_{k}_", np.array([getattr(c, name) for c in found.components]))
        self.noise_ = np.array(noises)
        self.element_map_ = self._map()

    def _optimum(self, grid: Grid, y: np.ndarray, member: dict[str, float], seed: int) -> Parameters:
        given, rng = self._given(self.elements_, {}, self._ends, member["freedom"]), np.random.default_rng(seed)
        (n, f), n_ends, components = given.properties.shape, len(self._ends), []
        dimensions = int(member["n_coordinates"])
        for q in range(int(member["n_components"])):  # the later ones start smaller, so that they differ
            chart = CHART * np.eye(f, dimensions) + 0.05 * rng.normal(size=(f, dimensions))
            offset = (0.1 + 0.2 * (q > 0)) * rng.normal(size=(n, dimensions))
            w = (0.3 if q else 0.7) * rng.normal(size=(n_ends, self.rank))
            amplitude, own = np.full(n, -0.5 * (q > 0)), np.full(n_ends, -3.0 - q)
            components.append(Component(amplitude, chart, offset, w, own, np.full(len(given.kernels), -1.0 - q)))
        start = Parameters(-2.0, tuple(components))
        return optimum(Evidence(grid, y, given, start), start, self.max_iter)

    def _given(self, elements: Sequence[str], moments: dict[str, float], ends: dict[str, End], freedom: float) -> Given:
        seen = list(ends.values())
        guessed = ~np.isin(elements, self.elements_)
        return Given(self._properties(elements, moments), self.geometry_kernels(seen, seen), freedom, guessed)

    def restore(self) -> None:
        if not self.train_:
            return
        self.restore_ends()
        self._known, y = self._grid(self.train_, self.elements_, self._ends), self.scaled_
        self._factors, self._alphas = [], []
        for k, member in enumerate(self._members):
            p, given = self._parameters(k), self._given(self.elements_, {}, self._ends, member["freedom"])
            K = p.covariance(self._known, self._known, given)
            K[np.diag_indices(len(K))] += np.exp(2 * p.noise) + JITTER
            self._factors.append(scipy.linalg.cho_factor(K, lower=True, check_finite=False))
            self._alphas.append(scipy.linalg.cho_solve(self._factors[-1], y, check_finite=False))

    def _parameters(self, k: int) -> Parameters:
        parts = zip(*(getattr(self, f"{name}_{k}_") for name in PARTS), strict=True)
        return Parameters(float(self.noise_[k]), tuple(Component(*part) for part in parts))

    def answer_scaled(self, samples: Sequence[Sample], ends: dict[str, End]) -> tuple[np.ndarray, np.ndarray]:
        new = sorted({e for s in samples for e in s.elements[:2]} - set(self.elements_))
        strange = np.array([bool(set(s.elements[:2]) & set(new)) for s in samples], dtype=bool)
        mean, std = np.zeros((2, len(samples)))
        for chosen, members in ((~strange, range(self.n_members)), (strange, [self.n_members])):
            if chosen.any():
                asked = [s for s, yes in zip(samples, chosen, strict=True) if yes]
                answers = np.array([self._member(k, asked, [*self.elements_, *new], ends) for k in members])
                mean[chosen] = answers[:, 0].mean(0)
                std[chosen] = np.sqrt((answers[:, 1] ** 2).mean(0) + answers[:, 0].var(0))
        return mean, std

    def _member(
        self, k: int, samples: Sequence[Sample], elements: list[str], ends: dict[str, End]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (n,) of one member."""
        given = self._given(elements, moments_of(samples), ends, self._members[k]["freedom"])
        p, grid = self._placed(self._parameters(k), len(elements), len(ends)), self._grid(samples, elements, ends)
        K = p.covariance(grid, self._known, given)
        explained = np.einsum("nm,mn->n", K, scipy.linalg.cho_solve(self._factors[k], K.T, check_finite=False))
        spread = p.variance(grid, given) - explained + np.exp(2 * p.noise)
        return K @ self._alphas[k], np.sqrt(np.maximum(spread, 0.0))

    def _placed(self, known: Parameters, n_elements: int, n_ends: int) -> Parameters:
        """Parameters with rows for new elements, without an offset, and for new geometries, with the mean factors."""
        placed = []
        for c in known.components:
            more = ((0, n_elements - len(c.offset)), (0, 0))
            amplitude = np.pad(c.amplitude, more[0], constant_values=c.amplitude.mean())
            mean = c.w.mean(0)
            own = np.log(np.mean((c.w**2).sum(1) + np.exp(c.own)) - (mean**2).sum())
            new = n_ends - len(c.own)
            w = np.vstack([c.w, np.repeat(mean[None], new, 0)])
            placed.append(
                replace(c, amplitude=amplitude, offset=np.pad(c.offset, more), w=w, own=np.append(c.own, [own] * new))
            )
        return Parameters(known.noise, tuple(placed))

    def _map(self) -> str:
        """JSON of element → its first two principal coordinates in the first product of the first member."""
        given = self._given(self.elements_, {}, self._ends, self.freedom)
        z = self._parameters(0).components[0].coordinates(given)
        left, size, _ = np.linalg.svd(z - z.mean(0), full_matrices=False)
        flat = np.pad(left * size, ((0, 0), (0, 2)))[:, :2]
        return json.dumps({e: np.round(xy, 4).tolist() for e, xy in zip(self.elements_, flat, strict=True)})

    def _grid(self, samples: Sequence[Sample], elements: list[str], ends: dict[str, End]) -> Grid:
        element = {e: k for k, e in enumerate(elements)}
        pairs = [[element[e] for e in s.elements[:2]] for s in samples]
        return Grid.of(np.hstack([pairs, self._places(samples, ends)]).tolist())


def similarity_powers(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(M, n_a, n_b) powers of the similarity of two surroundings, both sites of one with both of the other.

    ``a`` (n_a, 2, f), ``b`` (n_b, 2, f): descriptor of the first and of the second site of each geometry, as read.
    (p_i·p_i')^ζ (p_j·p_j')^ζ of unit vectors, for each ζ in ``EXPONENTS``.
    """
    unit_a, unit_b = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b))
    similarity = np.prod([np.maximum(unit_a[:, k] @ unit_b[:, k].T, 0.0) for k in (0, 1)], axis=0)
    return np.array([similarity**zeta for zeta in EXPONENTS])
