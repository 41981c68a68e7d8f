import importlib.util
import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants

from jijbench.convention import pair_energy
from jijbench.data.dataset import load_dataset
from jijbench.data.importer import ColumnMap, import_table, read_columns
from jijbench.data.validate import validate
from jijbench.errors import DataError, MissingExtra, UnknownName

BOHR = constants.physical_constants["Bohr radius"][0] * 1e10  # Å
ENERGY = {  # meV
    "meV": 1.0,
    "eV": 1e3,
    "mRy": constants.physical_constants["Rydberg constant times hc in eV"][0],
    "Ry": 1e3 * constants.physical_constants["Rydberg constant times hc in eV"][0],
    "J": 1e3 / constants.e,
}
COLUMNS = {
    "element_i": "imp_i", "element_j": "imp_j", "dx": "x", "dy": "y", "dz": "z", "site_i": "site",
    "length_unit": "bohr", "j": "J", "energy_unit": "mRy", "convention": "ordered-pairs",
    "moment_i": "m_i", "moment_j": "m_j",
}  # fmt: skip
ABOUT = {
    "id": "imported", "title": "A table", "licence": "CC BY 4.0", "citation": "Nobody", "code": "KKR",
    "functional": "LDA", "spin_orbit": False, "radius": 3.5,
}  # fmt: skip
STEP = (-4.38531, 0.0, 0.0)  # Å, from Bi2 to the nearest Bi2


def without(mapping, *names):
    return {key: value for key, value in mapping.items() if key not in names}


def source_rows(dimers):
    """Rows of jij-bi2te3 in a published shape: mRy, -sum_{i!=j}, bohr, elements and sites under other names."""
    rows = dimers.table[dimers.magnetic & dimers.table["geometry"].isin(["s01", "s02", "s06a", "s06b"])].iloc[::7]
    return rows.reset_index(drop=True), pd.DataFrame(
        {
            "imp_i": rows["element_i"], "imp_j": rows["element_j"], "site": rows["sublattice_i"],
            **{new: rows[f"d{new}_angstrom"] / BOHR for new in "xyz"},
            "J": rows["jij_mev"] / 2 / ENERGY["mRy"], "m_i": rows["moment_i_mub"], "m_j": rows["moment_j_mub"],
        }
    ).reset_index(drop=True)  # fmt: skip


def small(**changes):
    """Four good rows, with single values changed: ``J={3: nan}`` changes that of row 3."""
    table = pd.DataFrame(
        {
            "imp_i": ["Cr", "Cr", "Mn", "Fe"], "imp_j": ["Mn", "Fe", "Mn", "Mn"], "site": "Bi2",
            "x": STEP[0], "y": 0.0, "z": 0.0, "J": [1.0, 2.0, 3.0, 4.0],
            "m_i": [3.0, 3.0, 4.0, 2.0], "m_j": [4.0, 2.0, 4.0, 4.0],
        }
    )  # fmt: skip
    for column, values in changes.items():
        table[column] = table[column].astype(object)
        for row, value in values.items():
            table.loc[row - 1, column] = value
    return table


HOUSE = COLUMNS | {"length_unit": "angstrom", "energy_unit": "meV", "convention": "house"}


def write(table, folder, name="table.csv"):
    path = folder / name
    table.to_csv(path, index=False) if name.endswith("csv") else table.to_parquet(path)
    return path


