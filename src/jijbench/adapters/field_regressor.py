"""Models of curves: a volume-weighted basis of the training curves, and a regression of its coefficients."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np

from jijbench.adapters.base import Adapter, Folds, orbit_folds
from jijbench.data.sample import Geometry, Sample
from jijbench.data.task import Question
from jijbench.elements import symbol
from jijbench.targets import JIJ, Curve, Target
from jijbench.targets.mesh import POINTS, volume_weights


class FieldRegressor(Adapter):
    """A curve is Σ_k c_k b_k(r); ``learn_coefficients`` regresses c on samples.

    b are the leading right singular vectors of the training curves, weighted by the volume of the cell and orthonormal
    under it, so that the error of the coefficients is that of the curve: as many as leave ``basis_error`` of the
    training curves' root mean square.
    """

    takes_arrays: ClassVar[bool] = True

    def __init__(self, *, target: Target = JIJ, seed: int = 0, basis_error: float = 0.005) -> None:
        self.target = target
        self.seed = seed
        self.basis_error = basis_error

    @classmethod
    def refuses(cls, question: Question) -> str | None:
        return no_curve(cls.__name__, question.target)

    def learn_coefficients(self, samples: Sequence[Sample], c: np.ndarray, folds: Folds) -> None:
        """Learn from coefficients ``c`` (n, m) in the target's unit."""
        raise TypeError(f"{type(self).__name__} must define learn_coefficients(samples, c, folds)")

    def answer_coefficients(self, samples: Sequence[Sample]) -> np.ndarray:
        """(n, m) coefficients."""
        raise TypeError(f"{type(self).__name__} must define answer_coefficients(samples)")

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        curves = np.asarray(y, dtype=float).reshape(len(samples), -1)
        self.basis_ = basis_of(curves, self.basis_error)  # (m, k)
        folds = orbit_folds(samples) if folds is None else folds
        self.learn_coefficients(samples, self.coefficients(curves), folds)
        return self

    def coefficients(self, curves: np.ndarray) -> np.ndarray:
        """(n, m) coefficients of curves (n, k), the best in the weighted square."""
        return (curves * weights_of(curves.shape[1])) @ self.basis_.T

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        return (self.answer_coefficients(samples) @ self.basis_).reshape(len(samples), *self.target.shape)


def no_curve(name: str, target: Target) -> str | None:
    """The reason why a model of curves refuses a target; None for a curve."""
    return None if target.compressed else f"{name} predicts curves, the target {target.name} is none"


def weights_of(points: int) -> np.ndarray:
    """(k,) weights of the points of a curve: the volume's on the radial mesh, else equal ones."""
    return volume_weights() if points == POINTS else np.full(points, 1.0 / points)


def basis_of(curves: np.ndarray, error: float) -> np.ndarray:
    """(m, k) orthonormal curves that leave at most ``error`` of the root mean square of ``curves`` (n, k).

    At least one. Each is a combination of the curves themselves, so it is known also where the weight is zero (at the
    nucleus).
    """
    U, s, _ = np.linalg.svd(curves * np.sqrt(weights_of(curves.shape[1])), full_matrices=False)
    if not s.any():
        return np.zeros((1, curves.shape[1]))
    left = np.sqrt(np.maximum(1 - np.cumsum(s**2) / np.sum(s**2), 0))
    m = 1 + int(np.flatnonzero(left <= error)[0])
    return (U[:, :m] / s[:m]).T @ curves


class InnerField(FieldRegressor):
    """Coefficients by another adapter, ``inner``: as one vector where it takes vectors, else a model each.

    ``settings`` are its hypers, ``given`` those that differ from its own defaults here. Inner models are made
    for pairs: they see a single impurity and the nearest atom of its host as one.
    """

    inner: ClassVar[type[Adapter]]
    given: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, basis_error: float = 0.005, settings: dict[str, Any] | None = None
    ) -> None:
        super().__init__(target=target, seed=seed, basis_error=basis_error)
        self.settings = settings

    @classmethod
    def refuses(cls, question: Question) -> str | None:
        return super().refuses(question) or cls.inner.refuses(replace(question, target=_vector(1)))

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {"settings": cls.inner.suggest(trial, question)}

    def learn_coefficients(self, samples: Sequence[Sample], c: np.ndarray, folds: Folds) -> None:
        model = self.inner(target=_vector(c.shape[1]), seed=self.seed, **{**self.given, **(self.settings or {})})
        self._model = model.fit([as_pair(sample) for sample in samples], c, folds)

    def answer_coefficients(self, samples: Sequence[Sample]) -> np.ndarray:
        return self._model.predict([as_pair(sample) for sample in samples])

    def save(self, folder: Path) -> None:
        super().save(folder)
        self._model.save(folder / "inner")

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = super().load(folder)
        model._model = cls.inner.load(folder / "inner")
        return model


def _vector(n: int) -> Target:
    """The coefficients as a target."""
    return Curve(name="coefficients", shape=(n,), convention="coefficients of curves")


def as_pair(sample: Sample) -> Sample:
    """A single impurity as a pair with the nearest atom of its host; other samples unchanged."""
    if len(sample.elements) > 1:
        return sample
    geometry = _with_neighbour(sample.geometry)
    neighbour = symbol(int(geometry.numbers[geometry.sites[1]]))
    return replace(sample, geometry=geometry, elements=(*sample.elements, neighbour))


@lru_cache(maxsize=1024)
def _with_neighbour(geometry: Geometry) -> Geometry:
    gaps = np.linalg.norm(geometry.positions - geometry.positions[geometry.sites[0]], axis=1)
    gaps[geometry.sites[0]] = np.inf
    sites = geometry.sites[0], int(np.argmin(np.round(gaps, 4)))
    return replace(geometry, sites=sites, sublattices=(geometry.sublattices[0], "neighbour"))
