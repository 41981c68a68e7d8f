import dataclasses
import itertools

import numpy as np
import pytest

from jijbench.context import context
from jijbench.data.sample import Geometry, Sample
from jijbench.descriptors.soap import SoapSettings, site_spectra

pytest.importorskip("dscribe", reason="SOAP needs the extra 'dscribe'")

SETTINGS = SoapSettings(r_cut=6.0, n_max=3, l_max=2, sigma=0.5)
POLY = dataclasses.replace(SETTINGS, weighting="poly")
PAIRS = [("Cr", "Mn"), ("Mn", "Cr"), ("Fe", "Fe"), ("Tc", "V"), ("Te", "Bi"), ("Bi", "Bi"), ("Cr", "Te")]


@pytest.fixture(scope="module")
def samples(dimers) -> list[Sample]:
    """Ten dimers on three geometries, some with an element of the host or with two equal ones."""
    geometries = {s.geometry.id: s.geometry for s in dimers.samples}
    made = [
        Sample(f"{a}{b}{g}", geometries[g], (a, b), "o")
        for g, (a, b) in itertools.product(("s01", "s06a", "s02"), PAIRS)
    ]
    return made[::2]


def direct(samples, settings: SoapSettings) -> tuple[np.ndarray, np.ndarray]:
    """Spectra of both sites straight from dscribe, scaled so that a plain product is the full double sum."""
    from dscribe.descriptors import SOAP

    species = sorted({z for s in samples for z in s.numbers})
    poly = {"function": "poly", "r0": settings.r_cut, "c": 1, "m": 1}
    made = SOAP(
        species=species, r_cut=settings.r_cut, n_max=settings.n_max, l_max=settings.l_max, sigma=settings.sigma,
        periodic=False, rbf="gto", weighting=poly if settings.weighting == "poly" else None,
    )  # fmt: skip
    scale = np.zeros(made.get_number_of_features())
    n, degrees = settings.n_max, settings.l_max + 1
    for a, b in itertools.combinations_with_replacement(species, 2):
        upper = np.where(np.equal(*np.triu_indices(n)), 1.0, 2.0)
        scale[made.get_location((a, b))] = np.tile(upper, degrees) if a == b else 2.0
    rows = np.array([made.create(s.atoms, centers=list(s.impurities[:2])) for s in samples])
    return rows[:, 0] * np.sqrt(scale), rows[:, 1] * np.sqrt(scale)


@pytest.mark.parametrize("settings", [SETTINGS, POLY], ids=["none", "poly"])
def test_products_of_spectra_are_those_of_dscribe(samples, settings):
    assert len(samples) == 11
    ours, theirs = site_spectra(samples, settings), direct(samples, settings)
    for p, q in itertools.product((0, 1), repeat=2):
        expected = theirs[p] @ theirs[q].T
        assert np.allclose(ours[p].gram(ours[q]), expected, rtol=1e-10, atol=1e-10 * np.abs(expected).max())


def blocks(sample: Sample, site: int) -> tuple[list[int], np.ndarray]:
    """Species of one sample and dscribe's spectrum of one site as (S, S, n, n, l+1), written out in full."""
    from dscribe.descriptors import SOAP

    species = sorted(set(sample.numbers.tolist()))
    made = SOAP(species=species, r_cut=6.0, n_max=3, l_max=2, sigma=0.5, periodic=False, rbf="gto")
    row = made.create(sample.atoms, centers=[sample.impurities[site]])[0]
    full = np.zeros((len(species), len(species), 3, 3, 3))
    for a, b in itertools.combinations_with_replacement(range(len(species)), 2):
        part = row[made.get_location((species[a], species[b]))].reshape(3, -1)
        n, m = np.triu_indices(3) if a == b else np.indices((3, 3)).reshape(2, -1)
        full[a, b, n, m] = full[b, a, m, n] = part.T
    return species, full


@pytest.mark.parametrize("mode", ["crossover", "mu1nu1", "mu2"])
def test_a_compressed_spectrum_is_the_sum_that_its_name_stands_for(samples, mode):
    def rows(site: int) -> list[dict]:
        found = []
        for sample in samples:
            species, full = blocks(sample, site)
            compressed = {"crossover": np.einsum("aanml->anml", full), "mu1nu1": full.sum((1, 3))}
            kept = compressed.get(mode, full.sum((0, 1))[None])
            found.append(dict(zip(species if mode != "mu2" else [0], kept, strict=True)))
        return found

    def product(p: dict, q: dict) -> float:
        return sum(float((p[key] * q[key]).sum()) for key in p.keys() & q.keys())

    ours = site_spectra(samples, dataclasses.replace(SETTINGS, compression=mode))
    expected = [[product(p, q) for q in rows(1)] for p in rows(0)]
    assert np.allclose(ours[0].gram(ours[1]), expected, rtol=1e-9)
    assert np.allclose(ours[0].norms(), np.diag(ours[0].gram(ours[0])))