def imported(table, folder, columns=HOUSE, **about):
    import_table(write(table, folder), columns, folder / "out", **ABOUT | about)
    return load_dataset(folder / "out")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_values_of_a_published_shape_round_trip(dimers, tmp_path, ending):
    if ending == "parquet" and importlib.util.find_spec("pyarrow") is None:
        pytest.skip("pyarrow, of the extra parquet, is not installed")
    rows, table = source_rows(dimers)
    assert set(rows["geometry"]) == {"s01", "s02", "s06a", "s06b"}
    card = import_table(write(table, tmp_path, f"table.{ending}"), COLUMNS, tmp_path / "out", **ABOUT)
    dataset, audit = validate(tmp_path / "out")
    assert dataset.card == card
    np.testing.assert_allclose(dataset.truth("jij"), rows["jij_mev"], rtol=1e-9)
    np.testing.assert_allclose(dataset.table["dx_angstrom"], rows["dx_angstrom"], atol=1e-5)
    np.testing.assert_array_equal(dataset.table["moment_j_mub"], rows["moment_j_mub"])
    assert list(dataset.table["element_i"]) == list(rows["element_i"])
    assert list(dataset.table["sublattice_j"]) == list(rows["sublattice_j"])
    assert audit.orbits == audit.samples == len(rows)


def test_geometries_are_numbered_by_distance_and_shells_by_its_rank(dimers, tmp_path):
    rows, table = source_rows(dimers)
    dataset = imported(table, tmp_path, COLUMNS)
    assert dataset.card.host == "Bi2Te3"
    found = {
        name: (g.geometry, s.shell, round(s.distance, 2))
        for name, g, s in zip(rows["geometry"], dataset.table.itertuples(), dataset.samples, strict=True)
    }
    assert found["s01"] == ("g01", 1, 4.39)
    assert found["s02"] == ("g02", 2, 4.79)
    assert {found["s06a"], found["s06b"]} == {("g03", 3, 7.60), ("g04", 3, 7.60)}
    first = dataset.table.iloc[0]
    assert first["id"] == f"{first['element_i']}-{first['element_j']}-g01"


def test_the_same_table_gives_the_same_bytes(tmp_path):
    table = small()
    for name in "ab":
        (tmp_path / name).mkdir()
        imported(table, tmp_path / name)
    assert (tmp_path / "a/out/card.yaml").read_bytes() == (tmp_path / "b/out/card.yaml").read_bytes()


def test_naming_i_and_j_the_other_way_round_is_one_orbit(tmp_path):
    table = small(imp_i={4: "Mn"}, imp_j={4: "Cr"}, x={4: 4.38531}, m_i={4: 4.0}, m_j={4: 3.0})  # row 1 read from j
    dataset = imported(table, tmp_path, HOUSE | {"tolerance": {"jij": 3.0}})
    assert dataset.samples[3].geometry.id != dataset.samples[0].geometry.id
    assert dataset.samples[3].orbit == dataset.samples[0].orbit
    assert len({sample.orbit for sample in dataset.samples}) == 3
    assert validate(tmp_path / "out")[1].worst == pytest.approx(3.0)


@pytest.mark.parametrize("holes", [False, True])
def test_atomic_numbers_stand_for_symbols(tmp_path, holes):
    table = small()
    table["imp_i"], table["imp_j"] = [24, 24, 25, 26], [25, 26, 25, 25]
    if holes:
        table = table.astype({"imp_i": float})
    dataset = imported(table, tmp_path)
    assert [s.elements for s in dataset.samples] == [("Cr", "Mn"), ("Cr", "Fe"), ("Mn", "Mn"), ("Fe", "Mn")]
    np.testing.assert_array_equal(dataset.truth("jij"), [1, 2, 3, 4])


def test_site_labels_of_another_code_are_mapped(tmp_path):
    table = small()
    table["site"], table["other"] = 3, 3
    dataset = imported(table, tmp_path, HOUSE | {"site_j": "other", "site_names": {3: "Bi2"}})
    assert dataset.samples[0].geometry.sublattices == ("Bi2", "Bi2")


