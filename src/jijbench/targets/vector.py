"""Vectors of a pair of impurities: the Dzyaloshinskii–Moriya vector."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from jijbench.scores.metrics import Scores, vector_scores
from jijbench.targets.base import Labels, Target


@dataclass(frozen=True, kw_only=True)
class Vector(Target):
    """A pseudovector of a pair, of opposite sign from its other end."""

    shape: tuple[int, ...] = (3,)
    unit: str = "meV"
    headline: str = "mae"
    symbol: str = "D"
    subject: str = "D of impurity pairs"
    convention: str

    kind: ClassVar[str] = "vector"
    columns: ClassVar[tuple[str, ...]] = (
        "mae", "rmse", "r2", "skill", "skill_floor", "sign_accuracy", "mean_abs_truth", "n", "mae_length", "angle_deg",
    )  # fmt: skip

    shown: ClassVar[tuple[tuple[str, str, int | None], ...]] = (
        ("mae", "MAE", 3), ("fold_low", "by fold", 3), ("rmse", "RMSE", 3), ("r2", "R²", 3),
        ("sign_accuracy", "sign", 3),
        ("mae_length", "MAE of the length", 3), ("angle_deg", "angle, °", 0), ("skill", "skill", 3),
    )  # fmt: skip
    intervals: ClassVar[Mapping[str, tuple[str, str]]] = MappingProxyType({"mae": ("low", "high")})
    directional: ClassVar[bool] = True

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(f"{self.name}_{axis}_{self.unit.lower()}" for axis in "xyz")

    def scores(self, truth: np.ndarray, mean: np.ndarray, weight: np.ndarray, labels: Labels) -> Scores:
        return vector_scores(truth, mean, weight)

    def loss(self, values: np.ndarray) -> np.ndarray:
        return np.abs(values).mean(axis=1)

    def size(self, values: np.ndarray) -> np.ndarray:
        return np.linalg.norm(values, axis=1)

    def turned(self, values: np.ndarray, turn: np.ndarray) -> np.ndarray:
        """D' = det(R) R D."""
        return np.linalg.det(turn) * values @ turn.T

    def renamed(self, values: np.ndarray) -> np.ndarray:
        """D_ji = −D_ij."""
        return -values


DIJ = Vector(name="dij", convention="H = -1/2 sum_{i!=j} D_ij.(e_i x e_j), |e| = 1, D_ij = -D_ji")
