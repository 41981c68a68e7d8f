"""Gaussian process on impurity element and host, taught that a host atom is an impurity whose potential is known."""

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Literal, NamedTuple, Self

import numpy as np

from jijbench.adapters.base import AdapterInfo, Folds
from jijbench.adapters.field_regressor import FieldRegressor
from jijbench.data.potentials.lost_s_states import Odds, best_cut, learn_odds
from jijbench.data.potentials.start import (
    Spherical,
    atom_potential,
    excess,
    host_element,
    potentials_of,
    s_levels,
)
from jijbench.data.sample import Sample
from jijbench.data.task import Question
from jijbench.elements import group, period
from jijbench.gp.impurities import Impurities, ImpurityKernel, Parameters, Term, TermParameters
from jijbench.gp.process import GaussianProcess, Posterior, Prior, pack, unpack
from jijbench.targets import JIJ, Target
from jijbench.targets.mesh import relative_mesh
from jijbench.units import BOHR_ANGSTROM

BASE = (Term(0.5, site=False), Term(0.5, element=False), Term(0.5, own=True))
LOST = Term(0.5, site=False, own=True, weight="lost")
#: what the boundary of the cell says: the same for all elements at a site, and for like elements at like sites
EXCESS = (Term(0.1, element=False, own=True, weight="excess"), Term(0.1, weight="excess"))
IMPURITY_TERMS = (*BASE, Term(0.05, length=0.7), LOST, *EXCESS)
NEIGHBOUR_TERMS = (*BASE, *EXCESS)
#: (element, site) of each row
Names = Sequence[Sequence[str]]
Potentials = dict[str, Spherical]


class Site(NamedTuple):
    """What a site is to the kernel: of the host period, d and s+p electrons, and Fermi energy; near neighbours."""

    period: float
    d_electrons: float
    sp_electrons: float
    log_radius: float  # Bohr
    neighbours: float
    fermi: float  # Ry
    distance: float  # of a neighbour, in units of the radius


#: what brings the properties to order one
SITE_SCALE = Site(1.2, 4.5, 2.0, 0.2, 1.0, 0.23, 0.1)
ELEMENT_SCALE = SITE_SCALE[:3]


