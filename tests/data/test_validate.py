import dataclasses
import shutil

import numpy as np
import pandas as pd
import pytest

from jijbench.data.sample import Sample
from jijbench.data.validate import audit_orbits, check_table, validate
from jijbench.errors import DataError

TARGETS = {"jij": {"columns": ("jij_mev",)}}


@pytest.fixture
def table(dimers) -> pd.DataFrame:
    """Twelve good rows; a test spoils the sixth or later ones."""
    return dimers.table.iloc[40:52].reset_index(drop=True)


def complain(table: pd.DataFrame) -> str:
    with pytest.raises(DataError) as caught:
        check_table(table, TARGETS, "mine.csv")
    return str(caught.value)


def test_good_rows_pass(table, dimers, published):
    for good in (table, dimers.table, published.table):
        check_table(good, TARGETS, "mine.csv")


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("jij_mev", np.nan, "has no finite number: jij_mev = "),
        ("jij_mev", np.inf, "has no finite number: jij_mev = "),
        ("moment_j_mub", np.nan, "has no finite number: moment_j_mub = "),
        ("distance_angstrom", np.nan, "has no finite number: distance_angstrom = "),
        ("distance_angstrom", 0.0, "has a distance of zero: distance_angstrom = "),
        ("distance_angstrom", -1.0, "has a distance of zero: distance_angstrom = "),
        ("element_i", "Xx", "names no chemical element: element_i = 'Xx'"),
        ("element_j", "cr", "names no chemical element: element_j = 'cr'"),
        ("element_j", "", "names no chemical element: element_j = ''"),
    ],
)
def test_a_bad_value_is_named_with_its_row(table, column, value, what):
    name = table.loc[6, "id"]
    table.loc[6, column] = value
    message = complain(table)
    assert message.startswith(f"mine.csv: row 7 ({name}) {what}")
    assert "correct the table" in message


def test_text_where_a_number_belongs_is_named(table):
    table["jij_mev"] = table["jij_mev"].astype(object)
    table.loc[6, "jij_mev"] = "n/a"
    assert f"row 7 ({table.loc[6, 'id']}) has no finite number: jij_mev = 'n/a'" in complain(table)


def test_an_id_listed_twice_is_named(table):
    table.loc[8, "id"] = name = table.loc[3, "id"]
    assert f"row 9 ({name}) is listed twice under this id" in complain(table)


def test_a_pair_listed_twice_with_another_j_is_named(table):
    table.loc[8, ["element_i", "element_j", "geometry"]] = table.loc[3, ["element_i", "element_j", "geometry"]]
    table.loc[8, "jij_mev"] = table.loc[3, "jij_mev"] + 1.0
    message = complain(table)
    assert f"row 4 ({table.loc[3, 'id']}) is a pair listed twice with different values" in message
    assert "2 such rows" in message


def test_a_pair_listed_twice_with_the_same_j_is_named(table):
    same = ["element_i", "element_j", "geometry", "jij_mev"]
    table.loc[8, same] = table.loc[3, same]
    assert f"row 9 ({table.loc[8, 'id']}) is a pair listed twice" in complain(table)


def test_how_many_rows_are_bad_is_said(table):
    table.loc[[2, 5, 7], "jij_mev"] = np.nan
    assert "row 3 " in complain(table)
    assert "(3 such rows)" in complain(table)


@pytest.mark.parametrize("column", ["id", "geometry", "orbit", "element_j", "jij_mev"])
def test_a_missing_column_is_named(table, column):
    assert f"lacks the columns ['{column}']" in complain(table.drop(columns=column))


def _with_orbits(dataset, orbits: dict[int, str]):
    samples = list(dataset.samples)
    for row, orbit in orbits.items():
        old = samples[row]
        samples[row] = Sample(old.id, old.geometry, old.elements, orbit, old.inputs)
    return dataclasses.replace(dataset, samples=tuple(samples))


def test_a_twin_in_an_orbit_of_its_own_is_named(published):
    row = next(k for k, s in enumerate(published.samples) if s.id == "jij-published-table:Mn-Cr-s01")
    bad = _with_orbits(published, {row: "mine"})
    with pytest.raises(
        DataError, match=rf"row {row + 1} \(jij-published-table:Mn-Cr-s01\) has orbit 'mine'.* 'Cr-Mn-s01'"
    ):
        audit_orbits(bad)


def test_two_orbits_under_one_name_are_named(dimers):
    bad = _with_orbits(dimers, {7: dimers.samples[6].orbit})
    with pytest.raises(DataError, match=f"row 8|'{dimers.samples[6].orbit}'"):
        audit_orbits(bad)


def test_the_audit_of_the_kkr_data_finds_no_twin():
    dataset, audit = validate("jij-bi2te3")
    assert (audit.samples, audit.orbits, audit.twins) == (len(dataset), 3022, 0)
    assert audit.disagreement is audit.worst is None


def test_the_audit_of_the_published_table_finds_its_twins():
    _, audit = validate("jij-published-table")
    assert (audit.samples, audit.orbits, audit.twins) == (340, 204, 136)
    assert audit.disagreement == pytest.approx(0.15, abs=0.01)
    assert audit.worst == pytest.approx(2.3, abs=0.05)


def test_a_target_in_another_unit_is_refused(tmp_path, published):
    folder = shutil.copytree(published.folder, tmp_path / "copy")
    card = (folder / "card.yaml").read_text(encoding="utf-8")
    (folder / "card.yaml").write_text(card.replace("    unit: meV", "    unit: mRy"), encoding="utf-8")
    with pytest.raises(DataError, match="target jij is in mRy, the suite's unit is meV"):
        validate(folder)
