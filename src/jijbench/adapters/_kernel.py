"""Kernel ridge regression whose regulariser costs nothing to scan."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import scipy.linalg
from sklearn.base import clone

from jijbench.adapters.base import Folds, Gated, open_gate, orbit_folds, where
from jijbench.data.sample import Sample

#: regularisers tried, in units of the mean diagonal of the kernel
REGULARISERS = 10.0 ** np.arange(-8.0, 3.0)


class Scan:
    """One eigendecomposition K = U diag(d) Uᵀ, then any regulariser λ and any left-out set in closed form.

    With α = (K + λ)⁻¹ y and G = (K + λ)⁻¹, the residuals that a model trained without the rows S makes on
    them are G_SS⁻¹ α_S (Rasmussen and Williams 2006, §5.4.2, for blocks). ``K`` is overwritten.
    """

    def __init__(self, K: np.ndarray, y: np.ndarray) -> None:
        self.d, self.U = scipy.linalg.eigh(K, driver="evd", check_finite=False, overwrite_a=True)
        self.y = y
        self.turned = self.U.T @ y  # (n, ...)
        self.scale = float(np.mean(np.maximum(self.d, 0)))  # mean diagonal = mean eigenvalue

    def inverse(self, regulariser: float) -> np.ndarray:
        """(n,) eigenvalues of (K + λ)⁻¹."""
        return 1.0 / (np.maximum(self.d, 0) + regulariser * self.scale)

    def weights(self, regulariser: float) -> np.ndarray:
        """α = (K + λ)⁻¹ y, of the shape of y."""
        return self.U @ (self.turned.T * self.inverse(regulariser)).T

    def left_out(self, regulariser: float, train: np.ndarray, valid: np.ndarray) -> np.ndarray:
        """Predictions for ``valid`` of the model trained on ``train`` alone."""
        out = np.setdiff1d(np.arange(len(self.y)), train)
        U = self.U[out]
        block = (U * self.inverse(regulariser)) @ U.T
        residual = scipy.linalg.solve(block, self.weights(regulariser)[out], assume_a="pos", check_finite=False)
        return self.y[valid] - residual[np.searchsorted(out, valid)]

    def best(self, folds: Folds, regularisers: np.ndarray = REGULARISERS) -> tuple[float, list[np.ndarray]]:
        """The regulariser of the least mean absolute error over the left-out rows, and its predictions.

        Rows that are exactly zero do not count, unless all are: most are zero by rule, and would choose the
        regulariser that predicts zero for everything.
        """
        answers = [[self.left_out(r, *fold) for fold in folds] for r in regularisers]
        truth = np.concatenate([self.y[valid] for _, valid in folds])
        counts = truth != 0 if (truth != 0).any() else np.full(truth.shape, True)
        errors = [np.abs(np.concatenate(answer) - truth)[counts].mean() for answer in answers]
        k = int(np.argmin(errors))
        return float(regularisers[k]), answers[k]


class KernelAdapter(Gated):
    """A Gaussian process mean without offset: J far from all training dimers is zero.

    A subclass turns samples into ``features`` and features into a ``kernel`` and its ``diagonal``.
    """

    gives_std: ClassVar[bool] = True
    takes_vectors: ClassVar[bool] = True

    def features(self, samples: Sequence[Sample]) -> Any:
        """What the kernel compares."""
        raise TypeError(f"{type(self).__name__} must define features(samples)")

    def kernel(self, a: Any, b: Any) -> np.ndarray:
        """(n_a, n_b) kernel matrix."""
        raise TypeError(f"{type(self).__name__} must define kernel(a, b)")

    def diagonal(self, a: Any) -> np.ndarray:
        """(n_a,) kernel of each sample with itself."""
        raise TypeError(f"{type(self).__name__} must define diagonal(a)")

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        folds = orbit_folds(samples) if folds is None else folds
        self.train_ = tuple(samples)
        self.restore()
        scan = Scan(self.kernel(self._seen, self._seen), y)
        self.regulariser_, self._inner = scan.best(folds)
        self.alpha_ = scan.weights(self.regulariser_)  # (n, ...)
        self.variance_ = float(np.mean(y * self.alpha_))  # σ² of the Gaussian process, maximum likelihood
        self._scan = scan

    def restore(self) -> None:
        self._seen = self.features(self.train_)

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        return self.kernel(self.features(samples), self._seen) @ self.alpha_

    def out_of_fold(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds) -> list[np.ndarray]:
        """In closed form from one fit."""
        fitted = clone(self).fit(samples, y, folds)
        keep = open_gate(samples)
        answers = [np.zeros((len(valid), *self.target.shape)) for _, valid in folds]
        if fitted.n_learned_:
            for answer, (_, valid), known in zip(answers, folds, fitted._inner, strict=True):
                answer[keep[valid]] = known
        return answers

    def predict_std(self, samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the Gaussian process (noise included); zero where J is zero by rule."""
        keep = open_gate(samples) & (self.n_learned_ > 0)
        mean, std = np.zeros((2, len(samples), *self.target.shape))
        if not keep.any():
            return mean, std
        seen = self.features(where(samples, keep))
        K, scan = self.kernel(seen, self._seen), self._decomposed()
        mean[keep] = K @ self.alpha_
        explained = ((K @ scan.U) ** 2 * scan.inverse(self.regulariser_)).sum(1)
        spread = self.diagonal(seen) + self.regulariser_ * scan.scale - explained
        std[keep] = np.sqrt(self.variance_ * np.maximum(spread, 0.0)).reshape(-1, *(1 for _ in self.target.shape))
        return mean, std

    def _decomposed(self) -> Scan:
        if not hasattr(self, "_scan"):  # loaded from a folder
            self._scan = Scan(self.kernel(self._seen, self._seen), self.alpha_)
        return self._scan