def test_geometry_labels_stand_for_displacements(tmp_path):
    table = small()
    table["shell"] = [1, 1, 2, 2]
    places = {1: {"site_i": "Bi2", "displacement": STEP}, 2: {"site_i": "Bi1", "displacement": (8.770621, 0, 0)}}
    columns = without(HOUSE, "dx", "dy", "dz", "site_i") | {"geometry": "shell", "geometries": places}
    dataset = imported(table, tmp_path, columns)
    assert list(dataset.table["geometry"]) == ["g01", "g01", "g02", "g02"]
    assert dataset.samples[3].geometry.sublattices == ("Bi1", "Bi1")
    np.testing.assert_allclose(dataset.samples[3].geometry.displacement, [8.770621, 0, 0], atol=1e-5)
    (tmp_path / "table.csv").write_text((tmp_path / "table.csv").read_text().replace("4.0,2\n", "4.0,7\n", 1))
    with pytest.raises(DataError, match=r"row 3 \(.*shell=7.*none of \['1', '2'\]"):
        import_table(tmp_path / "table.csv", columns, tmp_path / "again", **ABOUT)


def test_d_vectors_get_the_factor_of_j(tmp_path):
    table = small().assign(Dx=[0.1, 0.2, 0.0, 0.4], Dy=-0.3, Dz=0.0)
    columns = HOUSE | {"d": ["Dx", "Dy", "Dz"], "convention": "half-positive"}
    dataset = imported(table, tmp_path, columns, spin_orbit=None)
    assert dataset.card.source.spin_orbit is True
    np.testing.assert_allclose(dataset.truth("jij"), [-1, -2, -3, -4])
    np.testing.assert_allclose(dataset.truth("dij")[:2], [[-0.1, 0.3, 0], [-0.2, 0.3, 0]])
    text = (tmp_path / "out/samples.csv").read_text()
    assert "-0.0," not in text
    assert dataset.card.units["dij_z_mev"] == "meV"


def test_without_moments_every_pair_counts_as_magnetic(tmp_path):
    dataset = imported(small(m_i={1: 0.0}), tmp_path, without(HOUSE, "moment_i", "moment_j"))
    assert not any(column.startswith("moment") for column in dataset.table)
    assert dataset.samples[0].moments is None
    assert dataset.magnetic.tolist() == [True] * 4
    assert list(dataset.card.targets) == ["jij"]


def test_with_moments_a_pair_with_a_zero_is_not_magnetic(tmp_path):
    table = small(m_i={1: 0.0}, J={1: 0.0}, imp_i={1: "Sc"})
    assert imported(table, tmp_path).magnetic.tolist() == [False, True, True, True]


def flip_energy(name, j, m_i, m_j):
    """E(up, down) - E(up, up) of two spins, each Hamiltonian written out."""
    aligned = m_i * m_j if name == "ordered-pairs-moments" else 1.0
    ordered = 2 * j * aligned  # i, j and j, i
    up_up = {
        "house": -ordered / 2, "ordered-pairs": -ordered, "unique-pairs": -j, "half-positive": ordered / 2,
        "ordered-pairs-moments": -ordered,
    }[name]  # fmt: skip
    return -2 * up_up


NAMES = ["house", "ordered-pairs", "unique-pairs", "half-positive", "ordered-pairs-moments"]


@settings(max_examples=25, deadline=None)
@given(
    j=st.floats(-50, 50).filter(lambda x: abs(x) > 1e-6), unit=st.sampled_from(sorted(ENERGY)),
    name=st.sampled_from(NAMES), moments=st.tuples(st.floats(0.1, 8), st.floats(0.1, 8)),
)  # fmt: skip
def test_unit_and_convention_keep_the_energy_of_two_spins(j, unit, name, moments):
    table = small(J={1: j}, m_i={1: moments[0]}, m_j={1: moments[1]}).iloc[:1]
    with tempfile.TemporaryDirectory() as folder:
        dataset = imported(table, Path(folder), HOUSE | {"energy_unit": unit, "convention": name})
        found = dataset.truth("jij")[0]
    assert 2 * found == pytest.approx(flip_energy(name, j, *moments) * ENERGY[unit], rel=1e-8)


