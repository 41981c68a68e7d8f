"""Start potentials on the real data."""

import numpy as np
import pytest

from jijbench.data.potentials.start import Spherical, atom_potential, excess, potentials_of, s_levels
from jijbench.data.task import load_task
from jijbench.targets.mesh import relative_mesh, volume_weights


@pytest.fixture(scope="module")
def samples():
    return load_task("deltav-elemental/dv/random-orbit").training(0, "structure+start", 1).samples[::3]


def test_the_start_of_an_element_is_the_same_atom_in_every_host(samples):
    atoms, _ = potentials_of(samples)
    for sample in samples[::11]:
        r = relative_mesh() * sample.inputs["host_state"][0]
        atom = atom_potential(sample.elements[0], atoms[sample.elements[0]], r)
        miss = sample.inputs["start"] + sample.inputs["host_potential"] - atom
        assert np.sqrt(miss**2 @ volume_weights()) < 0.002  # Ry, of curves that C changes by 0.2


def test_beyond_the_known_mesh_the_atom_fades(samples):
    atoms, _ = potentials_of(samples)
    radius = atoms["Cr"].radius
    r = np.array([radius, 1.5 * radius, 40.0])
    total = atom_potential("Cr", atoms["Cr"], r) - 48 / r
    assert total[0] < total[1] < total[2] < 1e-6


def test_an_atom_exceeds_its_host_by_what_its_start_leaves_at_the_boundary(samples):
    """Both with their nuclei; the host's own atom leaves hardly anything."""
    atoms, hosts = potentials_of(samples)
    at_end = excess("Cr", Spherical(np.full(349, 0.3), 2.0), "V", Spherical(np.full(349, 0.1), 2.0))
    assert at_end == pytest.approx(0.3 - 0.1 - 2.0 * (24 - 23) / 2.0)
    own = [abs(excess(h, atoms[h], h, hosts[h])) for h in hosts if h in atoms]
    assert np.median(own) < 0.3


def test_only_electronegative_elements_have_an_s_level_that_may_be_lost(samples):
    atoms, _ = potentials_of(samples)
    levels = s_levels(["Cu", "O", "S"], atoms)
    assert levels["Cu"] == 0.0
    assert levels["O"] < levels["S"] < 0.0