def test_products_between_two_sets_of_samples_are_those_of_dscribe(samples):
    a, b = samples[:4], samples[3:]
    theirs = direct(samples, SETTINGS)
    ours = site_spectra(a, SETTINGS)[0].gram(site_spectra(b, SETTINGS)[1])
    assert np.allclose(ours, theirs[0][:4] @ theirs[1][3:].T, rtol=1e-10)


def test_norms_and_products_agree_with_the_gram_matrix(samples):
    first, second = site_spectra(samples, SETTINGS)
    assert np.allclose(first.norms(), np.diag(first.gram(first)))
    assert np.allclose(second.norms(), np.diag(second.gram(second)))
    assert np.allclose(first.products(second), np.diag(first.gram(second)))


def test_three_impurities_are_species_like_any_other(samples):
    g = samples[0].geometry
    third = int(np.flatnonzero((g.numbers == 83) & ~np.isin(np.arange(len(g.numbers)), g.sites))[0])
    geometry = Geometry("t", g.host, g.numbers, g.positions, (*g.sites, third), (*g.sublattices, "Bi1"), g.cell)
    trimers = [Sample("t1", geometry, ("Cr", "Mn", "Fe"), "t"), Sample("t2", geometry, ("Cr", "Cr", "Te"), "t")]
    ours, theirs = site_spectra(trimers, SETTINGS), direct(trimers, SETTINGS)
    assert np.allclose(ours[0].gram(ours[1]), theirs[0] @ theirs[1].T, rtol=1e-10)


def test_swapping_the_names_of_the_sites_swaps_the_spectra(samples):
    sample = samples[0]
    g = sample.geometry
    other = Geometry("x", g.host, g.numbers, g.positions, g.sites[::-1], g.sublattices[::-1], g.cell, g.shell)
    first, second = site_spectra([sample, Sample("x", other, sample.elements[::-1], "o")], SETTINGS)
    assert np.allclose(first.gram(first)[0, 0], second.gram(second)[1, 1], rtol=1e-10)
    assert np.allclose(first.gram(second)[0, 0], first.gram(second)[1, 1], rtol=1e-10)
    assert first.gram(second)[0, 1] == pytest.approx(first.gram(first)[0, 0], rel=1e-10)


def test_spectra_do_not_see_rotation_shift_and_order(samples):
    from scipy.spatial.transform import Rotation

    g, rng = samples[0].geometry, np.random.default_rng(3)
    order = rng.permutation(len(g.numbers))
    sites = tuple(int(np.flatnonzero(order == k)[0]) for k in g.sites)
    positions = (g.positions @ -Rotation.random(rng=rng).as_matrix().T + [3.0, 1.0, -2.0])[order]
    moved = Geometry("m", g.host, g.numbers[order], positions, sites, g.sublattices, g.cell)
    first, _ = site_spectra([samples[0], Sample("m", moved, samples[0].elements, "o")], SETTINGS)
    gram = first.gram(first)
    assert np.allclose(gram, gram[0, 0], rtol=1e-9)


@pytest.fixture
def computed(monkeypatch) -> list[int]:
    """Grows by one whenever dscribe computes a spectrum."""
    from dscribe.descriptors import SOAP

    calls: list[int] = []
    create = SOAP.create
    monkeypatch.setattr(SOAP, "create", lambda self, *args, **kwargs: calls.append(1) or create(self, *args, **kwargs))
    return calls


def test_a_geometry_is_computed_once_a_site_whatever_its_elements(samples, tmp_path, computed):
    with context(cache=tmp_path):
        site_spectra(samples, SETTINGS)
    assert len(computed) == 2 * len({id(s.geometry) for s in samples}) == 6


def test_spectra_come_from_the_cache_the_second_time(samples, tmp_path, computed):
    with context(cache=tmp_path):
        first = site_spectra(samples[:3], SETTINGS)
        assert len(computed) == 2
        second = site_spectra(samples[:3], SETTINGS)
    assert len(computed) == 2
    assert np.array_equal(first[0].gram(first[1]), second[0].gram(second[1]))


def test_other_settings_are_not_taken_from_the_cache(samples, tmp_path):
    with context(cache=tmp_path):
        wide, narrow = (
            site_spectra(samples[:1], dataclasses.replace(SETTINGS, sigma=s))[0].norms() for s in (0.5, 0.3)
        )
    assert not np.allclose(wide, narrow, rtol=1e-3)


def test_the_cache_lies_where_the_context_says(samples, tmp_path):
    with context(cache=tmp_path / "here"):
        site_spectra(samples[:1], SETTINGS)
    assert any((tmp_path / "here").glob("*.npz"))
