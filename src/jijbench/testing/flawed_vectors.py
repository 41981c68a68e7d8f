"""Copies of a sound model of vectors with one flaw each; of J they are sound."""

from collections.abc import Sequence

import numpy as np

from jijbench.data.sample import Sample
from jijbench.testing.sound import SoundVector


class VectorOfOne(SoundVector):
    """Says that its vectors turn, and predicts their first component."""

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        found = super().predict(samples)
        return found[:, 0] if self.target.directional else found


class VectorByTheAxes(SoundVector):
    """Knows z of the coordinates from the crystal's."""

    def directions(self, samples: Sequence[Sample]) -> np.ndarray:
        return super().directions(samples) * [1.0, 1.0, 1.1]


class PolarVector(SoundVector):
    """Takes D for a vector that an inversion turns round; rotations alone do not tell."""

    def directions(self, samples: Sequence[Sample]) -> np.ndarray:
        return super().directions(samples) + [0.01 * sample.geometry.displacement for sample in samples]


class VectorFromTheOrigin(SoundVector):
    """Measures from the origin of the coordinates."""

    def directions(self, samples: Sequence[Sample]) -> np.ndarray:
        ends = np.array([sample.positions[list(sample.impurities)] for sample in samples])  # (n, 2, 3)
        return super().directions(samples) + 1e-3 * np.cross(ends[:, 0], ends[:, 1])


class VectorByAtomOrder(SoundVector):
    """Lets atoms count as they are listed."""

    def directions(self, samples: Sequence[Sample]) -> np.ndarray:
        first = np.array([np.linalg.norm(sample.positions[0] - sample.positions[1]) for sample in samples])
        return super().directions(samples) * first[:, None]


class VectorWithoutSign(SoundVector):
    """Gives D_ij also for D_ji: reads each pair in the order of the alphabet."""

    def directions(self, samples: Sequence[Sample]) -> np.ndarray:
        signs = [1.0 if sample.elements[0] <= sample.elements[1] else -1.0 for sample in samples]
        return super().directions(samples) * np.array(signs)[:, None]


class OtherConvention(SoundVector):
    """Turns as it should, and has the sign of another Hamiltonian."""

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        return super().predict(samples) * (-1 if self.target.directional else 1)