BAD_ROWS = [
    ({"J": {3: "nan"}}, r"table\.csv: row 3 \(imp_i=Mn, imp_j=Mn.*J is 'nan', no finite number"),
    ({"J": {2: ""}}, r"row 2 \(imp_i=Cr, imp_j=Fe.*J is '', empty"),
    ({"J": {4: "inf"}}, r"row 4 .*J is 'inf', no finite number"),
    ({"J": {1: "1e400"}}, r"row 1 .*J is '1e400', beyond the range"),
    ({"J": {1: "1e-400"}}, r"row 1 .*J is '1e-400', beyond the range"),
    ({"J": dict.fromkeys((1, 2, 3, 4), True)}, r"row 1 .*J is 'True', no finite number"),
    ({"J": {2: "24.12.2026"}}, r"row 2 .*J is '24\.12\.2026', no finite number"),
    ({"m_j": {4: "x"}}, r"row 4 .*m_j=x.*m_j is 'x', no finite number"),
    ({"imp_j": {2: "Xx"}}, r"row 2 \(imp_i=Cr, imp_j=Xx.*imp_j is 'Xx', no chemical element"),
    ({"imp_i": {1: 0}}, r"row 1 \(imp_i=0.*imp_i is '0', no chemical element"),
    ({"imp_i": {1: 300}}, r"row 1 .*imp_i is '300', no chemical element"),
    ({"x": {3: 0.0}}, r"row 3 .*x=0\.0.*distance of zero"),
    ({"y": {3: ""}}, r"row 3 .*y=,.*y is '', empty"),
    ({"x": {2: -4.2}}, r"row 2 .*x=-4\.2.*misses the nearest site of Bi2Te3 \(Bi2\) by 0\.185 Å"),
    ({"x": {2: -4.2, 4: -4.2}}, r"row 2 .*\(2 such rows\)"),
    ({"site": {4: "Bi9"}}, r"row 4 .*site=Bi9.*names no site of Bi2Te3 \(Te1, Bi1"),
    ({"x": {2: 1e9}}, r"row 2 .*beyond 1000 Å"),
    ({"imp_i": {4: "Cr"}}, r"row 4 \(imp_i=Cr, imp_j=Mn.*J=4\.0.*listed twice, first in .*row 1 .*J=1\.0"),
    ({"imp_i": {4: "Cr"}, "J": {4: 1.0}}, r"row 4 \(imp_i=Cr, imp_j=Mn.*listed twice"),
]


@pytest.mark.parametrize(("changes", "message"), BAD_ROWS)
def test_a_bad_row_is_named_and_nothing_is_written(tmp_path, changes, message):
    path = write(small(**changes), tmp_path)
    with pytest.raises(DataError, match=message):
        import_table(path, HOUSE, tmp_path / "out", **ABOUT)
    assert not (tmp_path / "out").exists()


def test_a_displacement_that_ends_on_another_site_than_listed_is_refused(tmp_path):
    path = write(small().assign(end=["Bi2", "Bi1", "Bi2", "Bi2"]), tmp_path)
    with pytest.raises(DataError, match=r"row 2 .*ends on a Bi2 site.*site_j"):
        import_table(path, HOUSE | {"site_j": "end"}, tmp_path / "out", **ABOUT)


