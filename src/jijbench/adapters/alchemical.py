"""Alchemical SOAP whose species are coupled as the training data say."""

import json
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo
from jijbench.adapters.shell_scaled import End, ShellScaled, element_map, moments_of
from jijbench.data.sample import Sample
from jijbench.data.task import Question
from jijbench.descriptors.alchemical import elements_of, gaussian, low_rank, sites_of
from jijbench.descriptors.soap import SoapSettings, Weighting
from jijbench.gp.coupled_sites import ZETA, CoupledKernel, Couplings, Dimers, prior
from jijbench.gp.process import GaussianProcess
from jijbench.targets import JIJ, Target

#: length of the prior coupling of elements, in units of ``ShellScaled.properties``
LENGTH = 1.4
#: spread of the start around the prior mean of u
SPREAD = 0.1
#: components of the spectra that are weaker than this are left out while u is learned, not afterwards
TOLERANCE = 1e-3


class Alchemical(ShellScaled):
    """Σ_q κ_q(A, A') κ_q(B, B') Σ_ζ c_qζ [(p̂_i·p̂_i') (p̂_j·p̂_j')]^ζ + own + the same with i' and j' exchanged.

    p̂ are unit SOAP spectra over K pseudo-species, p_kk' = Σ u_Zk u_Z'k' p_ZZ', and κ_q(A, A') = a_qA a_qA' û_A·û_A'.
    u (host elements too), a, c, own and the noise are learned by the marginal likelihood of the training part, on J in
    units of its rms in each geometry: on ``n_learn`` rows drawn by ``seed``, in at most ``max_iter`` steps of L-BFGS;
    then one exact Gaussian process with all rows. The prior mean of u comes from group, period and (where released)
    moment. An element all of whose training rows are exactly zero is silent. Learned couplings as in Willatt et al.
    2018 and Lopanitsyna et al. 2023, a pair product and a mixture of powers for our own.
    """

    requires: ClassVar[tuple[str, ...]] = ("dscribe",)
    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Willatt et al., PCCP 20, 29661 (2018); Lopanitsyna et al., PRMater 7, 045802 (2023); dscribe",
        licence="Apache-2.0 (dscribe)",
        kind="descriptor",
        compressed_species=True,
    )
    cheap: ClassVar[dict[str, Any]] = {"n_max": 3, "l_max": 2, "max_iter": 20}

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, n_species: int = 4, r_cut: float = 12.0, n_max: int = 6,
        l_max: int = 4, sigma: float = 0.5, weighting: Weighting = "none", n_components: int = 2, n_learn: int = 400,
        max_iter: int = 100,
    ) -> None:  # fmt: skip
        super().__init__(target=target, seed=seed)
        self.n_species = n_species
        self.r_cut = r_cut
        self.n_max = n_max
        self.l_max = l_max
        self.sigma = sigma
        self.weighting = weighting
        self.n_components = n_components
        self.n_learn = n_learn
        self.max_iter = max_iter

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {
            "n_species": trial.suggest_int("n_species", 4, 6),
            "sigma": trial.suggest_categorical("sigma", [0.3, 0.5, 0.8]),
            "weighting": trial.suggest_categorical("weighting", ["none", "poly"]),
        }

    def learn_scaled(self) -> None:
        self.elements_ = elements_of(self.train_)
        learned = self._learned()
        self.noise_, self.u_, self.amplitude_ = float(learned.noise), learned.u, learned.amplitude
        self.own_, self.weights_ = learned.own, learned.weights
        pairs = sorted({e for s in self.train_ for e in s.elements[:2]})
        directions = learned.directions[[self.elements_.index(e) for e in pairs]]
        self.element_map_ = json.dumps(element_map(pairs, directions))

    def _learned(self) -> Couplings:
        """Couplings that maximise the marginal likelihood of ``n_learn`` rows."""
        rng, Q, n_ends = np.random.default_rng(self.seed), self.n_components, len(self.ends)
        some = np.sort(rng.permutation(len(self.train_))[: self.n_learn])
        x = self._dimers([self.train_[k] for k in some], self.elements_, self.ends)
        first, second = (sites.compressed(TOLERANCE) for sites in x.sites)
        u = self._prior(self.properties(self.elements_, {}))
        weights = np.full((Q, len(ZETA)), -1.0) - np.arange(Q)[:, None]  # later components start smaller
        mean = Couplings(0.0, u, np.zeros((Q, len(u))), np.full((Q, n_ends), -3.0), weights)
        start = mean._replace(noise=-2.0, u=u + SPREAD * rng.normal(size=u.shape))
        model = GaussianProcess(CoupledKernel(), start)
        x = Dimers((first, second), x.ends)
        return model.learn(x, self.scaled[some], prior(mean), self.max_iter, unit=len(some)).parameters

    def _prior(self, properties: np.ndarray) -> np.ndarray:
        """(elements, K) prior mean of u of elements with these properties: a Gaussian coupling, of low rank."""
        known = self.properties(self.elements_, {})[:, :3] / LENGTH
        return low_rank(gaussian(known, known), gaussian(properties[:, :3] / LENGTH, known), self.n_species)

    def _dimers(self, samples: Sequence[Sample], elements: Sequence[str], ends: dict[str, End]) -> Dimers:
        settings = SoapSettings(self.r_cut, self.n_max, self.l_max, self.sigma, self.weighting)
        return Dimers(sites_of(samples, elements, settings), self.places(samples, ends))

    def restore(self) -> None:
        if not self.train_:
            return
        couplings = Couplings(self.noise_, self.u_, self.amplitude_, self.own_, self.weights_)
        x = self._dimers(self.train_, self.elements_, self.ends).settled(couplings.u)
        self._model = GaussianProcess(CoupledKernel(), couplings).condition(x, self.scaled)

    def answer_scaled(self, samples: Sequence[Sample], ends: dict[str, End]) -> tuple[np.ndarray, np.ndarray]:
        elements = [*self.elements_, *sorted(set(elements_of(samples)) - set(self.elements_))]
        p = self._extended(self.properties(elements, moments_of(samples)), len(ends))
        return self._model.mean_std(self._dimers(samples, elements, ends), parameters=p)

    def _extended(self, properties: np.ndarray, n_ends: int) -> Couplings:
        """Couplings with rows for new elements and geometries.

        New elements are placed by ridge regression of what was learned of the impurities on their properties; a new
        geometry has what the known ones have on average.
        """
        p, n = self._model.parameters, len(self.elements_)
        known = [k for k, e in enumerate(self.elements_) if any(e in s.elements for s in self.train_)]
        prior, design = self._prior(properties), np.column_stack([np.ones(len(properties)), properties])
        learned = np.column_stack([p.u - prior[:n], p.amplitude.T])
        ridge = np.linalg.solve(design[known].T @ design[known] + np.eye(design.shape[1]), design[known].T)
        guess = design[n:] @ (ridge @ learned[known])
        u = np.vstack([p.u, prior[n:] + guess[:, : self.n_species]])
        amplitude = np.hstack([p.amplitude, guess[:, self.n_species :].T])
        own = np.log(np.exp(p.own).mean(1, keepdims=True))
        own = np.hstack([p.own, np.repeat(own, n_ends - p.own.shape[1], 1)])
        return Couplings(p.noise, u, amplitude, own, p.weights)
