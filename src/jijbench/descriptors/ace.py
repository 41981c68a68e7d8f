"""ACE projections of the impurity sites, computed once a geometry and relabelled for the elements.

B_ν are invariant products of A_μnlm = Σ_j δ(μ, μ_j) R_n(r_j) Y_lm(r_j), sums over the neighbours of a site (Drautz
2019), with functions of their own for every tuple of neighbour species, up to three neighbours. Which element the
centre is decides only to which model its projections go, and renaming a neighbour species only renames the tuples that
hold it: so python-ace computes them for stand-in species, and thousands of dimers on a few geometries cost a few.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from typing import Any, Literal

import numpy as np

from jijbench.cache import cached
from jijbench.data.sample import Geometry, Sample
from jijbench.elements import SYMBOLS, atomic_number

RadialBasis = Literal["ChebExpCos", "ChebPow", "SBessel"]
Key = tuple[int, ...]  # species of the neighbours in a function, ascending: ranks of stand-ins, or atomic numbers
Blocks = dict[Key, np.ndarray]  # (f,) projections of each tuple of species

#: tabulated every 0.01 Å: at 0.001 Å python-ace takes ten times the memory
SPLINE_STEP = 0.01
#: width in Å of the switch to zero before the cutoff
CUTOFF_WIDTH = 0.01


@dataclass(frozen=True)
class AceSettings:
    """Settings of the projections; lengths in Å.

    ``n_max``, ``l_max``: radial functions and degrees for one, two, … neighbours (body order less one).
    ``radial_parameter``: λ of ChebExpCos or the exponent of ChebPow; SBessel has none and ignores it. The radial
    functions are those of python-ace before any fit, R_n = g_n.
    """

    r_cut: float = 12.0
    n_max: tuple[int, ...] = (12, 4)
    l_max: tuple[int, ...] = (0, 3)
    radial_basis: RadialBasis = "ChebExpCos"
    radial_parameter: float = 5.25


@lru_cache(maxsize=1)
def _pyace() -> Any:
    """The module, imported without what it does to the root logger."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        import pyace
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    return pyace


def _stand_ins(n: int) -> list[str]:
    """The centre's species and those of its neighbours, in python-ace's (alphabetical) order."""
    return sorted(SYMBOLS)[: n + 1]


@lru_cache(maxsize=32)
def _basis(n: int, settings: AceSettings) -> Any:
    """Basis set of python-ace for a centre among ``n`` neighbour species."""
    centre, *others = names = _stand_ins(n)
    functions = {"nradmax_by_orders": list(settings.n_max), "lmax_by_orders": list(settings.l_max)}
    most = min(len(settings.n_max), n)
    mixed = [(centre, *some) for k in range(2, most + 1) for some in combinations(others, k)]
    bond = {"radbase": settings.radial_basis, "radparameters": [settings.radial_parameter], "rcut": settings.r_cut}
    return _pyace().ACEBBasisSet(_pyace().create_multispecies_basis_config({
        "deltaSplineBins": SPLINE_STEP,
        "elements": names,
        "embeddings": {"ALL": {"npot": "FinnisSinclairShiftedScaled", "fs_parameters": [1, 1], "ndensity": 1}},
        "bonds": {"ALL": {**bond, "dcut": CUTOFF_WIDTH, "NameOfCutoffFunction": "cos"}},
        "functions": {"UNARY": functions, "BINARY": functions} | dict.fromkeys(mixed, functions),
    }))  # fmt: skip


def _blocks(ranks: np.ndarray, positions: np.ndarray, site: int, settings: AceSettings) -> Blocks:
    """Projections of ``site`` by ranks of the neighbours' species; ``ranks`` (n,) is −1 at the site itself."""
    found = _arrays(ranks, positions, site, settings)
    return {tuple(map(int, key.split())): values for key, values in found.items()}


@cached("python-ace")
def _arrays(ranks: np.ndarray, positions: np.ndarray, site: int, settings: AceSettings) -> dict[str, np.ndarray]:
    """As ``_blocks``, ranks written as ``0 1``."""
    n = int(ranks.max()) + 1
    basis, names = _basis(n, settings), np.array(_stand_ins(n))[ranks + 1]
    found = _by_species(basis, _projections(basis, names, positions, site))
    return {" ".join(map(str, key)): values for key, values in found.items()}


def _projections(basis: Any, names: Sequence[str], positions: np.ndarray, site: int) -> np.ndarray:
    """(f,) projections of one atom in python-ace's order."""
    from ase import Atoms

    evaluator = _pyace().ACEBEvaluator(basis)  # the calculator does not keep it alive: without a name, a crash
    calculator = _pyace().ACECalculator(evaluator)
    environment = _pyace().aseatoms_to_atomicenvironment(
        Atoms(list(names), positions), cutoff=basis.cutoffmax, elements_mapper_dict=basis.elements_to_index_map
    )
    calculator.compute(environment, compute_projections=True)
    return np.array(calculator.projections[site])


