"""Floor with moments: J = c_shell · m_i · m_j."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo, Folds, MomentGated
from jijbench.adapters.floors.base import distance_label, floor_info, interpolate
from jijbench.data.sample import Sample
from jijbench.data.task import Question


class MomentProduct(MomentGated):
    """One number a distance times the product of the moments; an unseen distance is interpolated."""

    info: ClassVar[AdapterInfo] = floor_info("c_shell * m_i * m_j")

    @classmethod
    def refuses(cls, question: Question) -> str | None:
        if not question.inputs.endswith("+moments"):
            return f"needs moments, which the inputs {question.inputs!r} do not release"
        return super().refuses(question)

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        labels, product = np.array([distance_label(s) for s in samples]), _products(samples)
        self.distances_ = np.unique(labels)  # (shells,) Å
        shells = [labels == label for label in self.distances_]
        self.c_ = np.array([y[k] @ product[k] / (product[k] @ product[k]) for k in shells])  # meV / μB²

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        c = interpolate(np.array([distance_label(s) for s in samples]), self.distances_, self.c_)
        return c * _products(samples)


def _products(samples: Sequence[Sample]) -> np.ndarray:
    return np.array([np.prod(s.inputs["moments"][:2]) for s in samples])
