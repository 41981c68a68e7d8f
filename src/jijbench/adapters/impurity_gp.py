"""Gaussian process on impurity element and host, taught that a host atom is an impurity whose potential is known."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Literal, Self

import numpy as np
import scipy.linalg
from scipy.interpolate import CubicSpline

from jijbench.adapters._curves import host_element
from jijbench.adapters._field import FieldRegressor
from jijbench.adapters._host_gp import JITTER, HostKernel, Pairs, Term, groups_of
from jijbench.adapters._window import Window, best_cut, learned
from jijbench.adapters.base import AdapterInfo, Folds
from jijbench.data.sample import Sample
from jijbench.data.task import Question
from jijbench.descriptors.levels import s_level
from jijbench.elements import atomic_number, group, period
from jijbench.targets import JIJ, Target
from jijbench.targets.mesh import relative_mesh
from jijbench.units import BOHR_ANGSTROM

#: what brings properties to order one: period, d and s+p electrons; of sites also ln r_ws, neighbours, Fermi energy, r
SCALE = np.array([1.2, 4.5, 2.0, 0.2, 1.0, 0.23, 0.1])
#: where among the properties of a site the host's Fermi energy stands
FERMI = 5
BASE = (Term(0.5, site=False), Term(0.5, element=False), Term(0.5, own=True))
LOST = Term(0.5, site=False, own=True, weight="lost")
#: what the boundary of the cell says: the same for all elements at a site, and for like elements at like sites
EXCESS = (Term(0.1, element=False, own=True, weight="excess"), Term(0.1, weight="excess"))
IMPURITY_TERMS = (*BASE, Term(0.05, length=0.7), LOST, *EXCESS)
NEIGHBOUR_TERMS = (*BASE, *EXCESS)
#: element or host → potential (349,) in Ry on its mesh, and the radius in Bohr where that ends
Potentials = dict[str, tuple[np.ndarray, float]]


class ImpurityGp(FieldRegressor):
    """Coefficients of the curve as Gaussian processes (see ``HostKernel``) of element and site.

    Properties of the element: period, number of d and of s and p electrons outside the core. Of the site: the same of
    the host, ln r_ws, number of neighbours, the host's Fermi energy, for a neighbour its distance.

    A host atom in its own host is an impurity for which nothing has to be computed: its potential is V_host, and its
    atomic start is the one that the same element has as an impurity elsewhere, since V_start(r) does not depend on the
    host. So C(H, H) = V_host − V_atom(H) is known for every host whose element occurs as an impurity, also for a host
    that training lacks (V_host is among the inputs) and for an impurity that training lacks and has as a host. For a
    neighbour's potential the same says that the change is zero. Each sample is conditioned on the curve of its own host
    and its own element, so no answer depends on what else is asked.

    Rows have two weights beside: whether the impurity has lost its s electrons below the energy window (``_window``),
    for ``dv`` only, and the atom's excess potential at the boundary of the cell (``excesses``), in which the kernel is
    linear. The kernel of neighbours has an amplitude that depends on the site.

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
        self.atom_names_, self.atom_potentials_, self.atom_radii_ = unzipped(atoms)
        self.host_names_, self.host_potentials_, self.host_radii_ = unzipped(hosts)
        return super().fit(samples, curves + self._start(samples) if self._turns(samples) else curves, folds)

    @property
    def _atoms(self) -> Potentials:
        return dict(zip(self.atom_names_, zip(self.atom_potentials_, self.atom_radii_, strict=True), strict=True))

    @property
    def _hosts(self) -> Potentials:
        return dict(zip(self.host_names_, zip(self.host_potentials_, self.host_radii_, strict=True), strict=True))

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        curves = super().predict(samples)
        return curves - self._start(samples) if self._turns(samples) else curves

    def _turns(self, samples: Sequence[Sample]) -> bool:
        """Whether curves are changes that the start has to be taken off of."""
        return self.predicts == "change" and len(samples[0].elements) == 1

    def _start(self, samples: Sequence[Sample]) -> np.ndarray:
        return np.array([sample.inputs["start"] for sample in samples])

    @property
    def _terms(self) -> tuple[Term, ...]:
        return NEIGHBOUR_TERMS if self.target.of_neighbour else IMPURITY_TERMS

    def _kernel(self, pairs: Pairs, terms: Sequence[Term] | None = None) -> HostKernel:
        size = pairs.elements.shape[1], pairs.sites.shape[1]
        return HostKernel(self._terms if terms is None else terms, *size, scaled=self._terms is NEIGHBOUR_TERMS)

    def learn_coefficients(self, samples: Sequence[Sample], c: np.ndarray, folds: Folds) -> None:
        self.sites_ = {site_name(s): site_properties(s) for s in samples}
        known = self._known(self.sites_, self._atoms, self._hosts)
        self.names_ = [[s.elements[0], site_name(s)] for s in samples] + [[host_of(site), site] for site in known]
        c = np.concatenate([c, self._coefficients_of(known)])
        self.centre_, self.spread_ = c.mean(0), np.maximum(c.std(0), 1e-300)
        self.y_ = (c - self.centre_) / self.spread_
        pairs = pairs_of(self.names_, self.sites_)
        excess = excesses(self.names_, self._atoms, self._hosts)
        self.unit_ = max(float(excess.std()), 1e-300)
        pairs.weights.update(excess=excess / self.unit_, lost=self._learn_window(pairs, c))
        kernel = self._kernel(pairs)
        self.theta_ = np.array([kernel.optimum(pairs, self.y_[:, g], self.max_iter) for g in groups_of(c.shape[1])])

    def _learn_window(self, pairs: Pairs, c: np.ndarray) -> np.ndarray:
        """(n,) which rows of training have lost their s electrons, by the likelihood of a kernel without and with."""
        self.levels_ = levels_of({e for e, _ in self.names_}, self._atoms)
        if LOST not in self._terms:
            self.lost_, self.odds_, self.element_odds_ = np.zeros(len(c)), [-50.0, 0.0], {}
            return self.lost_
        u, y = self._u(self.names_, self.sites_, self.levels_), ((c - self.centre_) / self.spread_[0])[:, :3]
        plain, both = self._kernel(pairs, BASE), self._kernel(pairs, (*BASE, LOST))
        theta = plain.optimum(pairs, y, self.max_iter)
        noise = plain.parts[-2]
        # elements are as alike in what the loss does as in the product of element and site, which is the last term
        jump = np.concatenate([theta[plain.parts[6]] + np.log(3.0), theta[plain.parts[7]]])
        theta = np.concatenate([theta[: noise.start], jump, theta[noise]])

        def misfit(lost: np.ndarray) -> float:
            pairs.weights["lost"] = lost
            return both.misfit(theta, pairs, y)

        self.lost_ = best_cut(u, misfit)
        window = learned(u, [e for e, _ in self.names_], self.lost_)
        self.odds_, self.element_odds_ = [window.bias, window.slope], window.elements
        return self.lost_

    @staticmethod
    def _u(names: Sequence[Sequence[str]], sites: dict[str, list[float]], levels: dict[str, float]) -> np.ndarray:
        """(n,) Ry, the host's Fermi energy and the s level of the atom."""
        return np.array([sites[site][FERMI] + levels[e] for e, site in names])

    def _known(self, sites: Iterable[str], atoms: Potentials, hosts: Potentials) -> dict[str, np.ndarray]:
        """Curve of the host's own atom at each of ``sites`` for which it is known."""
        found = {}
        for site in sites:
            host = host_of(site)
            if host not in atoms:
                continue
            if site != host or self.predicts == "change":
                found[site] = np.zeros(self.basis_.shape[1])
            else:
                potential, radius = hosts[host]
                found[site] = potential - atom_potential(host, *atoms[host], relative_mesh() * radius)
        return found

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
        sites = self.sites_ | {site_name(s): site_properties(s) for s in asked}
        own = [site for site in sites if host_of(site) in (asked[0].elements[0], host_element(asked[0]))]
        more = {
            site: curve
            for site, curve in self._known(own, atoms | self._atoms, hosts | self._hosts).items()
            if [host_of(site), site] not in self.names_
        }
        y = np.concatenate([self.y_, (self._coefficients_of(more) - self.centre_) / self.spread_])
        names = [
            *self.names_,
            *([host_of(site), site] for site in more),
            *([s.elements[0], site_name(s)] for s in asked),
        ]
        pairs = pairs_of(names, sites)
        pairs.weights["excess"] = excesses(names, atoms | self._atoms, hosts | self._hosts) / self.unit_
        pairs.weights["lost"] = self._lost(names, sites, atoms | self._atoms)
        return self._posterior(pairs, y) * self.spread_ + self.centre_

    def _lost(self, names: Sequence[Sequence[str]], sites: dict[str, list[float]], atoms: Potentials) -> np.ndarray:
        """(n,) 0 or 1 of the rows of training, behind them the probability that the s electrons are lost."""
        if LOST not in self._terms:
            return np.concatenate([self.lost_, np.zeros(len(names) - len(self.lost_))])
        rest = names[len(self.lost_) :]
        levels = levels_of({e for e, _ in rest} - set(self.levels_), atoms) | self.levels_
        u = self._u(rest, sites, levels)
        return np.concatenate(
            [self.lost_, Window(self.odds_[0], self.odds_[1], self.element_odds_).probability(u, [e for e, _ in rest])]
        )

    def _posterior(self, pairs: Pairs, y: np.ndarray) -> np.ndarray:
        """Mean of the rows of ``pairs`` behind the first len(y), in units of the spread."""
        train, asked = np.arange(len(y)), np.arange(len(y), len(pairs.element))
        kernel = self._kernel(pairs)
        mean = np.zeros((len(asked), y.shape[1]))
        for theta, part in zip(self.theta_, groups_of(y.shape[1]), strict=True):
            K = kernel(theta, pairs, train, train)
            K[train, train] += kernel.noise(theta) + JITTER
            alpha = scipy.linalg.solve(K, y[:, part], assume_a="pos", overwrite_a=True, check_finite=False)
            mean[:, part] = kernel(theta, pairs, asked, train) @ alpha
        return mean


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


