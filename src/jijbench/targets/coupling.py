"""Isotropic exchange: one number a pair, which nothing turns."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from jijbench.scores.metrics import Scores, pair_score, pair_scores
from jijbench.targets.base import Labels, Target


@dataclass(frozen=True, kw_only=True)
class Coupling(Target):
    """A scalar of two impurities, the same from either end. It is zero where an impurity carries no moment."""

    unit: str = "meV"
    headline: str = "mae_magnetic"
    symbol: str = "J"
    subject: str = "J of impurity pairs"
    convention: str

    kind: ClassVar[str] = "coupling"
    columns: ClassVar[tuple[str, ...]] = (
        "mae", "rmse", "r2", "skill", "skill_floor", "mae_magnetic", "r2_magnetic", "skill_magnetic", "mae_rel_shell",
        "sign_accuracy", "rmse_magnetic", "r2_without_largest", "r2_without_largest_magnetic", "spearman",
        "spearman_magnetic", "sign_accuracy_magnetic", "mean_abs_truth", "n", "n_magnetic",
        "tc_mae_k", "tc_low", "tc_high", "order_accuracy",
    )  # fmt: skip
    shown: ClassVar[tuple[tuple[str, str, int | None], ...]] = (
        ("mae_magnetic", "MAE magnetic", 3), ("fold_low", "by fold", 2), ("mae", "MAE all", 3), ("rmse", "RMSE", 2),
        ("r2", "R²", 3), ("r2_magnetic", "R² magnetic", 3), ("spearman", "Spearman", 3), ("sign_accuracy", "sign", 3),
        ("mae_rel_shell", "relative, by shell", 3), ("tc_mae_k", "Tc error, K", 1),
        ("skill_magnetic", "skill magnetic", 3), ("skill", "skill", 3),
    )  # fmt: skip
    intervals: ClassVar[Mapping[str, tuple[str, str]]] = MappingProxyType(
        {"mae_magnetic": ("low", "high"), "tc_mae_k": ("tc_low", "tc_high")}
    )
    analyses: ClassVar[frozenset[str]] = frozenset({"magnetism"})

    def scores(self, truth: np.ndarray, mean: np.ndarray, weight: np.ndarray, labels: Labels) -> Scores:
        return pair_scores(truth, mean, weight, labels)

    def score(
        self, name: str, truth: np.ndarray, mean: np.ndarray, weight: np.ndarray, labels: Labels
    ) -> float | int | None:
        return pair_score(name, truth, mean, weight, labels)

    def counted(self, labels: Labels) -> np.ndarray:
        return labels["magnetic"] if self.headline.endswith("_magnetic") else super().counted(labels)

    def loss(self, values: np.ndarray) -> np.ndarray:
        return np.abs(values)

    def points(self, values: np.ndarray, truth: np.ndarray) -> np.ndarray:
        return values

    def deviations(self, error: np.ndarray, std: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return error, std


JIJ = Coupling(
    name="jij",
    convention="H = -1/2 sum_{i!=j} J_ij e_i.e_j, |e| = 1, J > 0 ferromagnetic, E(up,down) - E(up,up) = 2 J for a pair",
)
