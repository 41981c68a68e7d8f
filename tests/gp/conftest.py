"""One small problem for each kernel whose parameters are learned."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from jijbench.descriptors.alchemical import Sites
from jijbench.gp import coupled_sites, element_pairs
from jijbench.gp.coupled_sites import ZETA, CoupledKernel, Couplings, Dimers
from jijbench.gp.element_pairs import Component, Grid, PairKernel, Parameters
from jijbench.gp.impurities import Impurities, ImpurityKernel, Term
from jijbench.gp.process import Kernel, Prior, pack, unpack

ELEMENTS, GEOMETRIES, KERNELS = 5, 4, 2


class Problem(NamedTuple):
    """A kernel at parameters ``p`` of some size, rows, some of them twice, and values."""

    kernel: Kernel
    p: Any
    prior: Prior
    x: Any
    y: np.ndarray


def of_pairs() -> Problem:
    rng = np.random.default_rng(0)
    roots = rng.normal(size=(KERNELS, GEOMETRIES, 3))
    nobody = np.zeros(ELEMENTS, dtype=bool)
    kernel = PairKernel(rng.normal(size=(ELEMENTS, 3)), roots @ roots.swapaxes(1, 2), 0.7, nobody)

    def component() -> Component:
        return Component(
            0.2 * rng.normal(size=ELEMENTS), rng.normal(size=(3, 4)), rng.normal(size=(ELEMENTS, 4)),
            rng.normal(size=(GEOMETRIES, 2)), rng.normal(size=GEOMETRIES), rng.normal(size=KERNELS),
        )  # fmt: skip

    p = Parameters(-1.0, (component(), component()))
    rows = np.column_stack([rng.integers(ELEMENTS, size=(40, 2)), rng.integers(GEOMETRIES, size=(40, 2))])
    rows = np.vstack([rows, rows[:5]])
    return Problem(kernel, p, element_pairs.prior(p), Grid.of(rows), rng.normal(size=len(rows)))


def of_coupled_sites() -> Problem:
    rng = np.random.default_rng(1)
    n, surroundings, species, features = 30, 4, 3, 6
    blocks = rng.normal(size=(surroundings, species, species, features))
    blocks = blocks + blocks.swapaxes(1, 2)
    kinds = rng.integers(ELEMENTS, size=(n, species))
    first, second = (
        Sites(blocks, rng.integers(4, size=n), kinds),
        Sites(blocks, rng.integers(4, size=n), kinds[:, [1, 0, 2]]),
    )
    x = Dimers((first, second), rng.integers(GEOMETRIES, size=(n, 2)))
    shapes = (), (ELEMENTS, 3), (2, ELEMENTS), (2, GEOMETRIES), (2, len(ZETA))
    prior = coupled_sites.prior(Couplings(*(np.full(shape, 0.1) for shape in shapes)))
    theta = pack(prior.mean) + 0.4 * rng.normal(size=len(pack(prior.mean)))
    return Problem(CoupledKernel(), unpack(theta, prior.mean), prior, x, rng.normal(size=n))


def of_impurities() -> Problem:
    rng, n = np.random.default_rng(2), 40
    terms = (
        Term(0.5, site=False), Term(0.5, element=False, own=True), Term(0.5, own=True),
        Term(0.1, site=False, own=True, weight="w"), Term(0.1, weight="w"),
    )  # fmt: skip
    kernel = ImpurityKernel(terms, scaled=True)
    x = Impurities(
        rng.normal(size=(7, 3)), rng.normal(size=(6, 4)), rng.integers(0, 7, n), rng.integers(0, 6, n),
        {"w": rng.normal(size=n)},
    )  # fmt: skip
    prior = kernel.prior(3, 4)
    theta = pack(prior.mean) + 0.3 * rng.normal(size=len(pack(prior.mean)))
    return Problem(kernel, unpack(theta, prior.mean)._replace(noise=np.array(-1.0)), prior, x, rng.normal(size=(n, 2)))


PROBLEMS = {"pairs": of_pairs, "coupled sites": of_coupled_sites, "impurities": of_impurities}


@pytest.fixture(params=PROBLEMS)
def problem(request):
    return PROBLEMS[request.param]()


@pytest.fixture
def pairs():
    return of_pairs()


@pytest.fixture
def coupled():
    return of_coupled_sites()


@pytest.fixture
def impurities():
    return of_impurities()
