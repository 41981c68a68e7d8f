"""The toys are valid dimers whose answer is known, and moving them moves nothing else."""

import numpy as np
import pytest

from jijbench.adapters.base import orbit_folds
from jijbench.data.store import read_samples, write_samples
from jijbench.data.symmetry import axial_turns, canonical
from jijbench.targets import DIJ
from jijbench.testing import toys

ROTATION = toys.rotation(7)
MOVES = {
    "turned": lambda s: toys.turned(s, ROTATION),
    "shifted": lambda s: toys.shifted(s, (1.0, -2.0, 3.0)),
    "reordered": lambda s: toys.reordered(s, np.random.default_rng(0).permutation(len(s.positions))),
    "renamed": toys.renamed,
}


@pytest.fixture(scope="module")
def dimers():
    return toys.dimers()


def test_j_has_the_size_of_real_ones_and_is_zero_without_two_moments(dimers):
    y = toys.truth(dimers)
    magnetic = np.array([bool(s.moments.all()) for s in dimers])
    assert (y[~magnetic] == 0).all()
    assert (y[magnetic] != 0).all()
    assert 0 < (~magnetic).sum() < magnetic.sum()
    assert 1 < np.abs(y[magnetic]).mean() < 10
    assert y.min() < -1 < 1 < y.max()


def test_the_formula_by_hand():
    sample = toys.dimer("Cr", "Fe", "inplane")
    assert sample.distance == pytest.approx(4.4, abs=1e-6)
    assert toys.truth([sample])[0] == pytest.approx(3.9 * 3.5 * 0.35 * np.cos(1.3 * 4.4) - 4.0 * 0.25, abs=1e-4)


def test_a_vector_turns_with_the_crystal_and_changes_sign_with_the_names(dimers):
    D = toys.vectors(dimers)
    assert (np.abs(D).max(1) > 1e-3).sum() > len(D) / 4
    assert (D[[not s.moments.all() for s in dimers]] == 0).all()
    for proper in (True, False):
        turn = toys.rotation(5, proper)
        assert np.linalg.det(turn) == pytest.approx(1 if proper else -1)
        assert toys.vectors([toys.turned(s, turn) for s in dimers]) == pytest.approx(DIJ.turned(D, turn), abs=1e-9)
    assert toys.vectors([toys.renamed(s) for s in dimers]) == pytest.approx(-D, abs=1e-12)
    assert toys.vectors([MOVES["shifted"](s) for s in dimers]) == pytest.approx(D, abs=1e-9)
    assert toys.vectors([MOVES["reordered"](s) for s in dimers]) == pytest.approx(D, abs=1e-9)


def test_a_vector_is_one_that_the_host_allows(dimers):
    """Every operation that leads to the orbit's common frame turns it into one vector there."""
    for sample, vector in zip(dimers, toys.vectors(dimers), strict=True):
        turned = axial_turns(toys.host(), sample.geometry, sample.elements)[1] @ vector
        assert np.abs(turned - turned[0]).max() < 1e-4


def test_ids_are_sorted_and_unique_and_orbits_are_those_of_the_host(dimers):
    assert [s.id for s in dimers] == sorted({s.id for s in dimers})
    keys = [canonical(toys.host(), s.geometry, s.elements) for s in dimers]
    assert len(set(keys)) == len({s.orbit for s in dimers}) == len(dimers)


def test_elements_may_be_exchanged_exactly_where_a_symmetry_exchanges_the_sites():
    for place in toys.PLACES:
        there, back = toys.dimer("Cr", "Fe", place), toys.dimer("Fe", "Cr", place)
        same = canonical(toys.host(), there.geometry, there.elements) == canonical(
            toys.host(), back.geometry, back.elements
        )
        assert same == (place != "polar") == (there.orbit == back.orbit)
        assert (toys.truth([there]) == toys.truth([back]))[0] == same


def test_no_distance_lies_where_rounding_it_is_a_matter_of_luck():
    """``Geometry.signatures`` rounds to 0.1 Å; turning a cluster changes distances in the last bits."""
    for place in toys.PLACES:
        g = toys.geometry(place)
        gaps = np.linalg.norm(g.positions[:, None] - g.positions[list(g.sites)], axis=-1) * 10 - 0.5
        assert np.abs(gaps - np.round(gaps)).min() > 1e-3


@pytest.mark.parametrize("move", MOVES)
def test_moves_change_neither_j_nor_what_the_dimer_is(dimers, move):
    moved = [MOVES[move](s) for s in dimers]
    assert np.allclose(toys.truth(moved), toys.truth(dimers), rtol=0, atol=1e-9)
    for old, new in zip(dimers, moved, strict=True):
        assert (new.orbit, new.pair, new.signature, new.shell) == (old.orbit, old.pair, old.signature, old.shell)
        assert sorted(new.numbers) == sorted(old.numbers)
        assert new.distance == pytest.approx(old.distance)
        assert new.id != old.id
        assert new.geometry.id != old.geometry.id


def test_turning_turns_the_lattice_with_the_atoms(dimers):
    old, new = dimers[0].geometry, toys.turned(dimers[0], ROTATION).geometry
    assert np.linalg.det(ROTATION) == pytest.approx(1)
    along = [old.displacement @ np.linalg.inv(old.cell), new.displacement @ np.linalg.inv(new.cell)]
    assert np.allclose(*along)
    assert not np.allclose(old.displacement, new.displacement)


def test_reordering_takes_the_marks_along(dimers):
    sample = dimers[0]
    moved = toys.reordered(sample, np.arange(len(sample.positions))[::-1])
    assert moved.impurities != sample.impurities
    assert [moved.numbers[k] for k in moved.impurities] == [sample.numbers[k] for k in sample.impurities]


def test_renaming_is_not_exchanging():
    sample = toys.dimer("Cr", "Fe", "polar")
    renamed, exchanged = toys.renamed(sample), toys.exchanged(sample)
    assert renamed.elements == exchanged.elements == ("Fe", "Cr")
    assert renamed.moments.tolist() == exchanged.moments.tolist() == [3.5, 3.9]
    assert renamed.geometry.signatures == sample.geometry.signatures[::-1]
    assert exchanged.geometry is sample.geometry
    assert toys.truth([renamed])[0] == pytest.approx(toys.truth([sample])[0])
    assert abs(toys.truth([exchanged])[0] - toys.truth([sample])[0]) > 0.05


def test_a_file_gives_them_back_exactly(dimers, tmp_path):
    write_samples(tmp_path, dimers)
    again = read_samples(tmp_path)
    assert all(np.array_equal(a.positions, b.positions) for a, b in zip(again, dimers, strict=True))
    assert (toys.truth(again) == toys.truth(dimers)).all()


def test_strangers_are_not_among_the_dimers(dimers):
    known = {e for s in dimers for e in s.elements}
    assert not known & {*toys.UNSEEN, *toys.OUTSIDE}
    assert {e for s in toys.strangers(["Co"]) for e in s.elements} - known == {"Co"}


def test_there_are_folds_to_choose_on(dimers):
    assert [len(valid) for _, valid in orbit_folds(dimers, 3)] == [33, 33, 33]
