"""Floor: the mean curve of each host."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo
from jijbench.adapters.curve_floor import CurveFloor, host_label, label_means, lookup
from jijbench.adapters.floors.base import floor_info
from jijbench.data.sample import Sample


class HostMean(CurveFloor):
    """Mean of the training curves with the same host; of all of them where there is none."""

    info: ClassVar[AdapterInfo] = floor_info("mean curve of each host")

    def learn(self, samples: Sequence[Sample], curves: np.ndarray) -> None:
        self.labels_, self.means_ = label_means([host_label(sample) for sample in samples], curves)
        self.mean_ = curves.mean(0)

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        return lookup([host_label(sample) for sample in samples], self.labels_, self.means_, self.mean_)
