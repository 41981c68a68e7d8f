"""Values that the host's symmetry or the moments forbid, against tensors written out by hand or made by projection."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from jijbench.context import home
from jijbench.data.card import file_sha256
from jijbench.data.cluster import cluster
from jijbench.data.consistency import check_physics
from jijbench.data.importer import import_table
from jijbench.data.symmetry import axial_turns, canonical, operations, site_at, site_classes
from jijbench.data.validate import validate
from jijbench.errors import DataError

STEP = np.array([-4.38531, 0.0, 0.0])  # Å, Bi2 to the nearest Bi2; a mirror plane through the middle is normal to it
TARGETS = {"jij": {"columns": ("jij_mev",)}, "dij": {"columns": ("dx", "dy", "dz")}}
COLUMNS = {
    "element_i": "a", "element_j": "b", "dx": "x", "dy": "y", "dz": "z", "site_i": "s", "j": "J", "convention": "house",
    "energy_unit": "meV",
}  # fmt: skip
ABOUT = {"id": "t", "title": "T", "licence": "MIT", "citation": "-", "code": "-", "functional": "-", "radius": 5.0}


def pair(host, step, site="Bi2", id="g"):
    return cluster(host, (site, site_at(host, host.position(site) + step)), np.stack([np.zeros(3), step]), 0.0, id)


def table_of(host, rows, mub):
    """Rows (a, b, geometry, J, D) as samples.csv has them."""
    lines = [
        {"element_i": a, "element_j": b, "geometry": g.id, "jij_mev": j, "dx": d[0], "dy": d[1], "dz": d[2],
         "orbit": str(canonical(host, g, (a, b)))} for a, b, g, j, d in rows
    ]  # fmt: skip
    table = pd.DataFrame(lines)
    if mub is not None:
        table[["moment_i_mub", "moment_j_mub"]] = mub
    return table, {g.id: g for _, _, g, _, _ in rows}


def check(host, rows, mub=None, **tolerance):
    table, geometries = table_of(host, rows, mub)
    check_physics(table, geometries, host, TARGETS, tolerance, lambda k: f"row {k + 1}")


def test_one_orbit_has_one_j(host, dimers):
    there, back = pair(host, STEP), pair(host, -STEP, id="h")
    check(host, [("Cr", "Mn", there, 1.0, (0, 0, 0)), ("Mn", "Cr", back, 1.0005, (0, 0, 0))])
    rows = [("Cr", "Mn", there, 1.0, (0, 0, 0)), ("Mn", "Cr", back, -7.0, (0, 0, 0))]
    with pytest.raises(DataError, match=r"row 2 has J = -7 meV, but row 1, the same pair .*, 1; .*state a `tolerance`"):
        check(host, rows)
    check(host, rows, jij=8.0)
    with pytest.raises(DataError, match="row 2 has J"):
        check(host, [rows[0], ("Mn", "Cr", there, -7.0, (0, 0, 0))])  # the mirror plane between them exchanges the two
    polar = next(s.geometry for s in dimers.samples if s.geometry.id == "s06a")
    check(host, [("Cr", "Mn", polar, 1.0, (0, 0, 0)), ("Mn", "Cr", polar, -7.0, (0, 0, 0))])  # nothing does here


def test_d_of_the_other_end_is_reversed(host):
    there, back = pair(host, STEP), pair(host, -STEP, id="h")
    check(host, [("Cr", "Mn", there, 1.0, (0.3, 0.1, 0.2)), ("Mn", "Cr", back, 1.0, (-0.3, -0.1, -0.2))])
    rows = [("Cr", "Mn", there, 1.0, (0.3, 0.1, 0.2)), ("Mn", "Cr", back, 1.0, (0.3, 0.1, 0.2))]
    with pytest.raises(DataError, match=r"row 2 has D = .*row 1 demands \(-0.3, -0.1, -0.2\) of it"):
        check(host, rows)
    check(host, rows, dij=0.7)


def test_a_forbidden_component_is_named_with_what_is_allowed(host):
    """A mirror plane between two equal atoms, normal to their connection, allows D in the plane only (Moriya)."""
    there = pair(host, STEP)
    check(host, [("Cr", "Cr", there, 1.0, (0, 0.1, 0.2))])
    with pytest.raises(
        DataError, match=r"row 1 has D = \(0\.5, 0\.1, 0\.2\).*Bi2Te3 forbids; of it \(0, 0\.1, 0\.2\) is"
    ):
        check(host, [("Cr", "Cr", there, 1.0, (0.5, 0.1, 0.2))])
    check(host, [("Cr", "Mn", there, 1.0, (0.5, 0.1, 0.2))])
    middle = pair(host, host.position("Bi1") - host.position("Bi2"))  # an inversion centre between equal atoms: D = 0
    check(host, [("Cr", "Cr", middle, 1.0, (0, 0, 0))])
    with pytest.raises(DataError, match=r"forbids; of it \(0, 0, 0\) is allowed"):
        check(host, [("Cr", "Cr", middle, 1.0, (0, 0, 0.1))])


@settings(max_examples=20, deadline=None)
@given(
    vector=st.tuples(*[st.floats(-2, 2)] * 3), geometry=st.sampled_from(["s01", "s02", "s05", "s06a", "s09a", "s11a"]),
    elements=st.sampled_from([("Cr", "Cr"), ("Cr", "Mn")]),
)  # fmt: skip
def test_the_images_of_an_allowed_vector_pass_and_another_does_not(host, dimers, vector, geometry, elements):
    """An independent construction: D projected on the pair's own group, then turned by every operation of the host."""
    one = next(s.geometry for s in dimers.samples if s.geometry.id == geometry)
    start, step = host.position(one.sublattices[0]), one.displacement
    images, fixed = [], []
    for rotation, shift in zip(*operations(host), strict=True):
        first = site_at(host, rotation @ start + shift)
        turned, axial = rotation @ step, np.linalg.det(rotation) * rotation
        images.append((first, turned, axial))
        second = site_at(host, rotation @ (start + step) + shift)
        if first == one.sublattices[0] and np.allclose(turned, step, atol=1e-3):
            fixed.append(axial)
        if elements[0] == elements[1] and second == one.sublattices[0] and np.allclose(-turned, step, atol=1e-3):
            fixed.append(-axial)
    allowed = np.mean(fixed, axis=0) @ np.array(vector)
    rows = [
        (*elements, pair(host, turned, first, f"g{k}"), 1.0, axial @ allowed)
        for k, (first, turned, axial) in enumerate(images)
    ]
    check(host, rows)
    if np.abs(allowed).max() > 0.01:
        a, b, place, j, d = rows[-1]
        with pytest.raises(DataError, match=rf"row {len(rows)} has D"):
            check(host, [*rows[:-1], (a, b, place, j, -d)])


