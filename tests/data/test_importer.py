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
            "x": STEP[0], "y": 0.0, "z": 0.0, "J": [1.0, 2.0, 3.0, 4.0], "m_i": 3.0, "m_j": 4.0,
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
        pytest.skip("pyarrow is not installed: pip install 'jijbench[parquet]'")
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
    table = small(imp_i={4: "Mn"}, imp_j={4: "Cr"}, x={4: 4.38531})  # row 4 is row 1 read from j
    dataset = imported(table, tmp_path)
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
    dataset = imported(table, tmp_path, HOUSE | {"d": ["Dx", "Dy", "Dz"], "convention": "half-positive"})
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
    assert imported(small(m_i={1: 0.0}), tmp_path).magnetic.tolist() == [False, True, True, True]


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
    table = small(J={1: j}, m_i={1: moments[0]}, m_j={1: moments[1]})
    with tempfile.TemporaryDirectory() as folder:
        dataset = imported(table, Path(folder), HOUSE | {"energy_unit": unit, "convention": name})
        found = dataset.truth("jij")[0]
    assert 2 * found == pytest.approx(flip_energy(name, j, *moments) * ENERGY[unit], rel=1e-8)


BAD_ROWS = [
    ({"J": {3: "nan"}}, r"table\.csv: row 3 \(imp_i=Mn, imp_j=Mn.*no finite number: J"),
    ({"J": {2: ""}}, r"row 2 \(imp_i=Cr, imp_j=Fe.*no finite number: J"),
    ({"J": {4: "inf"}}, r"row 4 .*no finite number: J"),
    ({"m_j": {4: "x"}}, r"row 4 .*m_j=x.*no finite number: moment_j_mub"),
    ({"imp_j": {2: "Xx"}}, r"row 2 \(imp_i=Cr, imp_j=Xx.*no chemical element: element_j = 'Xx'"),
    ({"imp_i": {1: 0}}, r"row 1 \(imp_i=0.*no chemical element: element_i = '0'"),
    ({"imp_i": {1: 300}}, r"row 1 .*no chemical element: element_i = '300'"),
    ({"x": {3: 0.0}}, r"row 3 .*x=0\.0.*distance of zero"),
    ({"y": {3: ""}}, r"row 3 .*y=,.*no finite displacement"),
    ({"x": {2: -4.2}}, r"row 2 .*x=-4\.2.*misses the nearest site of Bi2Te3 \(Bi2\) by 0\.185 Å"),
    ({"x": {2: -4.2, 4: -4.2}}, r"row 2 .*\(2 such rows\)"),
    ({"site": {4: "Bi9"}}, r"row 4 .*site=Bi9.*names no site of Bi2Te3 \(Te1, Bi1"),
    ({"imp_i": {4: "Cr"}}, r"row 1 \(imp_i=Cr, imp_j=Mn.*J=1\.0.*listed twice with different values: J = .*2 such"),
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
    assert imported(small(m_j={3: -4.0}), tmp_path).table["moment_j_mub"][2] == -4.0


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
        (without(HOUSE, "dz"), DataError, "give all of dx, dy, dz and site_i, or both"),
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
    for name, message in (("t.xlsx", r"ends in \.csv or \.parquet"), ("absent.csv", "cannot be read")):
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
    with pytest.raises(MissingExtra, match=r"jijbench\[parquet\]"):
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
