"""Coupled spectra: what they are in terms of the full ones, their gradient, and the fixed couplings."""

import dataclasses
import itertools

import numpy as np
import pytest

from jijbench.data.sample import Geometry, Sample
from jijbench.descriptors.alchemical import (
    ELECTRONEGATIVITY,
    elements_of,
    gaussian,
    kappa,
    low_rank,
    properties,
    sites_of,
    unit,
)
from jijbench.descriptors.soap import SoapSettings, site_spectra
from jijbench.errors import UnknownElement

D_METALS = [
    "Sc",
    "Ti",
    "V",
    "Cr",
    "Mn",
    "Fe",
    "Co",
    "Ni",
    "Cu",
    "Zn",
    "Nb",
    "Mo",
    "Tc",
    "Ru",
    "Ta",
    "W",
    "Ir",
    "Bi",
    "Te",
]
SETTINGS = SoapSettings(r_cut=6.0, n_max=3, l_max=2, sigma=0.5)


@pytest.fixture(scope="module")
def samples(dimers) -> list[Sample]:
    """Dimers on three geometries, some with an element of the host or with two equal ones."""
    pytest.importorskip("dscribe", reason="SOAP needs the extra 'dscribe'")
    geometries = {s.geometry.id: s.geometry for s in dimers.samples}
    pairs = [("Cr", "Mn"), ("Mn", "Cr"), ("Fe", "Fe"), ("Te", "Bi"), ("Cr", "Te")]
    return [Sample(f"{a}{b}{g}", geometries[g], (a, b), "o") for g in ("s01", "s06a", "s02") for a, b in pairs]


@pytest.fixture(scope="module")
def other_host(samples) -> Sample:
    """A dimer in a host of one element."""
    g = samples[0].geometry
    numbers = np.where(np.isin(np.arange(len(g.numbers)), g.sites), 83, 47)
    return Sample("x", Geometry("x", "Ag", numbers, g.positions, g.sites, g.sublattices, g.cell), ("Cr", "Mn"), "o")


@pytest.fixture(scope="module")
def trimer(samples) -> Sample:
    g = samples[0].geometry
    third = int(np.flatnonzero((g.numbers == 83) & ~np.isin(np.arange(len(g.numbers)), g.sites))[0])
    geometry = Geometry("t", g.host, g.numbers, g.positions, (*g.sites, third), (*g.sublattices, "Bi1"), g.cell)
    return Sample("t", geometry, ("Cr", "Mn", "Fe"), "t")


def test_uncoupled_spectra_are_the_full_ones(samples, other_host, trimer):
    together = [*samples, other_host, trimer]
    elements = elements_of(together)
    assert elements == ["Ag", "Bi", "Cr", "Fe", "Mn", "Te"]
    ours = [s.spectra(np.eye(len(elements))) for s in sites_of(together, elements, SETTINGS)]
    full = site_spectra(together, SETTINGS)
    for p, q in itertools.product((0, 1), repeat=2):
        expected = full[p].gram(full[q])
        assert np.allclose(ours[p] @ ours[q].T, expected, rtol=1e-10, atol=1e-12 * expected.max())


@pytest.mark.parametrize("weighting", ["none", "poly"])
def test_coupled_spectra_are_contractions_of_dscribe(samples, weighting):
    from dscribe.descriptors import SOAP

    settings, sample = dataclasses.replace(SETTINGS, weighting=weighting), samples[0]
    elements, n, degrees = elements_of([sample]), SETTINGS.n_max, SETTINGS.l_max + 1
    poly = {"function": "poly", "r0": settings.r_cut, "c": 1, "m": 1}
    soap = SOAP(
        species=elements, r_cut=settings.r_cut, n_max=n, l_max=settings.l_max, sigma=settings.sigma, periodic=False,
        rbf="gto", weighting=poly if weighting == "poly" else None,
    )  # fmt: skip
    u = np.random.default_rng(0).normal(size=(len(elements), 3))
    for site, found in zip(sample.impurities, sites_of([sample], elements, settings), strict=True):
        row, full = soap.create(sample.atoms, centers=[site])[0], np.zeros((len(elements),) * 2 + (n, n, degrees))
        for a, b in itertools.product(range(len(elements)), repeat=2):
            part = row[soap.get_location((elements[a], elements[b]))]
            upper = (
                list(zip(*np.triu_indices(n), strict=True)) if a == b else list(itertools.product(range(n), repeat=2))
            )
            lighter_first = sample.atoms.symbols and _number(elements[a]) <= _number(elements[b])
            for value, (degree, (k, m)) in zip(part, itertools.product(range(degrees), upper), strict=True):
                full[(a, b, k, m) if lighter_first else (a, b, m, k)][degree] = value
                if a == b:
                    full[a, b, m, k, degree] = value
        coupled = np.einsum("abnml,ak,bq->kqnml", full, u, u)
        first, second = np.triu_indices(3)
        expected = coupled[first, second] * np.where(first == second, 1, np.sqrt(2))[:, None, None, None]
        assert np.allclose(found.spectra(u)[0], expected.ravel(), rtol=1e-10, atol=1e-12 * np.abs(expected).max())
        assert (found.spectra(u)[0] ** 2).sum() == pytest.approx((coupled**2).sum())


