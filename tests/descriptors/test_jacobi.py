import numpy as np
import pytest

from jijbench.data.dataset import load_dataset
from jijbench.descriptors.jacobi import JacobiSettings, around, polynomials, vanishing, wigner_seitz
from jijbench.targets.mesh import relative_mesh

SETTINGS = JacobiSettings(n_max=5)


@pytest.fixture(scope="module")
def samples():
    return load_dataset("deltav-elemental").samples


def test_polynomials_vanish_at_the_cutoff_and_beyond():
    r = np.array([0.0, 3.0, 6.0, 7.5])
    values = vanishing(r, SETTINGS)
    assert np.abs(values[2:]).max() < 1e-12
    assert values[0] == pytest.approx([2, 0, 2, 0, 2])  # P_n(1) - P_n(-1) of Legendre polynomials


def test_the_radius_is_that_of_the_atoms_volume(samples):
    for sample in samples[::53]:
        assert wigner_seitz(sample.geometry) / 0.529177210544 == pytest.approx(sample.inputs["host_state"][0], abs=2e-5)


def test_the_average_is_that_of_random_directions():
    rng = np.random.default_rng(1)
    u = rng.normal(size=(40000, 3))
    points = 1.3 * u / np.linalg.norm(u, axis=1, keepdims=True)
    by_chance = vanishing(np.linalg.norm(points - [0, 0, 2.5], axis=1), SETTINGS).mean(0)
    assert around(np.array([1.3]), 2.5, SETTINGS)[0] == pytest.approx(by_chance, abs=0.02)


def test_the_asked_site_stands_at_its_own_distance(samples):
    single = next(s for s in samples if len(s.elements) == 1)
    pair = next(s for s in samples if len(s.elements) == 2)
    r = relative_mesh() * wigner_seitz(single.geometry)
    assert polynomials(single.geometry, SETTINGS)[:, 0] == pytest.approx(vanishing(r, SETTINGS))
    away = polynomials(pair.geometry, SETTINGS)[0, 0]  # at the neighbour's nucleus
    assert away == pytest.approx(vanishing(np.array(pair.distance), SETTINGS), abs=1e-9)
