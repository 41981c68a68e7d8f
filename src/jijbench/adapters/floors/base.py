"""What the floors share: columns of a table of dimers, and means that know where they have nothing to say."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

from jijbench.adapters.base import AdapterInfo
from jijbench.data.sample import Sample


def floor_info(what: str) -> AdapterInfo:
    """Card of a baseline."""
    return AdapterInfo(citation=f"baseline of this suite: {what}", licence="MIT", kind="floor")


def distance_label(sample: Sample) -> float:
    """Distance of the pair, Å, rounded so that equal shells share it."""
    return round(sample.distance, 2)


def group_means(labels: Sequence[Hashable], values: np.ndarray) -> dict[Hashable, float]:
    """Mean of ``values`` for each label."""
    groups = defaultdict(list)
    for label, value in zip(labels, values, strict=True):
        groups[label].append(value)
    return {label: float(np.mean(group)) for label, group in groups.items()}


def interpolate(distances: np.ndarray, known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Linear in the distance between known shells, constant beyond them.

    ``distances`` (n,), ``known`` (k,), ``values`` (k,).
    """
    order = np.argsort(known)
    return np.interp(distances, known[order], values[order])


class ShellMean:
    """Mean of each distance; a distance without a mean is interpolated."""

    def __init__(self, samples: Sequence[Sample], y: np.ndarray) -> None:
        means = group_means([distance_label(s) for s in samples], y)
        self.known = np.array(list(means))
        self.values = np.array(list(means.values()))

    def __call__(self, samples: Sequence[Sample]) -> np.ndarray:
        return interpolate(np.array([distance_label(s) for s in samples]), self.known, self.values)


class Additive:
    """Effect of each element plus effect of each distance, by ridge least squares.

    An element without an effect counts as the mean element; an unknown distance is interpolated.
    """

    def __init__(self, samples: Sequence[Sample], y: np.ndarray, ridge: float = 1.0) -> None:
        from scipy.sparse.linalg import lsqr

        self.elements = sorted({e for s in samples for e in s.pair})
        self.known = np.array(sorted({distance_label(s) for s in samples}))
        design = self._design(samples)
        self.mean = float(np.mean(y))
        self.effects = lsqr(design, y - self.mean, damp=np.sqrt(ridge), atol=1e-10, btol=1e-10)[0]

    def _design(self, samples: Sequence[Sample]) -> np.ndarray:
        place = {e: k for k, e in enumerate(self.elements)}
        design = np.zeros((len(samples), len(self.elements) + len(self.known)))
        for row, sample in zip(design, samples, strict=True):
            for element in sample.pair:
                if element in place:
                    row[place[element]] += 1
        distances = np.array([distance_label(s) for s in samples])
        hats = np.eye(len(self.known))
        design[:, len(self.elements) :] = np.column_stack([interpolate(distances, self.known, hat) for hat in hats])
        return design

    def __call__(self, samples: Sequence[Sample]) -> np.ndarray:
        return self.mean + self._design(samples) @ self.effects
