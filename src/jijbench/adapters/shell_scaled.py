"""J in units of its size in each geometry, without the elements that are always zero: the improved models share it."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from jijbench.adapters.base import Folds, MomentGated, where
from jijbench.data.sample import Geometry, Sample
from jijbench.elements import period, place_in_row

#: a geometry read from site i (0) to site j, or from j (1) to i
End = tuple[Geometry, int]


class ShellScaled(MomentGated):
    """A model of J / s_R, s_R the rms of J in geometry R, learned from the rows without silent elements.

    An element is silent if all its training rows are exactly zero beside partners that are not: its J is zero. A
    subclass defines ``learn_scaled``, ``answer_scaled`` and ``restore``; they get the rows that are left.
    """

    gives_std: ClassVar[bool] = True

    def learn_scaled(self) -> None:
        """Learn from ``train_`` and ``y_``, in units of ``scale_``."""
        raise TypeError(f"{type(self).__name__} must define learn_scaled()")

    def answer_scaled(self, samples: Sequence[Sample], ends: dict[str, End]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (n,) in units of the scale; ``ends`` are those of training, then new ones."""
        raise TypeError(f"{type(self).__name__} must define answer_scaled(samples, ends)")

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        self.silent_ = silent(samples, y)
        keep = self._without_silent(samples)
        self.train_, self.y_ = tuple(where(samples, keep)), y[keep]
        if not self.train_:
            return
        self.moments_ = moments_of(self.train_)
        ends = self.ends
        g, h = self.places(self.train_, ends).T
        sizes = [np.mean(self.y_[(g == k) | (h == k)] ** 2) for k in range(len(ends))]
        self.scale_ = np.sqrt(np.maximum(sizes, 1e-12))  # (ends,) in target.unit
        self.learn_scaled()
        self.restore()

    @property
    def ends(self) -> dict[str, End]:
        """Fingerprints of the training geometries, each with one geometry that has it."""
        return ends_of(self.train_)

    @property
    def scaled(self) -> np.ndarray:
        """(n,) J of training in units of the scale."""
        return self.y_ / self.scale_[self.places(self.train_, self.ends)[:, 0]]

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        return self.answer_std(samples)[0]

    def answer_std(self, samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
        mean, std = np.zeros((2, len(samples)))
        keep = self._without_silent(samples)
        if not self.train_ or not keep.any():
            return mean, std
        asked = where(samples, keep)
        known, new = self.ends, ends_of(asked)
        ends = known | {name: new[name] for name in new if name not in known}
        scale = self.scales(ends)[self.places(asked, ends)[:, 0]]
        mean[keep], std[keep] = np.array(self.answer_scaled(asked, ends)) * scale
        return mean, std

    def _without_silent(self, samples: Sequence[Sample]) -> np.ndarray:
        """(n,) bool: no element of the pair is silent."""
        return np.array([not set(s.elements[:2]) & set(self.silent_) for s in samples], dtype=bool)

    def places(self, samples: Sequence[Sample], ends: dict[str, End]) -> np.ndarray:
        """(n, 2) place among ``ends`` of each sample's geometry, read from i and from j."""
        place = {name: k for k, name in enumerate(ends)}
        return np.array([[place[name] for name in s.geometry.signatures] for s in samples], dtype=int)

    def scales(self, ends: dict[str, End]) -> np.ndarray:
        """(ends,) scale of J; a new geometry's from a straight line of log s in log r."""
        r = np.log([geometry.distance for geometry, _ in ends.values()])
        n = len(self.scale_)
        line = np.polynomial.Polynomial.fit(r[:n], np.log(self.scale_), 1 if len(set(r[:n])) > 1 else 0)
        return np.append(self.scale_, np.exp(line(r[n:])))

    def properties(self, elements: Sequence[str], moments: dict[str, float]) -> np.ndarray:
        """(elements, 4) group, period, moment and the square of the group, centred and scaled to order one."""
        known = moments | self.moments_
        centre = float(np.mean(list(self.moments_.values()))) if self.moments_ else 0.0
        table = np.array([(place_in_row(e) - 7, period(e) - 4.5, known.get(e, centre) - centre) for e in elements])
        table = table.reshape(-1, 3) * (0.5, 2.0, 2 / 3)
        return np.column_stack([table, table[:, 0] ** 2 - 1])


def ends_of(samples: Sequence[Sample]) -> dict[str, End]:
    """Fingerprints of the geometries of samples, both ways, each with one geometry that has it."""
    ends = {name: (s.geometry, k) for s in samples for k, name in enumerate(s.geometry.signatures)}
    return dict(sorted(ends.items()))


def silent(samples: Sequence[Sample], y: np.ndarray) -> list[str]:
    """Elements that are exactly zero beside every partner that is not zero elsewhere (and have such partners)."""
    coupled = {e for s, value in zip(samples, y, strict=True) if value != 0 for e in s.elements[:2]}
    beside = {e for s in samples if set(s.elements[:2]) & coupled for e in s.elements[:2]}
    return sorted(beside - coupled)


def moments_of(samples: Sequence[Sample]) -> dict[str, float]:
    """Moment of each element, μB, where the samples release them."""
    return {e: float(m) for s in samples if s.moments is not None for e, m in zip(s.elements, s.moments, strict=True)}


def element_map(elements: Sequence[str], coordinates: np.ndarray) -> dict[str, list[float]]:
    """Element → its first two principal coordinates, of ``coordinates`` (elements, K)."""
    left, size, _ = np.linalg.svd(coordinates - coordinates.mean(0), full_matrices=False)
    flat = np.pad(left * size, ((0, 0), (0, 2)))[:, :2]
    return {e: np.round(xy, 4).tolist() for e, xy in zip(elements, flat, strict=True)}