def _number(element: str) -> int:
    from ase.data import atomic_numbers

    return atomic_numbers[element]


def test_a_rotation_of_the_pseudo_species_changes_no_product(samples):
    elements, rng = elements_of(samples), np.random.default_rng(0)
    first, second = sites_of(samples, elements, SETTINGS)
    u, turn = rng.normal(size=(len(elements), 3)), np.linalg.qr(rng.normal(size=(3, 3)))[0]
    assert np.allclose(first.spectra(u) @ second.spectra(u).T, first.spectra(u @ turn) @ second.spectra(u @ turn).T)


def test_the_gradient_is_that_of_the_spectra(samples, other_host):
    together, rng = [*samples[:4], other_host], np.random.default_rng(1)
    elements = elements_of(together)
    u = rng.normal(size=(len(elements), 2))
    for sites in sites_of(together, elements, SETTINGS):
        weights = rng.normal(size=sites.spectra(u).shape)
        steps = 1e-6 * np.eye(u.size).reshape(-1, *u.shape)
        numeric = [(weights * (sites.spectra(u + s) - sites.spectra(u - s))).sum() / 2e-6 for s in steps]
        found = sites.gradient(u, weights)
        assert np.allclose(found.ravel(), numeric, rtol=1e-6, atol=1e-7 * np.abs(found).max())


def test_compressed_spectra_have_the_same_products(samples):
    elements = elements_of(samples)
    u = np.random.default_rng(2).normal(size=(len(elements), 2))
    full = sites_of(samples, elements, SETTINGS)
    fewer = [sites.compressed(1e-6) for sites in full]
    assert fewer[0].blocks.shape[-1] < full[0].blocks.shape[-1]
    (p, q), (a, b) = ([unit(sites.spectra(u)) for sites in both] for both in (full, fewer))
    assert np.allclose(p @ q.T, a @ b.T, atol=1e-4)


def test_fixed_couplings_are_a_covariance():
    K = kappa(D_METALS, D_METALS, 0.3, 0.1)
    assert np.array_equal(np.diag(K), np.ones(len(D_METALS)))
    assert np.array_equal(K, K.T)
    assert np.linalg.eigvalsh(K).min() > -1e-12
    a, b = (D_METALS.index(e) for e in ("Cr", "Mn"))
    assert K[a, b] == pytest.approx(np.exp(-((1.66 - 1.55) ** 2) / 2 / 0.3**2 - (1.39 - 1.39) ** 2 / 2 / 0.1**2))
    assert kappa(["Cr"], ["Fe", "Cr"], 0.3, 0.1)[0, 1] == 1


def test_u_of_full_rank_is_the_coupling_itself():
    K = kappa(D_METALS, D_METALS, 0.3, 0.1)
    u = low_rank(K, K, len(K))
    assert np.allclose(u @ u.T, K, atol=1e-6)


def test_u_is_the_best_of_its_rank_and_is_padded_beyond():
    x = np.random.default_rng(0).normal(size=(6, 2))
    K = gaussian(x, x)
    u, values = low_rank(K, K, 2), np.linalg.eigvalsh(K)
    assert np.linalg.norm(u @ u.T - K) == pytest.approx(np.sqrt((values[:-2] ** 2).sum()))
    assert np.allclose(low_rank(K, K[2:3], 2), u[2:3])  # a known element asked as a new one
    assert low_rank(K, K, 9).shape == (6, 9)


def test_an_element_without_electronegativity_is_unknown():
    with pytest.raises(UnknownElement, match="Lr"):
        properties(["Cr", "Lr"])
    assert len(ELECTRONEGATIVITY) == len(set(ELECTRONEGATIVITY))
    assert properties(list(ELECTRONEGATIVITY)).min() > 0.2
    assert properties([]).shape == (0, 2)
