"""Floor: element effects plus shell effect."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo, Folds, MomentGated
from jijbench.adapters.floors import base
from jijbench.data.sample import Sample


class Additive(MomentGated):
    """J(A, B, R) = a_A + a_B + c_R by ridge least squares; an unseen element counts as the mean one."""

    info: ClassVar[AdapterInfo] = base.floor_info("element effects + shell effect")

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        self.train_, self.y_ = tuple(samples), y
        self.restore()

    def restore(self) -> None:
        self._effects = base.Additive(self.train_, self.y_)

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        return self._effects(samples)
