"""Floor: the mean of the training curves."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo
from jijbench.adapters.curve_floor import CurveFloor
from jijbench.adapters.floors.base import floor_info
from jijbench.data.sample import Sample


class MeanCurve(CurveFloor):
    """Predicts the mean curve for everything."""

    info: ClassVar[AdapterInfo] = floor_info("mean curve")

    def learn(self, samples: Sequence[Sample], curves: np.ndarray) -> None:
        self.mean_ = curves.mean(0)

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        return np.tile(self.mean_, (len(samples), 1))