def site_properties(sample: Sample) -> list[float]:
    """Period, d and s+p electrons of the host, ln r_ws (Bohr), near neighbours, Fermi energy (Ry), distance / r_ws."""
    radius, fermi = sample.inputs["host_state"]
    gaps = np.linalg.norm(sample.positions - sample.positions[sample.impurities[0]], axis=1)
    nearest = np.sort(gaps)[1]
    near = int(np.sum(gaps < 1.2 * nearest)) - 1
    far = sample.distance / BOHR_ANGSTROM / radius
    return [*electrons(host_element(sample)), float(np.log(radius)), float(near), float(fermi), float(far)]


def pairs_of(names: Sequence[Sequence[str]], sites: dict[str, list[float]]) -> Pairs:
    """Rows (element, site) with the tables of all elements and sites that they name, properties scaled."""
    elements, places = sorted({e for e, _ in names}), sorted({site for _, site in names})
    return Pairs(
        np.array([electrons(e) for e in elements]) / SCALE[:3],
        np.array([sites[site] for site in places]) / SCALE,
        np.array([elements.index(e) for e, _ in names]),
        np.array([places.index(site) for _, site in names]),
    )


def potentials_of(samples: Sequence[Sample]) -> tuple[Potentials, Potentials]:
    """Atomic potentials V_start of the impurities (each from its largest cell), and V_host of the hosts."""
    atoms, hosts = {}, {}
    for sample in sorted(samples, key=lambda sample: float(sample.inputs["host_state"][0])):
        host, radius = sample.inputs["host_potential"], float(sample.inputs["host_state"][0])
        hosts[host_element(sample)] = host, radius
        atoms[sample.elements[0]] = sample.inputs["start"] + host, radius
    return atoms, hosts


