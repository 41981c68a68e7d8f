"""Gaussian process on learned coordinates of the elements and a learned covariance of the geometries."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import scipy.linalg
from scipy.optimize import minimize

from jijbench.adapters.base import AdapterInfo, Folds, Gated
from jijbench.data.elements import period, place_in_row
from jijbench.data.sample import Sample
from jijbench.data.target import JIJ, Target
from jijbench.data.task import Question

JITTER = 1e-8
PRIOR = {"amplitude": 0.5, "z": 1.0, "w": 2.0}  # standard deviations of the Gaussian priors


@dataclass(frozen=True)
class Index:
    """Samples as numbers: elements ``a``, ``b`` (n,) at sites i, j; geometry seen from i, ``g``, and from j, ``h``."""

    a: np.ndarray
    b: np.ndarray
    g: np.ndarray
    h: np.ndarray

    def blocks(self, E: np.ndarray, B: np.ndarray, other: "Index") -> tuple[np.ndarray, ...]:
        """Factors of the covariance: same order of the elements, exchanged order; same sense, opposite sense."""
        same = E[np.ix_(self.a, other.a)] * E[np.ix_(self.b, other.b)]
        crossed = E[np.ix_(self.a, other.b)] * E[np.ix_(self.b, other.a)]
        along = (B[np.ix_(self.g, other.g)] + B[np.ix_(self.h, other.h)]) / 2
        against = (B[np.ix_(self.g, other.h)] + B[np.ix_(self.h, other.g)]) / 2
        return same, crossed, along, against

    def covariance(self, E: np.ndarray, B: np.ndarray, other: "Index") -> np.ndarray:
        """(n, n') covariance; the same whichever impurity is called i."""
        same, crossed, along, against = self.blocks(E, B, other)
        return same * along + crossed * against

    def variance(self, E: np.ndarray, B: np.ndarray) -> np.ndarray:
        """(n,) diagonal of ``covariance`` with itself."""
        along = (B[self.g, self.g] + B[self.h, self.h]) / 2
        return E[self.a, self.a] * E[self.b, self.b] * along + E[self.a, self.b] ** 2 * B[self.g, self.h]


@dataclass(frozen=True)
class Parameters:
    """What is learned.

    ``noise`` log of its standard deviation; ``amplitude`` (elements,) logs; ``z`` (elements, K) coordinates;
    ``w`` (geometries, R) factors; ``own`` (geometries,) logs of what a geometry shares with no other.
    """

    noise: float
    amplitude: np.ndarray
    z: np.ndarray
    w: np.ndarray
    own: np.ndarray

    @property
    def elements(self) -> np.ndarray:
        """(elements, elements) covariance a_e a_e' exp(−|z_e − z_e'|² / 2)."""
        gap = ((self.z[:, None] - self.z[None]) ** 2).sum(-1)
        return np.exp(self.amplitude[:, None] + self.amplitude - gap / 2)

    @property
    def geometries(self) -> np.ndarray:
        """(geometries, geometries) covariance W Wᵀ + diag(own)."""
        return self.w @ self.w.T + np.diag(np.exp(self.own))

    def pack(self) -> np.ndarray:
        return np.concatenate([[self.noise], self.amplitude, self.z.ravel(), self.w.ravel(), self.own])

    def unpack(self, theta: np.ndarray) -> "Parameters":
        """Parameters of the same shapes from a vector."""
        shapes = [(), self.amplitude.shape, self.z.shape, self.w.shape, self.own.shape]
        cuts = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
        noise, *rest = np.split(theta, cuts)
        return Parameters(float(noise[0]), *(part.reshape(s) for part, s in zip(rest, shapes[1:], strict=True)))


@dataclass(frozen=True)
class Evidence:
    """Negative log marginal likelihood plus priors, and its gradient (Rasmussen and Williams 2006, eq. 5.9)."""

    index: Index
    y: np.ndarray
    start: Parameters
    z0: np.ndarray

    @cached_property
    def hot(self) -> tuple[np.ndarray, ...]:
        """One-hot matrices that gather a gradient over pairs of samples into one over elements and geometries."""
        elements, geometries = np.eye(len(self.z0)), np.eye(len(self.start.own))
        i = self.index
        return elements[i.a], elements[i.b], geometries[i.g], geometries[i.h]

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient, per sample."""
        p, n = self.start.unpack(theta), len(self.y)
        E, B = p.elements, p.geometries
        same, crossed, along, against = self.index.blocks(E, B, self.index)
        K = same * along + crossed * against
        K[np.diag_indices(n)] += np.exp(2 * p.noise) + JITTER
        try:
            lower = scipy.linalg.cholesky(K, lower=True, check_finite=False, overwrite_a=True)
        except np.linalg.LinAlgError:
            return 1e10, np.zeros_like(theta)
        alpha = scipy.linalg.cho_solve((lower, True), self.y, check_finite=False)
        value = self.y @ alpha / 2 + np.log(np.diag(lower)).sum() + self._prior(p)
        inverse = scipy.linalg.lapack.dpotri(lower, lower=1)[0]
        M = (np.tril(inverse) + np.tril(inverse, -1).T - np.outer(alpha, alpha)) / 2  # d value / d K
        dE, dB = self._over_elements(M * along, M * against, E), self._over_geometries(M * same, M * crossed)
        D = dE * E
        both = D + D.T
        gradient = Parameters(
            2 * np.exp(2 * p.noise) * np.trace(M),
            both.sum(1) + p.amplitude / PRIOR["amplitude"] ** 2,
            both @ p.z - both.sum(1)[:, None] * p.z + (p.z - self.z0) / PRIOR["z"] ** 2,
            (dB + dB.T) @ p.w + p.w / PRIOR["w"] ** 2,
            np.diag(dB) * np.exp(p.own),
        )
        return float(value) / n, gradient.pack() / n

    def _prior(self, p: Parameters) -> float:
        terms = {"amplitude": p.amplitude, "z": p.z - self.z0, "w": p.w}
        return sum(float((term**2).sum()) / PRIOR[name] ** 2 / 2 for name, term in terms.items())

    def _over_elements(self, same: np.ndarray, crossed: np.ndarray, E: np.ndarray) -> np.ndarray:
        a, b, _, _ = self.hot
        i = self.index
        straight = a.T @ (same * E[np.ix_(i.b, i.b)]) @ a + b.T @ (same * E[np.ix_(i.a, i.a)]) @ b
        return straight + a.T @ (crossed * E[np.ix_(i.b, i.a)]) @ b + b.T @ (crossed * E[np.ix_(i.a, i.b)]) @ a

    def _over_geometries(self, same: np.ndarray, crossed: np.ndarray) -> np.ndarray:
        _, _, g, h = self.hot
        return (g.T @ same @ g + h.T @ same @ h + g.T @ crossed @ h + h.T @ crossed @ g) / 2


class PairGp(Gated):
    """J(A, B, R) / s_R is a Gaussian process with covariance k(A, A') k(B, B') b(R, R') + the same with A, B exchanged.

    k(A, A') = a_A a_A' exp(−|z_A − z_A'|² / 2) with learned coordinates z_A, whose prior mean is group, period and
    (where released) moment; b = W Wᵀ + diag, a learned covariance of the geometries (a linear model of
    coregionalisation, Álvarez et al. 2012); s_R the rms of J in that geometry. All are learned by the marginal
    likelihood of the training part. An element all of whose training rows are exactly zero is silent: J = 0. An unseen
    element is placed by ridge regression of the learned coordinates on group, period and moment; a geometry never seen
    shares no covariance with the seen ones, so there the mean is zero and the standard deviation says so.
    """

    gives_std: ClassVar[bool] = True
    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Rasmussen and Williams (2006); Álvarez, Rosasco, Lawrence, Found. Trends ML 4, 195 (2012)",
        licence="MIT",
        kind="descriptor",
        compressed_species=True,
        spin=True,
    )

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, n_coordinates: int = 3, rank: int = 4, max_iter: int = 150
    ) -> None:
        super().__init__(target=target, seed=seed)
        self.n_coordinates = n_coordinates
        self.rank = rank
        self.max_iter = max_iter

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {"n_coordinates": trial.suggest_int("n_coordinates", 2, 4), "rank": trial.suggest_int("rank", 2, 6)}

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        self.silent_ = _silent(samples, y)
        heard = self._heard(samples)
        self.train_, self.y_ = tuple(s for s, k in zip(samples, heard, strict=True) if k), y[heard]
        self.moments_ = _moments(self.train_)
        self.elements_ = sorted({e for s in self.train_ for e in s.elements[:2]})
        self.geometries_ = sorted({g for s in self.train_ for g in s.geometry.signatures})
        if not self.train_:
            return
        index = self._index(self.train_, self.elements_)
        sizes = [np.mean(self.y_[(index.g == k) | (index.h == k)] ** 2) for k in range(len(self.geometries_))]
        self.scale_ = np.sqrt(np.maximum(sizes, 1e-12))  # (geometries,) meV
        found = self._optimum(index)
        self.noise_ = found.noise
        self.amplitude_, self.z_, self.w_, self.own_ = found.amplitude, found.z, found.w, found.own
        self.restore()

    def _optimum(self, index: Index) -> Parameters:
        z0, rng = self._properties(self.elements_, self.moments_), np.random.default_rng(self.seed)
        n_geometries = len(self.geometries_)
        w = 0.7 * rng.normal(size=(n_geometries, self.rank))
        start = Parameters(-2.0, np.zeros(len(z0)), 0.6 * z0, w, np.full(n_geometries, -3.0))
        evidence = Evidence(index, self.y_ / self.scale_[index.g], start, z0)
        options = {"maxiter": self.max_iter}
        return start.unpack(minimize(evidence, start.pack(), jac=True, method="L-BFGS-B", options=options).x)

    def restore(self) -> None:
        if not self.train_:
            return
        self._known = self._index(self.train_, self.elements_)
        p = Parameters(self.noise_, self.amplitude_, self.z_, self.w_, self.own_)
        K = self._known.covariance(p.elements, p.geometries, self._known)
        K[np.diag_indices(len(K))] += np.exp(2 * p.noise) + JITTER
        self._factor = scipy.linalg.cho_factor(K, lower=True, check_finite=False)
        self._alpha = scipy.linalg.cho_solve(self._factor, self.y_ / self.scale_[self._known.g], check_finite=False)

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        return self._answer_std(samples)[0]

    def predict_std(self, samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation; both zero where J is zero by rule."""
        mean, std = self.predict(samples), np.zeros(len(samples))
        open_ = np.array([s.moments is None or bool(np.all(s.moments[:2] != 0)) for s in samples], dtype=bool)
        if self.n_learned_ and open_.any():
            std[open_] = self._answer_std([s for s, k in zip(samples, open_, strict=True) if k])[1]
        return mean, std

    def _answer_std(self, samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
        mean, std = np.zeros((2, len(samples)))
        heard = self._heard(samples)
        if not self.train_ or not heard.any():
            return mean, std
        asked = [s for s, k in zip(samples, heard, strict=True) if k]
        elements = [*self.elements_, *sorted({e for s in asked for e in s.elements[:2]} - set(self.elements_))]
        E, B, scale = (
            self._placed(elements, asked),
            self._with_unseen_geometry(),
            np.append(self.scale_, self.scale_.mean()),
        )
        index = self._index(asked, elements)
        K = index.covariance(E, B, self._known)
        mean[heard] = K @ self._alpha * scale[index.g]
        explained = np.einsum("nm,mn->n", K, scipy.linalg.cho_solve(self._factor, K.T, check_finite=False))
        spread = index.variance(E, B) - explained + np.exp(2 * self.noise_)
        std[heard] = np.sqrt(np.maximum(spread, 0.0)) * scale[index.g]
        return mean, std

    def _heard(self, samples: Sequence[Sample]) -> np.ndarray:
        """(n,) bool: no element of the pair is silent."""
        return np.array([not set(s.elements[:2]) & set(self.silent_) for s in samples], dtype=bool)

    def _index(self, samples: Sequence[Sample], elements: list[str]) -> Index:
        element = {name: k for k, name in enumerate(elements)}
        geometry = {name: k for k, name in enumerate(self.geometries_)}
        rows = []
        for s in samples:
            seen = [geometry.get(name, len(geometry)) for name in s.geometry.signatures]
            rows.append([*(element[e] for e in s.elements[:2]), *seen])
        return Index(*np.array(rows, dtype=int).reshape(-1, 4).T)

    def _properties(self, elements: Sequence[str], moments: dict[str, float]) -> np.ndarray:
        """(elements, K) prior mean of the coordinates: group, period and moment, centred and scaled to order one."""
        centre = float(np.mean(list(self.moments_.values()))) if self.moments_ else 0.0
        table = np.zeros((len(elements), max(3, self.n_coordinates)))
        for row, element in zip(table, elements, strict=True):
            moment = (moments.get(element, centre) - centre) / 1.5
            row[:3] = (place_in_row(element) - 7) / 2, (period(element) - 4.5) * 2, moment
        return table[:, : self.n_coordinates]

    def _placed(self, elements: list[str], samples: Sequence[Sample]) -> np.ndarray:
        """Covariance of known and new elements; new ones by ridge regression on group, period and moment."""
        n, properties = len(self.elements_), self._properties(elements, _moments(samples) | self.moments_)
        design = np.column_stack([np.ones(len(elements)), properties, properties[:, 0] ** 2])
        learned = np.column_stack([self.z_ - properties[:n], self.amplitude_])
        gram = design[:n].T @ design[:n] + np.eye(design.shape[1])
        guess = design[n:] @ np.linalg.solve(gram, design[:n].T @ learned)
        z = np.vstack([self.z_, properties[n:] + guess[:, :-1]])
        return Parameters(0.0, np.append(self.amplitude_, guess[:, -1]), z, self.w_, self.own_).elements

    def _with_unseen_geometry(self) -> np.ndarray:
        B = Parameters(0.0, self.amplitude_, self.z_, self.w_, self.own_).geometries
        return scipy.linalg.block_diag(B, np.diag(B).mean())


def _silent(samples: Sequence[Sample], y: np.ndarray) -> list[str]:
    """Elements that are exactly zero beside every partner that is not zero elsewhere (and have such partners)."""
    heard = {e for s, value in zip(samples, y, strict=True) if value != 0 for e in s.elements[:2]}
    asked = {e for s in samples if set(s.elements[:2]) & heard for e in s.elements[:2]}
    return sorted(asked - heard)


def _moments(samples: Sequence[Sample]) -> dict[str, float]:
    """Moment of each element, μB, where the samples release them."""
    return {e: float(m) for s in samples if s.moments is not None for e, m in zip(s.elements, s.moments, strict=True)}
