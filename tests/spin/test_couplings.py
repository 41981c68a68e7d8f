"""Exchange tables on the neighbours of Bi2Te3."""

import numpy as np
import pandas as pd
import pytest

from jijbench.errors import DataError, ExportError, UnknownElement
from jijbench.spin.couplings import couplings
from jijbench.spin.exchange import moments_of, read_exchange
from jijbench.spin.neighbours import load_neighbours


@pytest.fixture(scope="module")
def neighbours():
    return load_neighbours()


def test_neighbours_are_those_that_the_table_counts(dimers, neighbours):
    of_first = neighbours.i == 0
    for shell, part in dimers.table[dimers.table["element_i"] == dimers.table["element_j"]].groupby("shell"):
        listed = part.drop_duplicates("triplet")["multiplicity"].sum() if shell == 9 else part["multiplicity"].max()
        listed = 6 if shell == 9 else listed
        assert (neighbours.shell[of_first] == shell).sum() == listed


def test_reverse_leads_back(neighbours):
    assert np.array_equal(neighbours.reverse[neighbours.reverse], np.arange(len(neighbours)))
    assert np.allclose(neighbours.vector[neighbours.reverse], -neighbours.vector)
    assert not np.any(neighbours.reverse == np.arange(len(neighbours)))
    for shell in range(1, 15):
        part = neighbours.distance[neighbours.shell == shell]
        assert np.allclose(part, neighbours.shell_distance(shell), atol=1e-6)


def test_sums_are_multiplicity_times_j(dimers):
    """The data's own rule: a sum over neighbours is the sum over rows of multiplicity × J."""
    exchange = read_exchange("dataset")
    found = couplings(exchange, ["Cr", "Mn"]).require()
    for a, b in ((0, 0), (0, 1), (1, 1)):
        pair = exchange[(exchange["element_i"] == found.elements[a]) & (exchange["element_j"] == found.elements[b])]
        assert found.sums()[a, b] == pytest.approx((pair["multiplicity"] * pair["jij_mev"]).sum())
    assert np.allclose(found.sums(), found.sums().T)


def test_a_row_named_the_other_way_round_is_the_other_triplet(exchange):
    """J(Cr at 0, V at R) of triplet a is J(V at 0, Cr at −R), which is triplet b of V-Cr."""
    swapped = exchange.copy()
    rows = (swapped["element_i"] == "V") & (swapped["element_j"] == "Cr")
    swapped.loc[rows, ["element_i", "element_j"]] = ["Cr", "V"]
    swapped.loc[rows, "triplet"] = swapped.loc[rows, "triplet"].map({"a": "b", "b": "a", "": ""})
    swapped.loc[rows, "dmi_z_mev"] *= -1
    one, two = (couplings(t, ["V", "Cr"]) for t in (exchange, swapped))
    reverse = one.neighbours.reverse
    assert np.allclose(one.j, two.j)
    assert np.allclose(np.linalg.norm(one.d, axis=-1), np.linalg.norm(two.d, axis=-1))
    assert np.allclose(one.j[0, 1], one.j[1, 0][reverse])
    assert not np.allclose(one.j[0, 1], one.j[1, 0])


def test_dzyaloshinskii_moriya_vectors_alternate_around_the_axis(exchange, neighbours):
    found = couplings(exchange, ["V", "Cr"], shells=[1])
    d = found.d[0, 1][(neighbours.shell == 1) & (neighbours.i == 0)]
    assert np.allclose(d[:, :2], 0)
    assert sorted(np.round(d[:, 2], 5)) == [-1.55782] * 3 + [1.55782] * 3
    assert np.allclose(found.d[1, 0][neighbours.reverse], -found.d[0, 1])


def test_a_d_vector_against_the_symmetry_is_refused(exchange):
    """Shell 2 joins the two sublattices, with an inversion centre between: two equal elements have D = 0."""
    wrong = exchange.copy()
    wrong.loc[(wrong["element_i"] == "V") & (wrong["element_j"] == "V") & (wrong["shell"] == 2), "dmi_z_mev"] = 0.5
    with pytest.raises(DataError, match="symmetry of the host"):
        couplings(wrong, ["V"])