def test_turns_to_the_common_frame_are_pseudorotations(host):
    key, turns = axial_turns(host, pair(host, STEP), ("Cr", "Cr"))
    assert key == canonical(host, pair(host, STEP), ("Cr", "Cr"))
    assert len(turns) == 2
    np.testing.assert_allclose(sorted(np.linalg.det(turn) for turn in turns), [-1, 1], atol=1e-9)


def test_a_coupling_needs_two_moments(host):
    rows = [("Cr", "Sc", pair(host, STEP), 5.0, (0, 0, 0))]
    check(host, rows, [[3.0, 1.0]])
    with pytest.raises(DataError, match=r"row 1 has jij = 5 meV, but moments \(3, 0\) μB"):
        check(host, rows, [[3.0, 0.0]])
    check(host, rows, [[3.0, 0.0]], jij=5.0)
    with pytest.raises(DataError, match="row 1 has dij"):
        check(host, [("Cr", "Sc", pair(host, STEP), 0.0, (0, 1, 0))], [[3.0, 0.0]])


def test_one_element_has_one_moment_on_equal_sites(host):
    assert site_classes(host)["Bi1"] == site_classes(host)["Bi2"] != site_classes(host)["Te1"]
    there, other = pair(host, STEP), pair(host, host.position("Bi2") - host.position("Bi1"), "Bi1", "h")
    rows = [("Cr", "Mn", there, 1.0, (0, 0, 0)), ("Mn", "Cr", other, 1.0, (0, 0, 0))]
    check(host, rows, [[3.0, 4.0], [4.0, -3.0]])
    with pytest.raises(DataError, match="row 2 gives Cr on Bi2 a moment of 1 μB, but row 1 one of 3"):
        check(host, rows, [[3.0, 4.0], [4.0, 1.0]])
    check(host, rows, [[3.0, 4.0], [4.0, 1.0]], moments=2.0)


