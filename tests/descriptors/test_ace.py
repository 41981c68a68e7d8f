import itertools
import subprocess
import sys

import numpy as np
import pytest

from jijbench import adapters
from jijbench.context import context
from jijbench.data.sample import Geometry, Sample
from jijbench.descriptors import ace
from jijbench.descriptors.ace import AceSettings, blind_blocks, sites
from jijbench.elements import atomic_number

if adapters.missing("ace"):
    pytest.skip(f"ace {adapters.missing('ace')}", allow_module_level=True)

SETTINGS = AceSettings(r_cut=12.0, n_max=(4, 3, 2), l_max=(0, 2, 1))
BESSEL = AceSettings(r_cut=9.0, n_max=(4, 2), l_max=(0, 2), radial_basis="SBessel")
PAIRS = [("Cr", "Mn"), ("Mn", "Cr"), ("Fe", "Fe"), ("Te", "Bi"), ("Bi", "Bi"), ("Cr", "Te"), ("Po", "Cr")]


@pytest.fixture(scope="module")
def samples(dimers) -> list[Sample]:
    """Dimers on two geometries, some with an element of the host, a heavier one, or two equal ones."""
    geometries = {s.geometry.id: s.geometry for s in dimers.samples}
    return [
        Sample(f"{a}{b}{g}", geometries[g], (a, b), "o")
        for g, (a, b) in itertools.product(("s02", "s06a"), PAIRS)
        if g == "s06a" or (a, b) in PAIRS[::3]
    ]


def blocks_of(found: ace.Sites, row: int, side: int) -> ace.Blocks:
    """The blocks that one site of one sample has."""
    place = found.place[row, side]
    return {k: found.values[k][list(rows).index(place)] for k, rows in found.rows.items() if place in rows}


def direct(sample: Sample, side: int, settings: AceSettings) -> ace.Blocks:
    """Straight from pyace with the sample's own elements and all its functions, in the order that blocks have."""
    from pyace import ACEBBasisSet, ACEBEvaluator, ACECalculator, aseatoms_to_atomicenvironment
    from pyace import create_multispecies_basis_config as configured

    bond = {"radbase": settings.radial_basis, "radparameters": [settings.radial_parameter], "rcut": settings.r_cut}
    basis = ACEBBasisSet(configured({
        "deltaSplineBins": 0.01,
        "elements": sorted(set(sample.atoms.get_chemical_symbols())),
        "embeddings": {"ALL": {"npot": "FinnisSinclairShiftedScaled", "fs_parameters": [1, 1], "ndensity": 1}},
        "bonds": {"ALL": {**bond, "dcut": 0.01, "NameOfCutoffFunction": "cos"}},
        "functions": {"ALL": {"nradmax_by_orders": [*settings.n_max], "lmax_by_orders": [*settings.l_max]}},
    }))  # fmt: skip
    evaluator = ACEBEvaluator(basis)
    calculator = ACECalculator(evaluator)
    around = aseatoms_to_atomicenvironment(sample.atoms, basis.cutoffmax, basis.elements_to_index_map)
    calculator.compute(around, compute_projections=True)
    atom, centre = sample.impurities[side], basis.elements_to_index_map[sample.elements[side]]
    z = {index: atomic_number(name) for name, index in basis.elements_to_index_map.items()}
    found: dict = {}
    functions = [*basis.basis_rank1[centre], *basis.basis[centre]]
    for f, value in zip(functions, calculator.projections[atom], strict=True):
        factors = sorted(zip([z[mu] for mu in f.mus], f.ns, f.ls, strict=True))
        found.setdefault(tuple(part[0] for part in factors), []).append((factors, value))
    return {key: np.array([value for _, value in sorted(rows)]) for key, rows in found.items()}


@pytest.mark.parametrize("settings", [SETTINGS, BESSEL], ids=["cosines", "bessel"])
def test_projections_are_those_of_pyace_with_the_real_elements(samples, settings):
    found = sites(samples, settings)
    for (row, sample), side in itertools.product(enumerate(samples), (0, 1)):
        ours, theirs = blocks_of(found, row, side), direct(sample, side, settings)
        assert ours.keys() <= theirs.keys()
        for key, values in theirs.items():  # what we leave out has an element that is not among the neighbours
            assert np.allclose(values, ours.get(key, 0.0), rtol=1e-8, atol=1e-8)


