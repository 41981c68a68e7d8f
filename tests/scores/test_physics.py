"""Known answers of mean field, percolation numbers and random-phase approximation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jijbench.scores.physics import STRONG_SHELLS, Unstable, local_rpa, mean_field, neighbour_number, weighted
from jijbench.units import BOLTZMANN_MEV

shares = st.floats(0.01, 0.5)
couplings = st.floats(-300, 300).filter(lambda k: abs(k) > 1e-3)


def cubic(n: int) -> np.ndarray:
    """(n³, n³) nearest-neighbour J = 1 of the simple cubic lattice."""
    place, j = np.arange(n**3).reshape(n, n, n), np.zeros((n**3, n**3))
    for axis in range(3):
        other = np.roll(place, 1, axis).ravel()
        j[place.ravel(), other] = j[other, place.ravel()] = 1.0
    return j


@given(c=shares, k=couplings)
def test_one_species(c, k):
    """k_B T_c = c K / 3: simple cubic nearest neighbours, K = 6 J, c = 1, gives 2 J."""
    found = mean_field(np.array([[k]]), np.array([c]))
    assert found.tc == pytest.approx(max(0.0, c * k / 3 / BOLTZMANN_MEV))
    assert found.order == ("ferromagnetic" if k > 0 else "antiferromagnetic")


@given(a=shares, b=shares, kaa=couplings, kbb=couplings, kab=couplings)
def test_two_species_in_closed_form(a, b, kaa, kbb, kab):
    found = mean_field(np.array([[kaa, kab], [kab, kbb]]), np.array([a, b]))
    root = np.sqrt((a * kaa - b * kbb) ** 2 + 4 * a * b * kab**2)
    assert found.eigenvalue == pytest.approx((a * kaa + b * kbb + root) / 2, abs=1e-9)
    if found.eigenvalue > 1e-6:
        assert found.order == ("ferromagnetic" if kab > 0 else "ferrimagnetic")


@given(a=shares, b=shares, kaa=couplings, kbb=couplings, kab=couplings)
def test_the_weights_solve_the_mean_field_equations(a, b, kaa, kbb, kab):
    k = np.array([[kaa, kab], [kab, kbb]])
    found = mean_field(k, np.array([a, b]))
    assert k @ (np.array([a, b]) * found.weights) == pytest.approx(found.eigenvalue * found.weights, abs=1e-6)


def test_splitting_a_species_in_two_changes_nothing():
    whole = mean_field(np.array([[50.0]]), np.array([0.1]))
    split = mean_field(np.full((2, 2), 50.0), np.array([0.07, 0.03]))
    assert split.tc == pytest.approx(whole.tc)
    assert split.order == "ferromagnetic"


def test_uncoupled_species_order_at_the_higher_temperature():
    found = mean_field(np.diag([30.0, 50.0]), np.array([0.1, 0.1]))
    assert found.tc == pytest.approx(50.0 * 0.1 / 3 / BOLTZMANN_MEV)


def test_matrices_on_a_grid_are_weighted_alike():
    assert np.allclose(weighted(np.ones((5, 2, 2)), np.array([0.25, 0.04]))[3], [[0.25, 0.1], [0.1, 0.04]])


def test_neighbours_of_an_impurity():
    """One species: z c. Two equal shares of one kind: the same."""
    assert neighbour_number(np.array([[12.0]]), np.array([0.2])) == pytest.approx(2.4)
    assert neighbour_number(np.full((2, 2), 12.0), np.array([0.1, 0.1])) == pytest.approx(2.4)


@pytest.mark.parametrize("n", [4, 6])
def test_local_rpa_of_a_perfect_lattice_is_the_rpa(n):
    cosines = np.cos(2 * np.pi * np.arange(n) / n)
    fourier = 2 * (cosines[:, None, None] + cosines[None, :, None] + cosines[None, None, :]).ravel()
    assert local_rpa(cubic(n)) * BOLTZMANN_MEV == pytest.approx(1 / (3 * np.mean(np.append(0, 1 / (6 - fourier[1:])))))


def test_local_rpa_leaves_out_what_is_not_connected():
    j = np.zeros((66, 66))
    j[:64, :64] = cubic(4)
    assert local_rpa(j) == pytest.approx(local_rpa(cubic(4)))


def test_local_rpa_refuses_a_state_that_is_no_minimum():
    with pytest.raises(Unstable, match="unstable"):
        local_rpa(-cubic(4))


def test_strong_shells_hold_most_of_the_squared_couplings(dimers):
    """The constant is a statement on the data; here it is checked."""
    table = dimers.table[dimers.magnetic]
    square = table["multiplicity"] * table["jij_mev"] ** 2
    assert square[table["shell"].isin(STRONG_SHELLS)].sum() / square.sum() > 0.9
