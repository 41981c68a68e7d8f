"""Small models without a flaw that the contract knows."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from jijbench.adapters.base import Adapter, AdapterInfo, Folds
from jijbench.data.sample import Sample
from jijbench.data.task import Question
from jijbench.elements import period, place_in_row
from jijbench.targets import JIJ, Target
from jijbench.testing import toys

FAINT = 1e-3  # of a direction: symmetry forbids a vector, and there is nothing to learn from


class Sound(Adapter):
    """Kernel ridge regression on distance, groups and periods; ``jijbench.testing.flawed`` spoils copies of it."""

    gives_std: ClassVar[bool] = True
    takes_arrays: ClassVar[bool] = True
    info: ClassVar[AdapterInfo] = AdapterInfo("a small model of this suite, to be spoilt", "MIT", "descriptor")

    def __init__(self, *, target: Target = JIJ, seed: int = 0, ridge: float = 1e-3) -> None:
        self.target = target
        self.seed = seed
        self.ridge = ridge

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {"ridge": trial.suggest_float("ridge", 1e-6, 1.0, log=True)}

    def features(self, samples: Sequence[Sample]) -> np.ndarray:
        """(n, 5) distance Å, sums and gaps of group and period."""
        return np.array([[s.distance, *_pair(s, place_in_row), *_pair(s, period)] for s in samples], dtype=float)

    def kernel(self, samples: Sequence[Sample]) -> np.ndarray:
        """(n, training rows)"""
        gaps = self.features(samples)[:, None] - self.known_
        return np.exp(-(gaps**2).sum(-1) / 8)

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        self.known_ = self.features(samples)
        self.inverse_ = np.linalg.inv(self.kernel(samples) + self.ridge * np.eye(len(samples)))
        self.weights_ = self.inverse_ @ y  # (n, *target.shape)
        return self

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        return self.kernel(samples) @ self.weights_

    def predict_std(self, samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
        K, mean = self.kernel(samples), self.predict(samples)
        std = np.sqrt(np.maximum(1 + self.ridge - ((K @ self.inverse_) * K).sum(1), 0))  # (n,)
        return mean, np.moveaxis(np.broadcast_to(std, (*mean.shape[1:], len(std))), -1, 0)


class SoundVector(Sound):
    """As ``Sound``; of a vector the factor before ``curl``, a direction that surroundings give and symmetry allows."""

    turns: ClassVar[bool] = True

    def directions(self, samples: Sequence[Sample]) -> np.ndarray:
        """(n, 3) pseudovectors that change sign with the names of i and j."""
        return np.array([toys.curl(sample.geometry) for sample in samples])

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        if not self.target.directional:
            return super().fit(samples, y, folds)
        c = self.directions(samples)
        size = (c**2).sum(1)
        seen = size > FAINT**2
        return super().fit([s for s, yes in zip(samples, seen, strict=True) if yes], ((y * c).sum(1) / size)[seen])

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        found = super().predict(samples)
        return found[:, None] * self.directions(samples) if self.target.directional else found


def _pair(sample: Sample, of: Callable[[str], int]) -> tuple[int, int]:
    """Sum and gap of a number of both elements: the same whichever is called i."""
    a, b = (of(element) for element in sample.ends)
    return a + b, abs(a - b)
