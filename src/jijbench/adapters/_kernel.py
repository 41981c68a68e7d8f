"""Kernel ridge regression whose regulariser costs nothing to scan."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import scipy.linalg
from scipy.linalg.blas import dsyrk
from sklearn.base import clone

from jijbench.adapters._nystroem import Nystroem
from jijbench.adapters.base import Folds, Gated, open_gate, orbit_folds, where
from jijbench.data.sample import Sample

#: regularisers tried, in units of the mean diagonal of the kernel
REGULARISERS = 10.0 ** np.arange(-8.0, 3.0)
#: samples that are predicted at a time
BLOCK = 4096
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


def best(
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


class KernelAdapter(Gated):
    """A Gaussian process mean without offset: J far from all training dimers is zero.

    A subclass turns samples into ``features`` and features into a ``kernel`` and its ``diagonal``. More than
    ``exact_below`` samples are learned through the Nyström functions of ``n_landmarks`` of them, drawn at random.
    """

    gives_std: ClassVar[bool] = True
    takes_arrays: ClassVar[bool] = True
    exact_below: ClassVar[int] = 10_000
    n_landmarks: ClassVar[int] = 2000

    _scan: Scan | Nystroem

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
        learn = self._exactly if len(samples) <= self.exact_below else self._through_landmarks
        self._scan, answers = learn(samples, y, folds)
        self.regulariser_, self._inner = best(answers, y, folds)
        self.alpha_ = self._scan.weights(self.regulariser_)  # (n, ...)
        self.variance_ = self._scan.variance(self.regulariser_)

    def _exactly(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds) -> tuple[Scan, Answers]:
        self.train_ = tuple(samples)
        self.restore()
        scan = Scan(self.kernel(self._seen, self._seen), y)
        return scan, [[scan.left_out(r, *fold) for fold in folds] for r in REGULARISERS.tolist()]

    def _through_landmarks(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds) -> tuple[Nystroem, Answers]:
        chosen = np.random.default_rng(self.seed).choice(len(samples), self.n_landmarks, replace=False)
        self.train_ = tuple(samples[k] for k in np.sort(chosen))
        self.restore()
        self.scale_ = float(np.mean(np.concatenate([self.diagonal(seen) for _, seen in self._blocks(samples)])))
        scan = Nystroem(self.kernel(self._seen, self._seen), self.scale_)
        scan.see(lambda: ((rows, self.kernel(seen, self._seen)) for rows, seen in self._blocks(samples)), y, folds)
        self.gram_ = scan.gram
        return scan, scan.left_out(REGULARISERS)

    def _blocks(self, samples: Sequence[Sample]) -> Iterator[tuple[np.ndarray, Any]]:
        """Positions and features of the samples, a bounded number at a time."""
        for start in range(0, len(samples), BLOCK):
            part = samples[start : start + BLOCK]
            yield np.arange(start, start + len(part)), self.features(part)

    def restore(self) -> None:
        self._seen = self.features(self.train_)

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        return np.concatenate([self.kernel(seen, self._seen) @ self.alpha_ for _, seen in self._blocks(samples)])

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
        scan, asked = self._decomposed(), np.flatnonzero(keep)
        for rows, seen in self._blocks(where(samples, keep)):
            K = self.kernel(seen, self._seen)
            mean[asked[rows]] = K @ self.alpha_
            spread = self.diagonal(seen) + self.regulariser_ * scan.scale - scan.explained(K, self.regulariser_)
            deviation = np.sqrt(self.variance_ * np.maximum(spread, 0.0))
            std[asked[rows]] = deviation.reshape(-1, *(1 for _ in self.target.shape))
        return mean, std

    def _decomposed(self) -> Scan | Nystroem:
        if not hasattr(self, "_scan"):  # loaded from a folder
            K = self.kernel(self._seen, self._seen)
            exact = len(self.train_) == self.n_learned_
            self._scan = Scan(K, self.alpha_) if exact else Nystroem(K, self.scale_).restored(self.gram_)
        return self._scan
