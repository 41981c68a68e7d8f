"""Composition features with gradient-boosted trees."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo, Folds, Gated
from jijbench.data.sample import Sample
from jijbench.data.target import JIJ, Target
from jijbench.data.task import Question
from jijbench.descriptors.composition import composition, pair_geometry


class BoostedComposition(Gated):
    """Histogram gradient boosting on CBFV features of the two elements.

    With ``geometry`` the pair's distance, its in-plane and vertical part and the sublattice are added; without
    it the model cannot tell one shell from another, and its row says so.
    """

    requires: ClassVar[tuple[str, ...]] = ("CBFV",)
    portable: ClassVar[str | None] = "scikit-learn writes boosted trees as pickles only"
    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Oliynyk et al., Chem. Mater. 28, 7324 (2016); CBFV; scikit-learn",
        licence="MIT (CBFV), BSD-3-Clause (scikit-learn)",
        kind="composition",
    )

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, geometry: bool = False, learning_rate: float = 0.1,
        max_iter: int = 100, max_leaf_nodes: int = 31, min_samples_leaf: int = 5, l2_regularization: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(target=target, seed=seed)
        self.geometry = geometry
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {
            "learning_rate": trial.suggest_float("learning_rate", 0.03, 0.3, log=True),
            "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 7, 63, log=True),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 2, 30, log=True),
        }

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        from sklearn.ensemble import HistGradientBoostingRegressor

        names = ("learning_rate", "max_iter", "max_leaf_nodes", "min_samples_leaf", "l2_regularization")
        trees = HistGradientBoostingRegressor(random_state=self.seed, **{name: getattr(self, name) for name in names})
        self.trees_ = trees.fit(self._columns(samples), y)

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        return self.trees_.predict(self._columns(samples))

    def _columns(self, samples: Sequence[Sample]) -> np.ndarray:
        columns = composition(samples)
        return np.hstack([columns, pair_geometry(samples)]) if self.geometry else columns
