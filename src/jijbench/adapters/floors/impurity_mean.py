"""Floor: the mean curve of each impurity."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo
from jijbench.adapters.curve_floor import CurveFloor, impurity_label, label_means, lookup
from jijbench.adapters.floors.base import floor_info
from jijbench.data.sample import Sample


class ImpurityMean(CurveFloor):
    """Mean of the training curves with the same impurity; of all of them where there is none."""

    info: ClassVar[AdapterInfo] = floor_info("mean curve of each impurity")

    def learn(self, samples: Sequence[Sample], curves: np.ndarray) -> None:
        self.labels_, self.means_ = label_means([impurity_label(sample) for sample in samples], curves)
        self.mean_ = curves.mean(0)

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        return lookup([impurity_label(sample) for sample in samples], self.labels_, self.means_, self.mean_)
