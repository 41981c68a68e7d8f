"""Floor: the mean of the training truth."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo, Folds, MomentGated
from jijbench.adapters.floors.base import floor_info
from jijbench.data.sample import Sample


class Mean(MomentGated):
    """Predicts the mean of the training rows (with moments: of the magnetic ones)."""

    info: ClassVar[AdapterInfo] = floor_info("mean")

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        self.mean_ = float(np.mean(y))

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        return np.full(len(samples), self.mean_)
