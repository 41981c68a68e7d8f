"""The Monte Carlo against exact answers and a known critical temperature."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jijbench.formats.spins import SpinSystem
from jijbench.spin.binder import NoCrossing, critical, crossing, cumulant
from jijbench.spin.heat_bath import Samples, Spins, colours, heat_bath, simple_cubic, simulate
from jijbench.units import BOLTZMANN_MEV


def pair(j: float, d=(0.0, 0.0, 0.0)) -> SpinSystem:
    fractional = np.array([[0, 0, 0], [0.1, 0, 0]])
    return SpinSystem(
        50 * np.eye(3), fractional, ("Cr",), np.zeros(2, int), np.array([3.0, 2.0]), np.array([0]), np.array([1]),
        np.zeros((1, 3), int), np.array([[5.0, 0, 0]]), np.array([j]), np.array([d]),
    )  # fmt: skip


@given(x=st.floats(0, 500), seed=st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_cosines_have_the_langevin_mean(x, seed):
    drawn = heat_bath(np.full(20000, x), np.random.default_rng(seed))
    mean = 1 / np.tanh(x) - 1 / x if x > 1e-3 else x / 3
    assert np.all(np.abs(drawn) <= 1 + 1e-12)
    assert drawn.mean() == pytest.approx(mean, abs=5 * 0.58 / np.sqrt(20000))


@pytest.mark.parametrize(("j", "d"), [(8.0, 0.0), (0.0, 8.0), (-5.0, 3.0)])
def test_two_spins_have_the_exact_energy(j, d):
    """The field of a spin at angle α from D is J e + e × D, of length √(J² + D² sin²α): one integral over α is left."""
    temperatures = np.array([30.0, 100.0])
    found = simulate(pair(j, (0.0, 0.0, d)), temperatures, sweeps=5000, warm_up=50, seed=1)
    error = 2 * found.energy.std(0, ddof=1) / np.sqrt(10)
    cosine = np.polynomial.legendre.leggauss(200)
    field = np.sqrt(j**2 + d**2 * (1 - cosine[0] ** 2))[:, None]
    x = field / (BOLTZMANN_MEV * temperatures)
    weight = cosine[1][:, None] * np.sinh(x) / x
    exact = -(weight * field * (1 / np.tanh(x) - 1 / x)).sum(0) / weight.sum(0)
    assert np.all(np.abs(2 * found.energy.mean(0) - exact) < 5 * error)


def test_energy_is_that_of_the_system():
    spins = Spins(pair(3.0, (1.0, -2.0, 0.5)), [40.0, 80.0], np.random.default_rng(0))
    spins.sweep()
    expected = [pair(3.0, (1.0, -2.0, 0.5)).energy(spins.e[:, :, t]) / 2 for t in range(2)]
    assert spins.energy() == pytest.approx(expected)
    assert np.linalg.norm(spins.e, axis=1) == pytest.approx(np.ones((2, 2)))


def test_no_two_spins_of_a_colour_couple(alloy_system):
    for system in (simple_cubic(4), alloy_system):
        colour = np.empty(len(system), dtype=int)
        for k, part in enumerate(colours(system)):
            colour[part] = k
        assert np.all(colour[system.i] != colour[system.j])
    assert len(colours(simple_cubic(4))) == 2


def test_free_spins_have_the_cumulant_of_disorder():
    found = simulate(simple_cubic(4, j=1e-9), [100.0], sweeps=1500, warm_up=10, seed=2)
    assert cumulant(found.m2.mean(), found.m4.mean()) == pytest.approx(4 / 9, abs=0.03)
    assert found.m2.mean() == pytest.approx(1 / 64, rel=0.1)


def test_simple_cubic_orders_where_it_is_known_to():
    """k_B T_c = 1.443 J. A quick run, within two per cent; longer ones are in the documentation."""
    temperatures = np.linspace(1.35, 1.53, 5) / BOLTZMANN_MEV
    sizes = [simulate(simple_cubic(n), temperatures, sweeps=1500, warm_up=300, seed=n) for n in (4, 8)]
    found = critical([sizes[0]], [sizes[1]])
    assert found.tc * BOLTZMANN_MEV == pytest.approx(1.443, rel=0.02)
    assert 0 < found.error < 0.03 * found.tc


def test_the_error_of_a_crossing_is_that_of_repeated_runs():
    """Made-up cumulants with known noise: the jackknife gives the spread of the crossing."""
    rng, t = np.random.default_rng(5), np.linspace(90, 110, 5)
    found = []
    for _ in range(60):
        sizes = []
        for slope in (0.002, 0.006):
            u = 0.6 - slope * (t - 100.0) + rng.normal(0, 0.01, (10, 5))
            m2 = np.ones((10, 5))
            sizes.append([Samples(t, m2, 3 * (1 - u), m2, m2)])
        found.append(critical(*sizes))
    spread = np.std([one.tc for one in found], ddof=1)
    assert np.mean([one.error for one in found]) == pytest.approx(spread, rel=0.25)
    assert np.mean([one.tc for one in found]) == pytest.approx(100.0, abs=4 * spread / np.sqrt(60))


def test_temperatures_on_one_side_are_an_error_that_says_so():
    temperatures = np.linspace(1.7, 1.9, 3) / BOLTZMANN_MEV
    sizes = [[simulate(simple_cubic(n), temperatures, sweeps=200, warm_up=50)] for n in (4, 6)]
    with pytest.raises(NoCrossing, match="other temperatures"):
        critical(*sizes)


def test_noise_far_from_the_crossing_does_not_move_it():
    t = np.linspace(10, 80, 8)
    small = np.array([0.666, 0.66, 0.65, 0.63, 0.6, 0.56, 0.45, 0.444])
    large = small + np.array([-0.0005, 0.003, 0.004, 0.002, -0.004, -0.01, 0.001, -0.001])
    assert crossing(t, small, large) == pytest.approx(40 + 10 * 2 / 6)
