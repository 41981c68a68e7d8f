"""The base of adapters that are one kernel and a regulariser."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone

from jijbench.adapters.base import Folds, MomentGated, open_gate, orbit_folds
from jijbench.data.sample import Sample
from jijbench.gp.landmarks import Nystroem
from jijbench.gp.ridge import REGULARISERS, Answers, Scan, choose_regulariser

#: samples that are predicted at a time
BLOCK = 4096


class KernelAdapter(MomentGated):
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
        self.regulariser_, self._inner = choose_regulariser(answers, y, folds)
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

    def answer_std(self, samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
        """Of the Gaussian process, noise included."""
        scan, mean, std = self._decomposed(), *np.zeros((2, len(samples), *self.target.shape))
        for rows, seen in self._blocks(samples):
            K = self.kernel(seen, self._seen)
            mean[rows] = K @ self.alpha_
            spread = self.diagonal(seen) + self.regulariser_ * scan.scale - scan.explained(K, self.regulariser_)
            deviation = np.sqrt(self.variance_ * np.maximum(spread, 0.0))
            std[rows] = deviation.reshape(-1, *(1 for _ in self.target.shape))
        return mean, std

    def _decomposed(self) -> Scan | Nystroem:
        if not hasattr(self, "_scan"):  # loaded from a folder
            K = self.kernel(self._seen, self._seen)
            exact = len(self.train_) == self.n_learned_
            self._scan = Scan(K, self.alpha_) if exact else Nystroem(K, self.scale_).restored(self.gram_)
        return self._scan
