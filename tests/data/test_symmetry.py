"""The facts of the data's method note, found from the host's space group alone."""

import dataclasses

import numpy as np
import pytest

from jijbench.data.sample import Geometry
from jijbench.data.symmetry import canonical, images, operations, site_at

EXCHANGEABLE = ["s01", "s02", "s03", "s04", "s05", "s07", "s08", "s09a", "s09b", "s10", "s12", "s13"]
SPLIT = ["s06", "s11", "s14"]


@pytest.fixture(scope="module")
def geometries(dimers) -> dict[str, Geometry]:
    return {sample.geometry.id: sample.geometry for sample in dimers.samples}


def test_the_list_of_geometries_is_complete(geometries):
    assert set(geometries) == {*EXCHANGEABLE, *(name + triplet for name in SPLIT for triplet in "ab")}


def test_the_host_has_the_point_group_of_r_3m(host):
    rotations, translations = operations(host)
    assert len(rotations) == len(translations) == 12
    assert np.allclose(rotations @ rotations.transpose(0, 2, 1), np.eye(3), atol=1e-6)
    assert sum(np.allclose(rotation, -np.eye(3)) for rotation in rotations) == 1


def test_every_operation_puts_atoms_on_atoms_of_their_element(host):
    for rotation, translation in zip(*operations(host), strict=True):
        for site, position, element in zip(host.sites, host.positions, host.elements, strict=True):
            target = rotation @ position + translation
            found = site_at(host, target)
            offset = (target - host.position(found)) @ np.linalg.inv(host.cell)
            assert np.allclose(offset, np.round(offset), atol=1e-3), site
            assert host.elements[host.sites.index(found)] == element


@pytest.mark.parametrize("name", EXCHANGEABLE)
def test_elements_may_be_exchanged(host, geometries, name):
    assert canonical(host, geometries[name], ("Cr", "Mn")) == canonical(host, geometries[name], ("Mn", "Cr"))


@pytest.mark.parametrize("name", SPLIT)
def test_elements_may_not_be_exchanged_in_a_split_shell(host, geometries, name):
    a, b = geometries[name + "a"], geometries[name + "b"]
    assert canonical(host, a, ("Cr", "Mn")) != canonical(host, a, ("Mn", "Cr"))
    assert canonical(host, a, ("Cr", "Mn")) != canonical(host, b, ("Cr", "Mn"))
    assert canonical(host, a, ("Cr", "Mn")) == canonical(host, b, ("Mn", "Cr"))
    assert canonical(host, a, ("Cr", "Cr")) == canonical(host, b, ("Cr", "Cr"))


def test_the_two_triplets_of_shell_nine_differ_for_any_elements(host, geometries):
    a, b = geometries["s09a"], geometries["s09b"]
    assert a.distance == pytest.approx(b.distance, abs=1e-3)
    for elements in (("Cr", "Mn"), ("Cr", "Cr")):
        assert canonical(host, a, elements) != canonical(host, b, elements)
        assert canonical(host, a, elements) != canonical(host, b, elements[::-1])


def test_shells_and_pairs_of_elements_are_told_apart(host, geometries):
    keys = [
        canonical(host, g, ("Cr", "Cr")) for name, g in geometries.items() if not name.endswith(("6b", "11b", "14b"))
    ]
    assert len(set(keys)) == len(keys) == 15
    assert canonical(host, geometries["s01"], ("Cr", "Mn")) != canonical(host, geometries["s01"], ("Cr", "Fe"))


@pytest.mark.parametrize("name", [*EXCHANGEABLE, *(name + triplet for name in SPLIT for triplet in "ab")])
def test_the_multiplicity_is_the_number_of_images_from_one_site(dimers, host, geometries, name):
    start = geometries[name].sublattices[0]
    found = {image[1:] for image in images(host, geometries[name]) if image[0] == start}
    rows = dimers.table[dimers.magnetic & (dimers.table["geometry"] == name)]
    if name[:3] in SPLIT:  # equal elements: one row stands for both triplets
        twins = rows["element_i"] == rows["element_j"]
        assert set(rows["multiplicity"][twins]) <= {2 * len(found)}
        rows = rows[~twins]
    assert set(rows["multiplicity"]) == {len(found)}


@pytest.mark.parametrize("shell", [6, 9, 11, 14])
def test_a_row_without_two_moments_counts_both_triplets(dimers, shell):
    rows = dimers.table[~dimers.magnetic & (dimers.table["shell"] == shell)]
    assert set(rows["multiplicity"]) == {6}
    assert not rows["geometry"].str.endswith("b").any()


@pytest.mark.parametrize("name", ["s02", "s06a", "s09b"])
def test_any_image_and_any_naming_gives_the_same_key(host, geometries, name):
    geometry, key = geometries[name], canonical(host, geometries[name], ("Cr", "Mn"))
    for rotation, (first, second, *_) in zip(operations(host)[0], images(host, geometry), strict=True):
        ends = np.array([np.zeros(3), rotation @ geometry.displacement])
        image = dataclasses.replace(
            geometry, numbers=[83, 83], positions=ends, sites=(0, 1), sublattices=(first, second)
        )
        assert canonical(host, image, ("Cr", "Mn")) == key
        swapped = dataclasses.replace(image, sites=(1, 0), sublattices=(second, first))
        assert canonical(host, swapped, ("Mn", "Cr")) == key


def test_no_displacement_stands_on_a_rounding_edge_of_the_key(host, geometries):
    for geometry in geometries.values():
        steps = operations(host)[0] @ geometry.displacement
        assert np.abs(100 * steps % 1 - 0.5).min() > 1e-3


def test_equal_orbits_mean_equal_pair_and_signature(published):
    seen: dict[str, tuple] = {}
    for sample in published.samples:
        assert seen.setdefault(sample.orbit, (sample.pair, sample.signature)) == (sample.pair, sample.signature)
    assert len(seen) == 340 - 136
