import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from jijbench.data.sample import Geometry, Sample, magnetic

GEOMETRIES = ["s01", "s03", "s06a", "s09a", "s09b", "s14b"]


@pytest.fixture(scope="module")
def geometries(dimers) -> dict[str, Geometry]:
    return {sample.geometry.id: sample.geometry for sample in dimers.samples}


def turned(geometry: Geometry, matrix=None, shift=(0, 0, 0), order=None) -> Geometry:
    """The same cluster after an orthogonal map, a shift, and with its atoms listed in another order."""
    matrix = np.eye(3) if matrix is None else matrix
    order = np.arange(len(geometry.numbers)) if order is None else np.asarray(order)
    sites = tuple(int(np.flatnonzero(order == site)[0]) for site in geometry.sites)
    positions = (geometry.positions @ matrix.T + np.asarray(shift))[order]
    cell = geometry.cell @ matrix.T
    return Geometry(
        "turned", geometry.host, geometry.numbers[order], positions, sites, geometry.sublattices, cell, geometry.shell
    )


def named_the_other_way_round(sample: Sample) -> Sample:
    """i is called j: elements, sites and sublattices change places, nothing moves."""
    g = sample.geometry
    swapped = Geometry(g.id, g.host, g.numbers, g.positions, g.sites[::-1], g.sublattices[::-1], g.cell, g.shell)
    return Sample(sample.id, swapped, sample.elements[::-1], sample.orbit)


@pytest.mark.parametrize("name", GEOMETRIES)
@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**31), mirror=st.booleans(), shift=st.tuples(*[st.floats(-30, 30)] * 3))
def test_the_signature_does_not_see_rotation_reflection_shift_and_order(geometries, name, seed, mirror, shift):
    rng = np.random.default_rng(seed)
    matrix = Rotation.random(rng=rng).as_matrix() * (-1 if mirror else 1)
    geometry = geometries[name]
    moved = turned(geometry, matrix, shift, rng.permutation(len(geometry.numbers)))
    assert moved.signatures == geometry.signatures
    assert moved.distance == pytest.approx(geometry.distance)
    for elements in (("Cr", "Mn"), ("Mn", "Cr"), ("Fe", "Fe")):
        assert Sample("a", moved, elements, "o").signature == Sample("b", geometry, elements, "o").signature


@pytest.mark.parametrize("name", GEOMETRIES)
@pytest.mark.parametrize("elements", [("Cr", "Mn"), ("Mn", "Cr"), ("Fe", "Fe"), ("Tc", "V")])
def test_naming_i_and_j_the_other_way_round_changes_neither_pair_nor_signature(geometries, name, elements):
    sample = Sample("a", geometries[name], elements, "o")
    other = named_the_other_way_round(sample)
    assert np.array_equal(other.geometry.displacement, -sample.geometry.displacement)
    assert (other.pair, other.signature, other.distance) == (sample.pair, sample.signature, sample.distance)
    assert np.array_equal(other.numbers, sample.numbers)


@pytest.mark.parametrize("shell", ["s06", "s11", "s14"])
def test_the_signature_tells_the_two_triplets_apart(geometries, shell):
    a, b = (Sample("x", geometries[shell + triplet], ("Cr", "Mn"), "o") for triplet in "ab")
    assert a.signature != b.signature
    assert a.signature == Sample("x", geometries[shell + "b"], ("Mn", "Cr"), "o").signature
    assert Sample("x", a.geometry, ("Cr", "Cr"), "o").signature == Sample("x", b.geometry, ("Cr", "Cr"), "o").signature


def test_the_signature_tells_shells_apart(geometries):
    found = {name: set(geometry.signatures) for name, geometry in geometries.items()}
    same = [{a, b} for a in found for b in found if a < b and found[a] & found[b]]
    assert same == [{"s06a", "s06b"}, {"s11a", "s11b"}, {"s14a", "s14b"}]


def test_no_distance_stands_on_a_rounding_edge_of_the_signature(geometries):
    for geometry in geometries.values():
        gaps = np.linalg.norm(geometry.positions[:, None] - geometry.positions[list(geometry.sites)], axis=-1)
        assert np.abs(10 * gaps % 1 - 0.5).min() > 1e-3


def test_pair_is_alphabetical(toy):
    assert toy("Mn", "Cr").pair == toy("Cr", "Mn").pair == ("Cr", "Mn")


