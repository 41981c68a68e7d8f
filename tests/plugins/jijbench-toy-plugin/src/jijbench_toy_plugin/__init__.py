"""An adapter that comes from outside: J = (a + b r + c d_i d_j) exp(−r / L), d the electrons beyond a half shell."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo, Folds, MomentGated
from jijbench.data.sample import Sample
from jijbench.data.task import Question
from jijbench.elements import place_in_row
from jijbench.targets import JIJ, Target


class Decay(MomentGated):
    """Three numbers by least squares, and a length that is a hyper."""

    info: ClassVar[AdapterInfo] = AdapterInfo("a plug-in of jijbench's tests", "MIT", "descriptor")

    def __init__(self, *, target: Target = JIJ, seed: int = 0, length: float = 3.0) -> None:
        super().__init__(target=target, seed=seed)
        self.length = length

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {"length": trial.suggest_float("length", 1.0, 10.0)}

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        self.coefficients_ = np.linalg.lstsq(self._design(samples), y, rcond=None)[0]

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        return self._design(samples) @ self.coefficients_

    def _design(self, samples: Sequence[Sample]) -> np.ndarray:
        r = np.array([s.distance for s in samples])
        excess = np.array([np.prod([place_in_row(e) - 7.0 for e in s.elements[:2]]) for s in samples])
        return np.column_stack([np.ones(len(r)), r, excess]) * np.exp(-r / self.length)[:, None]