class ImpurityGp(FieldRegressor):
    """Coefficients of the curve as Gaussian processes (see ``ImpurityKernel``) of element and site.

    Properties of the element: period, number of d and of s and p electrons outside the core. Of the site: the same of
    the host, ln r_ws, number of neighbours, the host's Fermi energy, for a neighbour its distance.

    A host atom in its own host is an impurity for which nothing has to be computed: its potential is V_host, and its
    atomic start is the one that the same element has as an impurity elsewhere, since V_start(r) does not depend on the
    host. So C(H, H) = V_host − V_atom(H) is known for every host whose element occurs as an impurity, also for a host
    that training lacks (V_host is among the inputs) and for an impurity that training lacks and has as a host. For a
    neighbour's potential the same says that the change is zero. Each sample is conditioned on the curve of its own host
    and its own element, so no answer depends on what else is asked.

    Rows have two weights beside: whether the impurity has lost its s electrons below the energy window
    (``data.potentials.lost_s_states``), not for neighbours, and the atom's excess potential at the boundary of the
    cell, in which the kernel is linear. The kernel of neighbours has an amplitude that depends on the site.

    ``predicts = 'change'``: V − V_host instead of C, from which V_start − V_host is then taken off.
    """

    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Rasmussen, Williams, Gaussian Processes for Machine Learning (2006); this suite",
        licence="MIT",
        kind="composition",
    )
    cheap: ClassVar[dict[str, int]] = {"max_iter": 8}

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, basis_error: float = 0.003, max_iter: int = 60,
        predicts: Literal["correction", "change"] = "correction",
    ) -> None:  # fmt: skip
        super().__init__(target=target, seed=seed, basis_error=basis_error)
        self.max_iter = max_iter
        self.predicts = predicts

    @classmethod
    def refuses(cls, question: Question) -> str | None:
        if question.inputs != "structure+start":
            return f"ImpurityGp needs the inputs structure+start, not {question.inputs}"
        return super().refuses(question)

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        curves = np.asarray(y, dtype=float)
        atoms, hosts = potentials_of(samples)
        self.atom_names_, self.atom_potentials_, self.atom_radii_ = _unzipped(atoms)
        self.host_names_, self.host_potentials_, self.host_radii_ = _unzipped(hosts)
        return super().fit(samples, curves + self._start(samples), folds)

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        return super().predict(samples) - self._start(samples)

    def _start(self, samples: Sequence[Sample]) -> np.ndarray | float:
        """What the curve that is learned has more than the one that is asked for."""
        if self.predicts == "correction" or len(samples[0].elements) > 1:
            return 0.0
        return np.array([sample.inputs["start"] for sample in samples])

    @property
    def atoms(self) -> Potentials:
        """Start potentials of the impurities of training."""
        return dict(zip(self.atom_names_, map(Spherical, self.atom_potentials_, self.atom_radii_), strict=True))

    @property
    def hosts(self) -> Potentials:
        """Potentials of the hosts of training."""
        return dict(zip(self.host_names_, map(Spherical, self.host_potentials_, self.host_radii_), strict=True))

    def _kernel(self) -> ImpurityKernel:
        neighbours = any(site != host_of(site) for site in self.sites_)
        return ImpurityKernel(NEIGHBOUR_TERMS if neighbours else IMPURITY_TERMS, scaled=neighbours)

    def learn_coefficients(self, samples: Sequence[Sample], c: np.ndarray, folds: Folds) -> None:
        self.sites_ = {site_name(s): list(site_of(s)) for s in samples}
        known = self.known(self.sites_, self.atoms, self.hosts)
        self.names_ = [[s.elements[0], site_name(s)] for s in samples] + [[host_of(site), site] for site in known]
        c = np.concatenate([c, self._coefficients_of(known)])
        self.centre_, self.spread_ = c.mean(0), np.maximum(c.std(0), 1e-300)
        self.y_ = (c - self.centre_) / self.spread_
        x = rows_of(self.names_, self.sites_)
        excesses = excesses_of(self.names_, self.atoms, self.hosts)
        self.unit_ = max(float(excesses.std()), 1e-300)
        self.levels_ = s_levels({e for e, _ in self.names_}, self.atoms)
        self.lost_, odds = np.zeros(len(c)), Odds(-50.0, 0.0, {})
        if LOST in self._kernel().terms:
            u = fermi_plus_level(self.names_, self.sites_, self.levels_)
            self.lost_ = best_cut(u, self._misfit_of_lost(x, ((c - self.centre_) / self.spread_[0])[:, :3]))
            odds = learn_odds(u, [e for e, _ in self.names_], self.lost_)
        self.odds_, self.element_odds_ = [odds.bias, odds.slope], odds.elements
        x.weights.update(excess=excesses / self.unit_, lost=self.lost_)
        self.theta_ = np.array([
            pack(_learned(self._kernel(), x, self.y_[:, part], self.max_iter)) for part in groups_of(c.shape[1])
        ])  # fmt: skip

    def _misfit_of_lost(self, x: Impurities, y: np.ndarray) -> Callable[[np.ndarray], float]:
        """How unlikely the curves are if these rows have lost their s electrons: a kernel with what the loss does.

        Elements are as alike in that as in the product of element and site, the last term of the kernel without it.
        """
        p, both = _learned(ImpurityKernel(BASE), x, y, self.max_iter), ImpurityKernel((*BASE, LOST))
        product = p.terms[-1]
        jump = TermParameters(product.amplitude + np.log(3.0), product.element, ())
        p = p._replace(terms=(*p.terms, jump))

        def misfit(lost: np.ndarray) -> float:
            x.weights["lost"] = lost
            return Posterior(both(p, x, x), both.noise(p), y).misfit()

        return misfit

    def known(self, sites: Iterable[str], atoms: Potentials, hosts: Potentials) -> dict[str, np.ndarray]:
        """Curve of the host's own atom at each of ``sites`` for which it is known."""
        curves = {}
        for site in sites:
            host = host_of(site)
            if host not in atoms:
                continue
            if site != host or self.predicts == "change":
                curves[site] = np.zeros(self.basis_.shape[1])
            else:
                mesh = relative_mesh() * hosts[host].radius
                curves[site] = hosts[host].values - atom_potential(host, atoms[host], mesh)
        return curves

    def _coefficients_of(self, known: dict[str, np.ndarray]) -> np.ndarray:
        return self.coefficients(np.array(list(known.values())).reshape(-1, self.basis_.shape[1]))

    def answer_coefficients(self, samples: Sequence[Sample]) -> np.ndarray:
        """Samples of one element in one host, which make the same curves known, are answered together."""
        parts: dict[tuple[str, str], list[int]] = {}
        for k, sample in enumerate(samples):
            parts.setdefault((sample.elements[0], host_element(sample)), []).append(k)
        answer = np.zeros((len(samples), self.y_.shape[1]))
        for rows in parts.values():
            answer[rows] = self._answer([samples[k] for k in rows])
        return answer

    def _answer(self, asked: Sequence[Sample]) -> np.ndarray:
        """(n, m) for samples of one element in one host, conditioned also on what their own inputs make known."""
        atoms, hosts = potentials_of(asked)
        atoms, hosts = atoms | self.atoms, hosts | self.hosts
        sites = self.sites_ | {site_name(s): list(site_of(s)) for s in asked}
        own = [site for site in sites if host_of(site) in (asked[0].elements[0], host_element(asked[0]))]
        known = self.known(own, atoms, hosts)
        more = {site: curve for site, curve in known.items() if [host_of(site), site] not in self.names_}
        y = np.concatenate([self.y_, (self._coefficients_of(more) - self.centre_) / self.spread_])
        behind = [*([host_of(site), site] for site in more), *([s.elements[0], site_name(s)] for s in asked)]
        names = [*self.names_, *behind]
        x = rows_of(names, sites)
        lost = np.concatenate([self.lost_, self._lost(behind, sites, atoms)])
        x.weights.update(excess=excesses_of(names, atoms, hosts) / self.unit_, lost=lost)
        return self._mean(x, y) * self.spread_ + self.centre_

    def _lost(self, names: Names, sites: dict[str, list[float]], atoms: Potentials) -> np.ndarray:
        """(n,) the probability that the s electrons are lost."""
        levels = s_levels({e for e, _ in names} - set(self.levels_), atoms) | self.levels_
        odds = Odds(self.odds_[0], self.odds_[1], self.element_odds_)
        return odds.probability(fermi_plus_level(names, sites, levels), [e for e, _ in names])

    def _mean(self, x: Impurities, y: np.ndarray) -> np.ndarray:
        """Of the rows of ``x`` behind the first len(y), in units of the spread."""
        kernel, n = self._kernel(), len(y)
        mean = np.zeros((len(x.element) - n, y.shape[1]))
        for theta, part in zip(self.theta_, groups_of(y.shape[1]), strict=True):
            model = GaussianProcess(kernel, unpack(theta, _prior(kernel, x).mean))
            mean[:, part] = model.condition(x[:n], y[:, part]).mean(x[n:])
        return mean


