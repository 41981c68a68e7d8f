"""The class that makes a model speak our interface."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone

from jijbench.data.sample import Sample, magnetic
from jijbench.data.store import read_samples, write_samples
from jijbench.data.task import Question
from jijbench.errors import DataError, NotPortable
from jijbench.targets import JIJ, Target, restored

Folds = Sequence[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class AdapterInfo:
    """What a reader of the table should know about a model.

    ``kind`` is one of composition, descriptor, potential, UIP, floor.
    """

    citation: str
    licence: str
    kind: str
    compressed_species: bool = False
    neural: bool = False
    defects: bool = True
    spin: bool = False
    symmetry: bool = True


class Adapter(RegressorMixin, BaseEstimator):
    """A scikit-learn regressor whose X is a list of samples.

    A subclass writes out every hyper in ``__init__`` and stores it as given; what ``fit`` finds ends in an
    underscore. ``requires`` names distributions that are looked up before anything is imported. ``version`` is raised
    by hand when the numbers of the model change: records of another version are stale. Both are written as plain values
    in the class itself, since they are read from its source; a subclass begins with version 1.

    ``takes_arrays``: it predicts several numbers which nothing turns, such as coefficients or curves. ``turns``: its
    vectors turn with the crystal and change sign when i and j are named the other way round. ``beyond_pairs``: it may
    be given clusters of three and more, whose other impurities it sees, or is meant to leave out of account. ``cheap``:
    hypers that make it cheap where its numbers do not count, as in the contract; the defaults where they are cheap.
    """

    requires: ClassVar[tuple[str, ...]] = ()
    version: ClassVar[int] = 1
    info: ClassVar[AdapterInfo]
    gives_std: ClassVar[bool] = False
    takes_arrays: ClassVar[bool] = False
    turns: ClassVar[bool] = False
    beyond_pairs: ClassVar[bool] = False
    cheap: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    portable: ClassVar[str | None] = None

    target: Target
    seed: int

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.version = cls.__dict__.get("version", 1)

    @classmethod
    def refuses(cls, question: Question) -> str | None:
        """A reason why this question is not for the model, or None; the reason reaches the table."""
        name, target = cls.__name__, question.target
        if target.directional and not cls.turns:
            return f"{name} has no vectors that turn with the crystal, as {target.name} does"
        if target.shape and not target.directional and not cls.takes_arrays:
            return f"{name} predicts one number, the target {target.name} has shape {target.shape}"
        most = max(question.n_impurities, question.n_impurities_trained)
        if most > 2 and not cls.beyond_pairs:
            return f"{name} looks at pairs only, these samples have up to {most} impurities"
        return None

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        """Hypers of one trial, drawn from ``trial`` (an ``optuna.Trial``) under the hypers' own names."""
        return {}

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        """Learn from ``samples`` and ``y`` (n, *target.shape) in ``target.unit``.

        ``folds``: (train, valid) positions made by the outer protocol's rule; None stands for grouped
        5-fold over the samples' orbits.
        """
        raise TypeError(f"{type(self).__name__} must define fit(samples, y, folds=None)")

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        """(n, *target.shape) in ``target.unit``."""
        raise TypeError(f"{type(self).__name__} must define predict(samples)")

    def predict_std(self, samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
        """(mean, standard deviation), only where ``gives_std``."""
        raise TypeError(f"{type(self).__name__} gives no standard deviation; check `gives_std` first")

    def out_of_fold(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds) -> list[np.ndarray]:
        """Predictions for the valid part of each fold by a model that has not seen it.

        A model that knows them in closed form overrides this.
        """
        return [
            clone(self).fit([samples[k] for k in train], y[train]).predict([samples[k] for k in valid])
            for train, valid in folds
        ]

    def save(self, folder: Path) -> None:
        """Write the fitted model as JSON, plain arrays and sample tables; raises ``NotPortable``."""
        if self.portable is not None:
            raise NotPortable(f"{type(self).__name__} cannot be saved: {self.portable}")
        fitted = {key: value for key, value in vars(self).items() if key.endswith("_") and not key.startswith("_")}
        arrays = {key: value for key, value in fitted.items() if isinstance(value, np.ndarray)}
        tables = {key: value for key, value in fitted.items() if _are_samples(value)}
        plain = {key: value for key, value in fitted.items() if key not in arrays and key not in tables}
        hypers = self.get_params(deep=False) | {"target": self.target.as_json()}
        for key, value in (arrays | hypers | plain).items():
            _refuse_other_than_plain(f"{type(self).__name__}.{key}", value)
        folder.mkdir(parents=True, exist_ok=True)
        for key, value in tables.items():
            write_samples(folder / key, value)
        np.savez(folder / "arrays.npz", allow_pickle=False, **arrays)
        head = {"adapter": f"{type(self).__module__}:{type(self).__name__}", "hypers": hypers, "fitted": plain}
        text = json.dumps(head | {"samples": sorted(tables)}, indent=1, allow_nan=False)
        (folder / "adapter.json").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read back what ``save`` wrote; runs no code from the folder. Raises ``DataError``."""
        head = json.loads((folder / "adapter.json").read_text(encoding="utf-8"))
        if not _is_named(cls, head["adapter"]):
            raise DataError(f"{folder} holds a {head['adapter']}, not a {cls.__module__}:{cls.__name__}")
        hypers = head["hypers"]
        hypers["target"] = restored(hypers["target"])
        model = cls(**hypers)
        state: dict[str, Any] = model.__dict__
        with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
            state.update({key: arrays[key] for key in arrays.files})
        state.update(head["fitted"])
        state.update({key: read_samples(folder / key) for key in head["samples"]})
        if getattr(model, "n_learned_", 1):
            model.restore()
        return model

    def restore(self) -> None:
        """Rebuild what follows from the fitted attributes and is not saved; ``fit`` and ``load`` call it."""


def _is_named(cls: type, place: str) -> bool:
    """Whether ``module:Class`` names a class; one of this package may have moved within it since."""
    module, _, name = place.partition(":")
    moved = module.partition(".")[0] == cls.__module__.partition(".")[0] == __name__.partition(".")[0]
    return name == cls.__name__ and (moved or module == cls.__module__)


def _refuse_other_than_plain(what: str, value: object) -> None:
    """Raise ``NotPortable`` for what neither an array nor JSON can hold."""
    try:
        if not isinstance(value, np.ndarray):
            json.dumps(value, allow_nan=False)
        elif value.dtype.hasobject:
            raise TypeError("an array of Python objects")
    except (TypeError, ValueError, RecursionError) as error:
        raise NotPortable(
            f"{what} ({type(value).__name__}) is neither an array, nor plain JSON, nor samples: {error}. Keep it under "
            "a name that begins with an underscore and rebuild it in `restore()` from what is plain (`.item()` of a "
            'number of numpy\'s); or declare `portable = "why it cannot be saved"`'
        ) from error


def _are_samples(value: object) -> bool:
    return isinstance(value, tuple) and len(value) > 0 and isinstance(value[0], Sample)


def orbit_folds(samples: Sequence[Sample], n: int = 5) -> Folds:
    """Grouped n-fold over the samples' orbits, what ``folds=None`` stands for."""
    from sklearn.model_selection import GroupKFold

    orbits = [sample.orbit for sample in samples]
    return list(GroupKFold(min(n, len(set(orbits)))).split(orbits, groups=orbits))


class MomentGated(Adapter):
    """An adapter that, where moments are released, predicts zero for a pair without two of them.

    J is exactly zero there, so it learns from the magnetic rows only. A subclass defines ``learn`` and
    ``answer`` instead of ``fit`` and ``predict``, and where it ``gives_std``, ``answer_std`` instead of
    ``predict_std``: both are zero where J is zero by rule.
    """

    def __init__(self, *, target: Target = JIJ, seed: int = 0) -> None:
        self.target = target
        self.seed = seed

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        """Fit on the rows that are left."""
        raise TypeError(f"{type(self).__name__} must define learn(samples, y, folds)")

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        """Predict the rows that are left."""
        raise TypeError(f"{type(self).__name__} must define answer(samples)")

    def answer_std(self, samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the rows that are left, only where ``gives_std``."""
        raise TypeError(f"{type(self).__name__} must define answer_std(samples), or predict_std(samples)")

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        y = np.asarray(y, dtype=float)
        keep = open_gate(samples)
        place = np.cumsum(keep) - 1
        inner = None if folds is None else [(place[a[keep[a]]], place[b[keep[b]]]) for a, b in folds]
        self.n_learned_ = int(keep.sum())
        if keep.any():
            self.learn(where(samples, keep), y[keep], inner)
        return self

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        keep = open_gate(samples) & (self.n_learned_ > 0)
        mean = np.zeros((len(samples), *self.target.shape))
        if keep.any():
            mean[keep] = self.answer(where(samples, keep))
        return mean

    def predict_std(self, samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
        if not self.gives_std:
            return super().predict_std(samples)
        keep = open_gate(samples) & (self.n_learned_ > 0)
        mean, std = np.zeros((2, len(samples), *self.target.shape))
        if keep.any():
            mean[keep], std[keep] = self.answer_std(where(samples, keep))
        return mean, std


def where(samples: Sequence[Sample], keep: np.ndarray) -> list[Sample]:
    """The samples at which ``keep`` (n,) is true."""
    return [sample for sample, yes in zip(samples, keep, strict=True) if yes]


def open_gate(samples: Sequence[Sample]) -> np.ndarray:
    """(n,) bool: rows that are not zero for want of a moment (all rows where moments are not released)."""
    mask = magnetic(samples)
    return np.ones(len(samples), dtype=bool) if mask is None else mask
