"""Kernel ridge regression whose regulariser costs nothing to scan."""

from collections.abc import Sequence

import numpy as np
import scipy.linalg
from scipy.linalg.blas import dsyrk

#: regularisers tried, in units of the mean diagonal of the kernel
REGULARISERS = 10.0 ** np.arange(-8.0, 3.0)
#: (train, valid) positions
Folds = Sequence[tuple[np.ndarray, np.ndarray]]
#: for each regulariser the predictions of each fold
Answers = Sequence[list[np.ndarray]]


class Scan:
    """One eigendecomposition K = U diag(d) Uᵀ, then any regulariser λ and any left-out set in closed form.

    With α = (K + λ)⁻¹ y and G = (K + λ)⁻¹, the residuals that a model trained without the rows S makes on
    them are G_SS⁻¹ α_S (Rasmussen and Williams 2006, §5.4.2, for blocks). ``K`` is overwritten.
    """

    def __init__(self, K: np.ndarray, y: np.ndarray) -> None:
        self.d, U = scipy.linalg.eigh(K, driver="evd", check_finite=False, overwrite_a=True)
        self.U = np.ascontiguousarray(U)  # rows are taken from it
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
        root = np.sqrt(self.inverse(regulariser))
        half = self.U[out] * root
        block, weights = dsyrk(1.0, half.T, trans=1), half @ (self.turned.T * root).T  # half @ half.T, upper triangle
        residual = scipy.linalg.solve(block, weights, assume_a="pos", check_finite=False)
        return self.y[valid] - residual[np.searchsorted(out, valid)]

    def variance(self, regulariser: float) -> float:
        """σ² of the Gaussian process, maximum likelihood."""
        return float(np.mean(self.y * self.weights(regulariser)))

    def explained(self, K: np.ndarray, regulariser: float) -> np.ndarray:
        """(n,) by how much training lessens the variance, from kernels K with the training rows."""
        return ((K @ self.U) ** 2 * self.inverse(regulariser)).sum(1)


def choose_regulariser(
    answers: Answers, y: np.ndarray, folds: Folds, regularisers: np.ndarray = REGULARISERS
) -> tuple[float, list[np.ndarray]]:
    """The regulariser of the least mean absolute error over the left-out rows, and its predictions.

    Rows that are exactly zero do not count, unless all are: most are zero by rule, and would choose the regulariser
    that predicts zero for everything.
    """
    truth = np.concatenate([y[valid] for _, valid in folds])
    counts = truth != 0 if (truth != 0).any() else np.full(truth.shape, True)
    errors = [np.abs(np.concatenate(answer) - truth)[counts].mean() for answer in answers]
    k = int(np.argmin(errors))
    return float(regularisers[k]), answers[k]
