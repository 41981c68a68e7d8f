"""SOAP power spectra of the two impurity sites with kernel ridge regression."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, ClassVar, Literal

import numpy as np

from jijbench.adapters.base import AdapterInfo
from jijbench.adapters.kernel_adapter import KernelAdapter
from jijbench.data.sample import Sample
from jijbench.data.task import Question
from jijbench.descriptors.soap import Compression, SiteSpectra, SoapSettings, Weighting, site_spectra
from jijbench.targets import JIJ, Target


@dataclass(frozen=True, eq=False)
class Features:
    """Spectra of site i and of site j of every dimer."""

    first: SiteSpectra
    second: SiteSpectra

    @cached_property
    def own(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(n, n) similarities of i with i, j with j and i with j of these dimers; the same for every kernel."""
        p, q = self.first, self.second
        return similarities(p, p), similarities(q, q), similarities(p, q)


@lru_cache(maxsize=1)  # trials of one search that differ in the kernel share the spectra
def _features(samples: tuple[Sample, ...], settings: SoapSettings) -> Features:
    return Features(*site_spectra(samples, settings))


def similarities(p: SiteSpectra, q: SiteSpectra) -> np.ndarray:
    """(n_p, n_q) inner products of unit spectra."""
    K = p.gram(q)
    K /= np.sqrt(p.norms())[:, None]
    K /= np.sqrt(q.norms())
    return K


def power(K: np.ndarray, n: int) -> np.ndarray:
    """Kⁿ element by element, by squaring: far quicker than ``K**n``."""
    if n == 1:
        return K
    half = power(K, n // 2)
    square = half * half
    return square * K if n % 2 else square


class Soap(KernelAdapter):
    """k(i, i') = (p_i·p_i' / |p_i||p_i'|)^ζ between impurity sites, combined to a kernel of pairs.

    ``kernel_of = 'sum'``: Σ over the two sites of both dimers, i.e. a dimer's J is a sum over its two impurity
    sites (De et al. 2016). ``'pair'``: k(i, i') k(j, j') + k(i, j') k(j, i'), a dimer's J depends on both sites at
    once and not on which is called i. The cutoff exceeds the largest pair distance, so each site sees the other.
    """

    requires: ClassVar[tuple[str, ...]] = ("dscribe",)
    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Bartók, Kondor, Csányi, PRB 87, 184115 (2013); dscribe: Laakso et al., JCP 158, 234802 (2023)",
        licence="Apache-2.0 (dscribe)",
        kind="descriptor",
    )
    cheap: ClassVar[dict[str, Any]] = {"n_max": 3, "l_max": 2}

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, kernel_of: Literal["sum", "pair"] = "sum", zeta: int = 2,
        r_cut: float = 12.0, n_max: int = 6, l_max: int = 4, sigma: float = 0.5, weighting: Weighting = "none",
        compression: Compression = "none",
    ) -> None:  # fmt: skip
        super().__init__(target=target, seed=seed)
        self.kernel_of = kernel_of
        self.zeta = zeta
        self.r_cut = r_cut
        self.n_max = n_max
        self.l_max = l_max
        self.sigma = sigma
        self.weighting = weighting
        self.compression = compression

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {
            "zeta": trial.suggest_int("zeta", 1, 8),
            "sigma": trial.suggest_categorical("sigma", [0.3, 0.5, 0.8]),
            "n_max": trial.suggest_categorical("n_max", [4, 6, 8]),
            "l_max": trial.suggest_categorical("l_max", [2, 4, 6]),
            "weighting": trial.suggest_categorical("weighting", ["none", "poly"]),
            "compression": trial.suggest_categorical("compression", ["none", "crossover", "mu1nu1", "mu2"]),
        }

    def features(self, samples: Sequence[Sample]) -> Features:
        settings = SoapSettings(self.r_cut, self.n_max, self.l_max, self.sigma, self.weighting, self.compression)
        return _features(tuple(samples), settings)

    def kernel(self, a: Features, b: Features) -> np.ndarray:
        if a is b:
            ii, jj, ij = (power(K, self.zeta) for K in a.own)
            ji = ij.T
        else:
            sites = [(a.first, b.first), (a.second, b.second), (a.first, b.second), (a.second, b.first)]
            ii, jj, ij, ji = (power(similarities(p, q), self.zeta) for p, q in sites)
        return ii * jj + ij * ji if self.kernel_of == "pair" else ii + ij + ji + jj

    def diagonal(self, a: Features) -> np.ndarray:
        cosine = a.first.products(a.second) / np.sqrt(a.first.norms() * a.second.norms())
        products = power(cosine, self.zeta)
        return 1.0 + products**2 if self.kernel_of == "pair" else 2.0 + 2.0 * products