def test_a_negative_moment_is_no_length(tmp_path):
    path = write(small(m_j={3: -4.0}), tmp_path)
    with pytest.raises(DataError, match=r"row 3 .*m_j=-4\.0.*negative moment"):
        import_table(path, HOUSE | {"convention": "ordered-pairs-moments"}, tmp_path / "out", **ABOUT)
    found = imported(small(m_j={3: -4.0}), tmp_path, HOUSE | {"signs": "spins"})
    assert found.table["moment_j_mub"][2] == -4.0
    assert found.truth("jij")[2] == 3.0


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        (without(HOUSE, "energy_unit"), DataError, "energy_unit"),
        (without(HOUSE, "convention"), DataError, "convention"),
        (HOUSE | {"energy_unit": "mry"}, UnknownName, "did you mean 'mRy'"),
        (HOUSE | {"length_unit": "nm"}, UnknownName, "no unit named 'nm'"),
        (HOUSE | {"convention": "unique"}, UnknownName, "did you mean 'unique-pairs'"),
        (HOUSE | {"colour": "c"}, DataError, "colour"),
        (HOUSE | {"dz": "y"}, DataError, r"\['y'\] are named twice"),
        (without(HOUSE, "dz"), DataError, "give all of dx, dy, dz and site_i, or all of cells"),
        (HOUSE | {"geometry": "g"}, DataError, "not a mixture"),
        (without(HOUSE, "moment_i"), DataError, "moment_i and moment_j come together"),
        (
            without(HOUSE, "moment_i", "moment_j") | {"convention": "ordered-pairs-moments"},
            DataError,
            "carry their length; give moment_i",
        ),
    ],
)
def test_a_bad_column_map_says_what_is_wrong(columns, error, message):
    with pytest.raises(error, match=message):
        read_columns(columns)


def test_a_column_map_is_read_from_yaml(tmp_path):
    path = tmp_path / "columns.yaml"
    path.write_text(yaml.safe_dump(COLUMNS), encoding="utf-8")
    assert read_columns(path) == ColumnMap.model_validate(COLUMNS) == read_columns(COLUMNS)
    path.write_text("element_i: [", encoding="utf-8")
    with pytest.raises(DataError, match=r"columns\.yaml"):
        read_columns(path)
    with pytest.raises(DataError, match=r"absent\.yaml"):
        read_columns(tmp_path / "absent.yaml")


def test_a_missing_column_is_named_beside_those_there(tmp_path):
    path = write(small().rename(columns={"J": "Jij"}), tmp_path)
    with pytest.raises(DataError, match=r"lacks the columns \['J'\]; it has .*'Jij'"):
        import_table(path, HOUSE, tmp_path / "out", **ABOUT)


def test_an_unreadable_table_is_refused(tmp_path):
    (tmp_path / "t.xlsx").write_bytes(b"PK\3\4\x14\0\6\0\x08\0")
    for name, message in (
        ("t.xlsx", "no text"),
        ("absent.csv", "cannot be read"),
        (".", "no plain file|Is a directory"),
    ):
        with pytest.raises(DataError, match=message):
            import_table(tmp_path / name, HOUSE, tmp_path / "out", **ABOUT)
    with pytest.raises(DataError, match="no rows"):
        import_table(write(small().iloc[:0], tmp_path), HOUSE, tmp_path / "out", **ABOUT)
    (tmp_path / "t.parquet").write_bytes(b"no parquet")
    wanted = DataError if importlib.util.find_spec("pyarrow") else MissingExtra
    with pytest.raises(wanted, match=r"t\.parquet"):
        import_table(tmp_path / "t.parquet", HOUSE, tmp_path / "out", **ABOUT)


def test_parquet_without_pyarrow_names_the_extra(tmp_path, monkeypatch):
    def absent(path):
        raise ImportError(path)

    monkeypatch.setattr(pd, "read_parquet", absent)
    with pytest.raises(MissingExtra, match=r"\[parquet\]"):
        import_table(tmp_path / "t.parquet", HOUSE, tmp_path / "out", **ABOUT)


def test_a_bad_card_is_refused_before_anything_is_written(tmp_path):
    path = write(small(), tmp_path)
    with pytest.raises(DataError, match=r"card of 'Not An Id'"):
        import_table(path, HOUSE, tmp_path / "out", **ABOUT | {"id": "Not An Id"})
    assert not (tmp_path / "out").exists()


def test_a_dataset_is_not_overwritten(tmp_path):
    imported(small(), tmp_path)
    with pytest.raises(DataError, match="already holds a dataset"):
        import_table(tmp_path / "table.csv", HOUSE, tmp_path / "out", **ABOUT)