def _by_species(basis: Any, projections: np.ndarray) -> Blocks:
    """Blocks in an order of functions that does not depend on the species' names; none with the centre's stand-in."""
    functions = [*basis.basis_rank1[0], *basis.basis[0]]
    found: dict[Key, list[tuple]] = {}
    for f, value in zip(functions, projections, strict=True):
        factors = sorted((mu - 1, n, degree) for mu, n, degree in zip(f.mus, f.ns, f.ls, strict=True))
        found.setdefault(tuple(mu for mu, _, _ in factors), []).append((factors, list(f.LS), value))
    return {key: np.array([v for *_, v in sorted(rows)]) for key, rows in found.items() if key[0] >= 0}


def _ranks(geometry: Geometry, side: int, impurities: Sequence[int]) -> tuple[list[int], np.ndarray]:
    """Atomic numbers of the species around site i (``side`` 0) or j (1), ascending, and each atom's place among them.

    ``impurities``: atomic number at each of ``geometry.sites``; that of the site itself changes nothing.
    """
    site, numbers = geometry.sites[side], geometry.numbers.copy()
    numbers[list(geometry.sites)] = impurities
    species = np.unique(np.delete(numbers, site))
    ranks = np.searchsorted(species, numbers)
    ranks[site] = -1
    return species.tolist(), ranks


def _named(species: Sequence[int], blocks: Blocks) -> Blocks:
    return {tuple(species[k] for k in key): values for key, values in blocks.items()}


def blind_blocks(geometry: Geometry, settings: AceSettings) -> list[Blocks]:
    """Projections of sites i and j in which all impurities are one species, number 0, whatever their element."""
    found = []
    for side in (0, 1):
        species, ranks = _ranks(geometry, side, [0] * len(geometry.sites))
        found.append(_named(species, _blocks(ranks, geometry.positions, geometry.sites[side], settings)))
    return found


@dataclass(frozen=True)
class Sites:
    """Projections of the two sites of the pair of many samples.

    ``centres`` (n, 2) atomic numbers at the sites; ``place`` (n, 2) which of the ``size`` distinct surroundings each
    has; ``rows[key]`` the surroundings that have the block ``key`` and ``values[key]`` (rows, f) what it is there.
    """

    centres: np.ndarray
    place: np.ndarray
    size: int
    rows: dict[Key, np.ndarray]
    values: dict[Key, np.ndarray]

    def gram(self, other: "Sites") -> np.ndarray:
        """(size, size') Σ_ν B_ν B_ν' of distinct surroundings; species that only one of them has add nothing."""
        gram = np.zeros((self.size, other.size))
        for key in self.rows.keys() & other.rows.keys():
            gram[np.ix_(self.rows[key], other.rows[key])] += self.values[key] @ other.values[key].T
        return gram


@dataclass
class _Table:
    """Distinct surroundings, collected while samples are read; those in ``computed`` differ by more than names."""

    settings: AceSettings
    surroundings: list[Blocks] = field(default_factory=list)
    known: dict[tuple, int] = field(default_factory=dict)
    computed: dict[tuple, Blocks] = field(default_factory=dict)

    def place(self, sample: Sample, side: int) -> int:
        """Position of the surroundings of one site."""
        geometry = sample.geometry
        name = (id(geometry), side, *(e for k, e in enumerate(sample.elements) if k != side))
        if name not in self.known:
            self.known[name] = len(self.surroundings)
            species, ranks = _ranks(geometry, side, [atomic_number(e) for e in sample.elements])
            same = (id(geometry), side, ranks.tobytes())
            if same not in self.computed:
                self.computed[same] = _blocks(ranks, geometry.positions, geometry.sites[side], self.settings)
            self.surroundings.append(_named(species, self.computed[same]))
        return self.known[name]


def sites(samples: Sequence[Sample], settings: AceSettings) -> Sites:
    """Projections of site i and of site j of every sample."""
    table = _Table(settings)
    centres = np.array([[atomic_number(e) for e in sample.elements[:2]] for sample in samples])
    place = np.array([[table.place(sample, side) for side in (0, 1)] for sample in samples])
    return Sites(centres, place, len(table.surroundings), *_gather(table.surroundings))


def _gather(surroundings: Sequence[Blocks]) -> tuple[dict[Key, np.ndarray], dict[Key, np.ndarray]]:
    rows: dict[Key, list[int]] = {}
    for row, blocks in enumerate(surroundings):
        for key in blocks:
            rows.setdefault(key, []).append(row)
    values = {key: np.array([surroundings[row][key] for row in found]) for key, found in rows.items()}
    return {key: np.array(found) for key, found in rows.items()}, values