def _prior(kernel: ImpurityKernel, x: Impurities) -> Prior:
    return kernel.prior(x.elements.shape[1], x.sites.shape[1])


def _learned(kernel: ImpurityKernel, x: Impurities, y: np.ndarray, max_iter: int) -> Parameters:
    prior = _prior(kernel, x)
    return GaussianProcess(kernel, prior.mean).learn(x, y, prior, max_iter).parameters


def groups_of(m: int) -> list[slice]:
    """Which of m coefficients share their parameters: the two leading ones have their own, the small ones share."""
    return [slice(k, k + 1) for k in range(min(m, 2))] + ([slice(2, m)] if m > 2 else [])


def site_name(sample: Sample) -> str:
    """The host, and for a neighbour's curve its distance in Å: what a curve depends on beside the impurity."""
    host = host_element(sample)
    return host if len(sample.elements) == 1 else f"{host} {sample.distance:.3f}"


def host_of(site: str) -> str:
    """Element of the host of a site."""
    return site.partition(" ")[0]


def electrons(element: str) -> tuple[int, int, int]:
    """Period, and numbers of d and of s and p electrons outside the core, by the group of the periodic table."""
    row, column = period(element), group(element)
    if column <= 2:
        return row, 0, column
    if column <= 12:
        return row, column - 2, 2
    return row, 10 if row > 3 else 0, column - 10


def site_of(sample: Sample) -> Site:
    """The site whose curve is asked for; near neighbours of the impurity are within 1.2 of the nearest distance."""
    radius, fermi = sample.inputs["host_state"]
    gaps = np.linalg.norm(sample.positions - sample.positions[sample.impurities[0]], axis=1)
    near = int(np.sum(gaps < 1.2 * np.sort(gaps)[1])) - 1
    distance = sample.distance / BOHR_ANGSTROM / radius
    return Site(*electrons(host_element(sample)), float(np.log(radius)), float(near), float(fermi), float(distance))


def rows_of(names: Names, sites: dict[str, list[float]]) -> Impurities:
    """Rows (element, site) with the tables of all elements and sites that they name, properties scaled."""
    elements, places = sorted({e for e, _ in names}), sorted({site for _, site in names})
    return Impurities(
        np.array([electrons(e) for e in elements]) / ELEMENT_SCALE,
        np.array([sites[site] for site in places]) / SITE_SCALE,
        np.array([elements.index(e) for e, _ in names]),
        np.array([places.index(site) for _, site in names]),
    )


def excesses_of(names: Names, atoms: Potentials, hosts: Potentials) -> np.ndarray:
    """(n,) Ry, the excess of each row's atom at the boundary of its host's cell."""
    return np.array([excess(e, atoms[e], host_of(site), hosts[host_of(site)]) for e, site in names])


def fermi_plus_level(names: Names, sites: dict[str, list[float]], levels: dict[str, float]) -> np.ndarray:
    """(n,) Ry, the host's Fermi energy and the s level of the atom."""
    return np.array([Site(*sites[site]).fermi + levels[e] for e, site in names])


def _unzipped(potentials: Potentials) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names, potentials (n, 349) and radii (n,)."""
    curves, radii = zip(*potentials.values(), strict=True)
    return list(potentials), np.array(curves), np.array(radii)
