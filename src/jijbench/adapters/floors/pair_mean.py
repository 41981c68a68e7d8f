"""Floor: the mean of each pair of elements."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo, Folds, MomentGated
from jijbench.adapters.floors.base import Additive, floor_info, group_means
from jijbench.data.sample import Sample


class PairMean(MomentGated):
    """Predicts the mean over shells of the pair of elements; an unseen pair gets the additive effects."""

    info: ClassVar[AdapterInfo] = floor_info("mean of the element pair, additive effects where it is unseen")

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        self.train_, self.y_ = tuple(samples), y
        self.restore()

    def restore(self) -> None:
        self._means = group_means([s.pair for s in self.train_], self.y_)
        self._fallback = Additive(self.train_, self.y_)

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        fallback = self._fallback(samples)
        return np.array([self._means.get(s.pair, other) for s, other in zip(samples, fallback, strict=True)])
