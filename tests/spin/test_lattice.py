"""Supercells and random alloys."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jijbench.errors import ExportError
from jijbench.spin.lattice import SETTINGS, Alloy, check_concentrations, conventional


@pytest.mark.parametrize("setting", SETTINGS)
def test_conventional_cells(setting, alloy):
    neighbours = alloy().couplings.neighbours
    cell = conventional(neighbours, setting) @ neighbours.host.cell
    a, c = 4.38531, 30.48707
    second = [-a / 2, a * 3**0.5 / 2, 0] if setting == "hexagonal" else [0, a * 3**0.5, 0]
    assert np.allclose(cell, [[a, 0, 0], second, [0, 0, c]], atol=1e-4)


@pytest.mark.parametrize("setting", SETTINGS)
def test_pairs_are_all_pairs_within_reach_each_once(setting, alloy):
    """Brute force over periodic images: the same number of couplings at the same vectors."""
    shells = [1, 2, 3]
    system = alloy(setting, (5, 4, 1), shells=shells).system
    found = {(i, j, *o) for i, j, o in zip(system.i, system.j, map(tuple, system.offset), strict=True)}
    found |= {(j, i, *(-n for n in o)) for i, j, o in zip(system.i, system.j, map(tuple, system.offset), strict=True)}
    assert len(found) == 2 * len(system.i)
    expected = set()
    for offset in itertools.product((-1, 0, 1), repeat=3):
        gaps = system.positions[None] + np.array(offset) @ system.cell - system.positions[:, None]
        lengths = np.linalg.norm(gaps, axis=-1)
        near = (lengths > 0.1) & (lengths < 6.2)
        expected |= {(i, j, *offset) for i, j in np.argwhere(near)}
    assert {tuple(map(int, key)) for key in found} == {tuple(map(int, key)) for key in expected}
    steps = system.positions[system.j] + system.offset @ system.cell - system.positions[system.i]
    assert np.allclose(steps, system.vector, atol=1e-6)


def test_couplings_of_a_realisation_are_those_of_the_species(alloy, exchange):
    system = alloy().system
    for p in range(len(system.i)):
        pair = {system.symbols[system.i[p]], system.symbols[system.j[p]]}
        if abs(np.linalg.norm(system.vector[p]) - 4.38531) < 1e-3 and pair == {"V", "Cr"}:
            assert system.jij[p] == 15.94698
            assert abs(system.dmi[p, 2]) == pytest.approx(1.55782)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_seed_has_the_asked_composition(alloy, seed):
    system = alloy(seed=seed).system
    assert np.bincount(system.species).tolist() == [round(0.08 * 120), round(0.05 * 120)]
    assert np.all((system.fractional >= 0) & (system.fractional < 1))


def test_seeds_repeat_and_differ(alloy):
    assert np.array_equal(alloy(seed=1).system.fractional, alloy(seed=1).system.fractional)
    assert not np.array_equal(alloy(seed=1).system.fractional, alloy(seed=2).system.fractional)


def test_energy_does_not_depend_on_from_which_end_pairs_are_seen(alloy, spins):
    system = alloy().system
    e = spins(len(system))
    assert system.both().energy(e) == pytest.approx(2 * system.energy(e))


@pytest.mark.parametrize(
    ("concentrations", "message"),
    [({}, "no species"), ({"Cr": 0.0}, "Cr=0"), ({"Cr": -0.1}, "between"), ({"Cr": 1.2}, "between"),
     ({"Cr": float("nan")}, "between"), ({"Cr": 0.6, "V": 0.6}, "sum to 1.2")],
)  # fmt: skip
def test_bad_concentrations(concentrations, message):
    with pytest.raises(ExportError, match=message):
        check_concentrations(concentrations)


def test_a_supercell_must_hold_the_longest_shell_twice(alloy):
    with pytest.raises(ExportError, match=r"twice the longest shell.*take at least \(4, 4, 1\)"):
        alloy(supercell=(3, 4, 1))
    with pytest.raises(ExportError, match="whole numbers"):
        alloy(supercell=(5, 4, 0))
    assert alloy(supercell=(4, 4, 1)).system


def test_a_species_without_a_site_is_an_error(alloy):
    made = alloy()
    few = Alloy(made.couplings, (0.08, 0.001), made.moments, (5, 4, 1))
    with pytest.raises(ExportError, match=r"Cr at 0\.001 takes none of the 120 sites"):
        few.system  # noqa: B018
