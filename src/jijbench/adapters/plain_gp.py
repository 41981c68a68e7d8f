"""Gaussian process on the place of impurity and host in the periodic table: the level to leave behind."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo, Folds
from jijbench.adapters.field_regressor import FieldRegressor
from jijbench.data.potentials.start import host_element
from jijbench.data.sample import Sample
from jijbench.elements import group, period


class PlainGp(FieldRegressor):
    """A Gaussian process for each coefficient on period and group of impurity and host, and a neighbour's distance.

    Squared exponential with a length for each property, and noise; all by maximum marginal likelihood (scikit-learn).
    """

    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Rasmussen, Williams, Gaussian Processes for Machine Learning (2006); scikit-learn",
        licence="BSD-3-Clause (scikit-learn)",
        kind="composition",
    )

    def learn_coefficients(self, samples: Sequence[Sample], c: np.ndarray, folds: Folds) -> None:
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

        self.x_, self.c_ = properties(samples), c
        self.centre_, self.spread_ = self.x_.mean(0), np.maximum(self.x_.std(0), 1e-9)
        lengths = RBF(np.ones(self.x_.shape[1]), (0.05, 1e2))
        kernel = ConstantKernel(1.0, (1e-3, 1e4)) * lengths + WhiteKernel(1e-2, (1e-6, 1.0))
        self._models = [GaussianProcessRegressor(kernel, normalize_y=True).fit(self._scaled(self.x_), y) for y in c.T]
        self.theta_ = np.array([model.kernel_.theta for model in self._models])  # (m, d + 2)

    def restore(self) -> None:
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

        shape = ConstantKernel(1.0) * RBF(np.ones(self.x_.shape[1])) + WhiteKernel(1.0)
        self._models = [
            GaussianProcessRegressor(shape.clone_with_theta(theta), normalize_y=True, optimizer=None).fit(
                self._scaled(self.x_), y
            )
            for theta, y in zip(self.theta_, self.c_.T, strict=True)
        ]

    def _scaled(self, x: np.ndarray) -> np.ndarray:
        return (x - self.centre_) / self.spread_

    def answer_coefficients(self, samples: Sequence[Sample]) -> np.ndarray:
        x = self._scaled(properties(samples))
        return np.column_stack([model.predict(x) for model in self._models])


def properties(samples: Sequence[Sample]) -> np.ndarray:
    """(n, 5) period and group of the impurity and of the host, distance (Å) of the neighbour."""
    pairs = [(sample.elements[0], host_element(sample), sample.distance) for sample in samples]
    return np.array([(period(x), group(x), period(h), group(h), r) for x, h, r in pairs], dtype=float)
