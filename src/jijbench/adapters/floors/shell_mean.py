"""Floor: the mean of each neighbour shell."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo, Folds, MomentGated
from jijbench.adapters.floors.base import ShellMean as Means
from jijbench.adapters.floors.base import distance_label, floor_info, interpolate
from jijbench.data.sample import Sample


class ShellMean(MomentGated):
    """Predicts the mean of the pair's distance; an unseen distance is interpolated."""

    info: ClassVar[AdapterInfo] = floor_info("mean of the shell, interpolated in distance where it is unseen")

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        means = Means(samples, y)
        self.distances_, self.means_ = means.known, means.values  # (shells,) Å, meV

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        return interpolate(np.array([distance_label(s) for s in samples]), self.distances_, self.means_)
