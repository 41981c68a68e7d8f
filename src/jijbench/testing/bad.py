"""Deliberately bad models: each must end as a failed cell with its reason, or as a bad number, never as a good one.

Name them in a row as ``adapter: jijbench.testing.bad:NotANumber``.
"""

import os
import signal
import time
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np

from jijbench.adapters.base import Adapter, AdapterInfo, Folds
from jijbench.data.sample import Sample
from jijbench.targets import JIJ, Target


class _Bad(Adapter):
    info: ClassVar[AdapterInfo] = AdapterInfo("a deliberately bad model of this suite", "MIT", "descriptor")

    def __init__(self, *, target: Target = JIJ, seed: int = 0) -> None:
        self.target = target
        self.seed = seed

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        self.n_ = len(samples)
        return self

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        return np.zeros(len(samples))


class Zeros(_Bad):
    """Predicts zero: a valid answer whose skill is not positive."""


class NotANumber(_Bad):
    """Predicts NaN for one sample."""

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        return np.where(np.arange(len(samples)) == 1, np.nan, 0.0)


class Raising(_Bad):
    """Raises while it fits."""

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        raise ArithmeticError("this model always raises")


class WrongShape(_Bad):
    """Predicts a column instead of a row of numbers."""

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        return np.zeros((len(samples), 1))


class TooFew(_Bad):
    """Leaves out the last sample."""

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        return np.zeros(len(samples) - 1)


class Slow(_Bad):
    """Sleeps for longer than any patience."""

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        time.sleep(3600)
        return self


class Killed(_Bad):
    """Kills its own process, as a crash in compiled code does."""

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        os.kill(os.getpid(), signal.SIGKILL)
        return self


class Hungry(_Bad):
    """Asks for more memory than a cell may have."""

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        self.block_ = np.ones(2**40 // 8)
        return self


class NotInstalled(_Bad):
    """Needs a distribution that nobody has."""

    requires: ClassVar[tuple[str, ...]] = ("jijbench-no-such-distribution",)
