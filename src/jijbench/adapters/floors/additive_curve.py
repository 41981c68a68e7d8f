"""Floor: effect of the host plus effect of the impurity."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo
from jijbench.adapters.curve_floor import CurveFloor, host_label, impurity_label, lookup
from jijbench.adapters.floors.base import floor_info
from jijbench.data.sample import Sample

#: penalty of an effect's square, in units of that of one curve's error
RIDGE = 0.1


class AdditiveCurve(CurveFloor):
    """Mean curve + effect of the host (and distance) + effect of the impurity, by ridge least squares.

    A host or impurity that training does not hold has the mean effect, zero.
    """

    info: ClassVar[AdapterInfo] = floor_info("additive in host and impurity")

    def learn(self, samples: Sequence[Sample], curves: np.ndarray) -> None:
        self.hosts_ = sorted({host_label(sample) for sample in samples})
        self.impurities_ = sorted({impurity_label(sample) for sample in samples})
        self.mean_ = curves.mean(0)
        columns = [
            lookup(*found) for found in self._parts(samples, np.eye(len(self.hosts_)), np.eye(len(self.impurities_)))
        ]
        design = np.hstack(columns)
        normal = design.T @ design + RIDGE * np.eye(design.shape[1])
        self.effects_ = np.linalg.solve(normal, design.T @ (curves - self.mean_))

    def _parts(self, samples: Sequence[Sample], hosts: np.ndarray, impurities: np.ndarray) -> list[tuple]:
        """Labels, known names, a row for each, and zeros for the others; of hosts, then of impurities."""
        return [
            ([host_label(s) for s in samples], self.hosts_, hosts, np.zeros(hosts.shape[1])),
            ([impurity_label(s) for s in samples], self.impurities_, impurities, np.zeros(impurities.shape[1])),
        ]

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        hosts, impurities = np.split(self.effects_, [len(self.hosts_)])
        return self.mean_ + sum(lookup(*part) for part in self._parts(samples, hosts, impurities))