def test_impurities_stand_in_the_numbers_and_the_host_keeps_its_own(toy):
    sample = toy("Cr", "Mn")
    assert sample.numbers.tolist() == [24, 25, 52, 52, 83]
    assert sample.geometry.numbers.tolist() == [83, 83, 52, 52, 83]


def test_numbers_are_a_copy(toy):
    sample = toy("Cr", "Mn")
    sample.numbers[0] = 1
    assert sample.numbers[0] == 24


def test_atoms_carry_the_marks(toy):
    sample = toy("Cr", "Mn", 4.0)
    atoms = sample.atoms
    assert atoms.get_chemical_symbols() == ["Cr", "Mn", "Te", "Te", "Bi"]
    assert atoms.arrays["impurity"].tolist() == [1, 2, 0, 0, 0]
    assert atoms.get_distance(0, 1) == pytest.approx(4.0)
    assert atoms.info == {"id": sample.id, "host": "Toy", "orbit": sample.orbit}
    assert not atoms.pbc.any()


def test_changing_atoms_does_not_change_the_sample(toy):
    sample = toy("Cr", "Mn")
    before = sample.positions.copy()
    atoms = sample.atoms
    atoms.positions += 1.0
    assert np.array_equal(sample.positions, before)


@pytest.mark.parametrize("name", ["numbers", "positions", "cell"])
def test_geometry_arrays_are_read_only(toy, name):
    with pytest.raises(ValueError, match="read-only"):
        getattr(toy("Cr", "Mn").geometry, name)[0] = 1


def test_a_geometry_does_not_follow_the_arrays_it_was_made_from(toy):
    g = toy("Cr", "Mn").geometry
    positions = g.positions.copy()
    mine = Geometry("x", "Toy", g.numbers, positions, (0, 1), ("A", "A"), g.cell)
    positions[1] += 5.0
    assert mine.distance == pytest.approx(g.distance)


def test_inputs_are_read_only(toy):
    sample = toy("Cr", "Mn", moments=(3.9, 4.5))
    with pytest.raises(ValueError, match="read-only"):
        sample.inputs["moments"][0] = 0.0
    with pytest.raises(TypeError):
        sample.inputs["truth"] = np.zeros(2)
    with pytest.raises(AttributeError):
        sample.elements = ("Fe", "Fe")


def test_a_sample_does_not_follow_the_moments_it_was_made_from(toy):
    moments = np.array([3.9, 4.5])
    sample = Sample("x", toy("Cr", "Mn").geometry, ("Cr", "Mn"), "o", {"moments": moments})
    moments[0] = 0.0
    assert sample.moments[0] == 3.9


def test_pickle_round_trip(toy):
    sample = toy("Cr", "Mn", moments=(3.9, 4.5), shell=3)
    again = pickle.loads(pickle.dumps(sample))
    assert (again.id, again.elements, again.orbit, again.shell) == (sample.id, sample.elements, sample.orbit, 3)
    assert again.signature == sample.signature
    assert np.array_equal(again.moments, sample.moments)
    assert np.array_equal(again.positions, sample.positions)


def test_a_pickled_sample_comes_back_read_only(toy):
    again = pickle.loads(pickle.dumps(toy("Cr", "Mn", moments=(3.9, 4.5))))
    with pytest.raises(ValueError, match="read-only"):
        again.moments[0] = 0.0
    with pytest.raises(ValueError, match="read-only"):
        again.positions[0] = 0.0


def test_pickled_samples_share_their_geometry(toy):
    first, second = pickle.loads(pickle.dumps([toy("Cr", "Mn"), toy("Cr", "Fe")]))
    assert first.geometry is second.geometry


def test_magnetic_needs_both_moments(toy):
    samples = [toy("Cr", "Mn", moments=m) for m in [(3.9, 4.5), (0.0, 4.5), (3.9, 0.0), (0.0, 0.0), (-1.0, 2.0)]]
    assert magnetic(samples).tolist() == [True, False, False, False, True]


def test_magnetic_is_unknown_without_moments(toy):
    assert magnetic([toy("Cr", "Mn"), toy("Cr", "Fe", moments=(3.9, 3.5))]) is None


def test_magnetic_asks_only_for_the_pair(toy):
    g = toy("Cr", "Mn").geometry
    trimer = Geometry("t", "Toy", g.numbers, g.positions, (0, 1, 4), ("A", "A", "A"), g.cell)
    assert magnetic([Sample("t", trimer, ("Cr", "Mn", "Zn"), "o", {"moments": (3.9, 4.5, 0.0)})]).tolist() == [True]
