"""Coulomb matrix with gradient-boosted trees."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo, Folds, MomentGated
from jijbench.data.sample import Sample
from jijbench.data.task import Question
from jijbench.descriptors.coulomb import Form, coulomb
from jijbench.targets import JIJ, Target

HYPERS = ("learning_rate", "max_iter", "max_leaf_nodes", "min_samples_leaf", "l2_regularization")


class BoostedCoulomb(MomentGated):
    """Histogram gradient boosting on the eigenvalues or sorted rows of the Coulomb matrix, or on the bare pair's."""

    requires: ClassVar[tuple[str, ...]] = ("dscribe",)
    portable: ClassVar[str | None] = "scikit-learn writes boosted trees as pickles only"
    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Rupp et al., PRL 108, 058301 (2012); dscribe: Laakso et al., JCP 158, 234802 (2023); scikit-learn",
        licence="Apache-2.0 (dscribe), BSD-3-Clause (scikit-learn)",
        kind="descriptor",
        defects=False,
    )

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, form: Form = "pair", n_atoms_max: int = 36,
        learning_rate: float = 0.1, max_iter: int = 100, max_leaf_nodes: int = 31, min_samples_leaf: int = 5,
        l2_regularization: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(target=target, seed=seed)
        self.form = form
        self.n_atoms_max = n_atoms_max
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {
            "form": trial.suggest_categorical("form", ["pair", "eigenspectrum", "sorted_l2"]),
            "learning_rate": trial.suggest_float("learning_rate", 0.03, 0.3, log=True),
            "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 7, 63, log=True),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 2, 30, log=True),
        }

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        from sklearn.ensemble import HistGradientBoostingRegressor

        trees = HistGradientBoostingRegressor(random_state=self.seed, **{name: getattr(self, name) for name in HYPERS})
        self.trees_ = trees.fit(self._columns(samples), y)

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        return self.trees_.predict(self._columns(samples))

    def _columns(self, samples: Sequence[Sample]) -> np.ndarray:
        """(n, features), without the last digits: trees would split what only the order of the atoms tells apart."""
        return np.round(coulomb(samples, self.form, self.n_atoms_max), 6)