def test_blind_projections_are_those_of_any_light_partner(samples):
    blind = blind_blocks(samples[0].geometry, SETTINGS)
    named = sites(samples[:1], SETTINGS)
    for side, z in ((0, atomic_number("Mn")), (1, atomic_number("Cr"))):
        ours = {tuple(z if k == 0 else k for k in key): values for key, values in blind[side].items()}
        theirs = blocks_of(named, 0, side)
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[key], theirs[key]) for key in ours)


def test_the_gram_matrix_is_that_of_the_blocks(samples):
    a, b = sites(samples[:6], SETTINGS), sites(samples[4:], SETTINGS)
    gram = a.gram(b)
    for i, k in itertools.product(range(6), range(len(samples) - 4)):
        p, q = blocks_of(a, i, 0), blocks_of(b, k, 1)
        expected = sum(float(p[key] @ q[key]) for key in p.keys() & q.keys())
        assert gram[a.place[i, 0], b.place[k, 1]] == pytest.approx(expected, rel=1e-10)


def test_projections_do_not_see_rotation_reflection_shift_and_order(samples):
    from scipy.spatial.transform import Rotation

    g, rng = samples[-1].geometry, np.random.default_rng(3)
    order = rng.permutation(len(g.numbers))
    places = tuple(int(np.flatnonzero(order == k)[0]) for k in g.sites)
    positions = (g.positions @ -Rotation.random(rng=rng).as_matrix().T + [3.0, 1.0, -2.0])[order]
    moved = Geometry("m", g.host, g.numbers[order], positions, places, g.sublattices, g.cell)
    for old, new in zip(blind_blocks(g, SETTINGS), blind_blocks(moved, SETTINGS), strict=True):
        assert old.keys() == new.keys()
        assert all(np.allclose(old[key], new[key], rtol=1e-7, atol=1e-7) for key in old)


def test_swapping_the_names_of_the_sites_swaps_the_projections(samples):
    g = samples[-1].geometry
    other = Geometry("x", g.host, g.numbers, g.positions, g.sites[::-1], g.sublattices[::-1], g.cell, g.shell)
    for old, new in zip(blind_blocks(g, SETTINGS), blind_blocks(other, SETTINGS)[::-1], strict=True):
        assert all(np.array_equal(old[key], new[key]) for key in old)


def test_three_impurities_are_species_like_any_other(samples):
    g = samples[0].geometry
    third = int(np.flatnonzero((g.numbers == 83) & ~np.isin(np.arange(len(g.numbers)), g.sites))[0])
    geometry = Geometry("t", g.host, g.numbers, g.positions, (*g.sites, third), (*g.sublattices, "Bi1"), g.cell)
    trimers = [Sample("t1", geometry, ("Cr", "Mn", "Mn"), "t"), Sample("t2", geometry, ("Cr", "Te", "Fe"), "t")]
    found = sites(trimers, BESSEL)
    for row, trimer in enumerate(trimers):
        ours, theirs = blocks_of(found, row, 0), direct(trimer, 0, BESSEL)
        assert all(np.allclose(values, theirs[key], rtol=1e-8, atol=1e-8) for key, values in ours.items())


def test_a_geometry_is_computed_once_a_site_whatever_its_light_elements(dimers, tmp_path, monkeypatch):
    calls, projections = [], ace._projections
    monkeypatch.setattr(ace, "_projections", lambda *args: calls.append(1) or projections(*args))
    some = dimers.samples[::40]
    with context(cache=tmp_path):
        first = sites(some, BESSEL)
        assert len(calls) == 2 * len({id(s.geometry) for s in some})
        again = sites(some, BESSEL)
    assert len(calls) == 2 * len({id(s.geometry) for s in some})
    assert all(np.array_equal(first.values[key], again.values[key]) for key in first.values)


def test_other_settings_are_not_taken_from_the_cache(samples, tmp_path):
    with context(cache=tmp_path):
        wide, narrow = (
            blind_blocks(samples[0].geometry, AceSettings(n_max=(4,), l_max=(0,), radial_parameter=p))[0][52,]
            for p in (2.0, 5.0)
        )
    assert not np.allclose(wide, narrow, rtol=1e-3)


def test_importing_pyace_leaves_the_root_logger_alone():
    code = (
        "import logging; from jijbench.descriptors.ace import _pyace; _pyace(); "
        "root = logging.getLogger(); print(root.handlers, root.level)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", str(30)]
