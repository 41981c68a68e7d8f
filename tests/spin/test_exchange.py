"""Exchange tables of users: any dialect, every cell checked, one moment an element."""

import numpy as np
import pandas as pd
import pytest

from jijbench.data.dataset import load_dataset
from jijbench.errors import DataError, ExportError
from jijbench.spin.couplings import couplings
from jijbench.spin.exchange import dataset_table, exchange_table, moments_of, read_exchange
from jijbench.spin.neighbours import load_neighbours
from jijbench.spin.tc import magnetic_elements

TEXT = "element_i,element_j,shell,jij_mev,distance_ang,moment_i_mub,moment_j_mub\nCr,Cr,1,8.7,4.38531,3.0,3.0\n" + (
    "Cr,Mn,1,-2.5,4.38531,3.0,4.0\n"
)


def write(folder, text):
    path = folder / "x.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.replace("Cr", "24").replace("Mn", "25"),
        TEXT.replace(",", ";").replace(".", ","),
        TEXT.replace(",", "\t").encode("utf-16"),
        TEXT.replace(",", ", ").replace("8.7", "0.87D+01"),
        "# of my runs\n" + TEXT.replace(",", "   "),
        TEXT.replace("jij_mev", "mean").replace("distance_ang", "distance_angstrom"),
        TEXT.replace("4.38531", ""),
    ],
)
def test_every_dialect_gives_the_same_couplings(tmp_path, text):
    table = read_exchange(write(tmp_path, text))
    found = couplings(table, ["Cr", "Mn"])
    assert set(np.unique(found.j[0, 0][found.used])) == {8.7}
    assert set(np.unique(found.j[0, 1][found.used])) == {-2.5}
    assert moments_of(table, ["Cr", "Mn"]) == {"Cr": 3.0, "Mn": 4.0}
    assert magnetic_elements(table) == ["Cr", "Mn"]


BAD = [
    ("4.38531", "4.385 A", r"x\.csv: row 1 \(element_i=Cr.*distance_ang is '4\.385 A', no finite number"),
    ("4.38531", '"4,385"', r"x\.csv: row 1 .*distance_ang is '4,385', a decimal comma"),
    (",3.0,4.0", ",three,4.0", r"x\.csv: row 2 .*moment_i_mub is 'three'"),
    (",3.0,4.0", ',"3,0",4.0', r"x\.csv: row 2 .*moment_i_mub is '3,0', a decimal comma"),
    ("Mn,1,", "Mn,1e23,", r"x\.csv: row 2 .*shell is '1e23', no whole number, or too large"),
    ("Mn,1,", "Mn,1.5,", r"x\.csv: row 2 .*shell is '1\.5', no whole number"),
    ("Mn,1,", "Mn,,", r"x\.csv: row 2 .*has no shell.*--shells"),
    ("Mn,1,", "Mn,True,", r"x\.csv: row 2 .*shell is 'True', no finite number"),
    ("8.7", "inf", r"x\.csv: row 1 .*jij_mev is 'inf'"),
    ("8.7", "", r"x\.csv: row 1 .*jij_mev is '', empty"),
    ("Cr,Mn,1,-2.5,4.38531,3.0,4.0", "Cr,Mn,1,-2.5", r"x\.csv: row 2 \(line 3\) has 4 fields, the header 7"),
    ("Cr,Mn,1", "Cr,Hyper,1", r"x\.csv: row 2 .*element_j is 'Hyper', no chemical element"),
    ("distance_ang", "jij_mev", r"x\.csv: the column jij_mev stands twice, as columns 4 and 5"),
    ("distance_ang", "mean", r"x\.csv: the columns mean and jij_mev say the same; keep one"),
    ("shell", "Shell", r"x\.csv lacks the columns \['shell'\]"),
    ("jij_mev", "Jij", r"x\.csv lacks the columns \['jij_mev'\]"),
    ("\nCr", '\n"Cr', r"x\.csv: line 2: a quote is opened and not closed"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD)
def test_a_bad_cell_is_named_with_file_row_and_column(tmp_path, old, new, message):
    with pytest.raises(DataError, match=message):
        couplings(read_exchange(write(tmp_path, TEXT.replace(old, new, 1))), ["Cr", "Mn"])


@pytest.mark.parametrize("other", ["1.0", "-3.0", "0"])
def test_two_moments_of_one_element_are_refused_unless_one_is_given(tmp_path, other):
    table = read_exchange(write(tmp_path, TEXT.replace(",3.0,4.0", f",{other},4.0")))
    with pytest.raises(DataError, match=rf"x\.csv: row 2 .*gives Cr a moment of {float(other):g} μB, row 1 one of 3"):
        moments_of(table, ["Cr", "Mn"])
    assert moments_of(table, ["Mn"]) == {"Mn": 4.0}
    assert moments_of(table, ["Cr", "Mn"], {"Cr": 2.0}) == {"Cr": 2.0, "Mn": 4.0}


def test_rows_of_other_shells_are_named_by_their_own_number(tmp_path):
    rows = TEXT.replace("\nCr", "\nCr,Cr,30,1.0,20.0,,\nCr", 1)
    table = read_exchange(write(tmp_path, rows.replace("-2.5", "")))
    with pytest.raises(DataError, match=r"row 3 .*jij_mev is '', empty"):
        exchange_table(table, load_neighbours(), [1])
    with pytest.raises(ExportError, match=r"no rows of the shells \[7\]"):
        exchange_table(table, load_neighbours(), [7])


def test_the_data_have_one_moment_an_element():
    table = dataset_table(load_dataset("jij-bi2te3"))
    elements = sorted(set(table["element_i"]))
    assert len(moments_of(table[table["moment_i_mub"] > 0], ["Cr", "Mn", "Fe"])) == 3
    frame = pd.concat([table, table.head(1).assign(moment_i_mub=9.0)])
    with pytest.raises(DataError, match=r"exchange table: row 3023 .*gives Sc a moment of 9 μB, row 1 one of 0"):
        moments_of(frame, [*elements[-1:], "Sc"])