def test_another_host_is_taken_from_its_file(tmp_path):
    cell = [[4.0, 0, 0], [0, 4.0, 0], [0, 0, 4.0]]
    site = {"site": "A", "element": "Ge", "position_angstrom": [0.5, 0.5, 0.5]}
    path = tmp_path / "cubic.json"
    path.write_text('{"formula": "Ge"}')
    with pytest.raises(DataError, match=r"cubic\.json: sites is missing"):
        imported(small(), tmp_path, host=path)
    path.write_text(json.dumps({"formula": "Ge", "lattice_angstrom": cell, "sites": [site]}))
    table = small().assign(site="A", x=4.0, y=-4.0)
    dataset = imported(table, tmp_path, host=path)
    assert dataset.card.host == "Ge"
    np.testing.assert_allclose(dataset.samples[0].geometry.displacement, [4, -4, 0])
    assert validate(tmp_path / "out")[1].orbits == 4


CUBIC = {
    "formula": "FeCo",
    "lattice_angstrom": [[3.0, 0, 0], [0, 3.0, 0], [0, 0, 3.0]],
    "sites": [
        {"site": "A", "element": "Fe", "position_angstrom": [0, 0, 0]},
        {"site": "B", "element": "Co", "position_angstrom": [1.5, 1.5, 1.5]},
    ],
}
UNITS = {"energy_unit": "mRy", "convention": "ordered-pairs"}


def imported_text(folder, text, columns, **about):
    (folder / "host.json").write_text(json.dumps(CUBIC))
    (folder / "table.dat").write_text(text)
    about = {"host": folder / "host.json", "radius": 2.0} | about
    import_table(folder / "table.dat", columns, folder / "out", **ABOUT | about)
    validate(folder / "out")
    return load_dataset(folder / "out")


UPPASD_BY_NUMBER = {"site_i": 1, "site_j": 2, "j": 6, "header": False, "site_names": {1: "A", 2: "B"}, **UNITS}


def test_a_file_of_uppasd_is_read_by_column_numbers_in_units_of_alat(tmp_path):
    """Without header, type numbers for sites, displacements in alat, one element for the whole file."""
    text = " 1 1  1.0 0.0 0.0  0.50\n 1 2 -0.5 0.5 0.5  1.25D0\n"
    columns = UPPASD_BY_NUMBER | {
        "element": "Mn", "dx": 3, "dy": 4, "dz": 5, "length_unit": "alat", "alat": 3.0 / BOHR, "alat_unit": "bohr",
    }  # fmt: skip
    dataset = imported_text(tmp_path, text, columns)
    assert [s.elements for s in dataset.samples] == [("Mn", "Mn")] * 2
    assert [s.geometry.sublattices for s in dataset.samples] == [("A", "A"), ("A", "B")]
    np.testing.assert_allclose([s.geometry.displacement for s in dataset.samples], [[3, 0, 0], [-1.5, 1.5, 1.5]])
    np.testing.assert_allclose(dataset.truth("jij"), 2 * ENERGY["mRy"] * np.array([0.5, 1.25]))
    same = without(columns, "alat", "alat_unit") | {"length_unit": "bohr"}
    (tmp_path / "again").mkdir()
    with pytest.raises(DataError, match="misses the nearest site of FeCo"):
        imported_text(tmp_path / "again", text, same)


