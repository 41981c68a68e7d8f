"""Kernel regression for more samples than an exact kernel can hold: Nyström functions of a few landmarks.

With landmarks m and K_mm = V diag(d) Vᵀ, φ(x) = k_m(x) V d^-½ gives k(x, x') ≈ φ(x)·φ(x') (Williams and Seeger, NIPS 13
(2001)). Ridge regression on φ needs sums over samples only, so samples pass by in blocks and memory does not grow with
their number.
"""

from collections.abc import Callable, Iterator
from typing import Self

import numpy as np
import scipy.linalg

from jijbench.gp.ridge import Folds

#: eigenvalues of K_mm that are kept, relative to the largest
LEAST = 1e-12
#: yields (positions (b,), k_m (b, m)) of all samples, block by block
Blocks = Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]]


class Nystroem:
    """Sums over samples, then any regulariser λ in closed form; folds are left out exactly.

    ``K`` (m, m) kernel of the landmarks, ``scale`` the mean diagonal of the samples' kernel.
    """

    def __init__(self, K: np.ndarray, scale: float) -> None:
        d, V = scipy.linalg.eigh(K, check_finite=False)
        keep = d > LEAST * d[-1]
        self.root, self.scale = V[:, keep] / np.sqrt(d[keep]), scale  # (m, r)

    def see(self, blocks: Blocks, y: np.ndarray, folds: Folds) -> None:
        """Add up ΦᵀΦ and Φᵀy over all samples, and over those that each fold's training part lacks."""
        r, shape = self.root.shape[1], y.shape[1:]
        self._blocks, self._y, self._folds = blocks, y, folds
        self._out = np.full((len(folds), len(y)), True)
        for k, (train, _) in enumerate(folds):
            self._out[k, train] = False
        sums = [(np.zeros((r, r)), np.zeros((r, *shape))) for _ in range(1 + len(folds))]
        for rows, kernel in blocks():
            phi = kernel @ self.root
            for k, (gram, moment) in enumerate(sums):
                part = slice(None) if k == 0 else self._out[k - 1, rows]
                gram += phi[part].T @ phi[part]
                moment += np.tensordot(phi[part], y[rows][part], (0, 0))
        (gram, self.moment), *self._lacking = sums
        self.restored(gram)

    def restored(self, gram: np.ndarray) -> Self:
        """As after ``see``, as far as ``explained`` needs it: ΦᵀΦ = U diag(d) Uᵀ."""
        self.gram, (self.d, self.U) = gram, _eigen(gram)
        return self

    def weights(self, regulariser: float) -> np.ndarray:
        """(m, ...) weights of the landmarks' kernels."""
        return np.tensordot(self.root, self._solution(regulariser), (1, 0))

    def _solution(self, regulariser: float) -> np.ndarray:
        return _ridge(self.d, self.U, self.moment, regulariser * self.scale)

    def variance(self, regulariser: float) -> float:
        """σ² of the Gaussian process, maximum likelihood: yᵀ (ΦΦᵀ + λ)⁻¹ y / n."""
        explained = float(np.sum(self.moment * self._solution(regulariser)))
        return (float(np.sum(self._y**2)) - explained) / (regulariser * self.scale * self._y.size)

    def explained(self, K: np.ndarray, regulariser: float) -> np.ndarray:
        """(n,) by how much the samples have lessened the variance, from kernels K (n, m) with the landmarks."""
        phi = K @ self.root
        shrink = regulariser * self.scale / (self.d + regulariser * self.scale)
        return (phi**2).sum(1) - ((phi @ self.U) ** 2 * shrink).sum(1)

    def left_out(self, regularisers: np.ndarray) -> list[list[np.ndarray]]:
        """For each regulariser, predictions for ``valid`` of models trained on ``train`` alone."""
        solutions = []
        for gram, moment in self._lacking:
            d, U = _eigen(self.gram - gram)
            rest = self.moment - moment
            solutions.append(
                np.stack([_ridge(d, U, rest, r * self.scale) for r in regularisers], axis=1)
            )  # (r, k, ...)
        answers = [np.zeros((len(regularisers), *self._y.shape)) for _ in self._folds]
        for rows, kernel in self._blocks():
            phi = kernel @ self.root
            for k, solution in enumerate(solutions):
                out = self._out[k, rows]
                answers[k][:, rows[out]] = np.moveaxis(np.tensordot(phi[out], solution, (1, 0)), 1, 0)
        return [
            [answer[k, valid] for answer, (_, valid) in zip(answers, self._folds, strict=True)]
            for k in range(len(regularisers))
        ]


def _eigen(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    d, U = scipy.linalg.eigh(gram, driver="evd", check_finite=False)
    return np.maximum(d, 0.0), U


def _ridge(d: np.ndarray, U: np.ndarray, moment: np.ndarray, ridge: float) -> np.ndarray:
    """(U diag(d) Uᵀ + ridge)⁻¹ moment."""
    turned = np.tensordot(U, moment, (0, 0))
    return np.tensordot(U, (turned.T / (d + ridge)).T, (1, 0))