@pytest.fixture
def imported(tmp_path):
    table = pd.DataFrame({"a": ["Cr", "Cr"], "b": ["Mn", "Fe"], "x": STEP[0], "y": 0.0, "z": 0.0, "s": "Bi2", "J": 1.0})
    table.to_csv(tmp_path / "t.csv", index=False)
    import_table(tmp_path / "t.csv", COLUMNS, tmp_path / "out", **ABOUT)
    return tmp_path / "out"


def changed(folder, file, old, new):
    """Change a file and its hash in the card, as one who edits a dataset would."""
    path, card = folder / file, yaml.safe_load((folder / "card.yaml").read_text(encoding="utf-8"))
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    if file != "card.yaml":
        card["files"][file] = file_sha256(path)
        (folder / "card.yaml").write_text(yaml.safe_dump(card), encoding="utf-8")


CHANGES = [
    ("samples.csv", ",4.38531,", ",4.48531,", r"row 1 \(Cr-Mn-g01\) .*distance_angstrom = 4.48.*g01 4.38"),
    ("samples.csv", "-4.38531", "4.38531", r"row 1 .*dx_angstrom = 4.38531, its structure g01 -4.38"),
    ("samples.csv", "Bi2,Bi2", "Bi2,Bi1", r"row 1 .*sublattice_j = Bi1, its structure g01 Bi2"),
    ("samples.csv", "Mn,1,", "Mn,2,", r"row 1 .*shell = 2, its structure g01 1"),
    ("card.yaml", "host: Bi2Te3", "host: Sb2Te3", "has the host 'Sb2Te3', host.json Bi2Te3"),
    ("host.json", '"formula": "Bi2Te3"', '"formula": "Sb2Te3"', "geometry g01 has the host 'Bi2Te3' or a cell"),
    ("host.json", '"element": "Bi"', '"element": "Sb"', r"geometry g01: atom \d+ \(Z = 83 at .*is no atom of"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "message"), CHANGES)
def test_files_of_a_dataset_that_disagree_are_named(imported, file, old, new, message):
    validate(imported)
    changed(imported, file, old, new)
    with pytest.raises(DataError, match=message):
        validate(imported)


def test_a_cluster_that_lacks_an_atom_or_has_one_moved_is_named(imported):
    lines = (imported / "geometries.extxyz").read_text(encoding="utf-8").splitlines()
    fields = lines[-1].split()
    changed(imported, "geometries.extxyz", lines[-1], " ".join([fields[0], "9.5", *fields[2:]]))
    with pytest.raises(DataError, match=r"geometry g01: atom \d+ .*is no atom of Bi2Te3 within"):
        validate(imported)
    changed(imported, "geometries.extxyz", " ".join([fields[0], "9.5", *fields[2:]]) + "\n", "")
    changed(imported, "geometries.extxyz", lines[0] + "\n", f"{int(lines[0]) - 1}\n")
    with pytest.raises(DataError, match=r"geometry g01 has \d+ atoms, Bi2Te3 has \d+ within 5 Å"):
        validate(imported)


def test_a_dataset_whose_values_contradict_the_moments_needs_its_tolerance(tmp_path):
    folder = tmp_path / "table"
    shutil.copytree(home("datasets") / "jij-published-table", folder)
    assert validate(folder)[0].card.tolerance == {"jij": 3.2}
    changed(folder, "card.yaml", "jij: 3.2", "jij: 2.0")
    with pytest.raises(DataError, match=r"samples\.csv: row \d+ \(.*\) has jij = .* meV, but moments"):
        validate(folder)


def test_the_host_of_the_tests_is_that_of_the_data(host):
    raw = json.loads((home("datasets") / "jij-bi2te3" / "host.json").read_text(encoding="utf-8"))
    assert tuple(site["site"] for site in raw["sites"]) == host.sites
