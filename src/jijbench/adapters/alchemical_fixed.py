"""Alchemical SOAP whose species are coupled by their electronegativity and radius, as published."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo
from jijbench.adapters.kernel_adapter import KernelAdapter
from jijbench.data.sample import Sample
from jijbench.data.task import Question
from jijbench.descriptors.alchemical import elements_of, kappa, low_rank, sites_of, unit
from jijbench.descriptors.soap import SoapSettings, Weighting
from jijbench.targets import JIJ, Target


@dataclass(frozen=True)
class Features:
    """``spectra`` (n, f) of unit length at sites i and j; ``site`` (2, n) says which of ``elements`` each site has."""

    spectra: tuple[np.ndarray, np.ndarray]
    elements: list[str]
    site: np.ndarray


class AlchemicalFixed(KernelAdapter):
    """K = Σ over the two sites of both dimers of κ(Z_i, Z_i') (p̂_i·p̂_i')^ζ.

    κ(a, b) = exp(−Δχ²/2 s_chi² − Δr²/2 s_r²) from electronegativity and covalent radius (De et al. 2016), s_r in Å. p̂
    are unit SOAP spectra over ``n_species`` pseudo-species, p_kk' = Σ u_Zk u_Z'k' p_ZZ', where u uᵀ is the best
    low-rank κ among the elements of the training part (Willatt et al. 2018). A dimer's J is a sum over its two sites.
    """

    requires: ClassVar[tuple[str, ...]] = ("dscribe",)
    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="De, Bartók, Csányi, Ceriotti, PCCP 18, 13754 (2016); Willatt et al., PCCP 20, 29661 (2018); dscribe",
        licence="Apache-2.0 (dscribe)",
        kind="descriptor",
        compressed_species=True,
    )
    cheap: ClassVar[dict[str, Any]] = {"n_max": 3, "l_max": 2}

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, s_chi: float = 0.3, s_r: float = 0.1, n_species: int = 4,
        zeta: int = 2, r_cut: float = 12.0, n_max: int = 6, l_max: int = 4, sigma: float = 0.5,
        weighting: Weighting = "none",
    ) -> None:  # fmt: skip
        super().__init__(target=target, seed=seed)
        self.s_chi = s_chi
        self.s_r = s_r
        self.n_species = n_species
        self.zeta = zeta
        self.r_cut = r_cut
        self.n_max = n_max
        self.l_max = l_max
        self.sigma = sigma
        self.weighting = weighting

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {
            "s_chi": trial.suggest_float("s_chi", 0.05, 2.0, log=True),
            "s_r": trial.suggest_float("s_r", 0.02, 0.5, log=True),
            "n_species": trial.suggest_int("n_species", 2, 6),
            "zeta": trial.suggest_int("zeta", 1, 64, log=True),
            "sigma": trial.suggest_categorical("sigma", [0.3, 0.5, 0.8]),
            "weighting": trial.suggest_categorical("weighting", ["none", "poly"]),
        }

    def restore(self) -> None:
        self._reference = elements_of(self.train_)
        super().restore()

    def features(self, samples: Sequence[Sample]) -> Features:
        settings = SoapSettings(self.r_cut, self.n_max, self.l_max, self.sigma, self.weighting)
        elements, known = elements_of(samples), self._reference
        among, beside = (kappa(names, known, self.s_chi, self.s_r) for names in (known, elements))
        u, sites = low_rank(among, beside, self.n_species), sites_of(samples, elements, settings)
        first, second = (unit(s.spectra(u)) for s in sites)
        return Features((first, second), elements, np.array([s.species[:, 0] for s in sites]))

    def kernel(self, a: Features, b: Features) -> np.ndarray:
        coupling = kappa(a.elements, b.elements, self.s_chi, self.s_r)
        total = self._sites(coupling, a, b, 0, 1)
        total += total.T if a is b else self._sites(coupling, a, b, 1, 0)
        total += self._sites(coupling, a, b, 0, 0)
        return total + self._sites(coupling, a, b, 1, 1)

    def diagonal(self, a: Features) -> np.ndarray:
        coupling = kappa(a.elements, a.elements, self.s_chi, self.s_r)[a.site[0], a.site[1]]
        return 2.0 + 2.0 * coupling * (a.spectra[0] * a.spectra[1]).sum(1) ** self.zeta

    def _sites(self, coupling: np.ndarray, a: Features, b: Features, i: int, j: int) -> np.ndarray:
        """(n_a, n_b) κ (p̂·p̂')^ζ between sites i of ``a`` and sites j of ``b``."""
        K = a.spectra[i] @ b.spectra[j].T
        K **= self.zeta
        K *= coupling[np.ix_(a.site[i], b.site[j])]
        return K
