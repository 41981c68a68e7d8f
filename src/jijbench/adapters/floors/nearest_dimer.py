"""Floor: the value of the most similar dimer in training."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo, Folds, MomentGated
from jijbench.adapters.floors.base import floor_info
from jijbench.data.sample import Sample
from jijbench.elements import period, place_in_row


class NearestDimer(MomentGated):
    """Copies the nearest training dimer (the mean of equally near ones).

    Squared distance = ((r − r') / Å)² + for both impurities, in the better of the two orders,
    (difference of group)² + (2 × difference of period)², + 1 where the surroundings differ.
    """

    info: ClassVar[AdapterInfo] = floor_info("nearest dimer in distance, group and period")

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        self.train_ = tuple(samples)
        self.y_ = y

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        a, b = _coordinates(samples), _coordinates(self.train_)
        gap = np.subtract.outer(a[:, 0], b[:, 0]) ** 2
        gap += np.minimum(_apart(a[:, 1:], b[:, 1:]), _apart(a[:, 1:], b[:, [3, 4, 1, 2]]))
        seen = np.array([s.signature for s in self.train_])
        gap += np.array([s.signature for s in samples])[:, None] != seen
        nearest = np.isclose(gap, gap.min(axis=1, keepdims=True))
        return (nearest @ self.y_) / nearest.sum(axis=1)


def _coordinates(samples: Sequence[Sample]) -> np.ndarray:
    """(n, 5): distance Å, then group and twice the period of each impurity."""
    return np.array([[s.distance, *(x for e in s.pair for x in (place_in_row(e), 2 * period(e)))] for s in samples])


def _apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return ((a[:, None] - b[None]) ** 2).sum(-1)