def excesses(names: Sequence[Sequence[str]], atoms: Potentials, hosts: Potentials) -> np.ndarray:
    """(n,) Ry at the boundary of the host's cell: the atom's whole potential less the host's.

    It grows with the charge of the atom that its neighbours have to take up or give.
    """
    found = []
    for element, site in names:
        (potential, radius), host = hosts[host_of(site)], host_of(site)
        atom = atom_potential(element, *atoms[element], np.array([radius]))[0]
        found.append(atom - potential[-1] - 2.0 * (atomic_number(element) - atomic_number(host)) / radius)
    return np.array(found)


def levels_of(elements: Iterable[str], atoms: Potentials) -> dict[str, float]:
    """Ry, the valence s level of the atoms of groups 13 to 18; others are bound too weakly to be lost: zero."""
    return {e: _level(e, *atoms[e]) if group(e) > 12 else 0.0 for e in sorted(elements)}


def _level(element: str, potential: np.ndarray, radius: float) -> float:
    z = atomic_number(element)
    return s_level(z, period(element), lambda r: atom_potential(element, potential, radius, r) - 2.0 * z / r)


def unzipped(potentials: Potentials) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names, potentials (n, 349) and radii (n,)."""
    curves, radii = zip(*potentials.values(), strict=True)
    return list(potentials), np.array(curves), np.array(radii)


def atom_potential(element: str, potential: np.ndarray, radius: float, r: np.ndarray) -> np.ndarray:
    """(k,) Ry, the potential of an atom at ``r`` (Bohr); beyond ``radius`` V − 2Z/r goes on as an exponential."""
    z, known = atomic_number(element), relative_mesh() * radius
    found = np.asarray(CubicSpline(known, potential)(r))
    far = r > radius
    if far.any():
        total = potential[[-6, -1]] - 2 * z / known[[-6, -1]]
        fall = np.log(total[0] / total[1]) / (known[-1] - known[-6]) if total[0] < total[1] < 0 else 1.0
        found[far] = total[1] * np.exp(-fall * (r[far] - radius)) + 2 * z / r[far]
    return found
