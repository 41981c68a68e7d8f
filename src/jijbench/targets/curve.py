"""Curves on the radial mesh of the potentials."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from jijbench.scores.metrics import Scores, curve_norms, field_scores, projected
from jijbench.targets.base import Labels, Target
from jijbench.targets.mesh import POINTS, volume_weights


@dataclass(frozen=True, kw_only=True)
class Curve(Target):
    """A function of r/r_ws in a cell, spherical and so turned by nothing.

    Predicting zero is the reference: the atomic start, or the host's potential.
    """

    shape: tuple[int, ...] = (POINTS,)
    unit: str = "Ry"
    headline: str = "rmse"
    symbol: str = "V"
    subject: str = "V(r)"
    convention: str

    kind: ClassVar[str] = "curve"
    columns: ClassVar[tuple[str, ...]] = (
        "mae", "rmse", "r2", "skill", "skill_floor", "n", "error_left", "rmse_reference", "rel_l2", "rmse_boundary",
        "rmse_basis", "worst", "error_left_low", "error_left_high", "steps_saved", "steps_low", "steps_high",
    )  # fmt: skip
    shown: ClassVar[tuple[tuple[str, str, int | None], ...]] = (
        ("error_left", "error left", 3), ("rmse", "RMSE", 4), ("fold_low", "by fold", 3), ("mae", "MAE", 4),
        ("r2", "R²", 3), ("rel_l2", "relative L2", 3), ("rmse_boundary", "at r_ws", 4),
        ("rmse_basis", "of the basis", 4),
        ("steps_saved", "estimated steps saved", 2), ("skill", "skill", 3), ("skill_floor", "skill over floors", 3),
    )  # fmt: skip
    intervals: ClassVar[Mapping[str, tuple[str, str]]] = MappingProxyType(
        {"error_left": ("error_left_low", "error_left_high"), "steps_saved": ("steps_low", "steps_high")}
    )
    error: ClassVar[str] = "rmse"
    reference_is_zero: ClassVar[bool] = True
    power: ClassVar[float] = 0.5
    compressed: ClassVar[bool] = True

    @property
    def volume(self) -> np.ndarray:
        """(k,) what the points weigh, of sum one; k numbers a sample."""
        curves = int(np.prod(self.shape[:-1]))
        return np.tile(volume_weights(self.shape[-1]), curves) / curves

    def scores(self, truth: np.ndarray, mean: np.ndarray, weight: np.ndarray, labels: Labels) -> Scores:
        return field_scores(truth, mean, weight, {**labels, "volume": self.volume})

    def loss(self, values: np.ndarray) -> np.ndarray:
        """Mean square over the cell."""
        return values.reshape(len(values), -1) ** 2 @ self.volume

    def size(self, values: np.ndarray) -> np.ndarray:
        """Root of the mean square over the cell."""
        return curve_norms(values.reshape(len(values), -1), self.volume)

    def projected(self, truth: np.ndarray, basis: np.ndarray) -> np.ndarray:
        return projected(truth, basis, self.volume)


DV = Curve(
    name="dv", symbol="C", subject="C(r) of impurities", neighbours="dv-shell",
    convention="C(r) = V_converged - V_start in the impurity's cell, on r/r_ws; V without the nuclear term -2Z/r",
)  # fmt: skip
DV_SHELL = Curve(
    name="dv-shell", of_neighbour=True, symbol="ΔV", subject="ΔV(r) around impurities",
    convention="V_converged(r) - V_host in a neighbour's cell, on r/r_ws; V without the nuclear term -2Z/r",
)  # fmt: skip