def test_two_values_of_one_coupling_are_refused(exchange):
    twice = pd.concat([exchange, exchange.iloc[[0]].assign(jij_mev=99.0)])
    with pytest.raises(DataError, match="99"):
        couplings(twice, ["V"])


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"jij_mev": [np.nan]}, DataError, "row 1 .*jij_mev is '', empty"),
        ({"jij_mev": ["three"]}, DataError, "three"),
        ({"shell": [1.5]}, DataError, "shell"),
        ({"shell": [15]}, DataError, "no shell 15"),
        ({"triplet": ["a"]}, DataError, "no shell 1a"),
        ({"distance_ang": [4.1]}, DataError, "another host"),
        ({"element_i": ["Xx"]}, DataError, "row 1 .*element_i is 'Xx', no chemical element"),
        ({"distance_ang": ["4.385 A"]}, DataError, "row 1 .*distance_ang is '4.385 A', no finite number"),
        ({"shell": [1e23]}, DataError, "row 1 .*shell is '1e\\+23', no whole number, or too large"),
        ({"shell": [True]}, DataError, "row 1 .*shell is 'True', no number"),
        ({"element_i": ["Fe"]}, UnknownElement, "no couplings of Cr"),
    ],
)
def test_a_bad_row_is_named(change, error, message):
    row = pd.DataFrame({"element_i": ["Cr"], "element_j": ["Cr"], "shell": [1], "triplet": [""], "jij_mev": [1.0]})
    change = change | ({"element_j": ["Fe"]} if change.get("element_i") == ["Fe"] else {})
    with pytest.raises(error, match=message):
        couplings(row.assign(**change), ["Cr"])


def test_missing_columns_and_files(tmp_path):
    with pytest.raises(DataError, match="jij_mev"):
        couplings(pd.DataFrame({"element_i": ["Cr"], "element_j": ["Cr"], "shell": [1]}), ["Cr"])
    with pytest.raises(DataError, match="no exchange table"):
        read_exchange(tmp_path / "nowhere.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DataError, match=r"empty\.csv"):
        read_exchange(tmp_path / "empty.csv")


def test_missing_couplings_are_named_and_may_be_left_out():
    exchange = read_exchange("dataset")
    with pytest.raises(ExportError, match="Cr-V: 11b"):
        couplings(exchange, ["Cr", "V"]).require()
    assert couplings(exchange, ["Cr", "V"], shells=range(1, 11)).require().shells == tuple(range(1, 11))
    with pytest.raises(ExportError, match="40"):
        couplings(exchange, ["Cr"], shells=[40])


def test_moments(exchange):
    assert moments_of(read_exchange("dataset"), ["Cr"]) == {"Cr": 3.860908}
    assert moments_of(exchange, ["Cr"], {"Cr": 3.0}) == {"Cr": 3.0}
    with pytest.raises(ExportError, match="Zn carries a moment of 0"):
        moments_of(read_exchange("dataset"), ["Zn"])
    with pytest.raises(ExportError, match="no moment of Gd"):
        moments_of(exchange, ["Gd"])


def test_the_letter_of_the_geometry_names_the_triplet(exchange):
    """Predicted tables name the pair of sites, s06a, in place of a triplet; a shell of one kind has no letter."""
    names = [
        f"s{shell:02d}{triplet or 'a'}" for shell, triplet in zip(exchange["shell"], exchange["triplet"], strict=True)
    ]
    named = exchange.assign(geometry=names).drop(columns=["triplet"])
    assert np.allclose(couplings(exchange, ["V", "Cr"]).j, couplings(named, ["V", "Cr"]).j)


def test_rows_of_other_shells_do_not_matter(exchange):
    """A table may go beyond the shells that are asked for, also beyond those of the host's list."""
    more = pd.concat([exchange, exchange.iloc[:2].assign(shell=[20, None])])
    assert couplings(more, ["V", "Cr"], shells=[1, 2]).require().shells == (1, 2)
    with pytest.raises(DataError, match=r"row 15 .*no shell"):
        couplings(more, ["V", "Cr"])
