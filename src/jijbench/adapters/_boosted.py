"""Gradient-boosted trees on columns of numbers."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from jijbench.adapters.base import Folds, Gated
from jijbench.data.sample import Sample
from jijbench.data.task import Question

HYPERS = ("learning_rate", "max_iter", "max_leaf_nodes", "min_samples_leaf", "l2_regularization")


class Boosted(Gated):
    """Histogram gradient boosting (scikit-learn) of what ``columns`` makes of the samples."""

    portable: ClassVar[str | None] = "scikit-learn writes boosted trees as pickles only"

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {
            "learning_rate": trial.suggest_float("learning_rate", 0.03, 0.3, log=True),
            "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 7, 63, log=True),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 2, 30, log=True),
        }

    def columns(self, samples: Sequence[Sample]) -> np.ndarray:
        """(n, columns) numbers that the trees split."""
        raise TypeError(f"{type(self).__name__} must define columns(samples)")

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        from sklearn.ensemble import HistGradientBoostingRegressor

        trees = HistGradientBoostingRegressor(random_state=self.seed, **{name: getattr(self, name) for name in HYPERS})
        self.trees_ = trees.fit(self.columns(samples), y)

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        return self.trees_.predict(self.columns(samples))
