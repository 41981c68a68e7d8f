"""Floor: J = 0."""

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np

from jijbench.adapters.base import Adapter, AdapterInfo, Folds
from jijbench.adapters.floors.base import floor_info
from jijbench.data.sample import Sample
from jijbench.targets import JIJ, Target


class Zero(Adapter):
    """Predicts zero for everything, of whatever shape."""

    info: ClassVar[AdapterInfo] = floor_info("zero")
    takes_arrays: ClassVar[bool] = True
    turns: ClassVar[bool] = True
    beyond_pairs: ClassVar[bool] = True

    def __init__(self, *, target: Target = JIJ, seed: int = 0) -> None:
        self.target = target
        self.seed = seed

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        self.n_learned_ = len(samples)
        return self

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        return np.zeros((len(samples), *self.target.shape))
