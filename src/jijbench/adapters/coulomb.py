"""Coulomb matrix with kernel ridge regression."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from jijbench.adapters.base import AdapterInfo, Folds
from jijbench.adapters.kernel_adapter import KernelAdapter
from jijbench.data.sample import Sample
from jijbench.data.task import Question
from jijbench.descriptors.coulomb import Form, coulomb
from jijbench.targets import JIJ, Target


class Coulomb(KernelAdapter):
    """k(x, x') = exp(−γ d(x, x')) of standardised Coulomb matrices.

    ``form``: sorted eigenvalues or sorted rows of the cluster's matrix, or the bare pair's (a pair's number is
    made of Z_A, Z_B and r alone). ``metric``: ``laplacian``, d = mean |x − x'|, or ``gaussian``, d = mean (x − x')².
    """

    requires: ClassVar[tuple[str, ...]] = ("dscribe",)
    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Rupp et al., PRL 108, 058301 (2012); dscribe: Laakso et al., JCP 158, 234802 (2023)",
        licence="Apache-2.0 (dscribe)",
        kind="descriptor",
        defects=False,
    )

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, form: Form = "pair",
        metric: Literal["laplacian", "gaussian"] = "laplacian", gamma: float = 1.0, n_atoms_max: int = 36,
    ) -> None:  # fmt: skip
        super().__init__(target=target, seed=seed)
        self.form = form
        self.metric = metric
        self.gamma = gamma
        self.n_atoms_max = n_atoms_max

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {
            "form": trial.suggest_categorical("form", ["pair", "eigenspectrum", "sorted_l2"]),
            "metric": trial.suggest_categorical("metric", ["laplacian", "gaussian"]),
            "gamma": trial.suggest_float("gamma", 1e-2, 1e2, log=True),
        }

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        raw = coulomb(samples, self.form, self.n_atoms_max)
        self.centre_, self.spread_ = raw.mean(0), raw.std(0)  # (features,)
        super().learn(samples, y, folds)

    def features(self, samples: Sequence[Sample]) -> np.ndarray:
        raw = coulomb(samples, self.form, self.n_atoms_max) - self.centre_
        varies = self.spread_ > 1e-9 * max(1.0, float(self.spread_.max()))
        return raw[:, varies] / self.spread_[varies]

    def kernel(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        from scipy.spatial.distance import cdist

        metric = "cityblock" if self.metric == "laplacian" else "sqeuclidean"
        return np.exp(-self.gamma * cdist(a, b, metric) / a.shape[1])

    def diagonal(self, a: np.ndarray) -> np.ndarray:
        return np.ones(len(a))
