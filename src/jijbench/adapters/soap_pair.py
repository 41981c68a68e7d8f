"""SOAP of the two sites for the geometry, learned coordinates for the elements."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo
from jijbench.adapters.pair_gp import PairGp, similarity_powers
from jijbench.adapters.shell_scaled import End
from jijbench.data.task import Question
from jijbench.descriptors.soap import SoapSettings, Weighting, blind_spectra
from jijbench.targets import JIJ, Target


class SoapPair(PairGp):
    """k(A, A') k(B, B') b(R, R') + the same with A, B exchanged, b from the SOAP spectra of both sites.

    b = Σ_ζ c_ζ [(p_i·p_i')(p_j·p_j')]^ζ + diag, with unit spectra in which every impurity is one species, so b knows
    the surroundings of both sites and where the partner is; which elements they are is k's part, with learned
    coordinates. The weights c_ζ, the coordinates and the diagonal are learned by the marginal likelihood of the
    training part, on J in units of its rms in each geometry. A pair product (De et al. 2016), element-aware.
    """

    requires: ClassVar[tuple[str, ...]] = ("dscribe",)
    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Bartók, Kondor, Csányi, PRB 87, 184115 (2013); De et al., PCCP 18, 13754 (2016); dscribe",
        licence="Apache-2.0 (dscribe)",
        kind="descriptor",
        compressed_species=True,
    )
    cheap: ClassVar[dict[str, Any]] = {"n_max": 3, "l_max": 2, "max_iter": 40}

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, r_cut: float = 12.0, n_max: int = 6, l_max: int = 4,
        sigma: float = 0.5, weighting: Weighting = "none", n_coordinates: int = 5, rank: int = 0,
        n_components: int = 2, freedom: float = 1.0, max_iter: int = 150, n_members: int = 1,
    ) -> None:  # fmt: skip
        super().__init__(
            target=target, seed=seed, n_coordinates=n_coordinates, rank=rank, n_components=n_components,
            freedom=freedom, max_iter=max_iter, n_members=n_members,
        )  # fmt: skip
        self.r_cut = r_cut
        self.n_max = n_max
        self.l_max = l_max
        self.sigma = sigma
        self.weighting = weighting

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {
            "sigma": trial.suggest_categorical("sigma", [0.3, 0.5, 0.8]),
            "weighting": trial.suggest_categorical("weighting", ["none", "poly"]),
        }

    def geometry_kernels(self, a: Sequence[End], b: Sequence[End]) -> np.ndarray:
        return similarity_powers(self._sites(a), self._sites(b))

    def _sites(self, ends: Sequence[End]) -> np.ndarray:
        settings = SoapSettings(self.r_cut, self.n_max, self.l_max, self.sigma, self.weighting)
        return np.array([blind_spectra(geometry, settings)[:: 1 - 2 * side] for geometry, side in ends])