def test_cells_with_site_numbers_stand_for_displacements(tmp_path):
    """Spirit's list of pairs: cell of j, and D as a length and a direction of any length."""
    text = "i j da db dc  Jij  Dij Dijx Dijy Dijz\n0 0 1 0 0 2.0 0 0 0 0\n0 1 -1 0 0 3.0 0.5 2 2 2\n"
    columns = {
        "element": 25, "site_i": "i", "site_j": "j", "cells": ["da", "db", "dc"], "site_names": {0: "A", 1: "B"},
        "j": "Jij", "d": ["Dijx", "Dijy", "Dijz"], "d_length": "Dij", "energy_unit": "meV",
        "convention": "unique-pairs", "tolerance": {"dij": 0.5},
    }  # fmt: skip
    dataset = imported_text(tmp_path, text, columns, spin_orbit=True)
    np.testing.assert_allclose([s.geometry.displacement for s in dataset.samples], [[3, 0, 0], [-1.5, 1.5, 1.5]])
    np.testing.assert_allclose(dataset.truth("dij"), [[0, 0, 0], [0.5 / 3**0.5] * 3], atol=1e-9)
    np.testing.assert_allclose(dataset.truth("jij"), [2, 3])
    for number, (old, new, message) in enumerate(
        [
            ("0.5 2 2 2", "0.5 0 0 0", "row 2 .*a length without a direction"),
            ("0 1 -1", "0 1 -1.5", r"row 2 .*da is '-1\.5', no whole number"),
            ("0 1 -1", "0 7 -1", r"row 2 .*names no site of FeCo"),
            ("0 0 1 0 0", "0 0 0 0 0", r"row 1 .*distance of zero"),
        ]
    ):
        (tmp_path / str(number)).mkdir()
        with pytest.raises(DataError, match=message):
            imported_text(tmp_path / str(number), text.replace(old, new), columns)


def test_lines_above_a_table_are_left_out(tmp_path):
    """A unit cell file of vampire: its interactions, once the lines above them are counted."""
    text = "# Unit cell size:\n3 3 3\n# atoms\n2\n0 1 0 0 0 4.0e-22\n1 0 0 0 0 4.0e-22\n"
    columns = {
        "element_i": 1, "element_j": 2, "element_names": {0: "Fe", 1: "Co"}, "site_i": 1, "site_j": 2, "j": 6,
        "site_names": {0: "A", 1: "B"}, "cells": [3, 4, 5], "energy_unit": "J", "convention": "house",
        "header": False, "skip_lines": 4,
    }  # fmt: skip
    dataset = imported_text(tmp_path, text, columns)
    np.testing.assert_allclose(dataset.truth("jij"), 4e-22 * ENERGY["J"])
    assert [s.elements for s in dataset.samples] == [("Fe", "Co"), ("Co", "Fe")]
    assert len({s.orbit for s in dataset.samples}) == 1


def test_labels_stand_for_elements(tmp_path):
    table = small(imp_i={1: "1(Cr)", 2: "Cr1"})
    columns = HOUSE | {"element_names": {"1(Cr)": "Cr", "Cr1": 24}}
    assert [s.elements[0] for s in imported(table, tmp_path, columns).samples] == ["Cr", "Cr", "Mn", "Fe"]


def test_raw_signs_of_antiparallel_moments_are_turned_where_the_map_says_so(tmp_path):
    """J > 0 of the Liechtenstein formula keeps moments as they stand: antiparallel ones are an antiferromagnet."""
    table = small(m_j={1: -4.0})
    with pytest.raises(DataError, match=r"row 1 .*m_j=-4.*antiparallel moments: say .*`signs: spins`"):
        imported(table, tmp_path)
    for name, j in (("spins", 1.0), ("raw", -1.0)):
        (tmp_path / name).mkdir()
        dataset = imported(table, tmp_path / name, HOUSE | {"signs": name})
        np.testing.assert_allclose(dataset.truth("jij"), [j, 2, 3, 4])
        up, down = np.array([0, 0, 1.0]), np.array([0, 0, -1.0])
        as_it_stands, turned = pair_energy(up, down, j), pair_energy(up, up, j)
        assert (as_it_stands < turned) == (name == "raw")
    assert "sign of J reversed" in dataset.card.convention


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"element": "Fe"}, "not both"),
        ({"length_unit": "alat"}, "alat needs alat and alat_unit"),
        ({"alat": 3.0, "alat_unit": "bohr"}, "alat needs alat and alat_unit"),
        ({"length_unit": "alat", "alat": 3.0, "alat_unit": "alat"}, "no unit named 'alat'"),
        ({"length_unit": "alat", "alat": -3.0, "alat_unit": "bohr"}, "greater than 0"),
        ({"cells": ["x", "y", "z"]}, "not a mixture"),
        ({"d_length": "D"}, "give d, its direction"),
        ({"signs": "raw", "d": ["Dx", "Dy", "Dz"]}, "signs: raw says what J means, not what D means"),
        ({"signs": "upside-down"}, "signs"),
        ({"tolerance": {"j": 1.0}}, "tolerance"),
        ({"tolerance": {"jij": -1.0}}, "tolerance"),
        ({"tolerance": {"jij": float("nan")}}, "tolerance"),
        ({"skip_lines": -1}, "skip_lines"),
    ],
)
def test_a_map_that_says_two_things_is_refused(columns, message):
    with pytest.raises((DataError, UnknownName), match=message):
        read_columns(HOUSE | columns)


