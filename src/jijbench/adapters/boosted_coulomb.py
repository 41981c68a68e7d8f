"""Coulomb matrix with gradient-boosted trees."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from jijbench.adapters._boosted import Boosted
from jijbench.adapters.base import AdapterInfo
from jijbench.data.sample import Sample
from jijbench.data.target import JIJ, Target
from jijbench.data.task import Question
from jijbench.descriptors.coulomb import Form, coulomb


class BoostedCoulomb(Boosted):
    """Histogram gradient boosting on the eigenvalues or sorted rows of the Coulomb matrix, or on the bare pair's."""

    requires: ClassVar[tuple[str, ...]] = ("dscribe",)
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
        form = trial.suggest_categorical("form", ["pair", "eigenspectrum", "sorted_l2"])
        return {"form": form} | super().suggest(trial, question)

    def columns(self, samples: Sequence[Sample]) -> np.ndarray:
        return coulomb(samples, self.form, self.n_atoms_max)
