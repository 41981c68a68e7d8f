"""Host crystals of others: what is no crystal is named, and never reaches symmetry library or neighbour search."""

import copy
import dataclasses
import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jijbench.data.cluster import atoms_near
from jijbench.data.host import Host, read_host
from jijbench.data.symmetry import operations
from jijbench.data.validate import host_of
from jijbench.errors import DataError

A = 2.866  # Å, iron
IRON = {
    "formula": "Fe",
    "lattice_angstrom": [[A, 0, 0], [0, A, 0], [0, 0, A]],
    "sites": [
        {"site": "A", "element": "Fe", "position_angstrom": [0, 0, 0]},
        {"site": "B", "element": "Fe", "position_angstrom": [A / 2] * 3},
    ],
}


def third(position, name="C", element="Fe"):
    return lambda h: h["sites"].append({"site": name, "element": element, "position_angstrom": position})


def cell(*vectors):
    return lambda h: h.update(lattice_angstrom=list(vectors))


def put(**changes):
    return lambda h: h["sites"][1].update(changes)


BAD = [
    (third([0, 0, 0]), "the sites 'A' and 'C' are 0.000 Å apart"),
    (third([A, 0, 0]), "the sites 'A' and 'C' are 0.000 Å apart, lattice vectors added"),
    (third([7 * A + 0.1, -3 * A, A]), "the sites 'A' and 'C' are 0.100 Å apart"),
    (third([A, A, 0], name="A"), "the site 'A' is named 2 times"),
    (third([1, 0, 0], element="Xx"), "site 'C': 'Xx' is no chemical element"),
    (third([1, 0, 0], element=26), "sites[2].element is '26', not a text"),
    (third([1, 0]), "sites[2].position_angstrom is a list of 2, expected a list of 3 numbers"),
    (third([1e9, 0, 0]), "site 'C' lies at [1000000000.0, 0.0, 0.0] Å"),
    (cell([A, 0, 0], [0, A, 0], [A, A, 0]), "has its three vectors in one plane"),
    (cell([A, 0, 0], [0, A, 0]), "lattice_angstrom is a list of 2, expected a list of 3 vectors"),
    (cell([A, 0, 0], [0, A, 0], [0, 0, 1e-6]), "lattice_angstrom[2] is 1e-06 Å long"),
    (cell([0.2866, 0, 0], [0, 0.2866, 0], [0, 0, 0.2866]), "lattice_angstrom[0] is 0.287 Å long"),
    (cell([1, 0, 0], [0, 1, 0], [0, 0, 1]), "leaves 0.5 Å³ to each of 2 atoms"),
    (cell([A, 0, 0], [0, A, 0], [A, 0.2, 30]), None),
    (cell([A, 0, 0], [A, 0.3, 0], [0, 0, 99]), "the lattice has a vector of 0.3 Å"),
    (cell([1e30, 0, 0], [0, A, 0], [0, 0, A]), "lattice_angstrom[0] is 1e+30 Å long"),
    (cell([True, 0, 0], [0, A, 0], [0, 0, A]), "lattice_angstrom[0][0] is 'True', not a finite number"),
    (put(position_angstrom=["1.433"] * 3), "sites[1].position_angstrom[0] is '1.433', not a finite number"),
    (put(position_angstrom=None), "sites[1].position_angstrom is 'None', not a list"),
    (put(site=""), "sites[1].site is '', not a text"),
    (lambda h: h["sites"][0].pop("element"), "sites[0].element is missing"),
    (lambda h: h.update(sites=[]), "sites is empty"),
    (lambda h: h.update(sites=["A"]), "sites[0] is 'A', not a mapping"),
    (lambda h: h.pop("formula"), "formula is missing"),
]


@pytest.mark.parametrize(("change", "words"), BAD)
def test_a_bad_crystal_is_named_by_file_and_field(tmp_path, change, words):
    raw = copy.deepcopy(IRON)
    change(raw)
    (tmp_path / "host.json").write_text(json.dumps(raw))
    if words is None:
        assert len(read_host(tmp_path / "host.json").sites) == 2
        return
    with pytest.raises(DataError) as refused:
        read_host(tmp_path / "host.json")
    assert "host.json: " in str(refused.value)
    assert words in str(refused.value)


