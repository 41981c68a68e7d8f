"""Copies of a sound model with one flaw each: each must fail the check it is meant for, and no other.

The models that the runner must survive are in ``jijbench.testing.bad``.
"""

import pickle
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from jijbench.adapters.base import AdapterInfo, Folds
from jijbench.data.sample import Sample
from jijbench.data.task import Question
from jijbench.elements import SYMBOLS, place_in_row
from jijbench.errors import UnknownElement
from jijbench.targets import JIJ, Target
from jijbench.testing import toy_impurities, toys
from jijbench.testing.sound import Sound


class OfNoKind(Sound):
    """Its card names a kind that there is not."""

    info: ClassVar[AdapterInfo] = AdapterInfo("nobody", "MIT", "magic")


class RefusesWithTrue(Sound):
    """Refuses without a word."""

    @classmethod
    def refuses(cls, question: Question) -> Any:
        return True if question.target.shape else None


class SwallowsHypers(Sound):
    """Takes hypers by names that nobody wrote out, so that a clone loses them."""

    def __init__(self, *, target: Target = JIJ, seed: int = 0, ridge: float = 1e-3, **more: Any) -> None:
        super().__init__(target=target, seed=seed, ridge=ridge)


class WorksInInit(Sound):
    """Does in `__init__` what is the work of `fit`."""

    def __init__(self, *, target: Target = JIJ, seed: int = 0, ridge: float = 1e-3) -> None:
        super().__init__(target=target, seed=seed, ridge=ridge)
        self._table = np.eye(3)


class SuggestsStranger(Sound):
    """Suggests a hyper that it does not have."""

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {"lambda": trial.suggest_float("lambda", 1e-6, 1.0, log=True)}


class SpaceRaises(Sound):
    """Its search space breaks as soon as it is asked for."""

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        raise ArithmeticError("this search space always raises")


class DefaultOutsideSpace(Sound):
    """The search never tries its default."""

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {"ridge": trial.suggest_float("ridge", 0.1, 1.0)}


class ReturnsNothing(Sound):
    """Fits and returns None."""

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Any:
        super().fit(samples, y, folds)


