"""Toy impurities are valid samples of potentials whose answer is known."""

import numpy as np
import pytest

from jijbench.data.potentials.start import potentials_of, s_levels
from jijbench.data.store import read_samples, write_samples
from jijbench.targets import DV, DV_SHELL
from jijbench.targets.mesh import POINTS, relative_mesh, volume_weights
from jijbench.testing import toy_impurities as toy
from jijbench.testing import toys
from jijbench.testing.toy_sets import toys_of


@pytest.mark.parametrize("target", [DV, DV_SHELL], ids=lambda target: target.name)
def test_curves_have_the_size_of_real_ones(target):
    samples, y = toys_of(target).samples(), toys_of(target).truth(toys_of(target).samples())
    assert y.shape == (len(samples), POINTS)
    assert [s.id for s in samples] == sorted({s.id for s in samples})
    assert 0.02 < np.sqrt((y**2 @ volume_weights()).mean()) < 0.5  # Ry
    assert np.linalg.svd(y)[1][3] < 1e-10  # three shapes make them all


def test_the_formula_by_hand():
    x = relative_mesh()
    a = 6.8 / 4 ** (1 / 3) * (3 / (4 * np.pi)) ** (1 / 3)  # Bohr, r_ws of fcc Cu
    assert toy.radius("Cu") == pytest.approx(a)
    wanted = (8 - 11) / 30 * (1 - x**2 / 2) + 4 / a / 10 * (x**2 - 0.5) + 0.66 / 5 * np.exp(-20 * (x - 0.7) ** 2)
    assert toy.truth([toy.impurity("Fe", "Cu")])[0] == pytest.approx(wanted)
    assert toy.change([toy.neighbour("Fe", "Cu")])[0] == pytest.approx(-3 / 40 * (1 + x**4))


def test_an_atom_is_the_same_in_every_host_and_a_host_atom_is_known():
    atoms, hosts = potentials_of(toy.impurities())
    for sample in toy.impurities():
        start, r = sample.inputs["start"], relative_mesh() * toy.radius(sample.host)
        assert start + sample.inputs["host_potential"] == pytest.approx(toy.atom(sample.elements[0], r))
    r = relative_mesh() * toy.radius("Cr")
    assert hosts["Cr"].values - toy.atom("Cr", r) == pytest.approx(toy.correction("Cr", "Cr"))
    assert {e for e, level in s_levels(atoms, atoms).items() if level < -0.1} == {"P"}  # it may be lost, the others not


def test_an_atom_screens_its_nucleus():
    r = np.array([1e-9, 0.5, 30.0])
    total = toy.atom("Fe", r) - 2 * 26 / r
    assert total[0] == pytest.approx(-2 * 26 / r[0], rel=1e-6)
    assert total[1] < total[2] < 0
    assert total[2] > -1e-3


def test_clusters_reach_to_the_nearest_atoms_and_come_back_from_a_file(tmp_path):
    sizes = {name: (len(toy.geometry(name).positions), len(toy.geometry(name, True).positions)) for name in toy.HOSTS}
    assert sizes == {name: (15, 22) if name in ("Cr", "Nb") else (13, 20) for name in toy.HOSTS}
    for name in toy.HOSTS:
        gaps = np.linalg.norm(toy.geometry(name).positions, axis=1)
        assert toy.geometry(name, True).distance == pytest.approx(np.sort(gaps)[1], abs=1e-4)
    write_samples(tmp_path, toy.neighbours())
    again = read_samples(tmp_path)
    assert all(np.array_equal(a.positions, b.positions) for a, b in zip(again, toy.neighbours(), strict=True))


def test_strangers_are_not_among_the_impurities_and_one_host_is_new():
    known, found = {s.elements[0] for s in toy.impurities()}, toy.strangers(toy.UNSEEN)
    assert not known & {*toy.UNSEEN, *toy.OUTSIDE}
    assert {s.host for s in found} - {s.host for s in toy.impurities()} == {toy.UNSEEN_HOST}
    assert all(s.elements[0] != s.host for s in found)


def test_turning_changes_no_curve():
    moved = [toys.turned(s, toys.rotation(1, proper=False)) for s in toy.impurities()]
    assert np.array_equal(toy.truth(moved), toy.truth(toy.impurities()))