@pytest.mark.parametrize("number", ["1e400", "NaN", "1E385", "-Infinity", '"2.8"', "null", "[1]"])
def test_no_number_of_a_host_ends_the_process(tmp_path, number):
    """In a process of its own: such numbers made the symmetry library crash."""
    text = json.dumps(IRON).replace(str(A), number, 1)
    (tmp_path / "host.json").write_text(text)
    code = (
        "import sys; from pathlib import Path; from jijbench.data.host import read_host\n"
        "from jijbench.errors import DataError\n"
        f"try: read_host(Path({str(tmp_path / 'host.json')!r}))\n"
        "except DataError as error: print(error); sys.exit(7)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 7, done.stderr
    assert "host.json" in done.stdout


@pytest.mark.parametrize("text", ["[]", "null", '"x"', "{}", '{"sites": {}, "formula": "Fe"}', "\udcff", ""])
def test_what_is_no_host_is_named(tmp_path, text):
    (tmp_path / "host.json").write_text(text, errors="surrogateescape")
    with pytest.raises(DataError, match=r"host\.json"):
        read_host(tmp_path / "host.json")


numbers = st.floats(-6, 6).map(lambda x: round(x, 2))


@settings(deadline=None, max_examples=150)
@given(
    lattice=st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=3, max_size=3),
    second=st.lists(numbers, min_size=3, max_size=3),
)
def test_a_crystal_is_refused_or_no_atoms_of_it_are_nearer_than_a_bond(lattice, second):
    """Distances counted out over many cells are what the check by reduced vectors says; symmetry always answers."""
    cell = np.array(lattice)
    steps = np.array(list(itertools.product(range(-6, 7), repeat=3))) @ cell
    own = np.sort(np.linalg.norm(steps, axis=1))[1]
    nearest = min(own, np.linalg.norm(steps + np.array(second), axis=1).min())
    try:
        host = Host("X", cell, ("A", "B"), ("Fe", "Co"), np.array([[0.0, 0, 0], second]))
    except DataError:
        return
    assert nearest >= 0.7 - 1e-9
    rotations, _ = operations(host)
    assert len(rotations) >= 1


def test_the_shipped_hosts_are_crystals(dimers, published):
    for dataset in (dimers, published):
        assert len(host_of(dataset).sites) == 5


@pytest.mark.parametrize("radius", [-1.0, float("nan"), float("inf")])
def test_a_radius_that_is_none_is_refused(host, radius):
    with pytest.raises(DataError, match=f"the radius of a cluster is {radius} Å"):
        atoms_near(host, np.zeros((1, 3)), radius)


@pytest.mark.parametrize(("radius", "far"), [(1e4, 0.0), (5.0, 1e9), (5.0, 1e300)])
def test_a_region_of_too_many_atoms_is_refused_before_memory_is_taken(host, radius, far):
    with pytest.raises(DataError, match="check radius, displacement and their unit"):
        atoms_near(host, np.array([[0.0, 0, 0], [far, 0, 0]]), radius)


def test_a_site_may_be_given_in_another_cell(host):
    """The crystal is the same one, so its clusters are."""
    moved = host.positions.copy()
    moved[3] += np.array([7, -4, 24]) @ host.cell
    centres = host.position(host.sites[3]) + np.array([[0.0, 0, 0], [4.385310271514055, 0, 0]])
    numbers, positions, names = atoms_near(host, centres, 5.0)
    others = atoms_near(dataclasses.replace(host, positions=moved), centres, 5.0)
    order, other = (np.lexsort(np.round(found, 6).T) for found in (positions, others[1]))
    assert len(names) > 20
    np.testing.assert_allclose(others[1][other], positions[order], atol=1e-9)
    assert np.array_equal(others[0][other], numbers[order])
    assert [others[2][k] for k in other] == [names[k] for k in order]
