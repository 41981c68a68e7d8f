"""The base of floors of curves: means over labels."""

from collections.abc import Hashable, Sequence
from typing import ClassVar, Self

import numpy as np

from jijbench.adapters.base import Adapter, Folds
from jijbench.adapters.field_regressor import no_curve
from jijbench.data.sample import Sample
from jijbench.data.task import Question
from jijbench.targets import JIJ, Target


class CurveFloor(Adapter):
    """A floor of curves, without hypers; a subclass learns from curves (n, k) and answers with such."""

    takes_arrays: ClassVar[bool] = True

    def __init__(self, *, target: Target = JIJ, seed: int = 0) -> None:
        self.target = target
        self.seed = seed

    @classmethod
    def refuses(cls, question: Question) -> str | None:
        return no_curve(cls.__name__, question.target)

    def learn(self, samples: Sequence[Sample], curves: np.ndarray) -> None:
        """Learn from ``curves`` (n, k)."""
        raise TypeError(f"{type(self).__name__} must define learn(samples, curves)")

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        """(n, k) curves."""
        raise TypeError(f"{type(self).__name__} must define answer(samples)")

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        self.learn(samples, np.array(y, dtype=float).reshape(len(samples), -1))
        return self

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        return self.answer(samples).reshape(len(samples), *self.target.shape)


def host_label(sample: Sample) -> str:
    """Host and, for a neighbour's curve, its distance."""
    return f"{sample.host} {sample.distance:.2f}"


def label_means(labels: Sequence[Hashable], curves: np.ndarray) -> tuple[list, np.ndarray]:
    """Sorted labels, and (labels, k) the mean curve of each."""
    names = sorted(set(labels))  # type: ignore[type-var]
    member = np.array([[label == name for label in labels] for name in names], dtype=float)
    return names, member @ curves / member.sum(1, keepdims=True)


def impurity_label(sample: Sample) -> str:
    """Element of the impurity."""
    return sample.elements[0]


def lookup(labels: Sequence[str], names: Sequence[str], curves: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(n, k) the curve of each label, ``other`` (k,) where it is not among ``names``."""
    place = {name: k for k, name in enumerate(names)}
    return np.array([curves[place[label]] if label in place else other for label in labels]).reshape(-1, len(other))