def test_contradicting_rows_are_refused_unless_the_map_states_a_tolerance(tmp_path):
    twins = small(imp_i={4: "Mn"}, imp_j={4: "Cr"}, x={4: 4.38531}, m_i={4: 4.0}, m_j={4: 3.0})
    moments = small(m_i={2: 2.5})
    zero = small(m_i={4: 0.0}, imp_i={4: "Sc"})
    for number, (table, message, tolerance) in enumerate(
        [
            (twins, r"row 4 \(imp_i=Mn.* has J = 4 meV, but row 1 \(imp_i=Cr.*, 1;", {"jij": 3.0}),
            (moments, r"row 2 .*gives Cr on Bi2 a moment of 2\.5 μB, but row 1 .*of 3", {"moments": 0.5}),
            (zero, r"row 4 .*has J = 4 meV, but moments \(0, 4\) μB", {"jij": 4.0}),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(DataError, match=message):
            imported(table, folder)
        dataset = imported(table, folder, HOUSE | {"tolerance": tolerance})
        assert dataset.card.tolerance == tolerance
        validate(folder / "out")


def test_j_per_moment_needs_two_moments_too(tmp_path):
    with pytest.raises(DataError, match=r"row 4 .*J = 8 meV, but moments \(0, 4\)"):
        imported(small(m_i={4: 0.0}), tmp_path, HOUSE | {"convention": "ordered-pairs-moments"})


def test_spin_orbit_coupling_is_stated_truly(tmp_path):
    table = small().assign(Dx=0.0, Dy=[0.1, 0, 0, 0], Dz=0.0)
    columns = HOUSE | {"d": ["Dx", "Dy", "Dz"]}
    with pytest.raises(DataError, match="D vectors, which need spin-orbit coupling"):
        imported(table, tmp_path, columns, spin_orbit=False)
    assert not (tmp_path / "out").exists()
    cases = (("a", columns, None, True), ("b", HOUSE, None, None), ("c", HOUSE, True, True))
    for name, given_columns, stated, found in cases:
        (tmp_path / name).mkdir()
        assert imported(table, tmp_path / name, given_columns, spin_orbit=stated).card.source.spin_orbit is found


def test_one_dialect_is_as_good_as_another(tmp_path):
    import_table(write(small(), tmp_path), HOUSE, tmp_path / "plain", **ABOUT)
    text = (tmp_path / "table.csv").read_text().replace(",", ";").replace(".", ",")
    (tmp_path / "table.csv").write_bytes(("# aus Jülich\n" + text).encode("utf-16"))
    import_table(tmp_path / "table.csv", HOUSE, tmp_path / "german", **ABOUT)
    assert (tmp_path / "plain/samples.csv").read_bytes() == (tmp_path / "german/samples.csv").read_bytes()


@pytest.mark.parametrize("radius", [-1.0, 0.0, float("nan"), 1e9])
def test_a_radius_that_no_cluster_has_is_refused(tmp_path, radius):
    with pytest.raises(DataError, match="radius is"):
        imported(small(), tmp_path, radius=radius)
