"""Gaussian process on learned coordinates of the elements and a learned covariance of the geometries."""

import json
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from jijbench.adapters.base import AdapterInfo
from jijbench.adapters.shell_scaled import End, ShellScaled, element_map, moments_of
from jijbench.data.sample import Sample
from jijbench.data.task import Question
from jijbench.gp.element_pairs import CHART, Component, Grid, PairKernel, Parameters, extended, prior
from jijbench.gp.process import GaussianProcess, pack, unpack
from jijbench.targets import JIJ, Target

#: exponents ζ of the similarity of two surroundings; ζ = 0 is what all geometries share
EXPONENTS = (0, 4, 16, 64, 256)


class Member(NamedTuple):
    """Sizes of one of the models that answer together."""

    n_coordinates: int
    n_components: int
    freedom: float


#: the model that answers for unseen elements
TIED = Member(n_coordinates=3, n_components=1, freedom=0.3)


class PairGp(ShellScaled):
    """Σ_q k_q(A, A') k_q(B, B') b_q(R, R') + the same with A, B exchanged, on J in units of its rms in each geometry.

    k(A, A') = a_A a_A' exp(−|z_A − z_A'|² / 2) with learned coordinates z_A, whose prior mean is group, period and
    (where released) moment; b = W Wᵀ + diag, a learned covariance of the geometries (a linear model of
    coregionalisation, Álvarez et al. 2012). All are learned by the marginal likelihood of the training part. An
    element all of whose training rows are exactly zero is silent: J = 0. No descriptor: an unseen element is placed
    by its group, period and moment, an unseen geometry takes what all geometries share.

    ``rank`` is that of W (may be 0), ``n_components`` the number of products, ``freedom`` the standard deviation of the
    coordinates about a learned linear map of group, period, moment and group². ``n_members`` models differ in their
    start and their predictions are averaged; one more, whose coordinates are few and tied to the map (``TIED``),
    answers for pairs with an element that training has not seen. A subclass may say more of the geometries by
    ``geometry_kernels``, and has the same hypers beside its own.
    """

    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Rasmussen and Williams (2006); Álvarez, Rosasco, Lawrence, Found. Trends ML 4, 195 (2012)",
        licence="MIT",
        kind="descriptor",
        compressed_species=True,
        spin=True,
    )
    cheap: ClassVar[dict[str, Any]] = {"max_iter": 40}

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, n_coordinates: int = 5, rank: int = 6, n_components: int = 2,
        freedom: float = 1.0, max_iter: int = 150, n_members: int = 1,
    ) -> None:  # fmt: skip
        super().__init__(target=target, seed=seed)
        self.n_coordinates = n_coordinates
        self.rank = rank
        self.n_components = n_components
        self.freedom = freedom
        self.max_iter = max_iter
        self.n_members = n_members

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {
            "n_coordinates": trial.suggest_int("n_coordinates", 3, 6),
            "rank": trial.suggest_int("rank", 3, 8),
            "n_components": trial.suggest_int("n_components", 1, 2),
        }

    def geometry_kernels(self, a: Sequence[End], b: Sequence[End]) -> np.ndarray:
        """(M, n_a, n_b) kernels of geometries whose weights are learned; here one, the part all geometries share."""
        return np.ones((1, len(a), len(b)))

    def learn_scaled(self) -> None:
        self.elements_ = sorted({e for s in self.train_ for e in s.elements[:2]})
        models, x = self._untaught(), self.grid(self.train_, self.elements_, self.ends)
        for model in models:
            model.learn(x, self.scaled, prior(model.parameters), self.max_iter, unit=len(self.train_))
        self.theta_ = pack(tuple(model.parameters for model in models))
        z = models[0].kernel.coordinates(models[0].parameters.components[0])
        self.element_map_ = json.dumps(element_map(self.elements_, z))

    def _untaught(self) -> list[GaussianProcess[PairKernel]]:
        """The members and the tied one where learning starts."""
        models, ends = [], self.ends
        for k, (kernel, member) in enumerate(self._kernels(self.elements_, {}, ends)):
            (n, f), rng, components = kernel.properties.shape, np.random.default_rng(self.seed + k), []
            for q in range(member.n_components):  # the later ones start smaller, so that they differ
                component = Component(
                    chart=CHART * np.eye(f, member.n_coordinates) + 0.05 * rng.normal(size=(f, member.n_coordinates)),
                    offset=(0.1 + 0.2 * (q > 0)) * rng.normal(size=(n, member.n_coordinates)),
                    w=(0.3 if q else 0.7) * rng.normal(size=(len(ends), self.rank)),
                    amplitude=np.full(n, -0.5 * (q > 0)),
                    own=np.full(len(ends), -3.0 - q),
                    shared=np.full(len(kernel.given), -1.0 - q),
                )
                components.append(component)
            models.append(GaussianProcess(kernel, Parameters(-2.0, tuple(components))))
        return models

    def _kernels(
        self, elements: Sequence[str], moments: dict[str, float], ends: dict[str, End]
    ) -> list[tuple[PairKernel, Member]]:
        given = self.geometry_kernels(list(ends.values()), list(ends.values()))
        properties, guessed = self.properties(elements, moments), ~np.isin(elements, self.elements_)
        own = Member(self.n_coordinates, self.n_components, self.freedom)
        members = [*(own for _ in range(self.n_members)), TIED]
        return [(PairKernel(properties, given, member.freedom, guessed), member) for member in members]

    def restore(self) -> None:
        if not self.train_:
            return
        if not hasattr(self, "theta_"):
            self.theta_ = self._theta_of_older_bundles()
        models, x = self._untaught(), self.grid(self.train_, self.elements_, self.ends)
        learned = unpack(self.theta_, tuple(model.parameters for model in models))
        self._models = [
            GaussianProcess(m.kernel, p).condition(x, self.scaled) for m, p in zip(models, learned, strict=True)
        ]

    def _theta_of_older_bundles(self) -> np.ndarray:
        """From attributes such as ``chart_0_``, which held one part of the components of one member."""
        state, members = self.__dict__, []
        for k, noise in enumerate(state.pop("noise_")):
            components = zip(*(state.pop(f"{name}_{k}_") for name in Component._fields), strict=True)
            members.append(Parameters(noise, tuple(Component(*parts) for parts in components)))
        return pack(tuple(members))

    def answer_scaled(self, samples: Sequence[Sample], ends: dict[str, End]) -> tuple[np.ndarray, np.ndarray]:
        new = sorted({e for s in samples for e in s.elements[:2]} - set(self.elements_))
        elements = [*self.elements_, *new]
        kernels = [kernel for kernel, _ in self._kernels(elements, moments_of(samples), ends)]
        strange = np.array([bool(set(s.elements[:2]) & set(new)) for s in samples], dtype=bool)
        mean, std = np.zeros((2, len(samples)))
        for chosen, members in ((~strange, range(self.n_members)), (strange, [self.n_members])):
            if chosen.any():
                x = self.grid([s for s, yes in zip(samples, chosen, strict=True) if yes], elements, ends)
                models = [(self._models[k], kernels[k]) for k in members]
                answers = np.array([
                    m.mean_std(x, kernel, extended(m.parameters, len(elements), len(ends))) for m, kernel in models
                ])  # fmt: skip
                mean[chosen] = answers[:, 0].mean(0)
                std[chosen] = np.sqrt((answers[:, 1] ** 2).mean(0) + answers[:, 0].var(0))
        return mean, std

    def grid(self, samples: Sequence[Sample], elements: Sequence[str], ends: dict[str, End]) -> Grid:
        """Samples as positions among ``elements`` and ``ends``."""
        element = {e: k for k, e in enumerate(elements)}
        pairs = [[element[e] for e in s.elements[:2]] for s in samples]
        return Grid.of(np.hstack([pairs, self.places(samples, ends)]))


def similarity_powers(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(M, n_a, n_b) powers of the similarity of two surroundings, both sites of one with both of the other.

    ``a`` (n_a, 2, f), ``b`` (n_b, 2, f): descriptor of the first and of the second site of each geometry, as read.
    (p_i·p_i')^ζ (p_j·p_j')^ζ of unit vectors, for each ζ in ``EXPONENTS``.
    """
    unit_a, unit_b = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b))
    similarity = np.prod([np.maximum(unit_a[:, k] @ unit_b[:, k].T, 0.0) for k in (0, 1)], axis=0)
    return np.array([similarity**zeta for zeta in EXPONENTS])