class NegativeDeviation(Sound):
    """Forgets that a variance must not be negative."""

    def predict_std(self, samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
        mean, std = super().predict_std(samples)
        return mean, std - std.mean()


class FlattensArrays(Sound):
    """Takes several numbers and predicts the first of them."""

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        return super().predict(samples).reshape(len(samples), -1)[:, 0]


class GlobalNoise(Sound):
    """Starts from global random numbers, not from its seed."""

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        super().fit(samples, y, folds)
        self.weights_ = self.weights_ * (1 + 1e-3 * np.random.normal())  # noqa: NPY002
        return self


class CentresBatch(Sound):
    """Standardises by what it is asked together."""

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        mean = super().predict(samples)
        return mean - 1e-3 * mean.mean(0)


class SortsRows(Sound):
    """Answers in the order of the ids, not of the question."""

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        return super().predict(sorted(samples, key=lambda sample: sample.id))


class ReadsFrame(Sound):
    """Takes z for the axis of the crystal, whichever way that lies."""

    def features(self, samples: Sequence[Sample]) -> np.ndarray:
        return np.column_stack([super().features(samples), [abs(s.geometry.displacement[2]) for s in samples]])


class ReadsOrigin(Sound):
    """Measures from the origin of the coordinates."""

    def features(self, samples: Sequence[Sample]) -> np.ndarray:
        far = [np.linalg.norm(s.positions[list(s.impurities)], axis=1).sum() for s in samples]
        return np.column_stack([super().features(samples), far])


class ReadsAtomOrder(Sound):
    """Believes that the impurities are the first two atoms."""

    def features(self, samples: Sequence[Sample]) -> np.ndarray:
        gaps = [np.linalg.norm(s.positions[0] - s.positions[1]) for s in samples]
        return np.column_stack([super().features(samples), gaps])


class ReadsNaming(Sound):
    """Knows i from j."""

    def features(self, samples: Sequence[Sample]) -> np.ndarray:
        return np.column_stack([super().features(samples), [place_in_row(s.elements[0]) for s in samples]])


class ShortTable(Sound):
    """Has a table of the elements that its author happened to train with."""

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        hosts = set(toy_impurities.HOSTS) - {toy_impurities.UNSEEN_HOST}
        table = {*toys.MAGNETIC, *toys.NONMAGNETIC, *toy_impurities.MAGNETIC, *hosts}
        strange = {element for sample in samples for element in sample.elements} - table
        if strange:
            raise UnknownElement(f"the table has no {', '.join(sorted(strange))}")
        return super().predict(samples)


class StumblesOutside(Sound):
    """Lets a look-up fail without a word to the user."""

    def features(self, samples: Sequence[Sample]) -> np.ndarray:
        numbers = {symbol: z for z, symbol in enumerate(SYMBOLS, start=1)}
        _ = [numbers[element] for sample in samples for element in sample.elements]
        return super().features(samples)


class NeedsFive(Sound):
    """Cuts every training set into five."""

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        from sklearn.model_selection import KFold

        _ = list(KFold(5).split(y))
        return super().fit(samples, y, folds)


class DividesBySpread(Sound):
    """Standardises J, and has thought of nothing but zeros, not of another constant."""

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        with np.errstate(divide="ignore", invalid="ignore"):
            return super().fit(samples, y / y.std() if y.any() else y, folds)


class DividesByMoment(Sound):
    """Scales by moments where it gets them, also by zero."""

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        mean = super().predict(samples)
        if any(sample.moments is None for sample in samples):
            return mean
        with np.errstate(divide="ignore", invalid="ignore"):
            return mean / np.array([np.prod(sample.inputs["moments"]) for sample in samples])


class NeedsEveryRow(Sound):
    """Believes that each row stands in some fold."""

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        places = [int(np.flatnonzero([k in valid for _, valid in folds])[0]) for k in range(len(y))] if folds else []
        self.places_ = np.array(places)
        return super().fit(samples, y, folds)


class Peeks(Sound):
    """Gives back what it was told about the rows that it should guess."""

    def out_of_fold(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds) -> list[np.ndarray]:
        return [0.9 * y[valid] for _, valid in folds]


class ForgetsState(Sound):
    """Keeps what it learned under a private name, which `save` leaves out."""

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        super().fit(samples, y, folds)
        self._centre = float(np.mean(y))
        return self

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        return super().predict(samples) + 1e-3 * getattr(self, "_centre", 0.0)


class SavesPickle(Sound):
    """Saves itself as a pickle, which runs code when it is read."""

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "model.bin").write_bytes(pickle.dumps(vars(self)))

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        for name, value in pickle.loads((folder / "model.bin").read_bytes()).items():
            setattr(model, name, value)
        return model


class SavesAgainstItsWord(Sound):
    """Says that it cannot be saved, and saves."""

    portable: ClassVar[str | None] = "this model says so"

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True)


class CentresInPlace(Sound):
    """Changes the truth of whoever called it."""

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        y -= y.mean()
        return super().fit(samples, y, folds)


class KeepsReference(Sound):
    """Holds on to the caller's array and computes with it later."""

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        self.y_ = y
        return super().fit(samples, y, folds)

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        return self.kernel(samples) @ (self.inverse_ @ self.y_)


class WritesHere(Sound):
    """Leaves files wherever it is called."""

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        Path("training.log").write_text("fitted\n", encoding="utf-8")
        return super().fit(samples, y, folds)


class Sluggish(Sound):
    """Takes its time."""

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        time.sleep(0.4)
        return super().fit(samples, y, folds)


class Hoards(Sound):
    """Takes 120 MiB that it does not need."""

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        self._block = np.ones(120 * 2**20 // 8)
        return super().fit(samples, y, folds)
