"""Composition features with gradient-boosted trees."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from jijbench.adapters._boosted import Boosted
from jijbench.adapters.base import AdapterInfo
from jijbench.data.sample import Sample
from jijbench.data.target import JIJ, Target
from jijbench.descriptors.composition import composition, pair_geometry, pair_moments


class BoostedComposition(Boosted):
    """Histogram gradient boosting on CBFV features of the two elements.

    With ``geometry`` the pair's distance, its parts in and across the layers and the sublattice are added; without
    it the model cannot tell one shell from another, and its row says so. Released moments add their product and sum.
    """

    requires: ClassVar[tuple[str, ...]] = ("CBFV",)
    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Oliynyk et al., Chem. Mater. 28, 7324 (2016); CBFV; scikit-learn",
        licence="MIT (CBFV), BSD-3-Clause (scikit-learn)",
        kind="composition",
    )

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, geometry: bool = False, learning_rate: float = 0.1,
        max_iter: int = 100, max_leaf_nodes: int = 31, min_samples_leaf: int = 5, l2_regularization: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(target=target, seed=seed)
        self.geometry = geometry
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization

    def columns(self, samples: Sequence[Sample]) -> np.ndarray:
        columns = [composition(samples), pair_moments(samples)]
        return np.hstack([*columns, pair_geometry(samples)] if self.geometry else columns)
