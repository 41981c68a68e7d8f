"""Floor: the curve of the nearest pair of host and impurity in the periodic table."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo
from jijbench.adapters.curve_floor import CurveFloor
from jijbench.adapters.floors.base import floor_info
from jijbench.data.potentials.start import host_element
from jijbench.data.sample import Sample
from jijbench.elements import group, period

#: what a row of the periodic table counts against a group, and a different neighbour distance (Å) against it
ROW, DISTANCE = 2.0, 1.0


class NearestImpurity(CurveFloor):
    """Mean of the training curves nearest in group and row of impurity and host, and in distance of the neighbour."""

    info: ClassVar[AdapterInfo] = floor_info("nearest pair in the periodic table")

    def learn(self, samples: Sequence[Sample], curves: np.ndarray) -> None:
        self.places_, self.curves_ = places(samples), curves

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        gaps = np.abs(places(samples)[:, None] - self.places_).sum(-1)  # (n, training)
        nearest = gaps <= gaps.min(1, keepdims=True) + 1e-9
        return nearest / nearest.sum(1, keepdims=True) @ self.curves_


def places(samples: Sequence[Sample]) -> np.ndarray:
    """(n, 5) group and row of the impurity and of the host, distance of the neighbour."""
    pairs = [(sample.elements[0], host_element(sample), sample.distance) for sample in samples]
    return np.array([(group(x), ROW * period(x), group(h), ROW * period(h), DISTANCE * r) for x, h, r in pairs])
